"""Symmetric divergence of two detectors' probability maps: mutual learning in CML and in DML of teachers.

    L = mean ½ [ q log((q + ε) / (p + ε) + ε) + p log((p + ε) / (q + ε) + ε) ],   ε = 1e-5

Source: PP-OCRv2 (arXiv 2109.03144, §2.1). The inner ε is the published one and biases probabilities near it;
`stable=True` leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from sampan.training.distillation.losses.pair_loss import register_pair_loss


@register_pair_loss("map-divergence")
class MapDivergence(nn.Module):
    """Both maps receive gradients.

    Args:
        channel: of the stacked maps that is compared; 0 is the probability of shrunk text.
        eps: keeps logarithms finite.
        stable: without the inner ε.
    """

    def __init__(self, channel: int = 0, eps: float = 1e-5, stable: bool = False) -> None:
        super().__init__()
        self.channel, self.eps, self.stable = channel, eps, stable

    def forward(self, first: Tensor, second: Tensor, _batch: Mapping[str, Any] | None = None) -> Tensor:
        """Scalar. Shapes: (B, maps, H, W) both, entries in [0, 1]."""
        p, q = first[:, self.channel].float(), second[:, self.channel].float()
        inner = 0.0 if self.stable else self.eps
        ratio = (p + self.eps) / (q + self.eps)
        return 0.5 * (q * (1 / ratio + inner).log() + p * (ratio + inner).log()).mean()
