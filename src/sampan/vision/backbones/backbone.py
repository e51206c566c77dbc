"""What every backbone promises: a picture in, a list of maps out, and what is known of them beforehand."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor

from sampan.vision.blocks.fusion import Fusable

Stride = int | tuple[int, int]


class Backbone(Fusable):
    """A network (B, 3, H, W) → one map (B, C, H / s, W / s) for each chosen stage, shallow ones first."""

    channels: list[int]
    """Channels of each returned map."""
    strides: list[int]
    """By how much the height of each returned map is reduced."""
    width_strides: list[int]
    """The same for the width; differs from `strides` where a network for text lines keeps columns apart."""

    @abstractmethod
    def forward(self, images: Tensor) -> list[Tensor]: ...

    def describe(self, stem: Stride, stages: Sequence[tuple[int, Stride]], out: Sequence[int]) -> None:
        """Set what is known of the maps: each stage's channels and stride, of which `out` (from 1) are returned."""
        unknown = [number for number in out if not 1 <= number <= len(stages)]
        if unknown or not out:
            raise ValueError(f"out_stages {list(out)}: choose from 1 … {len(stages)}, at least one")
        height, width = pair(stem)
        self.channels, self.strides, self.width_strides = [], [], []
        for number, (channels, stride) in enumerate(stages, 1):
            down, along = pair(stride)
            height, width = height * down, width * along
            if number in out:
                self.channels.append(channels)
                self.strides.append(height)
                self.width_strides.append(width)


def pair(value: Stride) -> tuple[int, int]:
    """(vertical, horizontal) of a stride given as one number or two."""
    return value if isinstance(value, tuple) else (value, value)
