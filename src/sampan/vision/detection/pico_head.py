"""PicoDet's head: on each level its own tower of separable convolutions, then one convolution for all.

Source: PP-PicoDet, arXiv 2111.00902, §3.2 and the official configuration (`share_cls_reg`). Classes come first in
the output channels, then left, top, right, bottom with reg_max + 1 bins each. Weights are not shared between
levels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sampan.vision.detection.dense import DensePrediction, flatten_map, grid_points
from sampan.vision.detection.separable import SeparableConv

PRIOR = 0.01
"""Probability of every class at every point before training."""


class PicoHead(nn.Module):
    """Maps (B, channels, Hᵢ, Wᵢ), one a stride → `DensePrediction`."""

    def __init__(
        self,
        channels: int,
        num_classes: int,
        num_convs: int,
        strides: Sequence[int] = (8, 16, 32, 64),
        reg_max: int = 7,
    ) -> None:
        super().__init__()
        self.num_classes, self.reg_max, self.strides = num_classes, reg_max, tuple(strides)
        self.towers = nn.ModuleList(tower(channels, num_convs) for _ in strides)
        self.outputs = nn.ModuleList(nn.Conv2d(channels, num_classes + 4 * (reg_max + 1), 1) for _ in strides)
        initialise(self.towers, self.outputs)
        for output in self.outputs:
            assert isinstance(output, nn.Conv2d) and output.bias is not None
            nn.init.constant_(output.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, levels: Sequence[Tensor]) -> DensePrediction:
        sizes = [(level.shape[-2], level.shape[-1]) for level in levels]
        parts = [self.level(i, level) for i, level in enumerate(levels)]
        logits, distances = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        points, strides = grid_points(sizes, self.strides, logits)
        return {
            "class_logits": logits,
            "scores": logits.sigmoid(),
            "distances": distances,
            "points": points,
            "strides": strides,
        }

    def level(self, number: int, features: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (B, H·W, C) and distance logits (B, H·W, 4·(reg_max + 1)) of one level's map."""
        flat = flatten_map(self.outputs[number](self.towers[number](features)))
        return flat[..., : self.num_classes], flat[..., self.num_classes :]

    def level_scores(self, number: int, features: Tensor) -> tuple[Tensor, Tensor]:
        """As `level`, with probabilities in the place of the logits."""
        logits, distances = self.level(number, features)
        return logits.sigmoid(), distances


def tower(channels: int, num_convs: int) -> nn.Sequential:
    """`num_convs` 5×5 separable convolutions of equal width."""
    return nn.Sequential(*[SeparableConv(channels, channels, 5) for _ in range(num_convs)])


def initialise(*parts: nn.Module) -> None:
    """N(0, 0.01) for every convolution of a head, as the official code does."""
    for part in parts:
        for module in part.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
