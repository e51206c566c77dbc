from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.documents.reading import open_source
from sampan.documents.reading.vector_graphics import merge_collinear
from sampan.documents.stages import TextLayer

from .pdf_samples import SamplePage, pdf, text


def graphics(content: bytes, **options: object) -> TextLayer:
    with open_source(pdf(SamplePage(text(72, 800, "words") + content, **options))) as source:  # type: ignore[arg-type]
        found = source.page(1).text_layer()
    assert found is not None
    return found


@pytest.mark.parametrize(
    "content",
    [
        b"100 700 m 300 700 l S",
        b"100 699.7 200 0.6 re f",
        b"100 700 m 200 700 l S 200 700 m 300 700 l S",
        b"q 2 0 0 2 0 0 cm 50 350 m 150 350 l S Q",
    ],
    ids=["stroke", "thin rectangle", "two parts", "matrix"],
)
def test_a_ruling_however_drawn(content: bytes) -> None:
    rulings = graphics(content).rulings
    assert rulings.horizontal == pytest.approx(np.array([[100, 142, 300, 142]]), abs=1.5)
    assert len(rulings.vertical) == 0


def test_grid_in_one_path_and_shaded_cell() -> None:
    grid = b"".join(b"100 %d m 300 %d l " % (y, y) for y in (600, 650, 700))
    grid += b"".join(b"%d 600 m %d 700 l " % (x, x) for x in (100, 200, 300)) + b"S "
    found = graphics(b"0.9 g 100 650 100 50 re f 0 g " + grid)
    assert (len(found.rulings.horizontal), len(found.rulings.vertical)) == (3, 3)
    assert found.fills == [pytest.approx((100, 142, 200, 192), abs=0.1)]
    assert found.drawings == []


def test_a_stroked_rectangle_is_four_rulings_and_white_is_no_fill() -> None:
    found = graphics(b"100 600 200 100 re S 1 g 50 50 400 300 re f")
    assert (len(found.rulings.horizontal), len(found.rulings.vertical)) == (2, 2)
    assert found.fills == []


def test_curves_and_slanted_lines_are_one_drawing() -> None:
    chart = b"".join(b"%d 300 m %d %d l S " % (100 + 10 * n, 110 + 10 * n, 300 + 7 * n) for n in range(1, 12))
    far = b"400 100 m 450 150 500 50 550 100 c 500 160 l f"
    found = graphics(chart + far)
    assert len(found.drawings) == 2
    left = min(found.drawings)
    assert left[0] == pytest.approx(110, abs=3) and left[2] == pytest.approx(220, abs=3)


def test_graphics_turn_with_the_page() -> None:
    found = graphics(b"100 700 m 300 700 l S", rotate=90)
    assert len(found.rulings.horizontal) == 0
    assert found.rulings.vertical == pytest.approx(np.array([[700, 100, 700, 300]]), abs=1.5)


def test_thousands_of_paths_are_survived() -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(50, 500, (6000, 4))
    found = graphics(b"".join(b"%d %d m %d %d l S\n" % tuple(p) for p in points))
    assert len(found.drawings) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 20).map(lambda n: 10 * n), st.integers(1, 80)),
        max_size=30,
    )
)
def test_merging_covers_the_same_points(spans: list[tuple[int, int, int]]) -> None:
    lines = np.array([(x, y, x + length, y) for x, y, length in spans], float).reshape(-1, 4)
    merged = merge_collinear(lines)

    def covered(table: np.ndarray) -> set[tuple[int, int]]:
        return {(y, x) for x0, y, x1, _ in table.round().astype(int).tolist() for x in range(x0, x1 + 1)}

    want, got = covered(lines), covered(merged)
    # Gaps of up to 1.5 points are closed, pieces under 4 points dropped: single points may differ, no more.
    assert all((y, x - 1) in want or (y, x + 1) in want for y, x in got - want)
    kept = {(y, x) for y, x in want if sum((y, x + step) in want for step in range(-4, 5)) == 9}
    assert kept <= got
    assert len({(y, x) for y, x in got}) == sum(round(x1 - x0) + 1 for x0, _, x1, _ in merged.tolist())
