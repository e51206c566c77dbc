"""The engine as a whole: quads to lines, ways of reading a box, what is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from tests.documents.ocr.drawn import SENTENCES, Drawn, page, quad

from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.detection import TextDetector
from sampan.documents.ocr.engine import EngineRules, OcrEngine, worker_pool
from sampan.documents.ocr.presets import build_engine, weights_path
from sampan.documents.options import ParseOptions
from sampan.errors import WeightsError
from sampan.weights import locate

NOTHING = Reading("", 0.0, [], np.zeros(0, np.float32), np.zeros((0, 2), np.float32))


@cache
def engine() -> OcrEngine:
    built = build_engine(ParseOptions(threads=1))
    assert isinstance(built, OcrEngine)
    return built


class Reader:
    """Reads `text` with a confidence that a function of the crop decides."""

    def __init__(self, text: str = "text", confidence: float = 0.9) -> None:
        self.text, self.confidence = text, confidence
        self.quick_crops: list[LineCrop] = []

    def read(self, crops: Sequence[LineCrop]) -> list[Reading]:
        columns = np.linspace(0, 1, len(self.text) + 1, dtype=np.float32)
        return [
            Reading(
                self.text,
                self.confidence,
                list(self.text),
                np.full(len(self.text), self.confidence, np.float32),
                np.stack([columns[:-1], columns[1:]], axis=1),
                "m",
            )
            if self.text
            else NOTHING
            for _ in crops
        ]

    def quick(self, crops: Sequence[LineCrop]) -> list[Reading]:
        self.quick_crops += crops
        return self.read(crops)


def with_reader(reader: Reader) -> OcrEngine:
    return OcrEngine(cast(TextDetector, None), reader, EngineRules())


IMAGE = np.full((400, 600, 3), 255, np.uint8)


def test_doubtful_and_empty_lines_are_dropped() -> None:
    quads = quad((10, 10, 200, 40))[None]
    assert len(with_reader(Reader()).read_quads(IMAGE, quads)) == 1
    assert with_reader(Reader(confidence=0.4)).read_quads(IMAGE, quads) == []
    for nothing in ("", "  "):
        assert with_reader(Reader(nothing)).read_quads(IMAGE, quads) == []
    assert with_reader(Reader()).read_quads(IMAGE, np.zeros((0, 4, 2), np.float32)) == []


def test_only_tilted_lines_have_quads() -> None:
    level = quad((10, 10, 200, 40))
    tilted = cv2.boxPoints(((300, 200), (200, 30), 5)).astype(np.float32)
    tilted = tilted[[1, 2, 3, 0]]  # clockwise from the top left
    a, b = with_reader(Reader("two words")).read_quads(IMAGE, np.stack([level, tilted]))
    assert a.quad is None and all(word.quad is None for word in a.words)
    assert a.box == (10, 10, 200, 40)
    assert b.quad is not None and np.allclose(b.quad, tilted, atol=0.01)
    assert [word.text for word in b.words] == ["two", "words"] and all(
        word.quad is not None for word in b.words
    )


@pytest.mark.parametrize(("size", "ways"), [((100, 30), 0), ((30, 40), 0), ((30, 60), 3), ((30, 200), 2)])
def test_only_tall_boxes_are_tried_in_several_ways(size: tuple[int, int], ways: int) -> None:
    reader = Reader()
    (line,) = with_reader(reader).read_quads(IMAGE, quad((10, 10, 10 + size[0], 10 + size[1]))[None])
    assert len(reader.quick_crops) == ways
    assert line.box == (10, 10, 10 + size[0], 10 + size[1])


@pytest.mark.parametrize("turn", [1, 3])
def test_a_line_on_its_side_is_read_either_way(turn: int) -> None:
    drawn = Drawn(460, 60)
    drawn.line(30, 18, "turned on its side", 24)
    (line,) = engine().read(np.ascontiguousarray(np.rot90(drawn.image, turn)))
    assert line.text == "turned on its side" and line.quad is not None
    down = line.quad[1][1] - line.quad[0][1]
    assert down < 0 if turn == 1 else down > 0  # the reading direction
    places = [word.box[1] for word in line.words]
    assert places == sorted(places, reverse=turn == 1)


def test_a_page() -> None:
    drawn, boxes = page(SENTENCES[:9], size=24)
    lines = sorted(engine().read(drawn.image), key=lambda line: line.box[1])
    assert [line.text for line in lines] == SENTENCES[:9]
    for line, box in zip(lines, boxes, strict=True):
        assert line.confidence is not None and line.confidence > 0.8 and line.origin == "ocr"
        assert np.abs(np.array(line.box) - box).max() < 12
        assert " ".join(word.text for word in line.words) == line.text


def test_dark_pages_read_like_light_ones() -> None:
    drawn, _ = page(SENTENCES[:4], size=24)
    lines = sorted(engine().read(255 - drawn.image), key=lambda line: line.box[1])
    # The last full stop may be lost: lone marks are looked for in dark ink only.
    assert [line.text.rstrip(".") for line in lines] == [text.rstrip(".") for text in SENTENCES[:4]]


@pytest.mark.parametrize("shape", [(1, 1), (5, 2000), (3000, 4), (64, 64)])
def test_odd_pictures_do_no_harm(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for image in (noise, np.full((*shape, 3), 255, np.uint8), np.zeros((*shape, 3), np.uint8)):
        for line in engine().read(image):
            assert line.text.strip()


def test_score_prefers_upright_strips() -> None:
    drawn, (box, *_) = page(SENTENCES[:1], size=24)
    strip = np.ascontiguousarray(drawn.image[int(box[1]) - 4 : int(box[3]) + 4])
    upright, turned = engine().score([strip, np.ascontiguousarray(strip[::-1, ::-1])])
    assert upright > 0.9 > turned and engine().score([]) == []


def test_models_can_be_given_by_path() -> None:
    options = ParseOptions(
        threads=1,
        detection_model=str(locate("pp-ocrv6-tiny-det")),
        recognition_model=str(locate("pp-ocrv6-tiny-rec")),
        dictionary=str(locate("pp-ocrv6-tiny-dict")),
    )
    drawn, _ = page(["Coarse grains settle"], size=24)
    for preset in ("default", "official"):
        (line,) = build_engine(options.model_copy(update={"preset": preset})).read(drawn.image)
        assert line.text == "Coarse grains settle" and line.model == options.recognition_model


def test_unknown_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.onnx is neither known weights nor a file"):
        weights_path(str(tmp_path / "nowhere.onnx"))
    with pytest.raises(WeightsError, match="sampan weights list"):
        build_engine(ParseOptions(detection_model="pp-ocrv9"))


def test_one_core_needs_no_pool() -> None:
    assert worker_pool(1) is None
    pool = worker_pool(2)
    assert pool is not None
    pool.shutdown()
