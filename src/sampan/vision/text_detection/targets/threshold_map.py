"""The threshold map: high on the outlines of text, falling to both sides over the distance that text is shrunk by.

    T = t_min + (t_max − t_min) · max over polygons of (1 − clip(distance to the outline / d, 0, 1))

It is compared only within d of a polygon or inside one. Source: DB (Liao et al. 2020, §3.4); PP-OCRv2 card §2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.polygons import Points, edge_distance, offset_distance, signed_area


def threshold_map(
    polygons: Sequence[Points],
    ignored: Sequence[bool] | NDArray[np.bool_],
    height: int,
    width: int,
    ratio: float = 0.4,
    low: float = 0.3,
    high: float = 0.7,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H, W) thresholds between `low` and `high`, and (H, W) mask that is 1 inside and near text.

    Args:
        polygons, ignored: as of `shrink_map`; ignored polygons leave no trace here.
        ratio: r, which gives the width of the band d = area · (1 − r²) / perimeter.
    """
    closeness = np.zeros((height, width), np.float32)
    mask = np.zeros((height, width), np.float32)
    for points, ignore in zip(polygons, ignored, strict=True):
        distance = offset_distance(points, ratio)
        if ignore or abs(signed_area(points)) < 1.0:
            continue
        x0, y0 = np.maximum(np.floor(points.min(axis=0) - distance), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(points.max(axis=0) + distance), (width - 1, height - 1)).astype(int)
        if x1 < x0 or y1 < y0:
            continue
        x, y = np.arange(x0, x1 + 1, dtype=np.float32), np.arange(y0, y1 + 1, dtype=np.float32)
        near = edge_distance(points, x, y) / np.float32(distance)  # in units of d
        window = np.s_[y0 : y1 + 1, x0 : x1 + 1]
        np.maximum(closeness[window], 1.0 - near.clip(0.0, 1.0), out=closeness[window])
        inside = np.zeros(near.shape, np.uint8)
        cv2.fillPoly(inside, [np.round(points - (x0, y0)).astype(np.int32)], 1)
        mask[window][(near <= 1.0) | (inside > 0)] = 1.0
    return low + (high - low) * closeness, mask
