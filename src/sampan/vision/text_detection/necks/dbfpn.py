"""DBFPN: the plain feature pyramid of DB, 1×1 laterals and 3×3 outputs (PP-OCRv2, arXiv 2109.03144, card §2.1)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sampan.vision.text_detection.necks.pyramid import Fused, Neck, side_by_side, top_down


class DBFPN(Neck):
    """Laterals 1×1 to `width` channels, top-down sums, outputs 3×3 to `width`/4; no biases, no normalisation.

    Shapes: levels (B, in_channels[i], H/s, W/s), s = 4, 8, 16, 32 → (B, width, H/4, W/4).
    """

    def __init__(self, in_channels: Sequence[int], width: int = 96) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1, bias=False) for channels in in_channels)
        self.output = nn.ModuleList(
            nn.Conv2d(width, width // 4, 3, padding=1, bias=False) for _ in in_channels
        )
        for convolution in [*self.lateral, *self.output]:
            assert isinstance(convolution, nn.Conv2d)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        self.out_channels = width

    def forward(self, levels: Sequence[Tensor]) -> Fused:
        summed = top_down([lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)])
        outputs = [output(level) for output, level in zip(self.output, summed, strict=True)]
        return Fused(side_by_side(outputs), summed)

    def graph_order(self) -> list[nn.Module]:
        return [*reversed(self.lateral), *reversed(self.output)]
