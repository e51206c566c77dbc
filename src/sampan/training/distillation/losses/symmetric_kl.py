"""Symmetric Kullback–Leibler divergence of two models' predictions: the loss of SSLD, DML and U-DML.

    L = ½ Σ_c [ p_c log(p_c / q_c) + q_c log(q_c / p_c) ],    p = softmax(learner), q = softmax(guide)

Papers and their code call this "JS divergence"; it is Jeffreys' divergence halved, without the mixture of
Jensen and Shannon, which stands here as `form="jensen-shannon"`:

    JS = ½ Σ_c [ p_c log(p_c / m_c) + q_c log(q_c / m_c) ],   m = ½ (p + q)

Sources: SSLD (arXiv 2103.05959, §3; temperature 1, no labels), PP-OCRv2 (arXiv 2109.03144, §2.2 U-DML), Deep
Mutual Learning (arXiv 1706.00384, eqs. 3–6). Logarithms are taken by log-softmax in float32 and not of p + 1e-12:
the values agree to 1e-9 where both are defined, and half precision does not underflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.training.distillation.losses.pair_loss import Reduction, one_of, reduce, register_pair_loss

Form = Literal["symmetric", "forward", "reverse", "jensen-shannon"]
Activation = Literal["softmax", "sigmoid", "none"]


@register_pair_loss("symmetric-kl")
class SymmetricKL(nn.Module):
    """½ (KL(p‖q) + KL(q‖p)), or one of its relatives.

    Args:
        form: `symmetric`; `forward` is KL(q‖p), whose gradient is that of soft cross-entropy; `reverse` is
            KL(p‖q); `jensen-shannon` is bounded by log 2.
        activation: `softmax` over the last dimension; `sigmoid` for labels that do not exclude each other, each a
            choice of two; `none` when the outputs are probabilities already.
        reduction: see `pair_loss.reduce`.
        times_classes: multiplies by the number of classes, as PaddleClas does with `sum_across_class_dim`.
        temperature: divides both logits, and the loss is multiplied by its square; SSLD uses none (1).
    """

    def __init__(
        self,
        form: Form = "symmetric",
        activation: Activation = "softmax",
        reduction: Reduction = "batch",
        times_classes: bool = False,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.form, self.activation = one_of("form", form, Form), one_of("activation", activation, Activation)
        self.reduction = one_of("reduction", reduction, Reduction)
        self.times_classes, self.temperature = times_classes, temperature

    def forward(self, first: Tensor, second: Tensor, _batch: Mapping[str, Any] | None = None) -> Tensor:
        """Scalar ≥ 0, 0 for equal predictions. Shapes: both (B, …, C)."""
        log_p, log_q = self._log(first), self._log(second)
        p, q = log_p.exp(), log_q.exp()
        if self.form == "symmetric":
            terms = 0.5 * (p - q) * (log_p - log_q)
        elif self.form == "forward":
            terms = q * (log_q - log_p)
        elif self.form == "reverse":
            terms = p * (log_p - log_q)
        else:
            log_m = torch.logaddexp(log_p, log_q) - torch.log(torch.tensor(2.0))
            terms = 0.5 * (p * (log_p - log_m) + q * (log_q - log_m))
        scale = self.temperature**2 * (first.shape[-1] if self.times_classes else 1)
        return reduce(terms, self.reduction) * scale

    def _log(self, value: Tensor) -> Tensor:
        """Logarithms of probabilities, classes last; for `sigmoid` (B, …, 2 C): yes and no of each label."""
        value = value.float()
        if self.activation == "none":
            return value.clamp_min(1e-12).log()
        value = value / self.temperature
        if self.activation == "softmax":
            return functional.log_softmax(value, dim=-1)
        return torch.cat([functional.logsigmoid(value), functional.logsigmoid(-value)], dim=-1)
