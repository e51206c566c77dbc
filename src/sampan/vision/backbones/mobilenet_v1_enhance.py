"""MobileNetV1Enhance, the backbone of PP-OCRv2's and PP-OCRv3's recognisers (arXiv 2109.03144 §3, 2206.03001 §3).

PP-LCNet's idea for text lines: depthwise-separable blocks without shortcuts, h-swish, 5×5 kernels and
squeeze-and-excitation towards the end, strides that keep columns apart, and a pooling that leaves one row.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone, Stride, pair
from sampan.vision.backbones.pp_lcnet import PPLCNetBlock
from sampan.vision.blocks.conv import ConvBN, initialise

Version = Literal["v2", "v3"]
STEM_CHANNELS = 32


class Row(NamedTuple):
    """Channels at scale 1, kernel, stride and squeeze-and-excitation of a block."""

    channels: int
    kernel: int = 3
    stride: Stride = 1
    se: bool = False


ROWS: tuple[Row, ...] = (
    Row(64),
    Row(128),
    Row(128),
    Row(256, stride=(2, 1)),
    Row(256),
    Row(512, stride=(2, 1)),
    *(Row(512, 5),) * 5,
    Row(1024, 5, (2, 1), se=True),
)


class MobileNetV1Enhance(Backbone):
    """(B, 3, H, W) → one map (B, 1024·scale, H / 32, W / 4) for v2, (B, 1024·scale, ⌊H / 32⌋, W / 8) for v3.

    v2 reads lines of height 32 and ends in a max pooling, v3 lines of height 48, halves the width in its last block
    and ends in an average pooling.
    """

    def __init__(self, scale: float = 0.5, version: Version = "v3") -> None:
        super().__init__()
        channels = int(STEM_CHANNELS * scale)
        self.stem = ConvBN(3, channels, 3, 2, act="hardswish")
        self.blocks = nn.Sequential()
        height, width = 2, 2
        last: Stride = (1, 2) if version == "v3" else 1
        for row in (*ROWS, Row(1024, 5, last, se=True)):
            out_channels = int(row.channels * scale)
            self.blocks.append(
                PPLCNetBlock(channels, out_channels, row.kernel, row.stride, row.se, act="hardswish")
            )
            channels = out_channels
            down, along = pair(row.stride)
            height, width = height * down, width * along
        self.pool = nn.AvgPool2d(2, 2) if version == "v3" else nn.MaxPool2d(2, 2)
        self.describe((height, width), [(channels, 2)], (1,))
        initialise(self)

    def forward(self, images: Tensor) -> list[Tensor]:
        return [self.pool(self.blocks(self.stem(images)))]
