"""Batch statistics for models whose normalisations were folded away, so that training can go on from them.

Released graphs hold convolutions with the normalisation folded in. Put back into the training form, a normalisation
has μ = 0 and σ² = 1, which is exact in evaluation mode and wrong in training mode, where the batch's own statistics
take their place. Here the statistics m, v of what really arrives are measured, and γ, β changed so that the
evaluation mode stays as it was: with a = γ/√(σ²+ε) and b = β − μ·a, γ' = a·√(v+ε) and β' = b + a·m.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sampan.errors import OptionError

_Norm = nn.BatchNorm1d | nn.BatchNorm2d


@dataclass
class _Sums:
    count: int = 0
    total: Tensor | float = 0.0
    squares: Tensor | float = 0.0


@torch.no_grad()
def calibrate_norms(model: nn.Module, images: Iterable[Tensor]) -> int:
    """Sets every batch normalisation's statistics to those that `images` (batches as the model takes them) cause.

    The model computes the same in evaluation mode afterwards, up to rounding, and nearly the same in training mode.
    Returns the number of normalisations; those that no batch reached stay as they are.

    Raises:
        OptionError: there is no batch.
    """
    sums: dict[_Norm, _Sums] = {
        module: _Sums() for module in model.modules() if isinstance(module, _Norm) and module.affine
    }
    hooks = [norm.register_forward_pre_hook(_gather(entry)) for norm, entry in sums.items()]
    training = model.training
    model.eval()
    batches = 0
    try:
        for batch in images:
            model(batch)
            batches += 1
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    if not batches:
        raise OptionError("no pictures to measure the statistics of: give at least one batch")
    for norm, entry in sums.items():
        if entry.count:
            _settle(norm, entry)
    return len(sums)


def _gather(entry: _Sums):  # type: ignore[no-untyped-def]
    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double().transpose(0, 1).flatten(1)  # (C, N)
        entry.count += x.shape[1]
        entry.total = entry.total + x.sum(1)
        entry.squares = entry.squares + x.square().sum(1)

    return hook


def _settle(norm: _Norm, entry: _Sums) -> None:
    assert isinstance(entry.total, Tensor) and isinstance(entry.squares, Tensor)
    assert norm.running_mean is not None and norm.running_var is not None
    mean = entry.total / entry.count
    variance = (entry.squares / entry.count - mean.square()).clamp_min(0)
    scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    shift = norm.bias.double() - norm.running_mean.double() * scale
    norm.weight.copy_(scale * torch.sqrt(variance + norm.eps))
    norm.bias.copy_(shift + scale * mean)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
