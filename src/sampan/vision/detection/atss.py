"""Adaptive training sample selection: each object sets its own IoU threshold (ATSS, arXiv 1912.02424, alg. 1).

Around every point stands a square of side `cell_scale` strides. Per object: on each level the `top` points nearest
to its centre are candidates; the threshold is mean + standard deviation of the candidates' IoUs; candidates above
it whose point lies inside the object are its positives. A point that several objects take goes to the one with the
highest IoU.

The original has cell_scale 8; PicoDet's release of 2022 uses 5 (PaddleDetection, PicoHeadV2).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sampan.vision.detection.assignment import Assignment, background, choose, inside
from sampan.vision.ops.boxes import overlaps as box_overlaps
from sampan.vision.ops.boxes import pairwise_overlaps


class ATSS:
    """See the file's head; the quality target is the IoU of the predicted box with its object."""

    def __init__(self, top: int = 9, cell_scale: float = 5.0) -> None:
        self.top, self.cell_scale = top, cell_scale

    @torch.no_grad()
    def __call__(
        self,
        scores: Tensor,
        boxes: Tensor,
        points: Tensor,
        strides: Tensor,
        truth: Tensor,
        classes: Tensor,  # noqa: ARG002
    ) -> Assignment:
        if not len(truth):
            return background(len(points), scores)
        half = self.cell_scale / 2 * strides[:, None]
        cells = torch.cat([points - half, points + half], dim=1)  # (P, 4)
        overlaps = pairwise_overlaps(cells, truth)  # (P, G)
        centres = (truth[:, :2] + truth[:, 2:]) / 2
        distances = torch.cdist(points, centres)  # (P, G)

        candidate = torch.zeros_like(overlaps, dtype=torch.bool)
        for stride in sorted(set(strides.tolist())):
            level = (strides == stride).nonzero().squeeze(1)
            nearest = distances[level].topk(min(self.top, len(level)), dim=0, largest=False).indices
            candidate.scatter_(0, level[nearest], True)

        # Each object has the same number of candidates, so a plain mean over the rows serves all objects.
        chosen = overlaps.T[candidate.T].view(len(truth), -1)  # (G, K)
        threshold = chosen.mean(1) + chosen.std(1)
        claimed = candidate & (overlaps >= threshold) & inside(points, truth)
        objects = choose(claimed, overlaps)
        fit = box_overlaps(boxes, truth[objects.clamp(min=0)])
        return Assignment(objects, torch.where(objects >= 0, fit, 0.0))
