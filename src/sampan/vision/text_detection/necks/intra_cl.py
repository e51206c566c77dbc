"""IntraCL: relations within a text region by three rounds of square, tall and wide kernels, ever smaller.

    y = reduce(x);  y = k×k(y) + k×1(y) + 1×k(y) for k = 7, 5, 3;  out = x + ReLU(BN(restore(y)))

The long kernels join the letters of one line across gaps. Source: PP-OCRv4/v5's official code, card of
PaddleOCR 3.0 (arXiv 2507.05595) §2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.blocks.fusion import Fusable, convolution_with, fold_norm, kernel_of


class CrossConvolution(Fusable):
    """k×k(x) + k×1(x) + 1×k(x), all with bias; one k×k convolution after `fuse()`.

    Shapes: (B, channels, H, W) → the same.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        margin = size // 2
        self.square = nn.Conv2d(channels, channels, size, padding=margin)
        self.tall: nn.Conv2d | None = nn.Conv2d(channels, channels, (size, 1), padding=(margin, 0))
        self.wide: nn.Conv2d | None = nn.Conv2d(channels, channels, (1, size), padding=(0, margin))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.square(x)
        if self.tall is not None and self.wide is not None:
            y = y + self.tall(x) + self.wide(x)
        return y

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if self.tall is None or self.wide is None:
            return
        weight, bias = kernel_of(self.square)
        tall, tall_bias = kernel_of(self.tall)
        wide, wide_bias = kernel_of(self.wide)
        margin = weight.shape[-1] // 2
        weight = (
            weight + functional.pad(tall, (margin, margin)) + functional.pad(wide, (0, 0, margin, margin))
        )
        self.square = convolution_with((weight, bias + tall_bias + wide_bias), self.square)
        self.tall = self.wide = None


class IntraCL(Fusable):
    """Shapes: (B, channels, H, W) → the same; in between there are channels // reduction."""

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        inner = channels // reduction
        self.reduce = nn.Conv2d(channels, inner, 1)
        self.rounds = nn.Sequential(*(CrossConvolution(inner, size) for size in (7, 5, 3)))
        self.restore = nn.Conv2d(inner, channels, 1)
        self.normalization: nn.Module = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + functional.relu(self.normalization(self.restore(self.rounds(self.reduce(x)))))

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if isinstance(self.normalization, nn.BatchNorm2d):
            kernel = fold_norm(kernel_of(self.restore), self.normalization)
            self.restore = convolution_with(kernel, self.restore)
            self.normalization = nn.Identity()
