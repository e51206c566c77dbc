"""Folding a batch normalisation into the one-dimensional convolution before it, exactly."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def fold_norm1d(convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> nn.Conv1d:
    """A Conv1d with bias that equals `norm(convolution(x))` in evaluation mode: W·γ/√(σ²+ε), β − μ·γ/√(σ²+ε)."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    shift = norm.bias.double() - norm.running_mean.double() * scale
    if convolution.bias is not None:
        shift = shift + convolution.bias.double() * scale
    fused = nn.Conv1d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size[0],
        padding=convolution.padding if isinstance(convolution.padding, str) else convolution.padding[0],
        groups=convolution.groups,
        device=convolution.weight.device,
        dtype=convolution.weight.dtype,
    )
    fused.weight.copy_(convolution.weight.double() * scale[:, None, None])
    assert fused.bias is not None
    fused.bias.copy_(shift)
    return fused.train(convolution.training).requires_grad_(convolution.weight.requires_grad)
