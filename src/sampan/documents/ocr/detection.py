"""Where the text lines are: a DB detector and its post-processing.

Differentiable Binarization (Liao et al. 2020) as PP-OCR runs it (PaddleOCR 3.0 card §4): the network gives
a probability map of *shrunk* lines; each connected contour becomes a minimum-area rectangle, is scored by the mean
probability inside, and is grown back. Growing a rectangle by d on every side is exact, so no
polygon clipping is needed: d = area · ratio / perimeter.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image
from sampan.runtime import Model

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)
_STRIDE = 32


@dataclass(frozen=True, slots=True)
class DetectionRules:
    """How a picture is scaled for the detector and how its map becomes boxes."""

    threshold: float = 0.3
    """Probability above which a pixel belongs to a line."""
    box_threshold: float = 0.6
    """Least mean probability of a line."""
    unclip_ratio: float = 1.5
    max_candidates: int = 1000
    min_side: float = 3.0
    """Shortest side, in pixels of the map, before growing; after growing it must reach `min_side + 2`."""
    limit_type: Literal["min", "max", "mean"] = "min"
    limit_side: int = 64
    """`min`: enlarge until the short side has it. `max`: shrink until the long side has it. `mean`: shrink
    until the geometric mean of the sides has it, which treats receipts and pages alike."""
    least_line: float = 0.0
    """If most lines are lower than this many pixels of the map, detect again that much larger."""
    max_side: int = 4000


OFFICIAL = DetectionRules()
"""PaddleOCR 3.0: native resolution (card §4)."""


@dataclass(slots=True)
class Detections:
    """(N, 4, 2) corners, top left first and clockwise, in pixels of the picture; (N,) scores."""

    quads: NDArray[np.float32]
    scores: NDArray[np.float32]


class TextDetector:
    """Finds text lines in a picture."""

    def __init__(self, model: Model, rules: DetectionRules = OFFICIAL) -> None:
        self.model = model
        self.rules = rules
        self._alone = threading.Lock()

    def detect(self, image: Image, scale: float | None = None) -> Detections:
        """Lines of `image`; `scale` overrides the rules' resizing."""
        height, width = image.shape[:2]
        scale = _scale(height, width, self.rules) if scale is None else scale
        probability = self.probability_map(image, scale)
        quads, scores = boxes_from_map(probability, self.rules)
        larger = self._larger(quads, scale)
        if larger > scale:
            probability = self.probability_map(image, larger)
            quads, scores = boxes_from_map(probability, self.rules)
        quads[..., 0] *= width / probability.shape[1]
        quads[..., 1] *= height / probability.shape[0]
        np.clip(quads[..., 0], 0, width, out=quads[..., 0])
        np.clip(quads[..., 1], 0, height, out=quads[..., 1])
        return Detections(quads, scores)

    def _larger(self, quads: NDArray[np.float32], scale: float) -> float:
        """The scale at which the lower lines would reach `least_line`; never more than native."""
        if scale >= 1.0 or self.rules.least_line == 0.0:
            return scale
        if len(quads) == 0:
            return min(1.0, 2 * scale)
        sides = np.linalg.norm(quads - np.roll(quads, -1, axis=1), axis=2)  # (N, 4)
        low = float(np.quantile(sides.min(axis=1), 0.3))
        return min(1.0, scale * self.rules.least_line * 1.4 / low) if low < self.rules.least_line else scale

    def probability_map(self, image: Image, scale: float) -> NDArray[np.float32]:
        """(H', W') probability that a pixel belongs to a shrunk line."""
        if sum(image.shape[:2]) < 64:
            padded = np.zeros((max(32, image.shape[0]), max(32, image.shape[1]), 3), np.uint8)
            padded[: image.shape[0], : image.shape[1]] = image
            image = padded
        height, width = (max(round(side * scale / _STRIDE) * _STRIDE, _STRIDE) for side in image.shape[:2])
        if (height, width) != image.shape[:2]:
            shrinking = height < image.shape[0]
            image = cv2.resize(
                image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
            )
        # Blob = (x/255 − mean)/std per channel in BGR order, as the official rules have it.
        blob = np.empty((1, 3, height, width), np.float32)
        for channel in range(3):
            gain = 1.0 / (255.0 * _STD[channel])
            np.multiply(image[..., channel], gain, out=blob[0, channel], casting="unsafe")
            blob[0, channel] -= _MEAN[channel] / _STD[channel]
        # Of all that is done for a page this takes the most memory, and all threads: one page at a time.
        with self._alone:
            result: NDArray[np.float32] = self.model(blob)[0][0, 0]
        return result


def _scale(height: int, width: int, rules: DetectionRules) -> float:
    scale = 1.0
    if rules.limit_type == "min" and min(height, width) < rules.limit_side:
        scale = rules.limit_side / min(height, width)
    elif rules.limit_type == "max" and max(height, width) > rules.limit_side:
        scale = rules.limit_side / max(height, width)
    elif rules.limit_type == "mean":
        scale = min(1.0, rules.limit_side / (height * width) ** 0.5)
    return min(scale, rules.max_side / max(height, width))


def boxes_from_map(
    probability: NDArray[np.float32], rules: DetectionRules
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, 4, 2) grown rectangles in map pixels and (N,) scores of a probability map (H, W)."""
    bitmap = (probability > rules.threshold).astype(np.uint8)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quads: list[NDArray[np.float32]] = []
    scores: list[float] = []
    for contour in contours[: rules.max_candidates]:
        rectangle = cv2.minAreaRect(contour)
        (_, _), (side_a, side_b), _ = rectangle
        if min(side_a, side_b) < rules.min_side:
            continue
        score = _mean_inside(probability, cv2.boxPoints(rectangle))
        if score < rules.box_threshold:
            continue
        growth = side_a * side_b * rules.unclip_ratio / (2 * (side_a + side_b))
        if min(side_a, side_b) + 2 * growth < rules.min_side + 2:
            continue
        grown = cv2.boxPoints((rectangle[0], (side_a + 2 * growth, side_b + 2 * growth), rectangle[2]))
        quads.append(order_corners(grown))
        scores.append(score)
    if not quads:
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    return np.stack(quads).astype(np.float32), np.array(scores, np.float32)


def order_corners(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Four corners as top left, top right, bottom right, bottom left: the two leftmost by y, then the others."""
    by_x = points[np.argsort(points[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def _mean_inside(probability: NDArray[np.float32], points: NDArray[np.float32]) -> float:
    """Mean probability inside a polygon: the official "fast" score."""
    height, width = probability.shape
    x0 = int(np.clip(np.floor(points[:, 0].min()), 0, width - 1))
    x1 = int(np.clip(np.ceil(points[:, 0].max()), 0, width - 1))
    y0 = int(np.clip(np.floor(points[:, 1].min()), 0, height - 1))
    y1 = int(np.clip(np.ceil(points[:, 1].max()), 0, height - 1))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(mask, [(points - (x0, y0)).astype(np.int32)], 1)
    return float(cv2.mean(probability[y0 : y1 + 1, x0 : x1 + 1], mask)[0])
