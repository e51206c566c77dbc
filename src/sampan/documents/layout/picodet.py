"""PP-PicoDet as a page layout detector: picture → regions (PP-PicoDet, arXiv 2111.00902; PP-StructureV2 §3.2).

The weights know ten classes of Chinese papers (CDLA). Input 608 × 800 pixels (w × h) whatever the page's
shape, RGB, ImageNet
mean and deviation. Four levels with strides 8 … 64 give sigmoid scores (1, A, 10) and logits (1, A, 32) of
the distances
to the left, top, right and bottom edge: each distance is a distribution over 0 … 7 whose expectation, times the
stride, is the distance (the integral of DFL). Then the 1000 best points of every level, a threshold, and
suppression within each class (official rules: score 0.5 and IoU 0.5 in the reference runtime).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.boxes import suppress
from sampan.documents.stages import Image, Region, RegionKind
from sampan.runtime import open_model
from sampan.weights import locate

if TYPE_CHECKING:
    from sampan.runtime import Model

WIDTH, HEIGHT = 608, 800
STRIDES = (8, 16, 32, 64)
BINS = 8
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

KINDS: dict[str, RegionKind] = {
    "text": "text",
    "title": "heading",
    "figure": "figure",
    "figure_caption": "caption",
    "table": "table",
    "table_caption": "caption",
    "header": "header",
    "footer": "footer",
    "reference": "reference",
    "equation": "formula",
}


class PicoDetLayout:
    """Finds regions on a picture of an upright page."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        score_threshold: float = 0.5,
        iou_threshold: float = 0.5,
        top_points: int = 1000,
        threads: int | None = None,
    ) -> None:
        self.model: Model = open_model(path or locate("picodet-layout-cdla"), threads)
        self.labels = self.model.metadata["character"].split()
        self.score_threshold = score_threshold
        self.iou_threshold = iou_threshold
        self.top_points = top_points

    def find(self, image: Image) -> list[Region]:
        """Regions in pixels of `image`, best first."""
        outputs = self.model({next(iter(self.model.inputs)): normalise(image)})
        scores, logits = outputs[:4], outputs[4:]
        boxes, confidence, labels = [], [], []
        for score, logit, stride in zip(scores, logits, STRIDES, strict=True):
            points = np.argsort(-score[0].max(axis=1))[: self.top_points]
            point, label = np.nonzero(score[0][points] >= self.score_threshold)
            boxes.append(decode(logit[0], stride)[points[point]])
            confidence.append(score[0][points[point], label])
            labels.append(label)
        box, value, label = np.concatenate(boxes), np.concatenate(confidence), np.concatenate(labels)
        height, width = image.shape[:2]
        box = box * np.array([width / WIDTH, height / HEIGHT] * 2)
        box[:, [0, 2]] = box[:, [0, 2]].clip(0, width)
        box[:, [1, 3]] = box[:, [1, 3]].clip(0, height)
        # Boxes of different classes are moved apart, so that one suppression serves all of them.
        kept = suppress(box + label[:, None] * 2.0 * max(width, height), value, self.iou_threshold)
        return [
            Region(
                KINDS[self.labels[label[k]]],
                (float(box[k, 0]), float(box[k, 1]), float(box[k, 2]), float(box[k, 3])),
                float(value[k]),
                "model",
            )
            for k in kept
        ]


def normalise(image: Image) -> NDArray[np.float32]:
    """BGR (H, W, 3) → (1, 3, 800, 608)"""
    resized = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    rgb = resized[:, :, ::-1].astype(np.float32) / np.float32(255.0)
    return np.ascontiguousarray(((rgb - MEAN) / DEVIATION).transpose(2, 0, 1)[None])


def decode(logits: NDArray[np.float32], stride: int) -> NDArray[np.float64]:
    """Boxes (A, 4) in input pixels from the logits (A, 32) of one level."""
    columns, rows = -(-WIDTH // stride), -(-HEIGHT // stride)
    weights = logits.reshape(-1, 4, BINS).astype(np.float64)
    weights = np.exp(weights - weights.max(axis=2, keepdims=True))
    distance = (weights @ np.arange(BINS)) / weights.sum(axis=2) * stride  # (A, 4): left, top, right, bottom
    y, x = np.divmod(np.arange(rows * columns), columns)
    centre = (np.stack([x, y], axis=1) + 0.5) * stride
    return np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], axis=1)
