"""Normalisations of released weights, brought back to life so that training can go on.

Released files have folded most normalisations away; `load_fused` puts them back as γ = 1 over made-up statistics,
which is exact in evaluation mode and wrong in training mode, where a batch's own statistics count. Here each layer
gets the statistics of real inputs, and the γ and β with which it computes what it computed before: afterwards both
modes agree, and fine-tuning starts from the released model instead of from noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

Norm = nn.BatchNorm1d | nn.BatchNorm2d


class _Moments:
    """Sum and sum of squares of a layer's input, by channel."""

    def __init__(self) -> None:
        self.count = 0
        self.total: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0

    def __call__(self, _norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        x = inputs[0].detach().double().transpose(0, 1).flatten(1)  # (C, values)
        self.count += x.shape[1]
        self.total = self.total + x.sum(1)
        self.squares = self.squares + x.square().sum(1)


@torch.no_grad()
def restore_statistics(
    model: nn.Module,
    batches: Iterable[Any],
    forward: Callable[[nn.Module, Any], Any] = lambda model, batch: model(batch),
) -> int:
    """Set running statistics from real batches, in place, leaving the evaluation function as it is.

    Args:
        model: in training form (not fused), on the batches' device.
        batches: a few hundred real inputs, prepared as in training.
        forward: how the model takes a batch.

    Returns:
        How many normalisations were set: those that saw an input.
    """
    norms = [module for module in model.modules() if isinstance(module, Norm)]
    moments = [_Moments() for _ in norms]
    hooks = [norm.register_forward_pre_hook(each) for norm, each in zip(norms, moments, strict=True)]
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        for batch in batches:
            forward(model, batch)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in training.items():
            module.training = mode
    seen = [(norm, each) for norm, each in zip(norms, moments, strict=True) if each.count]
    for norm, each in seen:
        _set(norm, each)
    return len(seen)


def _set(norm: Norm, moments: _Moments) -> None:
    """γ' = a·√(σ'² + ε) and β' = β + a·(μ' − μ) with a = γ / √(σ² + ε): the same map over new statistics."""
    assert norm.running_mean is not None and norm.running_var is not None
    mean = torch.as_tensor(moments.total) / moments.count
    variance = (torch.as_tensor(moments.squares) / moments.count - mean.square()).clamp_min(0)
    slope = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    norm.bias.copy_(norm.bias.double() + slope * (mean - norm.running_mean.double()))
    norm.weight.copy_(slope * torch.sqrt(variance + norm.eps))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
