"""Path aggregation in PicoDet's cheap form: one narrow width, a way down and a way up, and a level on top.

    T_i = 1×1(C_i)                                  all levels at one width
    P_n = T_n;  P_i = block([up(P_{i+1}), T_i])      top-down
    N_1 = P_1;  N_i = block([DP₂(N_{i-1}), P_i])     bottom-up
    N_{n+1} = DP₂(T_n) + DP₂(N_n)                    the extra level (stride 64), some 50 000 parameters

Up is nearest-neighbour to the size of the lower level; DP₂ a 5×5 separable convolution of stride 2. `CSPPAN`
(PP-PicoDet, arXiv 2111.00902, §3.2; SLANet's neck too) fuses with a CSP block, `LCPAN` (PicoDet of March 2022)
with two separable convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sampan.vision.blocks import ConvBN, Fusable
from sampan.vision.detection.separable import SeparableConv

KERNEL = 5


class PathAggregation(Fusable):
    """Maps of `in_channels` channels, finest first → as many (one more with `extra_level`) of `out_channels`.

    `block(in, out)` builds the fusing block from the two concatenated maps, the resampled one first.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        block: Callable[[int, int], nn.Module],
        extra_level: bool,
    ) -> None:
        super().__init__()
        steps = len(in_channels) - 1
        self.channels = [out_channels] * (len(in_channels) + extra_level)
        self.lateral = nn.ModuleList(ConvBN(c, out_channels, 1, act="hardswish") for c in in_channels)
        self.extra_from_lateral: SeparableConv | None = None
        self.extra_from_last: SeparableConv | None = None
        if extra_level:
            self.extra_from_lateral = SeparableConv(out_channels, out_channels, KERNEL, stride=2)
            self.extra_from_last = SeparableConv(out_channels, out_channels, KERNEL, stride=2)
        self.top_down = nn.ModuleList(block(2 * out_channels, out_channels) for _ in range(steps))
        self.downsample = nn.ModuleList(
            SeparableConv(out_channels, out_channels, KERNEL, stride=2) for _ in range(steps)
        )
        self.bottom_up = nn.ModuleList(block(2 * out_channels, out_channels) for _ in range(steps))

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        lateral = [layer(level) for layer, level in zip(self.lateral, levels, strict=True)]
        down = [lateral[-1]]  # coarsest first
        for block, level in zip(self.top_down, reversed(lateral[:-1]), strict=True):
            raised = F.interpolate(down[-1], size=level.shape[-2:], mode="nearest")
            down.append(block(torch.cat([raised, level], dim=1)))
        down.reverse()
        up = [down[0]]
        for shrink, block, level in zip(self.downsample, self.bottom_up, down[1:], strict=True):
            up.append(block(torch.cat([shrink(up[-1]), level], dim=1)))
        if self.extra_from_lateral is not None and self.extra_from_last is not None:
            up.append(self.extra_from_lateral(lateral[-1]) + self.extra_from_last(up[-1]))
        return up

    def creation_order(self) -> list[nn.Module]:
        """Parts in the order in which the official code creates them, by which it numbers its weights."""
        extra = [part for part in (self.extra_from_lateral, self.extra_from_last) if part is not None]
        ways = zip(self.downsample, self.bottom_up, strict=True)
        return [self.lateral, *extra, self.top_down, *(part for pair in ways for part in pair)]


class CSPPAN(PathAggregation):
    """PicoDet's neck; see the file's head."""

    def __init__(self, in_channels: Sequence[int], out_channels: int, extra_level: bool = True) -> None:
        super().__init__(in_channels, out_channels, CSPBlock, extra_level)


class LCPAN(PathAggregation):
    """PicoDet's neck of 2022: two 5×5 separable convolutions, 2c → 2c → c, fuse instead of a CSP block."""

    def __init__(self, in_channels: Sequence[int], out_channels: int, extra_level: bool = True) -> None:
        super().__init__(in_channels, out_channels, _two_separable, extra_level)


class CSPBlock(nn.Module):
    """[main, short] → 1×1, main = DP₅(1×1(1×1(x))), short = 1×1(x), each half as wide; nothing is added."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.main = ConvBN(in_channels, half, 1, act="hardswish")
        self.short = ConvBN(in_channels, half, 1, act="hardswish")
        self.final = ConvBN(2 * half, out_channels, 1, act="hardswish")
        self.inner = ConvBN(half, half, 1, act="hardswish")
        self.separable = SeparableConv(half, half, KERNEL)

    def forward(self, x: Tensor) -> Tensor:
        main = self.separable(self.inner(self.main(x)))
        y: Tensor = self.final(torch.cat([main, self.short(x)], dim=1))
        return y


def _two_separable(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(
        SeparableConv(in_channels, in_channels, KERNEL),
        SeparableConv(in_channels, out_channels, KERNEL),
    )
