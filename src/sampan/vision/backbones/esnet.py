"""ESNet, PicoDet's own backbone: ShuffleNetV2 with SE, Ghost concatenation and a mixing pair in place of a shuffle.

Source: PP-PicoDet, arXiv 2111.00902, §3.2; widths and the searched channel ratios from the official configuration.

    stem      conv 3×3 /2 → max-pool 3×3 /2
    stage     one block of stride 2, then blocks of stride 1; widths ×1 of 128, 256, 512 at strides 8, 16, 32
    /1 block  x₁, x₂ = halves; p = 1×1(x₂); d = dw3×3(p); y = 1×1(SE([p, d])); shuffle([x₁, y])
    /2 block  [1×1(dw3×3(x)), 1×1(SE(dw3×3(1×1(x))))] → dw3×3 → 1×1

The inner width of block k is its stage's width times ratio k, a multiple of 8.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone
from sampan.vision.blocks import ConvBN, SqueezeExcitation, make_divisible

STEM = 24
WIDTHS = (128, 256, 512)
REPEATS = (3, 7, 3)


class ESNet(Backbone):
    """(B, 3, H, W) → three maps at strides 8, 16, 32 with `channels` channels.

    scale multiplies the widths (rounded to multiples of 16); `channel_ratios` holds one ratio for each of the
    13 blocks.
    """

    def __init__(self, scale: float = 1.0, channel_ratios: tuple[float, ...] = (1.0,) * sum(REPEATS)) -> None:
        super().__init__()
        if len(channel_ratios) != sum(REPEATS):
            raise ValueError(
                f"{len(channel_ratios)} channel ratios for {sum(REPEATS)} blocks: give one a block"
            )
        widths = [make_divisible(width * scale, 16) for width in WIDTHS]
        self.describe(4, [(width, 2) for width in widths], (1, 2, 3))
        self.stem = ConvBN(3, STEM, 3, stride=2, act="hardswish")
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stages = nn.ModuleList()
        in_channels, ratios = STEM, iter(channel_ratios)
        for width, repeats in zip(widths, REPEATS, strict=True):
            inner = [make_divisible(int(width * next(ratios)), 8) for _ in range(repeats)]
            blocks: list[nn.Module] = [ShrinkingBlock(in_channels, inner[0], width)]
            blocks += [ShuffleBlock(width, channels) for channels in inner[1:]]
            self.stages.append(nn.Sequential(*blocks))
            in_channels = width

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.pool(self.stem(images))
        levels: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels


class ShuffleBlock(nn.Module):
    """Stride 1: half of the channels pass by, the other half gets a Ghost bottleneck with SE; then a shuffle."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        half = channels // 2
        self.reduce = ConvBN(half, inner // 2, 1, act="hardswish")
        self.ghost = ConvBN(inner // 2, inner // 2, 3, groups=inner // 2)
        self.attention = SqueezeExcitation(inner, slope="1/6")
        self.expand = ConvBN(inner, half, 1, act="hardswish")

    def forward(self, x: Tensor) -> Tensor:
        passed, worked = x.chunk(2, dim=1)
        plain = self.reduce(worked)
        worked = torch.cat([plain, self.ghost(plain)], dim=1)
        worked = self.expand(self.attention(worked))
        return F.channel_shuffle(torch.cat([passed, worked], dim=1), 2)


class ShrinkingBlock(nn.Module):
    """Stride 2: two branches, then a depthwise and a pointwise convolution mix their channels."""

    def __init__(self, in_channels: int, inner: int, out_channels: int) -> None:
        super().__init__()
        half, inner = out_channels // 2, inner // 2
        self.direct = nn.Sequential(
            ConvBN(in_channels, in_channels, 3, stride=2, groups=in_channels),
            ConvBN(in_channels, half, 1, act="hardswish"),
        )
        self.worked = nn.Sequential(
            ConvBN(in_channels, inner, 1, act="hardswish"),
            ConvBN(inner, inner, 3, stride=2, groups=inner),
            SqueezeExcitation(inner, slope="1/6"),
            ConvBN(inner, half, 1, act="hardswish"),
        )
        self.mix = nn.Sequential(
            ConvBN(out_channels, out_channels, 3, groups=out_channels, act="hardswish"),
            ConvBN(out_channels, out_channels, 1, act="hardswish"),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(torch.cat([self.direct(x), self.worked(x)], dim=1))
        return y
