"""PaddleOCR's own runtime rules."""

from __future__ import annotations

from functools import cache
from math import ceil
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from tests.documents.ocr.drawn import SENTENCES, VERA, Drawn, iou, page

import sampan
from sampan.documents.ocr.detection import TextDetector
from sampan.documents.ocr.engine import OcrEngine
from sampan.documents.ocr.official import (
    RULES,
    OfficialDetector,
    OfficialEngine,
    OfficialRecogniser,
    official_blob,
    official_crop,
    official_order,
    official_size,
)
from sampan.documents.ocr.presets import build_engine
from sampan.documents.options import ParseOptions

PAGE = Path(skimage.__file__).parent / "data" / "page.png"
LINES = [
    "Region-based segmentation",
    "Let us first determine markers of the coins and the",
    "background. These markers are pixels that we can label",
    "unambiguously as either object or background. Here,",
    "the markers are found at the two extreme parts of the",
    "histogram of grey values:",
    ">>> markers = np.zeros_like(coins)",
]


@cache
def engine() -> OfficialEngine:
    built = build_engine(ParseOptions(preset="official", threads=1))
    assert isinstance(built, OfficialEngine)
    return built


def test_golden_page() -> None:
    lines = engine().read(cv2.imread(str(PAGE)))
    assert [line.text for line in lines] == LINES
    assert min(line.confidence for line in lines) >= 0.96
    assert {line.model for line in lines} == {"pp-ocrv6-small-rec"}
    for line in lines:
        assert all(value == int(value) for value in line.box)  # whole pixels
        assert [word.text for word in line.words] == line.text.split()
        assert [word.box[0] for word in line.words] == sorted(word.box[0] for word in line.words)


def test_the_parser_takes_the_preset() -> None:
    document = sampan.parse(PAGE, preset="official", threads=1)
    assert "".join(document.text.split()) == "".join("".join(LINES).split())
    assert document.pages[0].rotation == 0


def test_score_ranks_upright_strips_first() -> None:
    drawn, (box, *_) = page(SENTENCES[:1])
    strip = drawn.image[int(box[1]) - 4 : int(box[3]) + 4]
    upright, turned = engine().score([strip, np.ascontiguousarray(strip[::-1, ::-1])])
    assert upright > 0.95 > turned


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((191, 384), (192, 384)),
        ((400, 720), (384, 704)),  # 12.5 and 22.5 go to the even neighbour
        ((432, 752), (448, 768)),  # 13.5 and 23.5 too
        ((48, 1000), (64, 1344)),  # the short side is brought to 64: 1333 → 41.66
        ((20, 15000), (32, 4000)),  # and the long one back to 4000
        ((3000, 8000), (1504, 4000)),
        ((64, 64), (64, 64)),
        ((10, 200), (64, 1280)),
    ],
)
def test_sizes(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert official_size(*size) == expected


def test_the_network_sees_a_plain_bilinear_picture_in_bgr_order(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def network(blob: np.ndarray) -> list[np.ndarray]:
        seen.append(blob)
        return [np.zeros((1, 1, *blob.shape[2:]), np.float32)]

    image = np.random.default_rng(0).integers(0, 256, (300, 205, 3), dtype=np.uint8)
    OfficialDetector(network).detect(image)  # type: ignore[arg-type]
    resized = cv2.resize(image, (192, 288), interpolation=cv2.INTER_LINEAR).astype(np.float64)
    expected = (resized / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(seen[0][0], expected.transpose(2, 0, 1), atol=1e-5)
    # A tiny picture is padded with black to 32 × 32, then enlarged to 64.
    OfficialDetector(network).detect(np.full((20, 30, 3), 255, np.uint8))  # type: ignore[arg-type]
    assert seen[1].shape == (1, 3, 64, 64)
    assert seen[1][0, 0, 0, 0] > 2 and seen[1][0, 0, -1, -1] == pytest.approx(-0.485 / 0.229, abs=1e-4)


def test_boxes_are_rounded_and_stay_in_the_picture() -> None:
    def network(blob: np.ndarray) -> list[np.ndarray]:
        probability = np.zeros((1, 1, *blob.shape[2:]), np.float32)
        probability[0, 0, 3:30, 5:180] = 0.8
        probability[0, 0, 100:121, 40:101] = 0.8
        return [probability]

    detections = OfficialDetector(network).detect(np.zeros((300, 205, 3), np.uint8))  # type: ignore[arg-type]
    assert (detections.quads == np.round(detections.quads)).all()
    assert (detections.quads >= 0).all() and (detections.quads <= (205, 300)).all()
    small = detections.quads[int(np.argmax(detections.quads[:, 0, 1]))]
    growth = 60 * 20 * 1.5 / 160
    x, y = 205 / 192, 300 / 288
    expected = [(40 - growth) * x, (100 - growth) * y, (100 + growth) * x, (120 + growth) * y]
    assert [*small.min(axis=0), *small.max(axis=0)] == pytest.approx(expected, abs=0.51)
    assert RULES.max_candidates == 1000 and RULES.box_threshold == 0.6 and RULES.threshold == 0.3


def bubbled(corners: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The rule as it is told: sort by (y, x), then let each box move back past boxes of its row right of it."""
    done = sorted(corners, key=lambda corner: (corner[1], corner[0]))
    for i in range(len(done) - 1):
        for j in range(i, -1, -1):
            if abs(done[j + 1][1] - done[j][1]) < 10 and done[j + 1][0] < done[j][0]:
                done[j], done[j + 1] = done[j + 1], done[j]
            else:
                break
    return done


def test_order() -> None:
    rng = np.random.default_rng(0)
    for count in [0, 1, 2, 30]:
        corners = rng.integers(0, 60, (count, 2))
        quads = corners[:, None] + np.array([[0, 0], [9, 0], [9, 5], [0, 5]])
        ordered = official_order(quads.astype(np.float32).reshape(-1, 4, 2))
        assert [tuple(quad[0]) for quad in ordered] == bubbled([tuple(c) for c in corners.tolist()])
    rows = np.array([[300, 10], [20, 18], [100, 40]])[:, None] + np.zeros((1, 4, 2))
    assert official_order(rows.astype(np.float32))[:, 0, 0].tolist() == [20, 300, 100]


def test_crops() -> None:
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (120, 200, 3), dtype=np.uint8), (9, 9), 3)
    level = np.array([[20, 30], [120, 30], [120, 60], [20, 60]], np.float32)
    np.testing.assert_array_equal(official_crop(image, level), image[30:60, 20:120])
    tall = np.array([[20, 30], [40, 30], [40, 60], [20, 60]], np.float32)
    np.testing.assert_array_equal(official_crop(image, tall), np.rot90(image[30:60, 20:40]))
    nearly = np.array([[20, 30], [41, 30], [41, 61], [20, 61]], np.float32)  # 31/21 < 1.5
    assert official_crop(image, nearly).shape == (31, 21, 3)
    beyond = np.array([[180, 90], [240, 90], [240, 119], [180, 119]], np.float32)
    crop = official_crop(image, beyond)
    np.testing.assert_array_equal(crop[:, 20:], np.repeat(crop[:, 19:20], 40, axis=1))


def test_a_tilted_crop_is_interpolated() -> None:
    ramp = np.repeat(3 * np.arange(85, dtype=np.uint8)[None, :, None], 85, axis=0).repeat(3, axis=2)
    corners = np.array([[20, 30], [60, 40], [55, 60], [15, 50]], np.float32)
    crop = official_crop(ramp, corners)[3:-3, 3:-3].astype(float)
    assert np.abs(np.diff(crop[..., 0], axis=1) - 3 * 40 / np.hypot(40, 10)).max() < 1.2


def test_widths_and_padding() -> None:
    def strip(height: int, width: int) -> np.ndarray:
        return np.full((height, width, 3), 255, np.uint8)

    short, middle = strip(30, 51), strip(30, 301)
    batch = official_blob([short, middle])
    assert batch.shape == (2, 3, 48, int(48 * 301 / 30))
    filled = ceil(48 * 51 / 30)  # 81.6
    assert (batch[0, :, :, :filled] == 1).all() and (batch[0, :, :, filled:] == 0).all()
    assert official_blob([short]).shape[3] == 320
    assert official_blob([strip(10, 4000)]).shape[3] == 3200
    assert (official_blob([strip(10, 4000)]) == 1).all()  # squeezed, not cut


def test_batches_of_six_by_shape() -> None:
    batches = []

    def model(batch: np.ndarray) -> list[np.ndarray]:
        batches.append(batch.shape)
        frames = np.zeros((len(batch), batch.shape[3] // 8, 300), np.float32)
        # The class is the number of filled columns.
        frames[np.arange(len(batch)), 0, (batch[:, 0, 0] > 0.5).sum(axis=1) // 8] = 50
        return [frames]

    widths = np.random.default_rng(0).permutation(np.arange(10, 150, 10))
    crops = [np.full((10, width, 3), 255, np.uint8) for width in widths]
    readings = OfficialRecogniser(model, [chr(200 + n) for n in range(300)], "m").read(crops)  # type: ignore[arg-type]
    assert [shape[0] for shape in batches] == [6, 6, 2]
    assert [shape[3] for shape in batches] == [320, 576, 672]
    assert [ord(reading.text) - 200 for reading in readings] == [
        min(ceil(4.8 * width) // 8, 299) for width in widths
    ]


def test_word_boxes_lie_on_the_words() -> None:
    drawn, _ = page(SENTENCES[:6], size=24)
    lines = engine().read(drawn.image)
    assert len(lines) == 6
    found = [word.box for line in lines for word in line.words]
    assert [word.text for line in lines for word in line.words] == [text for text, _ in drawn.words]
    assert np.mean([iou(a, b) for a, (_, b) in zip(found, drawn.words, strict=True)]) > 0.4
    for (x0, _, x1, _), (_, truth) in zip(found, drawn.words, strict=True):
        assert min(x1, truth[2]) - max(x0, truth[0]) > 0.4 * (truth[2] - truth[0])


def test_a_line_on_its_side_is_read_downwards_too() -> None:
    drawn = Drawn(420, 60)
    drawn.line(20, 16, "turned on its side", 24, VERA)
    turned = np.rot90(drawn.image, -1)  # clockwise: reads downwards
    (line,) = engine().read(np.ascontiguousarray(turned))
    assert line.text == "turned on its side" and line.quad is not None
    assert line.quad[0][1] < line.quad[1][1]  # the reading direction goes down
    tops = [word.box[1] for word in line.words]
    assert tops == sorted(tops) and tops[-1] > tops[0] + 100


def test_none_of_our_own_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def ours(*_: object) -> None:
        raise AssertionError("not an official step")

    for name in ("extend_to_marks", "spaced", "typographic", "parted"):
        monkeypatch.setattr(f"sampan.documents.ocr.engine.{name}", ours)
    monkeypatch.setattr(TextDetector, "detect", ours)
    monkeypatch.setattr(OcrEngine, "read_quads", ours)
    assert len(engine().read(cv2.imread(str(PAGE)))) == 7


@pytest.mark.parametrize("shape", [(1, 1), (5, 2000), (31, 20)])
def test_odd_sizes_do_no_harm(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for line in engine().read(image):
        assert line.text.strip()
