"""LCNetV4, the backbone of PP-OCRv6's detectors and recognisers (arXiv 2606.13108; official code).

A block mixes along the page with one depthwise convolution (re-parameterised where the shape stays the same) and
optional squeeze-and-excitation, then across channels with two 1×1 convolutions and a GELU between them. The
identity of the paper's formula x̂ = SE(DW(x)) + x lies inside the re-parameterised convolution, as in the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.backbones.backbone import Backbone, Stride
from sampan.vision.blocks.conv import ConvBN, initialise
from sampan.vision.blocks.rep import RepDepthwise
from sampan.vision.blocks.se import SqueezeExcitation
from sampan.vision.weights.public_layout import Layout

Tier = Literal["tiny", "small", "medium"]


class Block(NamedTuple):
    """One line of a stage's table."""

    channels: int
    stride: Stride = 1
    se: bool = False


@dataclass(frozen=True)
class Shape:
    """What distinguishes two members of the family."""

    stem: tuple[int, int]
    """Inner and outer channels of the stem, which reduces the picture by 4."""
    stages: tuple[tuple[Block, ...], ...]
    branched_stem: bool = True


class LCNetV4(Backbone):
    """(B, 3, H, W) → maps (B, C, H / s, W / s) of the chosen stages (1 … 4).

    Detectors have strides 4, 8, 16, 32; recognisers 4, 4, 8, 16 down and 4 along the line.
    """

    layout: ClassVar[Layout] = Layout(
        ("encoder.convolution", "stem"),
        ("encoder.blocks.{}.blocks.{}.token_squeeze_excitation.convolutions.0", "stages.{}.{}.se.reduce"),
        ("encoder.blocks.{}.blocks.{}.token_squeeze_excitation.convolutions.2", "stages.{}.{}.se.expand"),
        ("encoder.blocks.{}.blocks.{}.token_conv", "stages.{}.{}.token"),
        ("encoder.blocks.{}.blocks.{}.channel_conv1", "stages.{}.{}.expand"),
        ("encoder.blocks.{}.blocks.{}.channel_conv2", "stages.{}.{}.compress"),
    )

    def __init__(self, shape: Shape, out_stages: Sequence[int] = (1, 2, 3, 4)) -> None:
        super().__init__()
        inner, channels = shape.stem
        self.stem: nn.Module = (BranchedStem if shape.branched_stem else PlainStem)(inner, channels)
        self.stages = nn.ModuleList()
        for blocks in shape.stages:
            stage = nn.Sequential()
            for block in blocks:
                stage.append(LCNetV4Block(channels, *block))
                channels = block.channels
            self.stages.append(stage)
        self.out_stages = tuple(out_stages)
        self.describe(
            4, [(blocks[-1].channels, blocks[0].stride) for blocks in shape.stages], self.out_stages
        )
        initialise(self)
        for module in self.modules():
            if isinstance(module, LCNetV4Block):
                module.start_as_identity()

    @classmethod
    def detector(cls, tier: Tier) -> LCNetV4:
        """The backbone of PP-OCRv6's detector of that tier: all four stages."""
        return cls(DETECTORS[tier])

    @classmethod
    def recogniser(cls, tier: Tier) -> LCNetV4:
        """The backbone of PP-OCRv6's recogniser of that tier: the last stage, height 48 → 3, width ÷ 4."""
        return cls(RECOGNISERS[tier], out_stages=(4,))

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem(images)  # (B, C, H / 4, W / 4)
        maps = []
        for number, stage in enumerate(self.stages, 1):
            x = stage(x)
            if number in self.out_stages:
                maps.append(x)
        return maps


class LCNetV4Block(nn.Module):
    """Token mixer and channel mixer; the latter is residual where stride and channels allow."""

    def __init__(self, in_channels: int, channels: int, stride: Stride = 1, se: bool = False) -> None:
        super().__init__()
        self.residual = stride == 1 and in_channels == channels
        self.token: nn.Module = (
            RepDepthwise(in_channels)
            if self.residual
            else ConvBN(in_channels, in_channels, 3, stride, groups=in_channels)
        )
        self.se = SqueezeExcitation(in_channels) if se else nn.Identity()
        self.expand = ConvBN(in_channels, 2 * in_channels, 1)
        self.act = nn.GELU()
        self.compress = ConvBN(2 * in_channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        u: Tensor = self.se(self.token(x))
        v: Tensor = self.compress(self.act(self.expand(u)))
        return u + v if self.residual else v

    @torch.no_grad()
    def start_as_identity(self) -> None:
        """γ = 0 in the last normalisation of a residual block, so that it begins as its token mixer."""
        if self.residual and isinstance(self.compress.normalization, nn.BatchNorm2d):
            self.compress.normalization.weight.zero_()


class BranchedStem(nn.Module):
    """PP-HGNetV2's stem: reduces by 4, half of its middle seen through 2×2 max pooling, half through 2×2 convolutions.

    (B, 3, H, W) → (B, out_channels, ⌈H / 4⌉, ⌈W / 4⌉). The 2×2 windows are padded below and on the right. `stride3`
    other than 2 is for recognisers that reduce less.
    """

    def __init__(self, inner: int, out_channels: int, stride3: Stride = 2, *, affine: bool = False) -> None:
        super().__init__()
        self.stem1 = ConvBN(3, inner, 3, 2, act="relu", affine=affine)
        self.stem2a = ConvBN(inner, inner // 2, 2, padding=0, act="relu", affine=affine)
        self.stem2b = ConvBN(inner // 2, inner, 2, padding=0, act="relu", affine=affine)
        self.stem3 = ConvBN(2 * inner, inner, 3, stride3, act="relu", affine=affine)
        self.stem4 = ConvBN(inner, out_channels, 1, act="relu", affine=affine)

    def forward(self, images: Tensor) -> Tensor:
        x = functional.pad(self.stem1(images), (0, 1, 0, 1))
        y = functional.pad(self.stem2a(x), (0, 1, 0, 1))
        y = self.stem2b(y)
        pooled = functional.max_pool2d(x, 2, 1)
        z: Tensor = self.stem4(self.stem3(torch.cat([pooled, y], 1)))
        return z


class PlainStem(nn.Module):
    """Two 3×3 convolutions of stride 2 with a GELU between them (the tiny recogniser)."""

    def __init__(self, inner: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = ConvBN(3, inner, 3, 2, act="gelu")
        self.conv2 = ConvBN(inner, out_channels, 3, 2)

    def forward(self, images: Tensor) -> Tensor:
        y: Tensor = self.conv2(self.conv1(images))
        return y


def _stage(channels: int, flags: str, first: Stride = 1) -> tuple[Block, ...]:
    """Blocks with squeeze-and-excitation where `flags` has a t; `first` is the stride of the first one."""
    return tuple(Block(channels, first if i == 0 else 1, flag == "t") for i, flag in enumerate(flags))


def _detector(stem: tuple[int, int], *channels: int) -> Shape:
    flags = ("tf", "ftf", "ftftf", "ftf")
    strides = (1, 2, 2, 2)
    return Shape(stem, tuple(_stage(*line) for line in zip(channels, flags, strides, strict=True)))


def _recogniser(
    stem: tuple[int, int], channels: Sequence[int], flags: Sequence[str], *, branched: bool = True
) -> Shape:
    strides: tuple[Stride, ...] = (1, 1, (2, 1), (2, 1))
    return Shape(stem, tuple(_stage(*line) for line in zip(channels, flags, strides, strict=True)), branched)


DETECTORS: dict[Tier, Shape] = {
    "tiny": _detector((16, 32), 32, 48, 64, 160),
    "small": _detector((24, 48), 48, 96, 192, 384),
    "medium": _detector((64, 128), 128, 256, 512, 896),
}
RECOGNISERS: dict[Tier, Shape] = {
    "tiny": _recogniser((24, 48), (48, 48, 96, 160), ("t", "f", "ftf", "ftff"), branched=False),
    "small": _recogniser((48, 96), (96, 96, 192, 384), ("t", "ff", "ftftftf", "ftf")),
    "medium": _recogniser((64, 128), (128, 256, 512, 768), ("t", "fft", "ftftftf", "ftf")),
}
