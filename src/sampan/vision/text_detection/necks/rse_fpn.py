"""RSE-FPN: a feature pyramid whose convolutions are residual squeeze-and-excitation layers.

With only 96 channels plain SE suppresses too many of them, hence the residual: out = y + SE(y), y = conv(x).
Source: PP-OCRv3 (arXiv 2206.03001, §2.1), card §2.1; PP-OCRv4 and v5 mobile use it too.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sampan.vision.blocks.se import SqueezeExcitation
from sampan.vision.text_detection.necks.intra_cl import IntraCL
from sampan.vision.text_detection.necks.pyramid import Fused, Neck, side_by_side, top_down


class ResidualSE(nn.Module):
    """y + SE(y) for y = conv(x), a k×k convolution without bias; SE has reduction 4 and the slope 0.2.

    Shapes: (B, in_channels, H, W) → (B, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False
        )
        nn.init.kaiming_uniform_(self.convolution.weight, nonlinearity="relu")
        self.squeeze_excitation = SqueezeExcitation(out_channels, slope="0.2")

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.convolution(x)
        excited: Tensor = self.squeeze_excitation(y)
        return y + excited


class RSEFPN(Neck):
    """Laterals RSE 1×1 to `width`, top-down sums, outputs RSE 3×3 to `width`/4 (then IntraCL, if asked for).

    Shapes: levels (B, in_channels[i], H/s, W/s), s = 4, 8, 16, 32 → (B, width, H/4, W/4).
    """

    def __init__(self, in_channels: Sequence[int], width: int = 96, intra_cl: bool = False) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(ResidualSE(channels, width, 1) for channels in in_channels)
        self.output = nn.ModuleList(ResidualSE(width, width // 4, 3) for _ in in_channels)
        self.intra = nn.ModuleList(IntraCL(width // 4) for _ in in_channels) if intra_cl else None
        self.out_channels = width

    def forward(self, levels: Sequence[Tensor]) -> Fused:
        summed = top_down([lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)])
        outputs = [output(level) for output, level in zip(self.output, summed, strict=True)]
        if self.intra is not None:
            outputs = [intra(level) for intra, level in zip(self.intra, outputs, strict=True)]
        return Fused(side_by_side(outputs), summed)

    def graph_order(self) -> list[nn.Module]:
        return [*reversed(self.lateral), *reversed(self.output), *reversed(self.intra or [])]
