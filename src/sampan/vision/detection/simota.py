"""SimOTA with the training loss as its cost (PP-PicoDet, arXiv 2111.00902, §3.3).

Candidates are the points inside any object or inside any object's centre square (half side 2.5 strides).

    cost(p, g) = VFL(s_p, q_pg).sum(classes) + 6 · (1 − GIoU(b_p, g)) + 10⁸ · [p not inside both g and its square]

with q the one-hot class of g times IoU(b_p, g). Object g takes its k_g = max(1, ⌊Σ of its ten best IoUs⌋) cheapest
candidates; a point taken twice stays with the object for which it is cheapest.

`cost="entropy"` is the original of YOLOX (arXiv 2107.08430): BCE against the one-hot class + 3 · (−log IoU).
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sampan.vision.detection.assignment import Assignment, background, inside
from sampan.vision.detection.varifocal import binary_entropy, varifocal_loss
from sampan.vision.ops.boxes import generalized_overlaps, pairwise_overlaps

OUTSIDE = 1e8
Cost = Literal["varifocal", "entropy"]


class SimOTA:
    """See the file's head; the quality target is the IoU of the predicted box with its object."""

    def __init__(
        self,
        cost: Cost = "varifocal",
        box_weight: float | None = None,
        centre_radius: float = 2.5,
        top_overlaps: int = 10,
    ) -> None:
        self.cost = cost
        self.box_weight = box_weight if box_weight is not None else (6.0 if cost == "varifocal" else 3.0)
        self.centre_radius, self.top_overlaps = centre_radius, top_overlaps

    @torch.no_grad()
    def __call__(
        self, scores: Tensor, boxes: Tensor, points: Tensor, strides: Tensor, truth: Tensor, classes: Tensor
    ) -> Assignment:
        assigned = background(len(points), scores)
        if not len(truth):
            return assigned
        in_box = inside(points, truth)  # (P, G)
        centres = (truth[:, :2] + truth[:, 2:]) / 2
        reach = self.centre_radius * strides[:, None]
        in_square = ((points[:, None] - centres[None]).abs() < reach[..., None]).all(-1)  # (P, G)
        candidates = (in_box | in_square).any(1).nonzero().squeeze(1)  # (N,)
        if not len(candidates):
            return assigned

        overlaps = pairwise_overlaps(boxes[candidates], truth)  # (N, G)
        cost = self._cost(scores[candidates], boxes[candidates], overlaps, truth, classes)
        cost = cost + OUTSIDE * ~(in_box & in_square)[candidates]

        best = overlaps.topk(min(self.top_overlaps, len(candidates)), dim=0).values
        wanted = best.sum(0).int().clamp(min=1)  # (G,)
        rank = cost.argsort(dim=0, stable=True).argsort(dim=0)  # (N, G)
        taken = rank < wanted
        cheapest = F.one_hot(cost.argmin(dim=1), len(truth)).bool()
        taken = torch.where((taken.sum(1) > 1)[:, None], cheapest, taken)

        positive = taken.any(1)
        chosen = taken[positive].int().argmax(1)
        where = candidates[positive]
        assigned.objects[where] = chosen
        assigned.quality[where] = overlaps[positive].gather(1, chosen[:, None]).squeeze(1)
        return assigned

    def _cost(
        self, scores: Tensor, boxes: Tensor, overlaps: Tensor, truth: Tensor, classes: Tensor
    ) -> Tensor:
        """(N, G) without the penalty for points outside."""
        one_hot = F.one_hot(classes, scores.shape[-1]).to(scores.dtype)  # (G, C)
        repeated = scores[:, None].expand(-1, len(truth), -1)  # (N, G, C)
        if self.cost == "varifocal":
            of_class = varifocal_loss(repeated, one_hot[None] * overlaps[..., None]).sum(-1)
            of_box = 1 - generalized_overlaps(boxes[:, None], truth[None])
        else:
            targets = one_hot[None].expand_as(repeated)
            of_class = binary_entropy(repeated, targets).sum(-1)
            of_box = -torch.log(overlaps + 1e-7)
        return of_class + self.box_weight * of_box
