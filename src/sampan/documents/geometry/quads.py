"""Quads: (…, 4, 2) corners, clockwise from the top left one in reading direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sampan.documents.geometry.homography import Matrix, apply

Quads = NDArray[np.float64]


def order_corners(points: ArrayLike) -> Quads:
    """Sort the corners of one convex quad (4, 2): clockwise as seen, from the corner nearest to the top left.

    Turning about the centroid gives the cycle; it starts at the end of the side that
    most nearly runs left to right along the top, so any tilt up to 45° keeps its corners.
    """
    corners = np.asarray(points, np.float64)
    offset = corners - corners.mean(axis=0)
    corners = corners[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]), kind="stable")]
    side = np.roll(corners, -1, axis=0) - corners
    angle = np.arctan2(side[:, 1], side[:, 0])
    # Of four sides in cyclic order the top one is the one whose direction is nearest to (1, 0).
    return np.asarray(np.roll(corners, -int(np.argmin(np.abs(angle))), axis=0))


def areas(quads: ArrayLike) -> NDArray[np.float64]:
    """Signed areas by the shoelace formula, positive for clockwise corners as seen: (…, 4, 2) → (…)"""
    corners = np.asarray(quads, np.float64)
    following = np.roll(corners, -1, axis=-2)
    cross = corners[..., 0] * following[..., 1] - corners[..., 1] * following[..., 0]
    return np.asarray(cross.sum(axis=-1) / 2)


def is_convex(quad: ArrayLike) -> bool:
    """Whether the corners of one quad turn the same way everywhere."""
    corners = np.asarray(quad, np.float64)
    side = np.roll(corners, -1, axis=0) - corners
    after = np.roll(side, -1, axis=0)
    cross = side[:, 0] * after[:, 1] - side[:, 1] * after[:, 0]
    return bool((cross > 0).all() or (cross < 0).all())


def side_lengths(quads: ArrayLike) -> NDArray[np.float64]:
    """Lengths of the top, right, bottom and left side: (…, 4, 2) → (…, 4)"""
    corners = np.asarray(quads, np.float64)
    return np.asarray(np.linalg.norm(np.roll(corners, -1, axis=-2) - corners, axis=-1))


def from_boxes(boxes: ArrayLike) -> Quads:
    """Corners of boxes: (…, 4) → (…, 4, 2)"""
    x0, y0, x1, y1 = np.moveaxis(np.asarray(boxes, np.float64), -1, 0)
    return np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=-1).reshape(*x0.shape, 4, 2)


def to_boxes(quads: ArrayLike) -> NDArray[np.float64]:
    """Smallest boxes around quads: (…, 4, 2) → (…, 4)"""
    corners = np.asarray(quads, np.float64)
    return np.concatenate([corners.min(axis=-2), corners.max(axis=-2)], axis=-1)


def transform_boxes(matrix: Matrix, boxes: ArrayLike) -> NDArray[np.float64]:
    """Boxes around the images of boxes under a homography: (…, 4) → (…, 4)"""
    return to_boxes(apply(matrix, from_boxes(boxes)))


def contains(quad: ArrayLike, points: ArrayLike, margin: float = 0.0) -> NDArray[np.bool_]:
    """Which points (N, 2) lie in a convex clockwise quad grown by `margin`."""
    corners = np.asarray(quad, np.float64)
    side = np.roll(corners, -1, axis=0) - corners
    length = np.maximum(np.linalg.norm(side, axis=1), 1e-12)
    offset = np.asarray(points, np.float64)[:, None, :] - corners  # (N, 4, 2)
    distance = (side[:, 0] * offset[..., 1] - side[:, 1] * offset[..., 0]) / length  # positive inside
    return np.asarray((distance >= -margin).all(axis=1))
