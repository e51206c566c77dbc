"""Aggregation cross-entropy: how often each character stands in the line, wherever it stands (arXiv 1904.08364 §3).

With ȳ_k = 1/T Σ_t p_k(t) and the counted share N̄_k = N_k / T (the blank takes what is left of the T frames):
L = −Σ_k N̄_k · ln ȳ_k. Used beside CTC with weight 0.1 (PP-OCRv2 §3.3). PaddleOCR's code passes ȳ through a second
softmax before the logarithm; here stands the paper's equation 5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST = 1e-12


class ACELoss(nn.Module):
    """Mean over the lines of the cross-entropy between counted and predicted shares of the classes."""

    def forward(self, logits: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
        """Scalar loss of logits (B, T, V), labels (B, L) with their lengths (B,)."""
        _, frames, classes = logits.shape
        shares = torch.softmax(logits.float(), dim=2).mean(1)  # (B, V)
        real = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]  # (B, L)
        counts = shares.new_zeros(len(labels), classes)
        counts.scatter_add_(1, labels.long() * real, real.to(shares.dtype))
        counts[:, 0] = frames - lengths
        return -(counts / frames * shares.clamp_min(_LEAST).log()).sum(1).mean()
