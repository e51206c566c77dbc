"""Recall, precision and their harmonic mean of found lines, a line being found at an overlap above one half.

    overlap = intersection / union;  Hmean = 2 · P · R / (P + R)

A found quad that lies by more than half in an unreadable region counts neither way, as that region does. Each found
quad matches at most one region and the other way round, in their order. Source: the protocol of ICDAR 2015's
challenge 4 (Karatzas et al. 2015), which PP-OCR's figures use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.boxes import BoxRules, boxes_of
from sampan.vision.text_detection.polygons import Points


class DetectionMetrics:
    """Counts over a validation set: `hmean`, `recall`, `precision`, and how many lines were looked for.

    Args:
        rules: of the post-processing.
        overlap: intersection over union above which a line is found.
    """

    def __init__(self, rules: BoxRules | None = None, overlap: float = 0.5) -> None:
        self.rules, self.overlap = rules or BoxRules(), overlap
        self.reset()

    def reset(self) -> None:
        self.matched = self.wanted = self.found = 0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        """`outputs["maps"]` (B, ≥1, H, W); `batch` as `collate_pictures` makes it of whole pictures."""
        maps: NDArray[np.float32] = outputs["maps"][:, 0].float().cpu().numpy()
        for place, (height, width) in enumerate(batch["sizes"]):
            boxes = boxes_of(np.ascontiguousarray(maps[place, :height, :width]), self.rules)
            self.count(list(boxes.quads), batch["polygons"][place], batch["ignored"][place])

    def count(self, found: Sequence[Points], wanted: Sequence[Points], ignored: NDArray[np.bool_]) -> None:
        """Adds one picture's quads and regions."""
        unreadable = [points for points, ignore in zip(wanted, ignored, strict=True) if ignore]
        readable = [points for points, ignore in zip(wanted, ignored, strict=True) if not ignore]
        quads = [
            quad for quad in found if not any(_share_inside(quad, points) > 0.5 for points in unreadable)
        ]
        free = set(range(len(quads)))
        for points in readable:
            for index in sorted(free):
                if overlap_of(points, quads[index]) > self.overlap:
                    free.remove(index)
                    self.matched += 1
                    break
        self.wanted += len(readable)
        self.found += len(quads)

    def compute(self) -> dict[str, float]:
        recall = self.matched / self.wanted if self.wanted else 0.0
        precision = self.matched / self.found if self.found else 0.0
        both = recall + precision
        hmean = 2 * recall * precision / both if both else 0.0
        return {"hmean": hmean, "recall": recall, "precision": precision, "lines": float(self.wanted)}

    def merge(self, others: list[DetectionMetrics]) -> None:
        """Takes in what other processes counted."""
        for other in others:
            self.matched += other.matched
            self.wanted += other.wanted
            self.found += other.found


def overlap_of(first: Points, second: Points) -> float:
    """Intersection over union of two polygons; one that is not convex is compared on a grid of pixels."""
    common, area_first, area_second = _areas(first, second)
    union = area_first + area_second - common
    return common / union if union > 0 else 0.0


def _share_inside(quad: Points, region: Points) -> float:
    common, area, _ = _areas(quad, region)
    return common / area if area > 0 else 0.0


def _areas(first: Points, second: Points) -> tuple[float, float, float]:
    """Areas of the intersection and of both polygons."""
    first, second = np.asarray(first, np.float32), np.asarray(second, np.float32)
    low = np.maximum(first.min(axis=0), second.min(axis=0))
    high = np.minimum(first.max(axis=0), second.max(axis=0))
    areas = float(cv2.contourArea(first)), float(cv2.contourArea(second))
    if (low >= high).any():
        return 0.0, *areas
    if cv2.isContourConvex(first) and cv2.isContourConvex(second):
        return float(cv2.intersectConvexConvex(first, second)[0]), *areas
    return _areas_on_grid(first, second)


def _areas_on_grid(first: Points, second: Points, fine: int = 2) -> tuple[float, float, float]:
    low = np.floor(np.minimum(first.min(axis=0), second.min(axis=0)))
    high = np.ceil(np.maximum(first.max(axis=0), second.max(axis=0)))
    width, height = (int(side) for side in (high - low) * fine + 1)
    masks = np.zeros((2, height, width), np.uint8)
    for mask, points in zip(masks, (first, second), strict=True):
        cv2.fillPoly(mask, [np.round((points - low) * fine).astype(np.int32)], 1)
    pixel = 1.0 / fine**2
    return (
        float((masks[0] & masks[1]).sum()) * pixel,
        float(masks[0].sum()) * pixel,
        float(masks[1].sum()) * pixel,
    )
