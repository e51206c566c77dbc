"""Lines grow over lone marks at their ends, and over nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from tests.documents.ocr.drawn import VERA, Drawn, font, quad

from sampan.documents.ocr.extend import extend_to_marks

SIZE = 24
X, Y = 200, 100


def extended(drawn: Drawn, *boxes: tuple[float, float, float, float]) -> np.ndarray:
    before = np.stack([quad(box) for box in boxes])
    kept = before.copy()
    after = extend_to_marks(drawn.image, before)
    np.testing.assert_array_equal(before, kept)  # the argument stays as it is
    np.testing.assert_array_equal(after[..., 1], before[..., 1])
    return after


def text(
    drawn: Drawn, x: float = X, y: float = Y, words: str = "gauges on the river"
) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = drawn.line(x, y, words, SIZE)
    return (x0 - 3, y0 - 5, x1 + 3, y1 + 5)


@pytest.mark.parametrize("distance", [8, 20, 40])
@pytest.mark.parametrize("mark", ["bullet", "dash", "square"])
def test_a_mark_before_the_line_is_taken_in(mark: str, distance: int) -> None:
    drawn = Drawn(700, 240)
    box = text(drawn)
    end, middle = box[0] - distance, (box[1] + box[3]) / 2
    if mark == "bullet":
        drawn.dot(end - 4, middle, 4)
    elif mark == "dash":
        drawn.rectangle((end - 12, middle - 1, end, middle + 1))
    else:
        drawn.rectangle((end - 8, middle - 4, end, middle + 4))
    (found,) = extended(drawn, box)
    assert end - 25 < found[0, 0] <= end - 8 and found[0, 0] == found[3, 0]
    assert found[1, 0] == box[2]


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_a_last_full_stop_is_taken_in_at_any_resolution(factor: int) -> None:
    drawn = Drawn(500 * factor, 160 * factor)
    x0, y0, x1, y1 = drawn.line(100, 60 * factor, "the end of it", SIZE * factor)
    stop = x1 + 4 * factor
    width = font(VERA, SIZE * factor).getbbox(".")[2] / 2
    drawn.rectangle((stop, y1 - 9 * factor, stop + width, y1 - 6 * factor))
    (found,) = extended(drawn, (x0, y0, x1, y1))
    assert found[1, 0] >= stop + width and found[1, 0] < stop + width + 6 * factor
    assert found[0, 0] == x0


def test_far_large_and_many_marks_are_left_alone() -> None:
    def grown(draw: object, *args: object) -> bool:
        drawn = Drawn(700, 240)
        box = text(drawn)
        middle = (box[1] + box[3]) / 2
        draw(drawn, box[0], middle)  # type: ignore[operator]
        (found,) = extended(drawn, box)
        return bool((found != quad(box)).any())

    assert grown(lambda drawn, x, y: drawn.dot(x - 20, y, 4))
    assert not grown(lambda drawn, x, y: drawn.dot(x - 120, y, 4))  # too far
    assert not grown(lambda drawn, x, y: drawn.rectangle((x - 60, y - 30, x - 20, y + 30)))  # a box
    assert not grown(lambda drawn, x, y: drawn.rectangle((x - 90, y - 1, x - 15, y + 1)))  # a ruling
    assert not grown(lambda drawn, x, y: drawn.rectangle((x - 15, 0, x - 13, 239)))  # a column rule
    assert not grown(lambda drawn, x, y: [drawn.dot(x - d, y, 3) for d in (12, 24, 36)])  # a drawing
    assert not grown(lambda drawn, x, y: drawn.dot(x - 20, y + 40, 4))  # another height


def test_text_of_another_column_is_left_alone() -> None:
    drawn = Drawn(900, 240)
    left = text(drawn, 40, words="of the left")
    right = text(drawn, left[2] + 30, words="of the right")
    np.testing.assert_array_equal(extended(drawn, left, right), np.stack([quad(left), quad(right)]))
    # Words that the detector missed are no mark either.
    lone = Drawn(900, 240)
    box = text(lone, 400)
    text(lone, 330, words="mm")
    (found,) = extended(lone, box)
    assert found[0, 0] > 380


def test_nothing_to_do() -> None:
    drawn = Drawn(700, 240)
    box = text(drawn)
    np.testing.assert_array_equal(extended(drawn, box), quad(box)[None])
    none = np.zeros((0, 4, 2), np.float32)
    assert extend_to_marks(drawn.image, none).shape == (0, 4, 2)
    np.testing.assert_array_equal(extended(Drawn(50, 50), (5, 5, 45, 20)), quad((5, 5, 45, 20))[None])
