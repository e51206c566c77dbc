from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sampan.documents.geometry import homography

coordinates = st.floats(-500, 500)
points = arrays(np.float64, (7, 2), elements=coordinates)
angles = st.floats(-180, 180)
turns = st.sampled_from([0, 90, 180, 270, -90, 450])


def random_matrix(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    matrix = np.eye(3) + rng.normal(0, 0.2, (3, 3))
    matrix[:2, 2] = rng.uniform(-100, 100, 2)
    matrix[2] = [*rng.uniform(-3e-4, 3e-4, 2), 1]
    return matrix


@given(points, st.integers(0, 10_000))
def test_apply_agrees_with_opencv(xy: np.ndarray, seed: int) -> None:
    matrix = random_matrix(seed)
    expected = cv2.perspectiveTransform(xy[None], matrix)[0]
    assert np.allclose(homography.apply(matrix, xy), expected, rtol=1e-9, atol=1e-6)


@given(points, st.integers(0, 10_000), st.integers(0, 10_000))
def test_compose_acts_in_order_and_inverts(xy: np.ndarray, first: int, second: int) -> None:
    a, b = random_matrix(first), random_matrix(second)
    assert np.allclose(
        homography.apply(homography.compose(a, b), xy),
        homography.apply(b, homography.apply(a, xy)),
        atol=1e-4,
    )
    back = homography.compose(a, homography.invert(a))
    assert np.allclose(homography.apply(back, xy), xy, atol=1e-6)


@given(angles, points)
def test_rotation_keeps_the_centre_and_turns_clockwise(angle: float, xy: np.ndarray) -> None:
    matrix = homography.rotation(angle, (40.0, 30.0))
    assert np.allclose(homography.apply(matrix, (40.0, 30.0)), (40, 30))
    lengths = np.linalg.norm(xy - (40, 30), axis=1)
    assert np.allclose(np.linalg.norm(homography.apply(matrix, xy) - (40, 30), axis=1), lengths)
    assert np.allclose(homography.apply(homography.rotation(90), (1.0, 0.0)), (0, 1))


@given(turns, st.integers(1, 9), st.integers(1, 9))
def test_quarter_turns_move_each_pixel_as_numpy_does(turn: int, width: int, height: int) -> None:
    picture = np.arange(width * height).reshape(height, width)
    turned = np.rot90(picture, -turn // 90)
    ys, xs = np.mgrid[:height, :width]
    centres = np.stack([xs, ys], axis=-1) + 0.5
    moved = homography.apply(homography.quarter_turns(turn, width, height), centres) - 0.5
    columns, rows = np.rint(moved).astype(int).transpose(2, 0, 1)
    assert (turned[rows, columns] == picture).all()


def test_quarter_turns_refuse_other_angles() -> None:
    with pytest.raises(ValueError, match="45"):
        homography.quarter_turns(45, 3, 4)


def test_from_quads_hits_its_targets_and_agrees_with_opencv() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        square = np.array([[0, 0], [100, 0], [100, 80], [0, 80]]) + rng.uniform(-15, 15, (4, 2))
        target = np.array([[5, 3], [300, 0], [310, 200], [0, 220]]) + rng.uniform(-15, 15, (4, 2))
        matrix = homography.from_quads(square, target)
        assert np.allclose(homography.apply(matrix, square), target)
        oracle = cv2.getPerspectiveTransform(square.astype(np.float32), target.astype(np.float32))
        assert np.allclose(matrix, oracle, rtol=1e-3, atol=1e-3)


def test_centred_makes_opencv_warp_whole_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (20, 31), dtype=np.uint8)
    matrix = homography.centred(homography.quarter_turns(90, 31, 20))
    turned = cv2.warpPerspective(picture, matrix, (20, 31), flags=cv2.INTER_NEAREST)
    assert (turned == np.rot90(picture, -1)).all()


@given(st.integers(0, 10_000))
def test_tuples_round_trip(seed: int) -> None:
    matrix = random_matrix(seed)
    assert (homography.from_tuple(homography.to_tuple(matrix)) == matrix).all()
    assert (homography.from_tuple(None) == np.eye(3)).all()
