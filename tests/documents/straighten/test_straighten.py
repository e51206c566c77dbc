from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents.straighten.pages import HEIGHT, WIDTH, photo, table_page, text_page, tilted

from sampan.documents.geometry import homography
from sampan.documents.options import ParseOptions
from sampan.documents.straighten import Position, Straightener
from sampan.documents.straighten.straighten import apply


@pytest.fixture(scope="module")
def straightener() -> Straightener:
    return Straightener(ParseOptions(threads=1))


def test_a_straight_page_comes_back_untouched(straightener: Straightener) -> None:
    page = text_page()
    upright = straightener.straighten(page)
    assert upright.image is page
    assert (upright.rotation, upright.skew, upright.to_source) == (0, 0.0, None)


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("make", [text_page, table_page])
def test_turned_pages_come_back_pixel_for_pixel(straightener: Straightener, turn: int, make) -> None:
    page = make()
    lying = np.ascontiguousarray(np.rot90(page, turn // 90))
    upright = straightener.straighten(lying)
    assert upright.rotation == turn
    assert (upright.image == page).all()
    # A pixel of the upright page is found where the matrix says in the lying one.
    ys, xs = np.nonzero(page[..., 0] < 100)
    points = np.stack([xs, ys], axis=1)[::97] + 0.5
    there = homography.apply(homography.from_tuple(upright.to_source), points) - 0.5
    columns, rows = np.rint(there).astype(int).T
    assert np.abs(there - np.rint(there)).max() < 1e-9
    assert (lying[rows, columns, 0] < 100).all()


@pytest.mark.parametrize(("angle", "turn"), [(3.0, 0), (-5.2, 0), (1.1, 90), (-2.4, 180), (7.0, 270)])
def test_tilted_and_turned_pages(straightener: Straightener, angle: float, turn: int) -> None:
    flat = text_page(3)
    page = np.ascontiguousarray(np.rot90(tilted(flat, angle), turn // 90))
    upright = straightener.straighten(page)
    assert upright.rotation == turn
    assert upright.skew == pytest.approx(angle, abs=0.1)
    # The known way from the flat page through the lying one to the upright one is nearly a shift.
    way = homography.compose(
        homography.rotation(angle, (WIDTH / 2, HEIGHT / 2)),
        homography.quarter_turns(-turn, WIDTH, HEIGHT),
        homography.invert(homography.from_tuple(upright.to_source)),
    )
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float64)
    moved = homography.apply(way, corners) - corners
    assert np.abs(moved - moved.mean(axis=0)).max() < 3


@pytest.mark.parametrize("seed", range(4))
def test_photos_become_rectangles(straightener: Straightener, seed: int) -> None:
    page = text_page(seed)
    picture, matrix = photo(page, seed)
    position = straightener.find(picture)
    assert position.turn == 0
    assert position.outline is not None
    corners = homography.apply(matrix, [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)])
    assert np.abs(position.outline - corners).max() < 4
    upright = apply(picture, position)
    way = homography.compose(matrix, homography.invert(homography.from_tuple(upright.to_source)))
    ends = homography.apply(way, [[(70, y), (WIDTH - 150, y)] for y in range(90, 1100, 60)])
    slopes = np.rad2deg(np.arctan2(ends[:, 1, 1] - ends[:, 0, 1], ends[:, 1, 0] - ends[:, 0, 0]))
    assert np.abs(slopes).max() < 0.4


def test_switches(straightener: Straightener) -> None:
    page = np.ascontiguousarray(np.rot90(tilted(text_page(), 4.0)))
    neither = Straightener(ParseOptions(orientation=False, deskew=False)).straighten(page)
    assert neither.image is page
    only_turn = Straightener(ParseOptions(deskew=False, threads=1)).find(page)
    assert (only_turn.turn, only_turn.skew) == (90, 0.0)
    only_skew = Straightener(ParseOptions(orientation=False)).find(page)
    assert only_skew.turn == 0
    assert only_skew.skew == pytest.approx(4.0, abs=0.1)


def test_blank_and_tiny_pictures_stay(straightener: Straightener) -> None:
    for shape in [(1, 1, 3), (7, 400, 3), (300, 200, 3)]:
        blank = np.full(shape, 255, np.uint8)
        assert straightener.straighten(blank).image is blank
    noise = np.random.default_rng(0).integers(0, 255, (9, 5, 3), dtype=np.uint8)
    assert straightener.straighten(noise).image.size


positions = st.builds(
    Position,
    outline=st.one_of(
        st.none(),
        st.tuples(*[st.floats(-12, 12) for _ in range(8)]).map(
            lambda shift: np.array([[20, 20], [130, 20], [130, 180], [20, 180]]) + np.reshape(shift, (4, 2))
        ),
    ),
    skew=st.one_of(st.just(0.0), st.floats(-12, 12).filter(lambda a: abs(a) >= 0.15)),
    turn=st.sampled_from([0, 90, 180, 270]),
    confidence=st.just(1.0),
)


@given(positions)
@settings(deadline=None, max_examples=60)
def test_the_way_back_leads_to_the_same_spot(position: Position) -> None:
    """A dot painted on the source is found in the upright picture where the inverse of `to_source` puts it."""
    source = np.zeros((200, 150, 3), np.uint8)
    y, x = np.mgrid[:200, :150]
    dot = (75.5, 97.5)
    source[..., 0] = 255 * np.exp(-((x + 0.5 - dot[0]) ** 2 + (y + 0.5 - dot[1]) ** 2) / 18)
    upright = apply(source, position)
    weight = upright.image[..., 0].astype(float)
    rows, columns = np.mgrid[: weight.shape[0], : weight.shape[1]]
    centre = np.array([(weight * (columns + 0.5)).sum(), (weight * (rows + 0.5)).sum()]) / weight.sum()
    assert np.abs(homography.apply(homography.from_tuple(upright.to_source), centre) - dot).max() < 0.5
