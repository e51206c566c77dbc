"""What dense detectors of this house predict: at every point of every level scores and distances to four sides.

`DensePrediction` is the contract between heads, assigners, losses and decoding, so each can be exchanged. A
distance is a distribution over 0 … reg_max in units of the level's stride (generalised focal loss,
arXiv 2006.04388, §3): d = stride · Σᵢ i · softmax(logits)ᵢ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor

from sampan.vision.ops.boxes import boxes_from_distances


class DensePrediction(TypedDict):
    """Predictions of all levels one after another, finest level first, rows before columns within a level.

    A plain dict at run time, so that trainers and exporters find its tensors.
    """

    class_logits: NotRequired[Tensor]
    """(B, P, C); missing where the head has no single logit for a score."""
    scores: Tensor
    """(B, P, C) probabilities."""
    distances: Tensor
    """(B, P, 4·(reg_max + 1)) logits: left, top, right, bottom, each reg_max + 1 bins."""
    points: Tensor
    """(P, 2) x and y in pixels of the network's input."""
    strides: Tensor
    """(P,) in pixels."""


def predicted_boxes(prediction: DensePrediction) -> Tensor:
    """(B, P, 4) in pixels of the network's input."""
    sides = expected_distances(wide(prediction["distances"])) * prediction["strides"][:, None]
    return boxes_from_distances(prediction["points"], sides)


def expected_distances(logits: Tensor) -> Tensor:
    """Σᵢ i · softmax(logits)ᵢ: (…, 4·(reg_max + 1)) → (…, 4), in strides."""
    bins = logits.reshape(*logits.shape[:-1], 4, -1)  # (..., 4, R + 1)
    values = torch.arange(bins.shape[-1], device=logits.device, dtype=logits.dtype)
    return (F.softmax(bins, dim=-1) * values).sum(-1)


def wide(values: Tensor) -> Tensor:
    """At least float32: half floats cannot tell pixels of a page apart."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def grid_points(
    sizes: Sequence[tuple[int, int]], strides: Sequence[int], like: Tensor, offset: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Points (P, 2) and strides (P,) of maps of `sizes` (H, W): ((column, row) + offset) · stride, float32 at least.

    The sizes are those of the real maps, since a stride-64 map of a 608 px side has 10 columns, not 9.5.
    """
    points, scales = [], []
    like = wide(like)
    for (height, width), stride in zip(sizes, strides, strict=True):
        y = (torch.arange(height, device=like.device, dtype=like.dtype) + offset) * stride
        x = (torch.arange(width, device=like.device, dtype=like.dtype) + offset) * stride
        rows, columns = torch.meshgrid(y, x, indexing="ij")
        points.append(torch.stack([columns, rows], dim=-1).reshape(-1, 2))
        scales.append(torch.full((height * width,), float(stride), device=like.device, dtype=like.dtype))
    return torch.cat(points), torch.cat(scales)


def flatten_map(prediction: Tensor) -> Tensor:
    """(B, K, H, W) → (B, H·W, K)"""
    return prediction.flatten(2).transpose(1, 2)
