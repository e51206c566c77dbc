"""Depthwise and pointwise convolution in a pair: the cheap brick of PicoDet's necks and heads."""

from __future__ import annotations

from torch import Tensor, nn

from sampan.vision.blocks import ConvBN


class SeparableConv(nn.Module):
    """dw k×k → BN → h-swish → 1×1 → BN → h-swish (PP-PicoDet, arXiv 2111.00902, §3.2: "DP").

    Shapes: (B, in_channels, H, W) → (B, out_channels, ⌈H/stride⌉, ⌈W/stride⌉).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = ConvBN(
            in_channels, in_channels, kernel_size, stride, groups=in_channels, act="hardswish"
        )
        self.pointwise = ConvBN(in_channels, out_channels, 1, act="hardswish")

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pointwise(self.depthwise(x))
        return y
