"""Homographies of pictures and of the places in them.

Places are measured in edges of pixels: the picture of w × h pixels reaches from (0, 0) to (w, h). OpenCV warps by
centres of pixels, half a pixel off; `warp` sees to that.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_SHIFT: Matrix = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
_UNSHIFT: Matrix = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])


def translation(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def scaling(x: float, y: float) -> Matrix:
    return np.diag([x, y, 1.0])


def rotation(angle: float, x: float = 0.0, y: float = 0.0) -> Matrix:
    """Clockwise on the screen by `angle` radians about (x, y)."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    return np.asarray(translation(x, y) @ turn @ translation(-x, -y), np.float64)


def map_points(points: NDArray[np.floating], matrix: Matrix) -> NDArray[np.float32]:
    """(n, 2) points through a homography."""
    flat = np.asarray(points, np.float64)
    mapped = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    return (mapped[:, :2] / mapped[:, 2:]).astype(np.float32)


def corners(box: Box) -> NDArray[np.float32]:
    """(4, 2), clockwise from the top left."""
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def map_box(box: Box, matrix: Matrix) -> NDArray[np.float32]:
    """The corners of a box through a homography, (4, 2), clockwise from what was the top left."""
    return map_points(corners(box), matrix)


def bounds(points: NDArray[np.floating]) -> Box:
    """The upright box round points."""
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return float(left), float(top), float(right), float(bottom)


def union(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def warp(
    image: NDArray[Any], matrix: Matrix, width: int, height: int, outside: float | None = 0.0
) -> NDArray[Any]:
    """The picture seen through `matrix`, bilinear; `outside` fills what it does not cover, None repeats its edge."""
    centres = _UNSHIFT @ matrix @ _SHIFT
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    fill = (0.0 if outside is None else outside,) * 4
    size = (width, height)
    if abs(centres[2, 0]) + abs(centres[2, 1]) < 1e-12:
        affine = centres[:2] / centres[2, 2]
        done = cv2.warpAffine(
            image, affine, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill
        )
    else:
        done = cv2.warpPerspective(
            image, centres, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill
        )
    return np.asarray(done).reshape(height, width, *image.shape[2:])
