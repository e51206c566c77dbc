"""Glyphs that stand alone: which components are offered to the recogniser, and which readings of them are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from tests.documents.ocr.drawn import Box, Drawn, quad

from sampan.documents.ocr.crops import LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.detection import TextDetector
from sampan.documents.ocr.engine import EngineRules, OcrEngine
from sampan.documents.ocr.extend import ink_components
from sampan.documents.ocr.lone import is_sure, lone_glyphs

TEXTS = [
    "The ferry left the lower weir",
    "Coarse grains settle quickly",
    "Every gauge reports at six",
    "in the morning and at night",
]
SIZE = 24


def sheet() -> tuple[Drawn, np.ndarray]:
    """A page with four lines at the top left, and their quads."""
    drawn = Drawn(900, 700)
    boxes = [drawn.line(40, 40 + 50 * k, text, SIZE) for k, text in enumerate(TEXTS)]
    return drawn, np.stack([quad(box, 4) for box in boxes])


def offered(drawn: Drawn, quads: np.ndarray) -> np.ndarray:
    found = lone_glyphs(ink_components(drawn.image), quads)
    assert found.shape == (len(found), 4, 2) and found.dtype == np.float32
    return found


@pytest.mark.parametrize("glyph", list("012345689ABb#"))
@pytest.mark.parametrize("place", [(600, 60), (450, 600), (120, 420)])
def test_a_lone_glyph_is_offered_with_room_around_it(glyph: str, place: tuple[int, int]) -> None:
    drawn, quads = sheet()
    assert len(offered(drawn, quads)) == 0
    box = drawn.line(*place, glyph, SIZE)
    (found,) = offered(drawn, quads)
    x0, y0 = found[0]
    x1, y1 = found[2]
    np.testing.assert_allclose(found, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    # All of the glyph and less than its neighbours' place; wider than high, as lines are.
    height = box[3] - box[1]
    assert box[0] - height < x0 < box[0] - 0.3 * height and box[2] + 0.3 * height < x1 < box[2] + height
    assert box[1] - 0.6 * height < y0 < box[1] - 0.1 * height
    assert box[3] + 0.1 * height < y1 < box[3] + 0.6 * height


def test_several_lone_glyphs_are_all_offered() -> None:
    drawn, quads = sheet()
    boxes = [drawn.line(600, 60 + 70 * k, glyph, SIZE) for k, glyph in enumerate("13579")]
    found = offered(drawn, quads)
    assert len(found) == 5
    for corners, box in zip(sorted(found.tolist(), key=lambda q: q[0][1]), boxes, strict=True):
        assert corners[0][0] < box[0] and corners[2][0] > box[2]
        assert corners[0][1] < box[1] and corners[2][1] > box[3]


@pytest.mark.parametrize(
    ("what", "box"),
    [
        ("a tick", (600, 300, 601, 317)),
        ("a rule", (600, 300, 660, 301)),
        ("a bar of a chart", (600, 300, 615, 420)),
        ("a wide box", (600, 300, 640, 317)),
        ("dust", (600, 300, 604, 304)),
        ("a bullet", (600, 300, 607, 307)),
        ("a picture", (500, 300, 800, 600)),
    ],
)
def test_marks_of_other_shapes_are_not_offered(what: str, box: Box) -> None:
    drawn, quads = sheet()
    drawn.rectangle(box)
    assert len(offered(drawn, quads)) == 0, what


@pytest.mark.parametrize(("gap", "count"), [(4, 0), (10, 0), (40, 2)])
def test_glyphs_beside_others_are_not_alone(gap: int, count: int) -> None:
    drawn, quads = sheet()
    first = drawn.line(600, 300, "4", SIZE)
    drawn.line(first[2] + gap, 300, "7", SIZE)
    assert len(offered(drawn, quads)) == count


@pytest.mark.parametrize("side", ["left", "right"])
def test_drawings_beside_a_glyph_are_company_and_dust_is_not(side: str) -> None:
    for width, count in ((2, 1), (60, 0)):
        drawn, quads = sheet()
        box = drawn.line(600, 300, "4", SIZE)
        x = box[0] - 8 - width if side == "left" else box[2] + 8
        drawn.rectangle((x, box[1] + 6, x + width, box[1] + 6 + min(width, 8)))
        assert len(offered(drawn, quads)) == count


def test_lines_above_and_below_are_no_company() -> None:
    drawn, quads = sheet()
    box = drawn.line(700, 300, "4", SIZE)
    drawn.line(700, box[3] + 6, "5", SIZE)
    assert len(offered(drawn, quads)) == 2


def test_letters_of_the_lines_found_are_not_offered() -> None:
    drawn, quads = sheet()
    spread = drawn.line(40, 400, "B D E H K", SIZE, gap=40)
    assert len(offered(drawn, quads)) == 5
    assert len(offered(drawn, np.concatenate([quads, quad(spread)[None]]))) == 0


@pytest.mark.parametrize(("size", "count"), [(8, 0), (12, 0), (24, 1), (28, 1), (60, 0)])
def test_only_glyphs_of_the_size_of_the_pages_text(size: int, count: int) -> None:
    drawn, quads = sheet()
    drawn.line(600, 400, "4", size)
    assert len(offered(drawn, quads)) == count


def test_too_many_are_a_texture() -> None:
    for count, most in ((24, 24), (25, 0), (60, 0)):
        drawn, quads = sheet()
        for k in range(count):
            drawn.line(60 + 80 * (k % 10), 300 + 60 * (k // 10), "8", SIZE)
        assert len(offered(drawn, quads)) == most


def test_pages_of_few_lines_have_no_usual_height() -> None:
    drawn, quads = sheet()
    drawn.line(600, 300, "4", SIZE)
    marks = ink_components(drawn.image)
    assert len(lone_glyphs(marks, quads[:3])) > 0
    assert len(lone_glyphs(marks, quads[:2])) == 0
    assert len(lone_glyphs(marks, np.zeros((0, 4, 2), np.float32))) == 0
    assert lone_glyphs(np.zeros((0, 4), np.float32), quads).shape == (0, 4, 2)


def reading(text: str, confidence: float) -> Reading:
    edges = np.linspace(0.3, 0.7, len(text) + 1, dtype=np.float32)
    columns = np.stack([edges[:-1], edges[1:]], axis=1)
    return Reading(text, confidence, list(text), np.full(len(text), confidence, np.float32), columns, "m")


@pytest.mark.parametrize("text", ["1", "0", "A", "z", "#", " 7", "7 "])
def test_sure_of_a_figure_or_letter(text: str) -> None:
    assert is_sure(reading(text, 0.99)) and not is_sure(reading(text, 0.9))


@pytest.mark.parametrize("text", ["", " ", "-", ".", "|", "口", "一", "12", "I I", "é", "①", "٣"])
def test_never_sure_of_anything_else(text: str) -> None:
    assert not is_sure(reading(text, 0.999))


class Detector:
    """Finds the lines that it was told."""

    def __init__(self, quads: np.ndarray) -> None:
        self.quads = quads

    def detect(self, image: np.ndarray, scale: float | None = None) -> Detector:
        return self


class Reader:
    """Reads the page's lines, and anything else as `lone`."""

    def __init__(self, lone: Reading) -> None:
        self.lone = lone
        self.asked: list[LineCrop] = []

    def read(self, crops: Sequence[LineCrop]) -> list[Reading]:
        self.asked += crops
        return [reading("x", 0.95) if crop.quad[0, 0] < 100 else self.lone for crop in crops]

    quick = read


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [("4", 0.99, True), ("4", 0.94, True), ("4", 0.9, False), ("|", 0.99, False), ("41", 0.99, False)],
)
def test_the_engine_keeps_lone_glyphs_that_it_is_sure_of(text: str, confidence: float, kept: bool) -> None:
    drawn, quads = sheet()
    box = drawn.line(600, 500, "4", SIZE)
    reader = Reader(reading(text, confidence))
    lines = OcrEngine(cast(TextDetector, Detector(quads)), reader, EngineRules()).read(drawn.image)
    assert len(reader.asked) == len(TEXTS) + 1
    assert [line.text for line in lines] == ["x"] * len(TEXTS) + [text] * kept
    if kept:
        found = lines[-1].box
        assert found[0] < box[0] and found[1] < box[1] and found[2] > box[2] and found[3] > box[3]


def test_lines_that_the_detector_found_need_not_be_sure() -> None:
    drawn, quads = sheet()
    box = drawn.line(600, 500, "4", SIZE)
    reader = Reader(reading("|", 0.6))
    quads = np.concatenate([quads, quad(box, 3)[None]])
    lines = OcrEngine(cast(TextDetector, Detector(quads)), reader, EngineRules()).read(drawn.image)
    assert [line.text for line in lines] == ["x"] * len(TEXTS) + ["|"]


def test_boxes_read_in_several_ways_do_not_confuse_the_engine() -> None:
    """A tall box is put last, after the lone glyphs: the unsure glyph is dropped, the tall box is kept."""
    drawn, quads = sheet()
    drawn.line(600, 500, "4", SIZE)
    tall = quad((20, 320, 44, 520))
    drawn.rectangle((28, 330, 34, 510))
    quads = np.concatenate([tall[None], quads])
    reader = Reader(reading("4", 0.6))
    lines = OcrEngine(cast(TextDetector, Detector(quads)), reader, EngineRules()).read(drawn.image)
    assert [line.text for line in lines] == ["x"] * (len(TEXTS) + 1)
