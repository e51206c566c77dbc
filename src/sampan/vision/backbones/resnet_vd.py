"""ResNet-vd: ResNet with a stem of three convolutions and shortcuts that average before they project.

He et al., "Bag of Tricks", arXiv 1812.01187, §4.2 (ResNet-D). ResNet18_vd is the teacher's backbone in PP-OCRv2's
detector distillation, ResNet50_vd in PP-OCRv3's and the main network of PP-ShiTu's and SSLD's teachers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.backbones.backbone import Backbone
from sampan.vision.blocks.conv import ConvBN, initialise

Depth = Literal[18, 34, 50, 101, 152]
BLOCKS: dict[Depth, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
WIDTHS = (64, 128, 256, 512)


class ResNetVD(Backbone):
    """(B, 3, H, W) → maps (B, C, H / s, W / s) of the chosen stages (1 … 4), strides 4, 8, 16, 32."""

    def __init__(self, depth: Depth = 18, out_stages: Sequence[int] = (1, 2, 3, 4)) -> None:
        super().__init__()
        if depth not in BLOCKS:
            raise ValueError(f"depth {depth} is unknown: choose one of {list(BLOCKS)}")
        self.stem = nn.Sequential(
            ConvBN(3, 32, 3, 2, act="relu"), ConvBN(32, 32, 3, act="relu"), ConvBN(32, 64, 3, act="relu")
        )
        bottleneck = depth >= 50
        channels = 64
        self.stages = nn.ModuleList()
        for number, (blocks, width) in enumerate(zip(BLOCKS[depth], WIDTHS, strict=True), 1):
            stage = nn.Sequential()
            for place in range(blocks):
                stride = 2 if place == 0 and number > 1 else 1
                stage.append(
                    ResidualBlock(channels, width, stride, bottleneck=bottleneck, project=place == 0)
                )
                channels = width * (4 if bottleneck else 1)
            self.stages.append(stage)
        self.out_stages = tuple(out_stages)
        known = [(width * (4 if bottleneck else 1), 1 if width == 64 else 2) for width in WIDTHS]
        self.describe(4, known, self.out_stages)
        initialise(self)

    def forward(self, images: Tensor) -> list[Tensor]:
        x = functional.max_pool2d(self.stem(images), 3, 2, 1)  # (B, 64, H / 4, W / 4)
        maps = []
        for number, stage in enumerate(self.stages, 1):
            x = stage(x)
            if number in self.out_stages:
                maps.append(x)
        return maps


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions, or 1×1, 3×3, 1×1 to four times the width; the first of a stage projects its shortcut."""

    def __init__(self, in_channels: int, width: int, stride: int, *, bottleneck: bool, project: bool) -> None:
        super().__init__()
        channels = width * (4 if bottleneck else 1)
        if bottleneck:
            self.branch = nn.Sequential(
                ConvBN(in_channels, width, 1, act="relu"),
                ConvBN(width, width, 3, stride, act="relu"),
                ConvBN(width, channels, 1),
            )
        else:
            self.branch = nn.Sequential(
                ConvBN(in_channels, width, 3, stride, act="relu"), ConvBN(width, channels, 3)
            )
        self.shortcut = nn.Sequential()
        if project and stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, stride, ceil_mode=True))
        if project:
            self.shortcut.append(ConvBN(in_channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.branch(x) + self.shortcut(x))
