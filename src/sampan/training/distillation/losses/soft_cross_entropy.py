"""Cross-entropy against a guide's predictions: -Σ_c q_c log p_c.

Its gradient is that of KL(q‖p); SSLD compares it with the symmetric divergence (arXiv 2103.05959, §4), and
PaddleClas's configurations of small pairs use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from sampan.training.distillation.losses.pair_loss import Reduction, one_of, reduce, register_pair_loss


@register_pair_loss("soft-cross-entropy")
class SoftCrossEntropy(nn.Module):
    """The guide's softmax is the target; no gradient goes to the guide.

    Args:
        reduction: see `pair_loss.reduce`.
    """

    def __init__(self, reduction: Reduction = "positions") -> None:
        super().__init__()
        self.reduction = one_of("reduction", reduction, Reduction)

    def forward(self, first: Tensor, second: Tensor, _batch: Mapping[str, Any] | None = None) -> Tensor:
        """Scalar. Shapes: logits (B, …, C) both."""
        target = functional.softmax(second.detach().float(), dim=-1)
        return reduce(-target * functional.log_softmax(first.float(), dim=-1), self.reduction)
