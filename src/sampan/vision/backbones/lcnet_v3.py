"""PP-LCNetV3, the backbone of the mobile models of PP-OCRv4 and v5 (arXiv 2507.05595; official code).

PP-LCNet's chain of depthwise-separable blocks without shortcuts, in which every convolution is a sum of branches in
training and one convolution afterwards, followed by learnable affine maps (`RepConv`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone, Stride
from sampan.vision.blocks.conv import ConvBN, initialise, make_divisible
from sampan.vision.blocks.rep import RepConv
from sampan.vision.blocks.se import SqueezeExcitation
from sampan.vision.weights.public_layout import Layout

STAGES: tuple[tuple[tuple[int, int, bool], ...], ...] = (
    ((3, 32, False),),
    ((3, 64, False),) * 2,
    ((3, 128, False),) * 2,
    ((3, 256, False), *((5, 256, False),) * 4),
    ((5, 512, True), (5, 512, True), (5, 512, False), (5, 512, False)),
)
"""Kernel, channels at scale 1 and squeeze-and-excitation of every block."""
STEM_CHANNELS = 16

DETECTOR_STRIDES: tuple[tuple[Stride, ...], ...] = ((1,), (2, 1), (2, 1), (2, 1, 1, 1, 1), (2, 1, 1, 1))
RECOGNISER_STRIDES: tuple[tuple[Stride, ...], ...] = (
    (1,),
    (1, 1),
    ((2, 1), 1),
    ((1, 2), 1, 1, 1, 1),
    ((2, 1), 1, (2, 1), 1),
)


class LCNetV3(Backbone):
    """(B, 3, H, W) → maps (B, C, H / s, W / s) of the chosen stages (1 … 5).

    `strides` gives the stride of every block. With `RECOGNISER_STRIDES` a line of height 48 ends 3 high and W / 4
    wide, with `DETECTOR_STRIDES` stages 2 … 5 are at 4, 8, 16 and 32.
    """

    layout: ClassVar[Layout] = Layout(
        ("encoder.convolution", "stem"),
        *(
            (f"encoder.blocks.{{}}.layers.{{}}.{public}.{theirs}", f"stages.{{}}.{{}}.{own}.{ours}")
            for public, own in (
                ("depthwise_convolution", "depthwise"),
                ("pointwise_convolution", "pointwise"),
            )
            for theirs, ours in (
                ("conv_symmetric", "symmetric"),
                ("conv_small_symmetric", "small"),
                ("lab", "affine"),
                ("act.lab", "affine_after"),
            )
        ),
        ("encoder.blocks.{}.layers.{}.depthwise_convolution", "stages.{}.{}.depthwise"),
        ("encoder.blocks.{}.layers.{}.pointwise_convolution", "stages.{}.{}.pointwise"),
        ("encoder.blocks.{}.layers.{}.squeeze_excitation_module.convolutions.0", "stages.{}.{}.se.reduce"),
        ("encoder.blocks.{}.layers.{}.squeeze_excitation_module.convolutions.2", "stages.{}.{}.se.expand"),
    )

    def __init__(
        self,
        scale: float = 1.0,
        strides: Sequence[Sequence[Stride]] = DETECTOR_STRIDES,
        out_stages: Sequence[int] = (2, 3, 4, 5),
        *,
        divisor: int = 16,
        branches: int = 4,
    ) -> None:
        super().__init__()
        channels = make_divisible(STEM_CHANNELS * scale, divisor)
        self.stem = ConvBN(3, channels, 3, 2)
        self.stages = nn.ModuleList()
        known: list[tuple[int, Stride]] = []
        for blocks, block_strides in zip(STAGES, strides, strict=True):
            stage = nn.Sequential()
            for (kernel_size, width, se), stride in zip(blocks, block_strides, strict=True):
                out_channels = make_divisible(width * scale, divisor)
                stage.append(LCNetV3Block(channels, out_channels, kernel_size, stride, se, branches))
                channels = out_channels
            self.stages.append(stage)
            known.append((channels, _product(block_strides)))
        self.out_stages = tuple(out_stages)
        self.describe(2, known, self.out_stages)
        initialise(self)

    @classmethod
    def detector(cls, scale: float = 0.75) -> LCNetV3:
        """The backbone of the v4 and v5 mobile detectors and of the seal detector."""
        return cls(scale)

    @classmethod
    def recogniser(cls, scale: float = 0.95) -> LCNetV3:
        """The backbone of the v4 and v5 mobile recognisers: the last stage, height 48 → 3, width ÷ 4."""
        return cls(scale, RECOGNISER_STRIDES, (5,))

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem(images)  # (B, C, H / 2, W / 2)
        maps = []
        for number, stage in enumerate(self.stages, 1):
            x = stage(x)
            if number in self.out_stages:
                maps.append(x)
        return maps


class LCNetV3Block(nn.Module):
    """Depthwise layer, optional squeeze-and-excitation, pointwise layer; no shortcut."""

    def __init__(
        self, in_channels: int, channels: int, kernel_size: int, stride: Stride, se: bool, branches: int
    ) -> None:
        super().__init__()
        self.depthwise = RepConv(in_channels, in_channels, kernel_size, stride, in_channels, branches)
        self.se = SqueezeExcitation(in_channels) if se else nn.Identity()
        self.pointwise = RepConv(in_channels, channels, 1, branches=branches)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pointwise(self.se(self.depthwise(x)))
        return y


def _product(strides: Sequence[Stride]) -> Stride:
    height = width = 1
    for stride in strides:
        down, along = stride if isinstance(stride, tuple) else (stride, stride)
        height, width = height * down, width * along
    return height, width
