"""Squeeze-and-excitation: channels weighed by what the whole map holds (Hu et al., arXiv 1709.01507, §3).

Two hard sigmoids are at home in this family and must not be mixed: PP-LCNet's backbones use
relu6(x + 3) / 6 (slope 1/6), the necks of the text detectors and MobileNetV3 use clip(0.2·x + 0.5, 0, 1).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

Slope = Literal["1/6", "0.2"]


class SqueezeExcitation(nn.Module):
    """x · hardsigmoid(W₂·relu(W₁·mean(x) + b₁) + b₂), the mean over height and width.

    Shapes: (B, channels, H, W) → the same. The hidden width is channels // reduction.
    """

    def __init__(self, channels: int, reduction: int = 4, slope: Slope = "1/6") -> None:
        super().__init__()
        if slope not in ("1/6", "0.2"):
            raise ValueError(f"slope {slope!r} is unknown: the family uses '1/6' and '0.2'")
        self.reduce = nn.Conv2d(channels, channels // reduction, 1)
        self.expand = nn.Conv2d(channels // reduction, channels, 1)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        weights = x.mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        weights = self.expand(functional.relu(self.reduce(weights)))
        if self.slope == "1/6":
            weights = functional.hardsigmoid(weights)
        else:
            weights = (0.2 * weights + 0.5).clamp(0, 1)
        return x * weights
