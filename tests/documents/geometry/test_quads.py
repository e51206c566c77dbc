from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sampan.documents.geometry import homography, quads


@st.composite
def tilted(draw: st.DrawFn) -> np.ndarray:
    """A rectangle turned by at most 40°, corners in order."""
    width, height = draw(st.floats(10, 200)), draw(st.floats(10, 200))
    centre = (draw(st.floats(-50, 50)), draw(st.floats(-50, 50)))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - (width / 2, height / 2) + centre
    return homography.apply(homography.rotation(draw(st.floats(-40, 40)), centre), corners)


@given(tilted(), st.permutations(range(4)))
def test_order_corners_restores_any_permutation(quad: np.ndarray, order: list[int]) -> None:
    assert np.allclose(quads.order_corners(quad[order]), quad)


@given(tilted())
def test_area_sides_and_convexity(quad: np.ndarray) -> None:
    assert np.isclose(quads.areas(quad), cv2.contourArea(quad.astype(np.float32)), rtol=1e-3)
    assert np.isclose(quads.areas(quad[::-1]), -quads.areas(quad))
    width, height, *_ = quads.side_lengths(quad)
    assert np.isclose(width * height, quads.areas(quad))
    assert quads.is_convex(quad)
    assert quads.is_convex(quad[::-1])
    assert not quads.is_convex(quad[[0, 2, 1, 3]])


def test_boxes_and_quads_round_trip() -> None:
    boxes = np.random.default_rng(1).uniform(0, 50, (3, 5, 4))
    boxes[..., 2:] += boxes[..., :2]
    assert quads.from_boxes(boxes).shape == (3, 5, 4, 2)
    assert np.allclose(quads.to_boxes(quads.from_boxes(boxes)), boxes)
    moved = quads.transform_boxes(homography.translation(3, -4), boxes)
    assert np.allclose(moved, boxes + np.array([3, -4, 3, -4]))


@given(tilted(), st.integers(0, 1000))
def test_contains_agrees_with_opencv(quad: np.ndarray, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-200, 200, (40, 2))
    polygon = quad.astype(np.float32)
    distance = np.array([cv2.pointPolygonTest(polygon, tuple(map(float, p)), True) for p in points])
    clear = np.abs(distance) > 1e-3
    assert (quads.contains(quad, points) == (distance > 0))[clear].all()
    assert quads.contains(quad, points, margin=1000).all()
