"""Geometry of text polygons against shapely and pyclipper."""

from __future__ import annotations

import cv2
import numpy as np
import pyclipper
import pytest
from numpy.typing import NDArray
from shapely.geometry import Polygon

from sampan.vision.text_detection.polygons import (
    edge_distance,
    is_convex,
    is_outside,
    offset_distance,
    perimeter,
    shrink,
    signed_area,
)
from sampan.vision.text_detection.targets import shrink_map, threshold_map


def random_quads(count: int, seed: int) -> list[NDArray[np.float32]]:
    """Rotated rectangles seen slightly in perspective, in both directions of turning; most are convex."""
    rng = np.random.default_rng(seed)
    quads = []
    for _ in range(count):
        width, height = rng.uniform(12, 150), rng.uniform(10, 40)
        box = cv2.boxPoints(
            ((rng.uniform(80, 240), rng.uniform(80, 240)), (width, height), rng.uniform(0, 180))
        )
        quad = (box + rng.uniform(-0.12, 0.12, (4, 2)) * min(width, height)).astype(np.float32)
        quads.append(quad if rng.random() < 0.5 else quad[::-1].copy())
    return quads


def curved(seed: int) -> NDArray[np.float32]:
    """A band along an arc: not convex."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(np.pi * rng.uniform(0.9, 1.1), np.pi * rng.uniform(1.8, 2.0), 9)
    radius, thick = rng.uniform(60, 90), rng.uniform(14, 24)
    outer = np.stack([np.cos(angles), np.sin(angles)], 1) * radius
    inner = np.stack([np.cos(angles), np.sin(angles)], 1)[::-1] * (radius - thick)
    return (np.concatenate([outer, inner]) + 128).astype(np.float32)


def clipped(quad: NDArray[np.float32], distance: float) -> list[Polygon]:
    """pyclipper's offset with round joins, on a grid of 1/1000 pixel."""
    offset = pyclipper.PyclipperOffset(2.0, 5.0)
    offset.AddPath(
        [tuple(int(v) for v in p) for p in np.round(quad * 1000)],
        pyclipper.JT_ROUND,
        pyclipper.ET_CLOSEDPOLYGON,
    )
    return [Polygon(np.array(path) / 1000) for path in offset.Execute(distance * 1000)]


QUADS = random_quads(200, seed=5)


def test_area_length_and_convexity_equal_shapely() -> None:
    for quad in [*QUADS, *(curved(seed) for seed in range(20))]:
        polygon = Polygon(quad)
        assert abs(signed_area(quad)) == pytest.approx(polygon.area, rel=1e-5)
        assert perimeter(quad) == pytest.approx(polygon.length, rel=1e-5)
        assert is_convex(quad) == (polygon.convex_hull.area - polygon.area < 1e-3)
        assert signed_area(quad[::-1]) == pytest.approx(-signed_area(quad))
    star = np.array(
        [[np.cos(a), np.sin(a)] for a in np.arange(5) * 0.8 * np.pi], np.float32
    )  # goes round twice
    assert not is_convex(star)


@pytest.mark.parametrize("ratio", [0.4, 0.6])
def test_shrunk_quads_equal_the_clippers(ratio: float) -> None:
    compared = 0
    for quad in QUADS:
        distance = offset_distance(quad, ratio)
        pieces, theirs = shrink(quad, distance), clipped(quad, -distance)
        exact = Polygon(quad).buffer(-distance)
        assert len(pieces) == len(theirs) == (0 if exact.is_empty else 1)
        if pieces and is_convex(quad):
            mine = Polygon(pieces[0])
            assert mine.symmetric_difference(exact).area < 1e-3 * max(exact.area, 1.0)
            assert mine.symmetric_difference(theirs[0]).area < 2e-2 * max(exact.area, 1.0)
            compared += 1
    assert compared > 150


def test_shrunk_arcs_equal_the_clippers_to_a_quarter_of_a_pixel() -> None:
    for seed in range(20):
        band = curved(seed)
        assert not is_convex(band)
        distance = offset_distance(band, 0.4)
        exact = Polygon(band).buffer(-distance)
        (piece,) = shrink(band, distance)
        difference = Polygon(piece).symmetric_difference(exact)
        assert difference.area < 0.35 * exact.length  # a third of a pixel along the outline
        assert Polygon(piece).hausdorff_distance(exact) < 1.5


def test_a_waist_splits_when_shrunk() -> None:
    dumbbell = np.array(
        [
            [0, 0],
            [40, 0],
            [40, 17],
            [80, 17],
            [80, 0],
            [120, 0],
            [120, 40],
            [80, 40],
            [80, 23],
            [40, 23],
            [40, 40],
            [0, 40],
        ],
        np.float32,
    )
    assert len(shrink(dumbbell, 5.0)) == 2
    assert len(shrink(dumbbell, 2.0)) == 1
    assert shrink(dumbbell, 25.0) == []


def test_distance_from_the_outline_equals_shapely() -> None:
    from shapely import Point

    rng = np.random.default_rng(1)
    for quad in [*QUADS[:10], curved(3)]:
        x, y = (np.sort(rng.uniform(0, 320, 12)).astype(np.float32) for _ in range(2))
        given = edge_distance(quad, x, y)
        outline = Polygon(quad).exterior
        expected = [[outline.distance(Point(a, b)) for a in x] for b in y]
        np.testing.assert_allclose(given, expected, atol=2e-3)


@pytest.mark.parametrize("ratio", [0.4, 0.5])
def test_shrink_map_is_the_shrunk_polygon(ratio: float) -> None:
    for quad in [*QUADS[:60], *(curved(seed) for seed in range(10))]:
        target, mask = shrink_map([quad], [False], 320, 320, ratio)
        exact = Polygon(quad).buffer(-offset_distance(quad, ratio))
        if exact.is_empty or min(np.ptp(quad, axis=0)) < 8:
            continue
        assert set(np.unique(target)) <= {0.0, 1.0}
        assert mask.all()
        # Filling takes in every pixel that the outline touches: up to one more on each side.
        assert exact.area <= target.sum() + 1
        assert target.sum() <= exact.buffer(1.3).area + 4


def test_threshold_map_falls_from_the_outline() -> None:
    from shapely import Point

    rng = np.random.default_rng(2)
    for quad in [*QUADS[:40], curved(1)]:
        target, mask = threshold_map([quad], [False], 320, 320)
        polygon, distance = Polygon(quad), offset_distance(quad, 0.4)
        for x, y in rng.integers(0, 320, (60, 2)):
            away = polygon.exterior.distance(Point(x, y))
            expected = 0.3 + 0.4 * max(0.0, 1.0 - away / distance)
            assert target[y, x] == pytest.approx(expected, abs=1e-3)
            if abs(polygon.distance(Point(x, y)) - distance) > 1e-2:
                assert mask[y, x] == float(polygon.distance(Point(x, y)) < distance)


def test_threshold_maps_of_neighbours_take_the_larger_value() -> None:
    first, second = QUADS[0], QUADS[0] + np.float32(6)
    both, mask = threshold_map([first, second], [False, False], 320, 320)
    apart = [threshold_map([quad], [False], 320, 320) for quad in (first, second)]
    np.testing.assert_array_equal(both, np.maximum(apart[0][0], apart[1][0]))
    np.testing.assert_array_equal(mask, np.maximum(apart[0][1], apart[1][1]))


def test_ignored_small_and_degenerate_text_is_masked() -> None:
    square = np.array([[10, 10], [60, 10], [60, 40], [10, 40]], np.float32)
    low = np.array([[100, 10], [160, 10], [160, 17], [100, 17]], np.float32)
    line = np.array([[10, 100], [60, 100], [60, 100], [10, 100]], np.float32)
    target, mask = shrink_map([square, low, line], [True, False, False], 120, 200)
    assert target.sum() == 0
    assert mask[10:41, 10:61].sum() == 0 and mask[10:18, 100:161].sum() == 0
    assert mask[50:90].all()
    border, band = threshold_map([square, line], [True, False], 120, 200)
    assert band.sum() == 0
    np.testing.assert_array_equal(border, np.float32(0.3))


def test_text_beyond_the_picture_is_cut() -> None:
    outside = np.array([[-50, -20], [40, -20], [40, 30], [-50, 30]], np.float32)
    target, _ = shrink_map([outside], [False], 64, 64)
    border, band = threshold_map([outside], [False], 64, 64)
    assert target[0, 0] == 1 and target[40, 40] == 0
    assert band[0, 0] == 1 and border.max() <= 0.7001
    far, far_band = threshold_map([outside + 500], [False], 64, 64)
    assert far_band.sum() == 0 and far.max() == pytest.approx(0.3)


def test_is_outside() -> None:
    square = np.array([[10, 10], [20, 10], [20, 20], [10, 20]], np.float32)
    assert is_outside(square, 21, 0, 100, 100) and is_outside(square, 0, 0, 9, 9)
    assert not is_outside(square, 15, 15, 100, 100)


@pytest.mark.parametrize(
    ("ratio", "expected"), [(0.4, 0.84 * 2000 / 240), (0.8, 0.36 * 2000 / 240), (1.0, 0.0)]
)
def test_the_distance_is_area_times_one_less_ratio_squared_by_length(ratio: float, expected: float) -> None:
    assert offset_distance(
        np.array([[5, 5], [105, 5], [105, 25], [5, 25]], np.float32), ratio
    ) == pytest.approx(expected)
