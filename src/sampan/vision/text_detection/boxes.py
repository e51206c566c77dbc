"""From a probability map to lines of text: DB's post-processing, which training measures its progress with.

Every connected region above a threshold becomes its minimum-area rectangle, is scored by the mean probability inside
and grown by d = area · ratio / perimeter. Growing a rectangle by d on all sides is exact, no polygon clipper
is needed. Source: DB (Liao et al. 2020, §3.6), rules of PaddleOCR 3.0 (arXiv 2507.05595, card §4).

The reader of documents has the same rule without torch above it (`sampan.documents.ocr.detection`), which this room
may not import; a test holds both to the same boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class BoxRules:
    """Thresholds of the post-processing; defaults are PP-OCRv2's to v5's."""

    threshold: float = 0.3
    """Probability above which a pixel belongs to a line."""
    box_threshold: float = 0.6
    """Least mean probability of a line."""
    unclip_ratio: float = 1.5
    max_candidates: int = 1000
    min_side: float = 3.0
    """Shortest side before growing, in pixels; after it the side must reach `min_side + 2`."""


PP_OCRV6 = BoxRules(threshold=0.2, box_threshold=0.45, unclip_ratio=1.4, max_candidates=3000)
"""The thresholds of PP-OCRv6's own training recipes."""


@dataclass(slots=True)
class Boxes:
    """(N, 4, 2) corners, top left first and clockwise, in pixels of the map; (N,) scores."""

    quads: NDArray[np.float32]
    scores: NDArray[np.float32]


def boxes_of(probability: NDArray[np.float32], rules: BoxRules) -> Boxes:
    """The lines in a map (H, W)."""
    bitmap = (probability > rules.threshold).astype(np.uint8)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quads: list[NDArray[np.float32]] = []
    scores: list[float] = []
    for contour in contours[: rules.max_candidates]:
        centre, (first, second), angle = cv2.minAreaRect(contour)
        if min(first, second) < rules.min_side:
            continue
        score = _mean_inside(probability, cv2.boxPoints((centre, (first, second), angle)))
        distance = first * second * rules.unclip_ratio / (2 * (first + second))
        if score < rules.box_threshold or min(first, second) + 2 * distance < rules.min_side + 2:
            continue
        grown = cv2.boxPoints((centre, (first + 2 * distance, second + 2 * distance), angle))
        quads.append(_in_order(grown))
        scores.append(score)
    return Boxes(np.array(quads, np.float32).reshape(-1, 4, 2), np.array(scores, np.float32))


def _in_order(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Top left, top right, bottom right, bottom left: the two leftmost by y, then the two rightmost."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (pair[np.argsort(pair[:, 1], kind="stable")] for pair in (by_x[:2], by_x[2:]))
    return np.stack([left[0], right[0], right[1], left[1]])


def _mean_inside(probability: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    """Mean probability inside a rectangle, its corners cut to whole pixels of its bounding box."""
    limit = np.array(probability.shape[::-1]) - 1
    low = np.clip(np.floor(corners.min(axis=0)), 0, limit).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, limit).astype(int)
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - low.astype(np.float32)).astype(np.int32)], 1)
    return float(cv2.mean(probability[low[1] : high[1] + 1, low[0] : high[0] + 1], mask)[0])
