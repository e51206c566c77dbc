"""Axis-parallel boxes (x0, y0, x1, y1) as tensors: areas, overlaps, and distances from points to sides.

IoU   = |A ∩ B| / |A ∪ B|
GIoU  = IoU − |C \\ (A ∪ B)| / |C|, C the smallest box around both   (Rezatofighi et al., arXiv 1902.09630, eq. 2)
CIoU is left out: no model here is trained with it.

Coordinates are in any unit, widths are x1 − x0 (no "+1"). All functions keep the dtype and have gradients.
"""

from __future__ import annotations

import torch
from torch import Tensor


def areas(boxes: Tensor) -> Tensor:
    """Areas (…) of boxes (…, 4); boxes with turned sides count as empty."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def overlaps(first: Tensor, second: Tensor, epsilon: float = 1e-9) -> Tensor:
    """IoU (…) of boxes (…, 4) taken in pairs; shapes broadcast, so (N, 1, 4) with (1, M, 4) gives (N, M)."""
    common, union = _common_and_union(first, second)
    return common / union.clamp(min=epsilon)


def pairwise_overlaps(first: Tensor, second: Tensor) -> Tensor:
    """IoU (N, M) of every box of (N, 4) with every box of (M, 4)."""
    return overlaps(first[:, None], second[None])


def generalized_overlaps(first: Tensor, second: Tensor, epsilon: float = 1e-9) -> Tensor:
    """GIoU (…) in [−1, 1] of boxes (…, 4) taken in pairs; shapes broadcast."""
    common, union = _common_and_union(first, second)
    low = torch.minimum(first[..., :2], second[..., :2])
    high = torch.maximum(first[..., 2:], second[..., 2:])
    hull = (high - low).clamp(min=0).prod(-1)
    iou = common / union.clamp(min=epsilon)
    return iou - (hull - union) / hull.clamp(min=epsilon)


def boxes_from_distances(points: Tensor, distances: Tensor) -> Tensor:
    """Boxes (…, 4) around points (…, 2) from their distances (…, 4) to the left, top, right and bottom side."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


def distances_to_sides(points: Tensor, boxes: Tensor) -> Tensor:
    """Distances (…, 4) from points (…, 2) to the left, top, right and bottom side of boxes (…, 4).

    All four are positive where the point lies inside.
    """
    return torch.cat([points - boxes[..., :2], boxes[..., 2:] - points], dim=-1)


def _common_and_union(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    return common, areas(first) + areas(second) - common
