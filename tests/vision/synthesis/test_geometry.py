"""Places follow their pictures through homographies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sampan.vision.synthesis.finishing import homography
from sampan.vision.synthesis.geometry import bounds, map_points, rotation, scaling, translation, union, warp


@pytest.mark.parametrize("seed", range(4))
def test_the_homography_of_four_points_is_opencvs(seed) -> None:
    rng = np.random.default_rng(seed)
    source = np.array([[0, 0], [200, 0], [200, 100], [0, 100]], np.float64)
    target = source + rng.uniform(-20, 20, (4, 2))
    found = homography(source, target)
    oracle = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    assert np.allclose(found, oracle, atol=1e-4)  # OpenCV takes float32 points
    assert np.allclose(map_points(source, found), target, atol=1e-4)


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(3),
        translation(7, -3),
        translation(0.5, 0.25) @ scaling(0.5, 0.5),
        scaling(2, 1.5),
        rotation(0.3, 60, 40),
        homography(
            np.array([[0, 0], [120, 0], [120, 80], [0, 80]], np.float64),
            np.array([[4, 9], [110, 2], [118, 70], [9, 78]], np.float64),
        ),
    ],
)
def test_a_blob_lands_where_its_centre_is_mapped(matrix) -> None:
    """The oracle is the centre of mass of the warped blob, in edges of pixels."""
    ys, xs = np.mgrid[0:80, 0:120] + 0.5
    image = np.exp(-((xs - 52) ** 2 + (ys - 32) ** 2) / 32).astype(np.float32)
    seen = warp(image, matrix, 160, 120)
    ys, xs = np.mgrid[0:120, 0:160] + 0.5
    centre = np.array([(seen * xs).sum(), (seen * ys).sum()]) / seen.sum()
    assert np.allclose(map_points(np.array([[52.0, 32.0]]), matrix)[0], centre, atol=0.15)


def test_bounds_and_unions() -> None:
    assert bounds(np.array([[3, 1], [0, 5]], np.float32)) == (0, 1, 3, 5)
    assert union([(0, 1, 2, 3), (-1, 2, 1, 9)]) == (-1, 1, 2, 9)
