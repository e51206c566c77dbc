from __future__ import annotations

import numpy as np
import pytest
from tests.documents.straighten.pages import text_page

from sampan.documents.straighten.ink import ink_map, reduce
from sampan.documents.straighten.orientation import decide
from sampan.documents.straighten.samples import cut, find_strips, turned
from sampan.documents.straighten.skew import LineDirection

ACROSS = LineDirection(False, 1.0, 0.0, 5.0)
DOWN = LineDirection(True, 1.0, 0.0, 5.0)
NONE = LineDirection(False, 0.05, 0.0, 1.0)


def views(whole: tuple[int, float], close: tuple[int, float]) -> np.ndarray:
    result = np.zeros((2, 4))
    for row, (guess, probability) in zip(result, (whole, close), strict=True):
        row[:] = (1 - probability) / 3
        row[guess] = probability
    return result


class Reader:
    """A recogniser that reads strips marked with their true turn: best when turned upright."""

    def __init__(self, truth: int, good: float = 0.95, bad: float = 0.5) -> None:
        self.truth, self.good, self.bad, self.asked = truth, good, bad, 0

    def strips(self, count: int) -> list[np.ndarray]:
        # A dark left end: after the right turn it is at the left again.
        strip = np.full((20, 100, 3), 255, np.uint8)
        strip[:, :20] = 0
        return [np.ascontiguousarray(np.rot90(strip, self.truth // 90))] * count

    def score(self, images: list[np.ndarray]) -> list[float]:
        self.asked += len(images)
        return [
            self.good
            if image.shape == (20, 100, 3) and image[:, :20].mean() < 5 and image[:, 20:].mean() > 250
            else self.bad
            for image in images
        ]


@pytest.mark.parametrize("guess", [0, 2])
def test_agreement_needs_no_reading(guess: int) -> None:
    reader = Reader(0)
    found = decide(views((guess, 0.9), (guess, 0.9)), ACROSS, reader.strips, reader.score)
    assert found.turn == guess * 90
    assert reader.asked == 0


@pytest.mark.parametrize("truth", [0, 90, 180, 270])
@pytest.mark.parametrize("seen", [(0, 2), (2, 0), (1, 3), (3, 3)])
def test_reading_settles_disagreement(truth: int, seen: tuple[int, int]) -> None:
    reader = Reader(truth)
    direction = DOWN if truth % 180 else ACROSS
    found = decide(views((seen[0], 0.5), (seen[1], 0.5)), direction, reader.strips, reader.score)
    assert found.turn == truth
    assert found.readings == reader.asked == 8


def test_unreadable_strips_do_not_decide() -> None:
    reader = Reader(180, good=0.5, bad=0.1)
    found = decide(views((0, 0.9), (1, 0.5)), ACROSS, reader.strips, reader.score)
    assert found.turn == 0


def test_without_a_reader_lines_across_forbid_a_quarter_turn() -> None:
    found = decide(views((2, 0.9), (3, 0.9)), ACROSS, lambda _: [], None)
    assert found.turn == 180


def test_vertical_writing_stays_up_where_the_close_up_sees_upright_letters() -> None:
    assert decide(views((3, 0.9), (0, 0.8)), DOWN, lambda _: [], None).turn == 0
    assert decide(views((3, 0.9), (3, 0.8)), DOWN, lambda _: [], None).turn == 270


def test_pictures_without_lines_are_turned_only_on_a_sure_view() -> None:
    assert decide(views((1, 0.6), (1, 0.6)), NONE, lambda _: [], None).turn == 0
    assert decide(views((1, 0.95), (1, 0.95)), NONE, lambda _: [], None).turn == 90


@pytest.mark.parametrize("down", [False, True])
def test_strips_hold_lines_of_the_page_at_its_own_resolution(down: bool) -> None:
    page = text_page()
    large = np.repeat(np.repeat(page, 2, axis=0), 2, axis=1)
    if down:
        large = np.ascontiguousarray(np.rot90(large))
    gray, scale = reduce(large)
    boxes = find_strips(ink_map(gray), down, 3)
    assert len(boxes) == 3
    to_source = np.diag([1 / scale, 1 / scale, 1.0])
    for box in boxes:
        strip = turned(cut(large, box, to_source, scale), 90 if down else 0)
        height, width = strip.shape[:2]
        assert width > 3 * height
        assert 30 < height < 80
        # Nothing but paper along the upper edge, ink inside.
        assert strip[0].min() > 200
        assert strip.min() < 50


def test_a_column_is_set_side_by_side_in_reading_order() -> None:
    column = np.full((32 * 5, 30, 3), 255, np.uint8)
    for index in range(5):
        column[32 * index + 4 : 32 * index + 28, 4:26] = 40 * index
    row = turned(column, 0)
    assert row.shape[1] == 5 * 30
    tones = [int(row[row.shape[0] // 2, 30 * index + 15, 0]) for index in range(5)]
    assert tones == [0, 40, 80, 120, 160]
    upside_down = turned(np.ascontiguousarray(np.rot90(column, 2)), 180)
    assert (upside_down == row).all()
