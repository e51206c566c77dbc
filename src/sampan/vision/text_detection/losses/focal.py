"""Focal loss of a probability map, averaged where the target is known.

    FL = −α_t · (1 − p_t)^γ · log p_t,   mean over the mask

Source: Lin et al. 2017 (arXiv 1708.02002, eq. 5); α = .25 and γ = 2.5 are PP-OCRv6's for detection.
"""

from __future__ import annotations

from torch import Tensor


def masked_focal(
    probability: Tensor,
    target: Tensor,
    mask: Tensor,
    alpha: float = 0.25,
    gamma: float = 2.5,
    eps: float = 1e-6,
) -> Tensor:
    """Scalar. Shapes: all (B, H, W); `target` and `mask` are 0 or 1."""
    p = probability.clamp(eps, 1.0 - eps)
    p_t = p * target + (1.0 - p) * (1.0 - target)
    alpha_t = alpha * target + (1.0 - alpha) * (1.0 - target)
    loss = -alpha_t * (1.0 - p_t).pow(gamma) * p_t.log()
    return (loss * mask).sum() / (mask.sum() + eps)
