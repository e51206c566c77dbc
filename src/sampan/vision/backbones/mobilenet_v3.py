"""MobileNetV3 (Howard et al., arXiv 1905.02244, Tables 1 and 2) as the PP-OCR line uses it.

The large one at scale 0.5 without squeeze-and-excitation is the backbone of the v2 and v3 text detectors, the small
one at scale 0.35 with strides (2, 1) that of the text-line classifier. As in the official code every block has its
expanding convolution, also where it does not expand, and the hard sigmoid has slope 0.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone, Stride
from sampan.vision.blocks.conv import ConvBN, initialise, make_divisible
from sampan.vision.blocks.se import SqueezeExcitation

Size = Literal["large", "small"]


class Row(NamedTuple):
    """One line of the paper's tables."""

    kernel: int
    expanded: int
    channels: int
    se: bool
    act: str


# One tuple for each reduction of the picture: the first block of every stage but the first has stride 2.
LARGE: tuple[tuple[Row, ...], ...] = (
    (Row(3, 16, 16, False, "relu"),),
    (Row(3, 64, 24, False, "relu"), Row(3, 72, 24, False, "relu")),
    (Row(5, 72, 40, True, "relu"), Row(5, 120, 40, True, "relu"), Row(5, 120, 40, True, "relu")),
    (
        Row(3, 240, 80, False, "hardswish"),
        Row(3, 200, 80, False, "hardswish"),
        Row(3, 184, 80, False, "hardswish"),
        Row(3, 184, 80, False, "hardswish"),
        Row(3, 480, 112, True, "hardswish"),
        Row(3, 672, 112, True, "hardswish"),
    ),
    (
        Row(5, 672, 160, True, "hardswish"),
        Row(5, 960, 160, True, "hardswish"),
        Row(5, 960, 160, True, "hardswish"),
    ),
)
SMALL: tuple[tuple[Row, ...], ...] = (
    (),
    (Row(3, 16, 16, True, "relu"),),
    (Row(3, 72, 24, False, "relu"), Row(3, 88, 24, False, "relu")),
    (
        Row(5, 96, 40, True, "hardswish"),
        Row(5, 240, 40, True, "hardswish"),
        Row(5, 240, 40, True, "hardswish"),
        Row(5, 120, 48, True, "hardswish"),
        Row(5, 144, 48, True, "hardswish"),
    ),
    (
        Row(5, 288, 96, True, "hardswish"),
        Row(5, 576, 96, True, "hardswish"),
        Row(5, 576, 96, True, "hardswish"),
    ),
)
TABLES: dict[Size, tuple[tuple[Row, ...], ...]] = {"large": LARGE, "small": SMALL}
LAST_CHANNELS: dict[Size, int] = {"large": 960, "small": 576}
STEM_CHANNELS = 16


class MobileNetV3(Backbone):
    """(B, 3, H, W) → maps (B, C, H / s, W / s) of the chosen stages (1 … 5); by default strides 4, 8, 16, 32.

    Stage 5 ends in the network's last 1×1 convolution. `stride` is that of each stage's first block: (2, 1) keeps the
    columns of a text line apart.
    """

    def __init__(
        self,
        size: Size,
        scale: float = 1.0,
        *,
        se: bool = True,
        stride: Stride = 2,
        out_stages: Sequence[int] = (2, 3, 4, 5),
    ) -> None:
        super().__init__()
        channels = make_divisible(STEM_CHANNELS * scale)
        self.stem = ConvBN(3, channels, 3, 2, act="hardswish")
        self.stages = nn.ModuleList()
        known: list[tuple[int, Stride]] = []
        for number, rows in enumerate(TABLES[size], 1):
            stage = nn.Sequential()
            for place, row in enumerate(rows):
                out_channels = make_divisible(row.channels * scale)
                expanded = make_divisible(row.expanded * scale)
                first = stride if place == 0 and number > 1 else 1
                stage.append(
                    InvertedResidual(
                        channels, expanded, out_channels, row.kernel, first, se=se and row.se, act=row.act
                    )
                )
                channels = out_channels
            if number == len(TABLES[size]):
                last = make_divisible(LAST_CHANNELS[size] * scale)
                stage.append(ConvBN(channels, last, 1, act="hardswish"))
                channels = last
            self.stages.append(stage)
            known.append((channels, stride if number > 1 else 1))
        self.out_stages = tuple(out_stages)
        self.describe(2, known, self.out_stages)
        initialise(self)

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem(images)  # (B, C, H / 2, W / 2)
        maps = []
        for number, stage in enumerate(self.stages, 1):
            x = stage(x)
            if number in self.out_stages:
                maps.append(x)
        return maps


class InvertedResidual(nn.Module):
    """1×1 expansion, depthwise k×k, squeeze-and-excitation, linear 1×1; added to the input where the shape is kept."""

    def __init__(
        self,
        in_channels: int,
        expanded: int,
        channels: int,
        kernel_size: int,
        stride: Stride,
        *,
        se: bool,
        act: str,
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and in_channels == channels
        self.expand = ConvBN(in_channels, expanded, 1, act=act)
        self.depthwise = ConvBN(expanded, expanded, kernel_size, stride, groups=expanded, act=act)
        self.se = SqueezeExcitation(expanded, slope="0.2") if se else nn.Identity()
        self.project = ConvBN(expanded, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.se(self.depthwise(self.expand(x))))
        return x + y if self.residual else y
