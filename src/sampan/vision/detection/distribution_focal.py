"""Distribution focal loss: the distance to a side is a distribution, and the bins beside the truth take its mass.

    DFL(S) = −((i+1) − y) · log S_i − (y − i) · log S_{i+1},   i = ⌊y⌋

Source: generalised focal loss, arXiv 2006.04388, eq. 6.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

MARGIN = 0.1
"""Targets are kept this far below the last bin, so that a bin to the right exists (PicoDet: 6.9 of 7)."""


def distribution_focal_loss(logits: Tensor, distances: Tensor) -> Tensor:
    """Loss of each distance (N, 4).

    logits: (N, 4·(reg_max + 1)); distances: (N, 4) in strides, clipped to [0, reg_max − 0.1].
    """
    bins = logits.view(len(logits), 4, -1)  # (N, 4, R + 1)
    reg_max = bins.shape[-1] - 1
    target = distances.clamp(0, reg_max - MARGIN)
    left = target.floor()
    right_share = target - left
    log_mass = F.log_softmax(bins, dim=-1)
    index = left.long().unsqueeze(-1)
    below = log_mass.gather(-1, index).squeeze(-1)
    above = log_mass.gather(-1, index + 1).squeeze(-1)
    return -(1 - right_share) * below - right_share * above
