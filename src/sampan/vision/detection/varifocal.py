"""Varifocal loss: a classifier learns to say how well the box fits, and is not drowned by the background.

    VFL(p, q) = q · BCE(p, q)             where q > 0    (q: IoU of the predicted box with its object)
              = α · p^γ · BCE(p, 0)       where q = 0

Source: VarifocalNet, arXiv 2008.13367, eq. 2, α = 0.75, γ = 2. The weight takes part in the gradient.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ALPHA, GAMMA = 0.75, 2.0


def varifocal_loss(
    scores: Tensor, targets: Tensor, logits: Tensor | None = None, alpha: float = ALPHA, gamma: float = GAMMA
) -> Tensor:
    """Loss of each score, same shape as `scores`.

    scores: probabilities (…); targets: q in [0, 1] (…); logits: those of the scores if there are any, which keeps
    the logarithms exact for scores near 0 and 1.
    """
    if logits is None:
        entropy = binary_entropy(scores, targets)
    else:
        entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    positive = (targets > 0).to(scores.dtype)
    weight = targets * positive + alpha * (scores - targets).abs().pow(gamma) * (1 - positive)
    return weight * entropy


def binary_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """−q log p − (1 − q) log(1 − p), p kept one rounding step away from 0 and 1.

    PyTorch's own refuses to run where CUDA chooses half precision (autocast), though the scores here are wide.
    """
    step = torch.finfo(scores.dtype).eps
    p = scores.clamp(step, 1 - step)
    return -targets * p.log() - (1 - targets) * (1 - p).log()
