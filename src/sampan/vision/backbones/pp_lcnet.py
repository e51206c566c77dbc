"""PP-LCNet: a chain of depthwise-separable blocks made for CPUs (arXiv 2109.15099; official code).

No shortcut anywhere; h-swish throughout; squeeze-and-excitation in the last stage only; 5×5 kernels from the second
block of stage 4 on. It classifies pages and lines, and is the backbone of PicoDet's layout models and of SLANet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone, Stride
from sampan.vision.blocks.conv import ConvBN, initialise, make_divisible
from sampan.vision.blocks.se import SqueezeExcitation
from sampan.vision.weights.public_layout import Layout

SCALES = (0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5)
"""The published sizes."""

STAGES: tuple[tuple[int, int], ...] = ((1, 32), (2, 64), (2, 128), (6, 256), (2, 512))
"""Number of blocks and channels at scale 1 of each stage (the paper's Table 1, blocks 2 to 6)."""
STEM_CHANNELS = 16

SQUARE_STRIDES: tuple[Stride, ...] = (2, 2, 2, 2, 2)
LINE_STRIDES: tuple[Stride, ...] = (2, (2, 1), (2, 1), (2, 1), (2, 1))
"""For text lines: after the stem only the height is halved."""


class PPLCNet(Backbone):
    """(B, 3, H, W) → maps (B, C, H / s, W / s) of the chosen stages (1 … 5); by default strides 4, 8, 16, 32.

    `strides` are those of the stem and of the first blocks of stages 2 to 5; `LINE_STRIDES` keep columns apart.
    Of the 13 blocks `se_blocks` have squeeze-and-excitation and `large_blocks` 5×5 kernels; the defaults are the
    paper's, others are for its ablations.
    """

    layout: ClassVar[Layout] = Layout(
        ("encoder.convolution", "stem"),
        ("encoder.blocks.{}.layers.{}.depthwise_convolution", "stages.{}.{}.depthwise"),
        ("encoder.blocks.{}.layers.{}.pointwise_convolution", "stages.{}.{}.pointwise"),
        ("encoder.blocks.{}.layers.{}.squeeze_excitation_module.convolutions.0", "stages.{}.{}.se.reduce"),
        ("encoder.blocks.{}.layers.{}.squeeze_excitation_module.convolutions.2", "stages.{}.{}.se.expand"),
    )

    def __init__(
        self,
        scale: float = 1.0,
        strides: Sequence[Stride] = SQUARE_STRIDES,
        out_stages: Sequence[int] = (2, 3, 4, 5),
        *,
        se_blocks: Sequence[int] = (12, 13),
        large_blocks: Sequence[int] = (7, 8, 9, 10, 11, 12, 13),
        act: str = "hardswish",
    ) -> None:
        super().__init__()
        if len(strides) != 5:
            raise ValueError(f"strides {list(strides)}: give five, for the stem and for stages 2 to 5")
        channels = make_divisible(STEM_CHANNELS * scale)
        self.stem = ConvBN(3, channels, 3, strides[0], act=act)
        self.stages = nn.ModuleList()
        known: list[tuple[int, Stride]] = []
        block = 0
        for number, (depth, width) in enumerate(STAGES, 1):
            stage = nn.Sequential()
            out_channels = make_divisible(width * scale)
            first: Stride = 1 if number == 1 else strides[number - 1]
            for stride in (first, *(1,) * (depth - 1)):
                block += 1
                kernel_size = 5 if block in large_blocks else 3
                se = block in se_blocks
                stage.append(PPLCNetBlock(channels, out_channels, kernel_size, stride, se, act))
                channels = out_channels
            self.stages.append(stage)
            known.append((channels, first))
        self.out_stages = tuple(out_stages)
        self.describe(strides[0], known, self.out_stages)
        initialise(self)

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem(images)
        maps = []
        for number, stage in enumerate(self.stages, 1):
            x = stage(x)
            if number in self.out_stages:
                maps.append(x)
        return maps


class PPLCNetBlock(nn.Module):
    """Depthwise k×k, optional squeeze-and-excitation, pointwise 1×1, an activation after each convolution."""

    def __init__(
        self, in_channels: int, channels: int, kernel_size: int, stride: Stride, se: bool, act: str
    ) -> None:
        super().__init__()
        self.depthwise = ConvBN(in_channels, in_channels, kernel_size, stride, groups=in_channels, act=act)
        self.se = SqueezeExcitation(in_channels) if se else nn.Identity()
        self.pointwise = ConvBN(in_channels, channels, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pointwise(self.se(self.depthwise(x)))
        return y
