"""What all necks of the DB family share: a top-down pass, and the concatenation of all levels at stride 4.

Levels are ordered from fine (stride 4) to coarse (stride 32). Upsampling is nearest neighbour, as the released
graphs have it. Source: FPN (Lin et al. 2017) in the form of DB (Liao et al. 2020, fig. 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Fused(NamedTuple):
    """What a neck gives."""

    features: Tensor
    """(B, C, H/4, W/4), the levels side by side, coarsest first."""
    top_down: list[Tensor]
    """The levels after the top-down pass, (B, C', H/s, W/s) for s = 4, 8, 16, 32: auxiliary heads read them."""


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
