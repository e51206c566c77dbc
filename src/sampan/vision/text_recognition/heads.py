"""Heads that name the character of each column: logits over the dictionary, read by CTC.

No head applies a softmax: losses work on logits, and reading takes the softmax where it needs it.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.blocks import Fusable
from sampan.vision.text_recognition.norm1d import fold_norm1d


class CTCHead(nn.Module):
    """One Linear, or two with `mid` channels between (PP-OCRv2 §3.1: 128 → 96 → V).

    `features` of the output are what centre loss measures: the input of the last Linear.
    """

    def __init__(self, in_channels: int, classes: int, mid: int | None = None) -> None:
        super().__init__()
        self.reduce: nn.Module = nn.Linear(in_channels, mid) if mid else nn.Identity()
        self.classify = nn.Linear(mid or in_channels, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, in_channels) → logits (B, T, classes) and features (B, T, mid or in_channels)."""
        features = self.reduce(x)
        return self.classify(features), features


class TinyHead(Fusable):
    """PP-OCRv6 tiny's head in place of a neck: depthwise Conv1d k5 and 1×1, each with BN and h-swish, then two FC.

    `use_guide` of the official configuration means these two convolutions and has nothing to do with guided
    training (`detach` of the recogniser).
    """

    def __init__(self, in_channels: int = 160, classes: int = 6906, mid: int = 80) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(in_channels, in_channels, 5, padding=2, groups=in_channels, bias=False)
        self.norm1: nn.Module = nn.BatchNorm1d(in_channels)
        self.pointwise = nn.Conv1d(in_channels, in_channels, 1, bias=False)
        self.norm2: nn.Module = nn.BatchNorm1d(in_channels)
        self.reduce = nn.Linear(in_channels, mid)
        self.classify = nn.Linear(mid, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, in_channels) → logits (B, T, classes) and features (B, T, mid)."""
        y = x.transpose(1, 2)  # (B, C, T)
        y = functional.hardswish(self.norm1(self.depthwise(y)))
        y = functional.hardswish(self.norm2(self.pointwise(y)))
        features = self.reduce(y.transpose(1, 2))
        return self.classify(features), features

    def fuse_branches(self) -> None:
        if isinstance(self.norm1, nn.BatchNorm1d) and isinstance(self.norm2, nn.BatchNorm1d):
            self.depthwise = fold_norm1d(self.depthwise, self.norm1)
            self.pointwise = fold_norm1d(self.pointwise, self.norm2)
            self.norm1 = nn.Identity()
            self.norm2 = nn.Identity()
