"""PicoDet's head of March 2022: a gate between the tower and the outputs, and a score that asks for alignment.

    t = tower(x);  g = h-swish(BN(1×1(t · σ(1×1(mean(t))))));  cls = 1×1(g);  distances = 1×1(g)
    score = √(σ(cls) · σ(align(t))),  align = BN(1×1(h-swish(BN(5×5(t)))))  with one channel

Source: PaddleDetection's PicoDet release notes of 2022-03 and its PicoHeadV2; after TOOD's task alignment
(arXiv 2108.07755). The 5×5 of `align` maps all channels to one: it is dense, though its parts are called
depthwise in the official code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sampan.vision.blocks import ConvBN
from sampan.vision.detection.dense import DensePrediction, flatten_map, grid_points
from sampan.vision.detection.pico_head import PRIOR, initialise, tower

EPSILON = 1e-9
"""Keeps the root's gradient finite."""


class PicoHeadV2(nn.Module):
    """Maps (B, channels, Hᵢ, Wᵢ), one a stride → `DensePrediction` without class logits: scores have two factors."""

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
        self.gates = nn.ModuleList(Gate(channels) for _ in strides)
        self.classes = nn.ModuleList(nn.Conv2d(channels, num_classes, 1) for _ in strides)
        self.distances = nn.ModuleList(nn.Conv2d(channels, 4 * (reg_max + 1), 1) for _ in strides)
        self.alignment = nn.ModuleList(
            nn.Sequential(ConvBN(channels, 1, 5, act="hardswish"), ConvBN(1, 1, 1)) for _ in strides
        )
        initialise(self.towers, self.classes, self.distances)
        for classes, distances in zip(self.classes, self.distances, strict=True):
            assert isinstance(classes, nn.Conv2d) and classes.bias is not None
            assert isinstance(distances, nn.Conv2d) and distances.bias is not None
            nn.init.constant_(classes.bias, -math.log((1 - PRIOR) / PRIOR))
            nn.init.zeros_(distances.bias)

    def forward(self, levels: Sequence[Tensor]) -> DensePrediction:
        sizes = [(level.shape[-2], level.shape[-1]) for level in levels]
        parts = [self.level_scores(i, level) for i, level in enumerate(levels)]
        scores, distances = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        points, strides = grid_points(sizes, self.strides, scores)
        return {"scores": scores, "distances": distances, "points": points, "strides": strides}

    def level_scores(self, number: int, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (B, H·W, C) and distance logits (B, H·W, 4·(reg_max + 1)) of one level's map."""
        features = self.towers[number](features)
        gated = self.gates[number](features)
        product = self.classes[number](gated).sigmoid() * self.alignment[number](features).sigmoid()
        return flatten_map((product + EPSILON).sqrt()), flatten_map(self.distances[number](gated))


class Gate(nn.Module):
    """x → h-swish(BN(1×1(x · σ(1×1(mean(x))))))"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, channels, 1)
        self.mix = ConvBN(channels, channels, 1, act="hardswish")
        nn.init.normal_(self.weigh.weight, std=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(x * self.weigh(x.mean((2, 3), keepdim=True)).sigmoid())
        return y
