"""One exact `fuse()` for every re-parameterised block: a training form and the single convolution it equals.

In evaluation mode batch normalisation is affine, so a convolution followed by it is a convolution with bias, and
a sum of parallel convolutions is the convolution with the sum of their kernels (RepVGG, arXiv 2101.03697, §3.3).
The arithmetic is done in float64 and stored in the parameter's type.
"""

from __future__ import annotations

from typing import Self, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Kernel = tuple[Tensor, Tensor]
"""Weight (C_out, C_in / groups, k_h, k_w) and bias (C_out,) of a convolution, in float64."""

M = TypeVar("M", bound=nn.Module)


class Fusable(nn.Module):
    """A module with a cheaper form that computes the same as its evaluation mode.

    Blocks override `fuse_branches`; networks need only derive from this class to have `fuse()`.
    """

    def fuse(self) -> Self:
        """Bring this module and all below it into the cheap form, in place; a second call changes nothing.

        The result equals the module in evaluation mode up to rounding. It can be trained further, but its
        normalisation is gone.
        """
        return fuse(self)

    @torch.no_grad()
    def fuse_branches(self) -> None:
        """Fuse what this module itself holds; its children have been fused before."""


def fuse(model: M) -> M:
    """`Fusable.fuse` for any module: fuses every Fusable in it, children first, in place."""
    for module in reversed(list(model.modules())):
        if isinstance(module, Fusable):
            module.fuse_branches()
    return model


def fold_norm(kernel: Kernel, norm: nn.BatchNorm2d) -> Kernel:
    """Convolution and the normalisation behind it: W·γ/√(σ²+ε) and β + (b − μ)·γ/√(σ²+ε)."""
    weight, bias = kernel
    scale, shift = norm_scale_and_shift(norm)
    return weight * scale[:, None, None, None], bias * scale + shift


def norm_scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """The affine map of a normalisation in evaluation mode, two tensors (C,) in float64."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(
            "a normalisation without running statistics cannot be fused: track_running_stats=True"
        )
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    scale = torch.rsqrt(variance + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight.double()
    shift = -mean * scale
    if norm.bias is not None:
        shift = shift + norm.bias.double()
    return scale, shift


def kernel_of(convolution: nn.Conv2d) -> Kernel:
    """Weight and bias (zeros if it has none) in float64."""
    weight = convolution.weight.detach().double()
    if convolution.bias is None:
        return weight, weight.new_zeros(len(weight))
    return weight, convolution.bias.detach().double()


def centred(weight: Tensor, size: int) -> Tensor:
    """A kernel of odd size as the middle of one of odd size `size` ≥ its own."""
    margin_y, margin_x = (size - weight.shape[-2]) // 2, (size - weight.shape[-1]) // 2
    return functional.pad(weight, (margin_x, margin_x, margin_y, margin_y))


def spread(weight: Tensor, dilation: int) -> Tensor:
    """The dense kernel of a dilated one: d − 1 zeros between neighbours (UniRepLKNet, arXiv 2311.15599, §3.1)."""
    if dilation == 1:
        return weight
    out_channels, in_channels, height, width = weight.shape
    dense = weight.new_zeros(
        out_channels, in_channels, (height - 1) * dilation + 1, (width - 1) * dilation + 1
    )
    dense[..., ::dilation, ::dilation] = weight
    return dense


def identity_kernel(channels: int, groups: int, size: int, like: Tensor) -> Tensor:
    """The k×k kernel that returns its input: (channels, channels / groups, size, size)."""
    per_group = channels // groups
    weight = like.new_zeros(channels, per_group, size, size)
    index = torch.arange(channels, device=like.device)
    weight[index, index % per_group, size // 2, size // 2] = 1
    return weight


def convolution_with(kernel: Kernel, like: nn.Conv2d) -> nn.Conv2d:
    """A convolution with bias that has this kernel and the stride, groups, device and type of `like`.

    Its padding keeps the kernel centred where `like` pads symmetrically by half its own kernel.
    """
    weight, bias = kernel
    grown = tuple((new - old) // 2 for new, old in zip(weight.shape[-2:], like.kernel_size, strict=True))
    if isinstance(like.padding, str):
        raise ValueError(f"padding={like.padding!r} cannot be fused: give the padding in pixels")
    fused = nn.Conv2d(
        like.in_channels,
        like.out_channels,
        (int(weight.shape[-2]), int(weight.shape[-1])),
        (like.stride[0], like.stride[1]),
        (like.padding[0] + grown[0], like.padding[1] + grown[1]),
        (like.dilation[0], like.dilation[1]),
        groups=like.groups,
        device=like.weight.device,
        dtype=like.weight.dtype,
    )
    with torch.no_grad():
        fused.weight.copy_(weight)
        assert fused.bias is not None
        fused.bias.copy_(bias)
    return fused.train(like.training).requires_grad_(like.weight.requires_grad)
