"""Dice loss: one minus the overlap of a probability map with its target.

    Dice = 1 − 2·Σ(p·g·m) / (Σ(p·m) + Σ(g·m) + ε)

Source: Milletari et al. 2016 in the form of DB (Liao et al. 2020) as PP-OCR trains it (PP-OCRv2, arXiv 2109.03144).
"""

from __future__ import annotations

from torch import Tensor


def dice(probability: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-6) -> Tensor:
    """Scalar in [0, 1] over the whole batch.

    Shapes: all (B, H, W). `probability` and `target` in [0, 1]; `mask` is 1 where the target is known. A batch
    with nothing to find gives 1 where anything is predicted (and 1 where nothing is): a constant without gradient
    towards 0, which is why batches without text teach only through the other terms.
    """
    overlap = (probability * target * mask).sum()
    both = (probability * mask).sum() + (target * mask).sum()
    return 1.0 - 2.0 * overlap / (both + eps)
