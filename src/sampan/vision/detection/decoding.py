"""From dense predictions to detections: the best points of each level, a threshold, suppression within classes.

Source: PP-PicoDet's inference rules (score 0.025, IoU 0.6, 1000 points, 100 detections for COCO figures); page
layout is read with score 0.5 and IoU 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sampan.vision.detection.dense import DensePrediction, predicted_boxes, wide
from sampan.vision.ops.nms import nms


@dataclass(slots=True)
class Detections:
    """One image's objects by falling score."""

    boxes: Tensor
    """(N, 4) x0, y0, x1, y1 in pixels of the network's input, unless scaled since."""
    scores: Tensor
    """(N,) in [0, 1]"""
    classes: Tensor
    """(N,) integers"""

    def scaled(self, width: float, height: float) -> Detections:
        """With x multiplied by `width` and y by `height`: back to the original picture."""
        factors = self.boxes.new_tensor([width, height, width, height])
        return Detections(self.boxes * factors, self.scores, self.classes)


@torch.no_grad()
def detections(
    prediction: DensePrediction,
    score_threshold: float = 0.025,
    iou_threshold: float = 0.6,
    top_points: int = 1000,
    keep: int = 100,
    size: tuple[int, int] | None = None,
) -> list[Detections]:
    """Detections of each image of the batch, at most `keep` of them.

    top_points: points of each level, by their best class, that are looked at, and again candidates of each class;
    size: (height, width) of the input, to which boxes are clipped.
    """
    scores, boxes = wide(prediction["scores"]), predicted_boxes(prediction)
    if size is not None:
        limit = boxes.new_tensor([size[1], size[0], size[1], size[0]])
        boxes = boxes.clamp(min=0).minimum(limit)
    levels = _levels(prediction["strides"])
    return [
        _of_image(boxes[i], scores[i], levels, score_threshold, iou_threshold, top_points, keep)
        for i in range(len(scores))
    ]


def _of_image(
    boxes: Tensor,
    scores: Tensor,
    levels: Sequence[Tensor],
    score_threshold: float,
    iou_threshold: float,
    top_points: int,
    keep: int,
) -> Detections:
    best = scores.amax(1)  # (P,)
    looked_at = torch.cat([level[best[level].topk(min(top_points, len(level))).indices] for level in levels])
    boxes, scores = boxes[looked_at], scores[looked_at]
    found: list[tuple[Tensor, Tensor]] = []  # points and classes
    for class_number in (scores > score_threshold).any(0).nonzero().squeeze(1).tolist():
        of_class = scores[:, class_number]
        points = (of_class > score_threshold).nonzero().squeeze(1)
        points = points[of_class[points].argsort(descending=True, stable=True)[:top_points]]
        points = points[nms(boxes[points], of_class[points], iou_threshold)]
        found.append((points, torch.full_like(points, class_number)))
    if not found:
        return Detections(boxes[:0], scores[:0, 0], looked_at[:0])
    point, label = (torch.cat(part) for part in zip(*found, strict=True))
    values = scores[point, label]
    order = values.argsort(descending=True, stable=True)[:keep]
    return Detections(boxes[point[order]], values[order], label[order])


def _levels(strides: Tensor) -> list[Tensor]:
    """Indices of the points of each level."""
    return [(strides == stride).nonzero().squeeze(1) for stride in sorted(set(strides.tolist()))]
