"""Label assignment: which points of a dense detector learn which object.

`Assigner` is the contract; `simota`, `atss` and `task_aligned` are three of them, and `SwitchingAssigner` goes from
one to another during training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sampan.vision.ops.boxes import distances_to_sides


@dataclass(slots=True)
class Assignment:
    """One image's targets."""

    objects: Tensor
    """(P,) index of the object that the point learns, −1 for background."""
    quality: Tensor
    """(P,) target of the score of the object's class, in [0, 1]; 0 for background."""

    @property
    def positive(self) -> Tensor:
        """(P,) bool"""
        return self.objects >= 0


class Assigner(Protocol):
    """All coordinates in pixels of the network's input; nothing here has a gradient."""

    def __call__(
        self, scores: Tensor, boxes: Tensor, points: Tensor, strides: Tensor, truth: Tensor, classes: Tensor
    ) -> Assignment:
        """scores (P, C), predicted boxes (P, 4), points (P, 2), strides (P,), true boxes (G, 4), classes (G,)."""
        ...


class SwitchingAssigner:
    """`first` before epoch `at`, `then` from it on: a geometric assigner while predictions are still noise."""

    def __init__(self, first: Assigner, then: Assigner, at: int) -> None:
        self.first, self.then, self.at = first, then, at
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """To be told before the losses of each batch; counts from 0."""
        self.epoch = epoch

    def __call__(
        self, scores: Tensor, boxes: Tensor, points: Tensor, strides: Tensor, truth: Tensor, classes: Tensor
    ) -> Assignment:
        chosen = self.first if self.epoch < self.at else self.then
        return chosen(scores, boxes, points, strides, truth, classes)


def background(count: int, like: Tensor) -> Assignment:
    """All points are background: the assignment of an image without objects."""
    objects = torch.full((count,), -1, dtype=torch.long, device=like.device)
    return Assignment(objects, like.new_zeros(count))


def inside(points: Tensor, boxes: Tensor) -> Tensor:
    """(P, G) bool: point strictly inside box."""
    return distances_to_sides(points[:, None], boxes[None]).amin(-1) > 0


def choose(claimed: Tensor, preference: Tensor) -> Tensor:
    """(P,) object of each point: of those that claim it (P, G) bool, the one it prefers most (P, G); else −1."""
    preferred = preference.masked_fill(~claimed, -torch.inf).argmax(dim=1)
    return torch.where(claimed.any(dim=1), preferred, -1)
