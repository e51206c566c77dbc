"""What all necks of the DB family share: a top-down pass, and the concatenation of all levels at stride 4.

Levels are ordered from fine (stride 4) to coarse (stride 32). Upsampling is nearest neighbour, as the released
graphs have it. Source: FPN (Lin et al. 2017) in the form of DB (Liao et al. 2020, fig. 3).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.blocks.fusion import Fusable


class Fused(NamedTuple):
    """What a neck gives."""

    features: Tensor
    """(B, C, H/4, W/4), the levels side by side, coarsest first."""
    top_down: list[Tensor]
    """The levels after the top-down pass, (B, C', H/s, W/s) for s = 4, 8, 16, 32: auxiliary heads read them."""


class Neck(Fusable):
    """Levels (B, C_i, H/s, W/s), s = 4, 8, 16, 32 → `Fused`."""

    out_channels: int
    """Of the fused map."""

    @abstractmethod
    def forward(self, levels: Sequence[Tensor]) -> Fused: ...

    @abstractmethod
    def graph_order(self) -> list[nn.Module]:
        """The layers in the order in which released graphs compute them."""

    def from_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The public tensors of a detector in the form that this neck has; most have it already."""
        return dict(state)

    def to_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The reverse of `from_public`."""
        return dict(state)


def top_down(laterals: Sequence[Tensor]) -> list[Tensor]:
    """Adds to every level the coarser one, enlarged: out_i = in_i + up₂(out_{i+1})."""
    levels = list(laterals)
    for index in range(len(levels) - 2, -1, -1):
        levels[index] = levels[index] + functional.interpolate(levels[index + 1], scale_factor=2.0)
    return levels


def side_by_side(levels: Sequence[Tensor]) -> Tensor:
    """All levels enlarged to the finest one's size and concatenated, coarsest first: [p5, p4, p3, p2]."""
    enlarged = [levels[0]]
    enlarged += [
        functional.interpolate(level, scale_factor=float(2**power))
        for power, level in enumerate(levels[1:], 1)
    ]
    return torch.cat(enlarged[::-1], dim=1)
