"""The map of shrunk text: 1 where a polygon is left after losing a border of area · (1 − r²) / perimeter.

Lines that touch on the page are apart in this map, so that connected regions are lines. Source: PSENet's shrinking
(Wang et al. 2019) as DB uses it; ratios and exceptions as PP-OCR has them (PP-OCRv2 card §2.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.polygons import Points, offset_distance, shrink, signed_area


def shrink_map(
    polygons: Sequence[Points],
    ignored: Sequence[bool] | NDArray[np.bool_],
    height: int,
    width: int,
    ratio: float = 0.4,
    min_size: float = 8.0,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H, W) map of 0 and 1, and (H, W) mask that is 0 where the picture must teach nothing.

    Args:
        polygons: corners in pixels, in order, either way round.
        ignored: which of them are unreadable and must be masked.
        ratio: r. If r splits a polygon, 2r, 3r … below 1 are tried; what cannot be shrunk at all is masked.
        min_size: text whose bounding box is lower or narrower than this is masked too.
    """
    target = np.zeros((height, width), np.float32)
    mask = np.ones((height, width), np.float32)
    for points, ignore in zip(polygons, ignored, strict=True):
        sides = points.max(axis=0) - points.min(axis=0)
        if ignore or sides.min() < min_size or abs(signed_area(points)) < 1.0:
            _fill(mask, points, 0.0)
            continue
        pieces: list[Points] = []
        for trial in np.arange(ratio, 1.0, ratio):
            pieces = shrink(points, offset_distance(points, float(trial)))
            if len(pieces) == 1:
                break
        if not pieces:
            _fill(mask, points, 0.0)
        for piece in pieces:
            _fill(target, piece, 1.0)
    return target, mask


def _fill(canvas: NDArray[np.float32], points: Points, value: float) -> None:
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], value)
