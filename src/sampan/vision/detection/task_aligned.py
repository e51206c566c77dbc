"""Task-aligned assignment: points learn an object if both its class and its box are already theirs.

    t(p, g) = s_p(class of g)^α · IoU(b_p, g)^β

Per object the `top` points inside it with the highest t are positives; a point that several take goes to the one
with the highest IoU. The quality target is t, scaled per object so that its largest value is the object's largest
IoU: t̂ = t / max t · max IoU.

Source: TOOD, arXiv 2108.07755, §3.2; PicoDet's release of 2022 uses top 13, α 1, β 6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sampan.vision.detection.assignment import Assignment, background, choose, inside
from sampan.vision.ops.boxes import pairwise_overlaps

EPSILON = 1e-9


class TaskAligned:
    """See the file's head."""

    def __init__(self, top: int = 13, alpha: float = 1.0, beta: float = 6.0) -> None:
        self.top, self.alpha, self.beta = top, alpha, beta

    @torch.no_grad()
    def __call__(
        self,
        scores: Tensor,
        boxes: Tensor,
        points: Tensor,
        strides: Tensor,  # noqa: ARG002
        truth: Tensor,
        classes: Tensor,
    ) -> Assignment:
        if not len(truth):
            return background(len(points), scores)
        overlaps = pairwise_overlaps(boxes, truth)  # (P, G)
        alignment = scores[:, classes].pow(self.alpha) * overlaps.pow(self.beta)
        within = inside(points, truth)
        best = alignment.masked_fill(~within, -1).topk(min(self.top, len(points)), dim=0).indices
        claimed = torch.zeros_like(within).scatter_(0, best, True) & within

        objects = choose(claimed, overlaps)
        kept = objects[:, None] == torch.arange(len(truth), device=objects.device)  # (P, G)
        alignment, overlaps = alignment * kept, overlaps * kept
        quality = alignment / (alignment.amax(0) + EPSILON) * overlaps.amax(0)
        return Assignment(objects, quality.amax(1))
