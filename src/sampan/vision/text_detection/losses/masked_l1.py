"""L1 of the threshold map, in the border bands only: Σ|T − T*|·m / (Σm + ε) (DB, Liao et al. 2020, eq. 7)."""

from __future__ import annotations

from torch import Tensor


def masked_l1(prediction: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-6) -> Tensor:
    """Scalar. Shapes: all (B, H, W); `mask` is 1 inside the bands around text."""
    return ((prediction - target).abs() * mask).sum() / (mask.sum() + eps)
