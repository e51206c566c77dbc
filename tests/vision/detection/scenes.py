"""Random small scenes: points of three levels, predictions on them and true boxes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sampan.vision.detection.dense import DensePrediction, grid_points, predicted_boxes

SIZES, STRIDES = [(12, 10), (6, 5), (3, 3)], [8, 16, 32]


@dataclass
class Scene:
    prediction: DensePrediction
    boxes: Tensor
    """(P, 4) predicted"""
    truth: Tensor
    """(G, 4)"""
    classes: Tensor
    """(G,)"""

    @property
    def arguments(self) -> tuple[Tensor, ...]:
        p = self.prediction
        return p["scores"][0], self.boxes, p["points"], p["strides"], self.truth, self.classes


def scene(seed: int, objects: int, num_classes: int = 3, dtype: torch.dtype = torch.float64) -> Scene:
    """Overlapping objects on a 80 × 96 picture; half of the points predict a box near an object."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64).to(dtype)

    points, strides = grid_points(SIZES, STRIDES, torch.zeros((), dtype=dtype))
    corner = uniform(objects, 2) * 55
    truth = torch.cat([corner, corner + 6 + uniform(objects, 2) * 45], 1)
    classes = torch.randint(0, num_classes, (objects,), generator=generator)
    logits = uniform(1, len(points), num_classes) * 6 - 4
    distances = uniform(1, len(points), 32) * 8 - 4
    prediction: DensePrediction = {
        "class_logits": logits,
        "scores": logits.sigmoid(),
        "distances": distances,
        "points": points,
        "strides": strides,
    }
    boxes = predicted_boxes(prediction)[0]
    if objects:
        near = truth[torch.randint(0, objects, (len(points),), generator=generator)]
        near = near + (uniform(len(points), 4) - 0.5) * 12
        boxes = torch.where(uniform(len(points), 1) < 0.5, near, boxes)
    return Scene(prediction, boxes, truth, classes)
