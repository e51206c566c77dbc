"""The same text whatever the batch and the order of lines."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import pytest
from tests.documents.ocr.drawn import (
    PLAIN,
    SENTENCES,
    VERA,
    VERA_BOLD,
    VERA_ITALIC,
    Drawn,
    cjk_font,
    degraded,
    quad,
)

from sampan.documents.ocr.cascade import CascadeRecogniser
from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.detection import TextDetector
from sampan.documents.ocr.engine import OcrEngine
from sampan.documents.ocr.ink import InkRuns
from sampan.documents.ocr.presets import DEFAULT, FAST_SQUEEZE, LazyRecogniser, open_recogniser
from sampan.documents.ocr.recognition import RecognitionRules, TextRecogniser, blob, joined
from sampan.documents.options import ParseOptions
from sampan.runtime import Model, open_model
from sampan.weights import locate

BATCHES = [1, 2, 7, 32]
CHINESE = "第三章 实验结果与讨论"


@cache
def opened(name: str) -> tuple[Model, list[str]]:
    return open_recogniser(name, ParseOptions())


@cache
def lines() -> tuple[list[str], list[LineCrop]]:
    """Forty lines: five texts and faces of different lengths, two sizes, four qualities.

    Lines of one text have about one shape, so that they share runs.
    """
    kinds = [
        (SENTENCES[9], VERA),
        (SENTENCES[10], VERA_BOLD),
        (SENTENCES[4], VERA_ITALIC),
        (SENTENCES[1], PLAIN),
    ]
    path = cjk_font()
    kinds.append((SENTENCES[13], VERA) if path is None else (CHINESE, path))
    texts, crops = [], []
    for text, name in kinds:
        for size in (14, 26):
            for ink, scale in [(0, 1.0), (110, 1.0), (0, 0.7), (60, 0.5)]:
                drawn = Drawn(800, 70, ink=ink)
                box = drawn.line(20, 12, text, size, name)
                image = degraded(drawn.image, scale) if scale < 1 else drawn.image
                texts.append(text)
                crops.append(LineCrop(image, quad(box, 0.15 * size)))
    return texts, crops


def recogniser(name: str, batch: int, squeeze: float = 1.0) -> TextRecogniser:
    return TextRecogniser(*opened(name), name, RecognitionRules(batch, squeeze))


def fresh(crops: list[LineCrop]) -> list[LineCrop]:
    return [LineCrop(crop.image, crop.quad) for crop in crops]


def assert_same(expected: list[Reading], found: list[Reading]) -> None:
    assert [reading.text for reading in found] == [reading.text for reading in expected]
    assert [reading.model for reading in found] == [reading.model for reading in expected]
    for a, b in zip(expected, found, strict=True):
        assert b.confidence == pytest.approx(a.confidence, abs=1e-4)
        np.testing.assert_allclose(b.columns, a.columns, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "squeeze"),
    [("pp-ocrv6-tiny-rec", 1.0), ("pp-ocrv6-tiny-rec", FAST_SQUEEZE), ("pp-ocrv6-small-rec", 1.0)],
)
def test_one_model(name: str, squeeze: float) -> None:
    texts, crops = lines()
    if "small" in name:  # slow: half of the lines
        texts, crops = texts[::2], crops[::2]
    expected = recogniser(name, 1, squeeze).read(crops)
    assert max(Counter(crop.width(squeeze) for crop in crops).values()) > 2  # some share a run
    right = [
        reading.text.replace(" ", "") == text.replace(" ", "")
        for reading, text in zip(expected, texts, strict=True)
    ]
    assert sum(right) > 0.6 * len(crops)
    order = list(range(len(crops)))
    for batch in BATCHES[1:]:
        random.Random(batch).shuffle(order)
        found = recogniser(name, batch, squeeze).read([crops[index] for index in order])
        assert_same([expected[index] for index in order], found)


def cascade(batch: int) -> CascadeRecogniser:
    return CascadeRecogniser(
        recogniser("pp-ocrv6-tiny-rec", batch, FAST_SQUEEZE), recogniser("pp-ocrv6-small-rec", batch)
    )


def test_cascade() -> None:
    _, crops = lines()
    expected = cascade(1).read(fresh(crops))
    assert len({reading.model for reading in expected}) == 2  # both models had a say
    order = list(range(len(crops)))
    for batch in BATCHES[1:]:
        random.Random(batch).shuffle(order)
        found = cascade(batch).read(fresh([crops[index] for index in order]))
        assert_same([expected[index] for index in order], found)


def test_engine() -> None:
    drawn = Drawn(1000, 900)
    for index, text in enumerate(SENTENCES[:12]):
        drawn.line(
            40, 20 + 70 * index, text, 12 + 2 * index, [VERA, VERA_BOLD, VERA_ITALIC, PLAIN][index % 4]
        )
    image = degraded(drawn.image, 0.7)
    detector = TextDetector(open_model(locate("pp-ocrv6-tiny-det"), 1), DEFAULT)
    quads = detector.detect(image).quads
    assert len(quads) >= 12

    def read(batch: int, order: list[int]) -> dict[tuple[float, ...], tuple[str, float, list[str]]]:
        found = OcrEngine(detector, cascade(batch)).read_quads(image, quads[order])
        return {line.box: (line.text, line.confidence, [word.text for word in line.words]) for line in found}

    order = list(range(len(quads)))
    expected = read(1, order)
    assert len(expected) >= 12
    for batch in BATCHES[1:]:
        random.Random(batch).shuffle(order)
        found = read(batch, order)
        assert found.keys() == expected.keys()
        for box, (text, confidence, words) in expected.items():
            assert found[box] == (text, pytest.approx(confidence, abs=1e-4), words)


def test_a_pool_changes_nothing() -> None:
    _, crops = lines()
    model, vocabulary = opened("pp-ocrv6-tiny-rec")
    expected = recogniser("pp-ocrv6-tiny-rec", 4).read(crops[:12])
    with ThreadPoolExecutor(3) as pool:
        found = TextRecogniser(model, vocabulary, "pp-ocrv6-tiny-rec", RecognitionRules(4), pool).read(
            crops[:12]
        )
    assert_same(expected, found)


def test_no_line_is_padded() -> None:
    """Lines of one run are of one width, so nothing is padded; long ones come in smaller runs."""
    shapes = []

    class Watched:
        def __call__(self, batch: np.ndarray) -> list[np.ndarray]:
            shapes.append(batch.shape)
            frames = np.zeros((len(batch), batch.shape[3] // 8, 18710), np.float32)
            frames[:, 0, 5] = 9
            return [frames]

    image = np.full((60, 3300, 3), 255, np.uint8)
    crops = [LineCrop(image, quad((0, 0, width, 48))) for width in [80, 800, 79, 3200, 96, 82, 3190]]
    model = cast(Model, Watched())
    readings = TextRecogniser(model, ["x"] * 18710, "w", RecognitionRules(32)).read(crops)
    assert [reading.text for reading in readings] == ["x"] * 7
    assert sorted((shape[3], shape[0]) for shape in shapes) == [
        (80, 3),
        (96, 1),
        (800, 1),
        (3200, 1),
        (3200, 1),
    ]
    assert TextRecogniser(model, ["x"] * 18710, "w").read([]) == []


def test_input_is_scaled_to_one_in_bgr_order() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (48, 56, 3), dtype=np.uint8)
    expected = (strip.astype(np.float64).transpose(2, 0, 1) / 255 - 0.5) / 0.5
    np.testing.assert_allclose(blob([strip, strip])[1], expected, atol=1e-6)


def test_a_lazy_recogniser_opens_nothing_for_nothing() -> None:
    assert LazyRecogniser("no such weights", ParseOptions(), None).read([]) == []


def test_long_lines_are_cut_between_words_and_put_together_again() -> None:
    _, crops = lines()
    whole = recogniser("pp-ocrv6-small-rec", 1).read(fresh(crops))
    cutting = recogniser("pp-ocrv6-small-rec", 1)
    cutting.rules = replace(cutting.rules, widest=400)
    parts = cutting.read(fresh(crops))
    assert sum(crop.width() > 400 for crop in crops) > 3
    same = [a.text.replace(" ", "") == b.text.replace(" ", "") for a, b in zip(whole, parts, strict=True)]
    assert sum(same) > 0.85 * len(same)
    for reading in parts:
        assert len(reading.text) == len(reading.characters) == len(reading.probabilities)
        assert (np.diff(reading.columns.mean(axis=1)) > 0).all()


def part(text: str) -> Reading:
    count = len(text)
    places = np.arange(count, dtype=np.float32) / count
    return Reading(
        text, 0.9, list(text), np.full(count, 0.9, np.float32), np.stack([places, places + 1 / count], axis=1)
    )


@pytest.mark.parametrize(
    ("left", "right", "gap", "text"),
    [
        ("one", "two", 0.3, "one two"),
        ("one", "two", 0.1, "onetwo"),
        ("71", ".1%", 0.3, "71.1%"),
        ("91,", "306", 0.3, "91,306"),
        ("a@minato.", "example", 0.25, "a@minato.example"),
        ("days.", "If", 0.4, "days. If"),
        ("观测", "名单", 0.5, "观测名单"),
    ],
)
def test_a_space_where_a_line_was_cut(left: str, right: str, gap: float, text: str) -> None:
    height = 0.1
    crop = LineCrop(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 2), np.float32))
    crop._ink = InkRuns(
        np.array([0.5 - gap * height / 2]), np.array([0.5 + gap * height / 2]), 0.0, 1.0, height
    )
    crop._ink_known = True
    whole = joined([(part(left), 0.0, 0.5), (part(right), 0.5, 1.0)], crop)
    assert whole.text == text and len(whole.columns) == len(text)
