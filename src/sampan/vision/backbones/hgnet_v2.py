"""PP-HGNetV2-B4, the backbone of PP-OCRv5's server models (arXiv 2507.05595; official code).

Each block runs its layers one after another, concatenates the input and all their outputs, and mixes them with two
1×1 convolutions ("aggregation"). Light blocks split a layer into a 1×1 and a depthwise convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone, Stride
from sampan.vision.backbones.lcnet_v4 import BranchedStem
from sampan.vision.blocks.conv import ConvBN, initialise
from sampan.vision.weights.public_layout import Layout


@dataclass(frozen=True)
class Stage:
    """One stage's table line."""

    middle: int
    """Channels of the layers inside a block."""
    channels: int
    blocks: int = 1
    light: bool = False
    kernel_size: int = 3
    layers: int = 6


B4 = (
    Stage(48, 128),
    Stage(96, 512),
    Stage(192, 1024, blocks=3, light=True, kernel_size=5),
    Stage(384, 2048, light=True, kernel_size=5),
)
B4_STEM = (32, 48)
DETECTOR_STRIDES: tuple[Stride | None, ...] = (None, 2, 2, 2)
"""Stride of the depthwise convolution before each stage; None for none."""
RECOGNISER_STRIDES: tuple[Stride | None, ...] = ((2, 1), (1, 2), (2, 1), (2, 1))


class HGNetV2(Backbone):
    """(B, 3, H, W) → maps (B, C, H / s, W / s) of the chosen stages (1 … 4); by default strides 4, 8, 16, 32.

    `affine` adds learnable affine maps after activations (B0 to B3 have them, B4 not).
    """

    layout: ClassVar[Layout] = Layout(
        ("embedder", "stem"),
        ("encoder.stages.{}.downsample", "stages.{}.downsample"),
        ("encoder.stages.{}.blocks.{}.layers.{}.conv1", "stages.{}.blocks.{}.layers.{}.0"),
        ("encoder.stages.{}.blocks.{}.layers.{}.conv2", "stages.{}.blocks.{}.layers.{}.1"),
        ("encoder.stages", "stages"),
    )

    def __init__(
        self,
        stages: Sequence[Stage] = B4,
        stem: tuple[int, int] = B4_STEM,
        strides: Sequence[Stride | None] = DETECTOR_STRIDES,
        stem_stride: Stride = 2,
        out_stages: Sequence[int] = (1, 2, 3, 4),
        *,
        affine: bool = False,
    ) -> None:
        super().__init__()
        inner, channels = stem
        self.stem = BranchedStem(inner, channels, stem_stride, affine=affine)
        self.stages = nn.ModuleList()
        for stage, stride in zip(stages, strides, strict=True):
            self.stages.append(HGStage(channels, stage, stride, affine=affine))
            channels = stage.channels
        self.out_stages = tuple(out_stages)
        reduction = 4 if stem_stride == 2 else 2
        known = [(stage.channels, stride or 1) for stage, stride in zip(stages, strides, strict=True)]
        self.describe(reduction, known, self.out_stages)
        initialise(self)

    @classmethod
    def detector(cls) -> HGNetV2:
        """The backbone of the v5 server detector: all four stages."""
        return cls()

    @classmethod
    def recogniser(cls) -> HGNetV2:
        """The backbone of the v5 server recogniser: the last stage, height 48 → 3, width ÷ 4."""
        return cls(strides=RECOGNISER_STRIDES, stem_stride=1, out_stages=(4,))

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem(images)
        maps = []
        for number, stage in enumerate(self.stages, 1):
            x = stage(x)
            if number in self.out_stages:
                maps.append(x)
        return maps


class HGStage(nn.Module):
    """A strided depthwise convolution (unless `stride` is None) and the stage's blocks."""

    def __init__(self, in_channels: int, stage: Stage, stride: Stride | None, *, affine: bool) -> None:
        super().__init__()
        self.downsample: nn.Module = nn.Identity()
        if stride is not None:
            self.downsample = ConvBN(in_channels, in_channels, 3, stride, groups=in_channels)
        self.blocks = nn.Sequential()
        for place in range(stage.blocks):
            self.blocks.append(
                HGBlock(
                    in_channels if place == 0 else stage.channels, stage, residual=place > 0, affine=affine
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.blocks(self.downsample(x))
        return y


class HGBlock(nn.Module):
    """(B, C_in, H, W) → (B, C_out, H, W): layers in a row, all of them aggregated."""

    def __init__(self, in_channels: int, stage: Stage, *, residual: bool, affine: bool) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.ModuleList()
        width = in_channels
        for _ in range(stage.layers):
            self.layers.append(_layer(width, stage, affine=affine))
            width = stage.middle
        total = in_channels + stage.layers * stage.middle
        self.aggregation = nn.Sequential(
            ConvBN(total, stage.channels // 2, 1, act="relu", affine=affine),
            ConvBN(stage.channels // 2, stage.channels, 1, act="relu", affine=affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer(outputs[-1]))
        y: Tensor = self.aggregation(torch.cat(outputs, 1))
        return x + y if self.residual else y


def _layer(in_channels: int, stage: Stage, *, affine: bool) -> nn.Module:
    middle, kernel_size = stage.middle, stage.kernel_size
    if not stage.light:
        return ConvBN(in_channels, middle, kernel_size, act="relu", affine=affine)
    return nn.Sequential(
        ConvBN(in_channels, middle, 1),
        ConvBN(middle, middle, kernel_size, groups=middle, act="relu", affine=affine),
    )
