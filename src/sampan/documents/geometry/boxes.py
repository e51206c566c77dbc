"""Axis-aligned boxes x0, y0, x1, y1 as (N, 4) arrays: areas, overlaps of all pairs, union, suppression."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float64]


def as_boxes(boxes: ArrayLike) -> Boxes:
    """(N, 4) float64, also for an empty list."""
    return np.asarray(boxes, np.float64).reshape(-1, 4)


def areas(boxes: ArrayLike) -> NDArray[np.float64]:
    """Areas (N,); a box turned inside out has none."""
    b = as_boxes(boxes)
    return np.asarray(np.maximum(b[:, 2] - b[:, 0], 0) * np.maximum(b[:, 3] - b[:, 1], 0))


def intersections(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Area that each pair has in common: (N, 4), (M, 4) → (N, M)"""
    a, b = as_boxes(first)[:, None], as_boxes(second)[None]
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0))


def iou(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of each pair, 0 where both are empty: (N, 4), (M, 4) → (N, M)"""
    common = intersections(first, second)
    union = areas(first)[:, None] + areas(second)[None] - common
    return np.asarray(np.divide(common, union, out=np.zeros_like(common), where=union > 0))


def coverage(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Share of each first box that lies in each second one (intersection over the first's area): (N, M)"""
    common = intersections(first, second)
    own = np.broadcast_to(areas(first)[:, None], common.shape)
    return np.asarray(np.divide(common, own, out=np.zeros_like(common), where=own > 0))


def union_box(boxes: ArrayLike) -> tuple[float, float, float, float]:
    """Smallest box around at least one box."""
    b = as_boxes(boxes)
    x0, y0 = b[:, :2].min(axis=0)
    x1, y1 = b[:, 2:].max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def suppress(boxes: ArrayLike, scores: ArrayLike, threshold: float) -> NDArray[np.intp]:
    """Non-maximum suppression: indices kept, best first.

    A box goes where a better kept one overlaps it with IoU > `threshold`; of equal scores the first stays.
    """
    b = as_boxes(boxes)
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    overlaps = iou(b, b) > threshold
    gone = np.zeros(len(b), bool)
    kept: list[int] = []
    for index in order:
        if not gone[index]:
            kept.append(int(index))
            gone |= overlaps[index]
    return np.array(kept, np.intp)
