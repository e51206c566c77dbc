"""Online hard example mining: all text pixels and the worst background pixels, at most `ratio` times as many.

    L = (Σ_positive ℓ + Σ_top-k negative ℓ) / (n⁺ + k + ε),   k = min(n⁻, ratio · n⁺)

Source: DB (Liao et al. 2020, §3.5) as PP-OCR trains it. PP-OCR's preset "balanced Dice" feeds a *scalar* Dice
through this rule: every pixel then has the same loss, the mining cancels, and what is left is plain Dice (PP-OCRv2
card §2.3). So that preset is `dice` here, and a test holds the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor


def balanced(loss: Tensor, target: Tensor, mask: Tensor, ratio: float = 3.0, eps: float = 1e-6) -> Tensor:
    """Scalar: the mean of a loss map over text and the hardest background.

    Shapes: `loss`, `target` (0 or 1) and `mask` (0 or 1) are (B, H, W). Without any text pixel it is 0.
    """
    positive = target * mask
    negative = (1.0 - target) * mask
    positives = int(positive.sum())
    negatives = min(int(negative.sum()), int(positives * ratio))
    total = (positive * loss).sum()
    if negatives > 0:
        total = total + torch.topk((negative * loss).flatten(), negatives, sorted=False).values.sum()
    return total / (positives + negatives + eps)


def binary_cross_entropy(probability: Tensor, target: Tensor, eps: float = 1e-7) -> Tensor:
    """Elementwise −[g·log p + (1−g)·log(1−p)], p clipped to [eps, 1−eps]. Shapes: any, equal.

    Written out because torch's own refuses to run under autocast, where a probability map is what the head gives.
    """
    p = probability.clamp(eps, 1.0 - eps)
    return -(target * p.log() + (1.0 - target) * (1.0 - p).log())
