"""LK-PAN: path aggregation with 9×9 kernels, for the large detectors and teachers.

    out = top-down sums of 1×1 laterals (256)         f_i = 9×9(out_i → 64)
    pan_2 = f_2;  pan_{i+1} = f_{i+1} + 3×3 stride 2 (pan_i)      p_i = 9×9(pan_i)

Source: PP-OCRv3 (arXiv 2206.03001, §2.1), card §2.2; with IntraCL on every p_i it is the neck of PP-OCRv4/v5 server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor, nn

from sampan.vision.blocks.conv import ConvBN
from sampan.vision.text_detection.necks.intra_cl import IntraCL
from sampan.vision.text_detection.necks.pyramid import Fused, Neck, side_by_side, top_down

LargeKernel = Callable[[int, int], nn.Module]
"""Makes the large-kernel layer of so many input and output channels."""


class PathAggregation(Neck):
    """LK-PAN with any large-kernel layer: `RepLKPAN` uses it with another.

    Shapes: levels (B, in_channels[i], H/s, W/s), s = 4, 8, 16, 32 → (B, width, H/4, W/4).
    """

    def __init__(
        self, in_channels: Sequence[int], width: int, large_kernel: LargeKernel, intra_cl: bool
    ) -> None:
        super().__init__()
        quarter = width // 4
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1, bias=False) for channels in in_channels)
        self.project = nn.ModuleList(large_kernel(width, quarter) for _ in in_channels)
        self.down = nn.ModuleList(
            nn.Conv2d(quarter, quarter, 3, stride=2, padding=1, bias=False) for _ in in_channels[1:]
        )
        self.refine = nn.ModuleList(large_kernel(quarter, quarter) for _ in in_channels)
        for convolution in [*self.lateral, *self.down]:
            assert isinstance(convolution, nn.Conv2d)
            nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
        self.intra = nn.ModuleList(IntraCL(quarter) for _ in in_channels) if intra_cl else None
        self.out_channels = width

    def forward(self, levels: Sequence[Tensor]) -> Fused:
        summed = top_down([lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)])
        aggregated = [project(level) for project, level in zip(self.project, summed, strict=True)]
        for index, down in enumerate(self.down, 1):
            aggregated[index] = aggregated[index] + down(aggregated[index - 1])
        outputs = [refine(level) for refine, level in zip(self.refine, aggregated, strict=True)]
        if self.intra is not None:
            outputs = [intra(level) for intra, level in zip(self.intra, outputs, strict=True)]
        return Fused(side_by_side(outputs), summed)

    def graph_order(self) -> list[nn.Module]:
        return [
            *reversed(self.lateral),
            *reversed(self.project),
            *self.down,
            *self.refine,
            *reversed(self.intra or []),
        ]


class LKPAN(PathAggregation):
    """Path aggregation with dense 9×9 convolutions (`large`) or depthwise separable ones (`lite`)."""

    def __init__(
        self,
        in_channels: Sequence[int],
        width: int = 256,
        mode: Literal["large", "lite"] = "large",
        intra_cl: bool = False,
    ) -> None:
        super().__init__(in_channels, width, _dense if mode == "large" else SeparableLargeKernel, intra_cl)


def _dense(in_channels: int, out_channels: int) -> nn.Conv2d:
    convolution = nn.Conv2d(in_channels, out_channels, 9, padding=4, bias=False)
    nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
    return convolution


class SeparableLargeKernel(nn.Module):
    """dw9×9-BN, 1×1 to four times the channels-BN-ReLU, 1×1; plus a 1×1 shortcut where the widths differ.

    Shapes: (B, in_channels, H, W) → (B, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise = ConvBN(in_channels, in_channels, 9, groups=in_channels)
        self.expand = ConvBN(in_channels, 4 * in_channels, 1, act="relu")
        self.project = nn.Conv2d(4 * in_channels, out_channels, 1, bias=False)
        widths_differ = in_channels != out_channels
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, bias=False) if widths_differ else None

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.expand(self.depthwise(x)))
        return y if self.shortcut is None else y + self.shortcut(x)
