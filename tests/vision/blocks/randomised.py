"""Modules with parameters and statistics that nothing hides behind."""

from __future__ import annotations

import torch
from torch import nn


def randomise(model: nn.Module, images: torch.Tensor | None = None, seed: int = 0) -> nn.Module:
    """Weights, γ, β, statistics and affine maps away from their defaults; returns the model in evaluation mode.

    With `images` the statistics are those of these images, so that signals and gradients reach both ends of deep
    networks instead of dying out on the way.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2, generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            elif isinstance(
                getattr(module, "scale", None), nn.Parameter
            ):  # a learnable affine map, ours or theirs
                module.scale.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
        if images is not None:
            norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
            for norm in norms:
                norm.momentum = 1.0
            model.train()(images)
            for norm in norms:
                norm.momentum = 0.1
    return model.eval()


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest |a − b| over the largest |a|."""
    return ((a - b).abs().max() / a.abs().max()).item()
