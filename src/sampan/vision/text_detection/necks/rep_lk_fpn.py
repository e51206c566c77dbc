"""RepLKFPN: RSE-FPN whose output convolutions are large re-parameterised depthwise kernels.

Source: PP-OCRv6 (arXiv 2606.13108), card of PaddleOCR 3.0 §3.2; tiny has width 64 and k = 5, small 96 and k = 7.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sampan.vision.blocks.rep import DilatedReparam
from sampan.vision.blocks.se import SqueezeExcitation
from sampan.vision.text_detection.necks.pyramid import Fused, Neck, side_by_side, top_down
from sampan.vision.text_detection.necks.rse_fpn import ResidualSE


class LargeKernelSE(nn.Module):
    """y + SE(y) for y = 1×1(dw k×k(x)), the depthwise kernel with dilated branches in training.

    Shapes: (B, in_channels, H, W) → (B, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.depthwise = DilatedReparam(in_channels, kernel_size)
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        nn.init.kaiming_uniform_(self.pointwise.weight, nonlinearity="relu")
        self.squeeze_excitation = SqueezeExcitation(out_channels, slope="0.2")

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pointwise(self.depthwise(x))
        excited: Tensor = self.squeeze_excitation(y)
        return y + excited


class RepLKFPN(Neck):
    """Laterals RSE 1×1 to `width`, top-down sums, outputs `LargeKernelSE` to `width`/4.

    Shapes: levels (B, in_channels[i], H/s, W/s), s = 4, 8, 16, 32 → (B, width, H/4, W/4).
    """

    def __init__(self, in_channels: Sequence[int], width: int = 96, kernel_size: int = 7) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(ResidualSE(channels, width, 1) for channels in in_channels)
        self.output = nn.ModuleList(LargeKernelSE(width, width // 4, kernel_size) for _ in in_channels)
        self.out_channels = width

    def forward(self, levels: Sequence[Tensor]) -> Fused:
        summed = top_down([lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)])
        outputs = [output(level) for output, level in zip(self.output, summed, strict=True)]
        return Fused(side_by_side(outputs), summed)

    def graph_order(self) -> list[nn.Module]:
        return [*reversed(self.lateral), *reversed(self.output)]
