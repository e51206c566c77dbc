"""Re-parameterised convolutions: several branches in training, one convolution afterwards.

`RepDepthwise` is LCNetV4's token mixer, `RepConv` LCNetV3's learnable layer, `DilatedReparam` the large kernel of
PP-OCRv6's necks. All follow the protocol of `fusion`: `fuse()` is exact, and `load_fused` puts the weights of a
released (fused) convolution into the training form, exactly again, so that training can go on from them.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from sampan.vision.blocks.conv import ConvBN, LearnableAffine, Size, activation, set_to_shift, silence
from sampan.vision.blocks.fusion import (
    Fusable,
    Kernel,
    centred,
    convolution_with,
    fold_norm,
    identity_kernel,
    kernel_of,
    norm_scale_and_shift,
    spread,
)


class RepDepthwise(Fusable):
    """BN( BN(dw3×3(x)) + dw1×1(x) + x ): stride 1, equal channels (LCNetV4, arXiv 2606.13108; RepViT's token mixer).

    Shapes: (B, C, H, W) → the same. After `fuse()` one depthwise convolution with bias, named `fused`.
    """

    def __init__(self, channels: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.large: ConvBN | None = ConvBN(channels, channels, kernel_size, groups=channels)
        self.small: nn.Conv2d | None = nn.Conv2d(channels, channels, 1, groups=channels)
        self.normalization: nn.BatchNorm2d | None = nn.BatchNorm2d(channels)
        self.fused: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.fused is not None:
            y: Tensor = self.fused(x)
        else:
            assert self.large is not None and self.small is not None and self.normalization is not None
            y = self.normalization(self.large(x) + self.small(x) + x)
        return y

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if self.large is None or self.small is None or self.normalization is None:
            return
        self.large.fuse_branches()
        weight, bias = kernel_of(self.large.convolution)
        channels, size = len(weight), weight.shape[-1]
        small, small_bias = kernel_of(self.small)
        weight = weight + centred(small, size) + identity_kernel(channels, channels, size, weight)
        kernel = fold_norm((weight, bias + small_bias), self.normalization)
        self.fused = convolution_with(kernel, self.large.convolution)
        self.large = self.small = self.normalization = None

    def kernel_like(self) -> Tensor:
        """A tensor of the shape of the fused kernel."""
        if self.fused is not None:
            return self.fused.weight
        assert self.large is not None
        return self.large.convolution.weight

    @torch.no_grad()
    def load_fused(self, weight: Tensor, bias: Tensor) -> None:
        """Take over a fused convolution; the 1×1 branch starts at zero and the identity is subtracted."""
        if self.fused is not None:
            _copy(self.fused, weight, bias)
            return
        assert self.large is not None and self.small is not None and self.normalization is not None
        channels, _, size, _ = weight.shape
        self.large.load_fused(
            weight - identity_kernel(channels, channels, size, weight), torch.zeros_like(bias)
        )
        self.small.weight.zero_()
        assert self.small.bias is not None
        self.small.bias.zero_()
        set_to_shift(self.normalization, bias)


class RepConv(Fusable):
    """LCNetV3's learnable layer: Σ N×BN(conv k×k) + BN(conv 1×1) + BN(x) → affine → [activation → affine].

    Shapes: (B, in_channels, H, W) → (B, out_channels, H', W'). The 1×1 branch exists for k > 1, the identity branch
    for stride 1 and equal channels. A stride of 2 (the number, not a pair) leaves out the activation and the second
    affine map, whose two frozen parameters stay because the public layout has them. After `fuse()` one convolution
    with bias, into which the first affine map is folded. Source: official code of PP-LCNetV3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: Size = 1,
        groups: int = 1,
        branches: int = 4,
        act: str = "hardswish",
    ) -> None:
        super().__init__()
        arguments = (in_channels, out_channels)
        self.symmetric: nn.ModuleList | None = nn.ModuleList(
            ConvBN(*arguments, kernel_size, stride, groups=groups) for _ in range(branches)
        )
        self.small = ConvBN(*arguments, 1, stride, 0, groups) if kernel_size > 1 else None
        self.identity = nn.BatchNorm2d(in_channels) if in_channels == out_channels and stride == 1 else None
        self.affine: LearnableAffine | None = LearnableAffine()
        self.fused: nn.Conv2d | None = None
        self.activation = activation(act)
        self.affine_after = LearnableAffine().requires_grad_(stride != 2)
        self.linear = stride == 2

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor
        if self.fused is not None:
            y = self.fused(x)
        else:
            assert self.symmetric is not None
            y = sum((branch(x) for branch in self.symmetric), x.new_zeros(()))
            if self.small is not None:
                y = y + self.small(x)
            if self.identity is not None:
                y = y + self.identity(x)
        if self.affine is not None:
            y = self.affine(y)
        return y if self.linear else self.affine_after(self.activation(y))

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if self.symmetric is None:
            return
        assert self.affine is not None
        first = self.symmetric[0]
        assert isinstance(first, ConvBN)
        weight, bias = self._kernel(first.convolution)
        scale = self.affine.scale.double()
        self.fused = convolution_with(
            (weight * scale, bias * scale + self.affine.bias.double()), first.convolution
        )
        self.symmetric = self.small = self.identity = self.affine = None

    def _kernel(self, like: nn.Conv2d) -> Kernel:
        assert self.symmetric is not None
        size = like.kernel_size[0]
        weight, bias = torch.zeros_like(like.weight, dtype=torch.float64), like.weight.new_zeros(1).double()
        for branch in [*self.symmetric, *([self.small] if self.small is not None else [])]:
            assert isinstance(branch, ConvBN)
            branch.fuse_branches()
            branch_weight, branch_bias = kernel_of(branch.convolution)
            weight, bias = weight + centred(branch_weight, size), bias + branch_bias
        if self.identity is not None:
            scale, shift = norm_scale_and_shift(self.identity)
            unit = identity_kernel(like.out_channels, like.groups, size, weight)
            weight, bias = weight + unit * scale[:, None, None, None], bias + shift
        return weight, bias

    def kernel_like(self) -> Tensor:
        """A tensor of the shape of the fused kernel."""
        assert self.symmetric is not None
        first = self.symmetric[0]
        assert isinstance(first, ConvBN)
        return first.convolution.weight

    @torch.no_grad()
    def load_fused(self, weight: Tensor, bias: Tensor) -> None:
        """Take over a fused convolution whose affine map is stored apart: it goes into the first branch.

        The other branches keep their kernels and start at γ = 0. In fused form the affine map is part of the
        convolution: load before `fuse()`, or give weights that contain it.
        """
        if self.fused is not None:
            _copy(self.fused, weight, bias)
            return
        assert self.symmetric is not None
        branches = [*self.symmetric, *([self.small] if self.small is not None else [])]
        for number, branch in enumerate(branches):
            assert isinstance(branch, ConvBN)
            if number == 0:
                branch.load_fused(weight, bias)
            else:
                silence(branch.normalization)
        if self.identity is not None:
            silence(self.identity)


class DilatedReparam(Fusable):
    """A large depthwise kernel with parallel dilated small ones: BN(dw k) + Σ BN(dw kᵢ, dilation rᵢ).

    Shapes: (B, C, H, W) → the same. After `fuse()` one k×k depthwise convolution with bias, named `fused`.
    Source: UniRepLKNet, arXiv 2311.15599, §3.1; the branches of each size are PP-OCRv6's (arXiv 2606.13108).
    """

    BRANCHES: ClassVar[dict[int, tuple[tuple[int, int], ...]]] = {
        5: ((3, 1), (3, 2)),
        7: ((5, 1), (3, 2), (3, 3)),
        9: ((5, 1), (5, 2), (3, 3), (3, 4)),
    }
    """Kernel size and dilation of the parallel branches, by the size of the large kernel."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        if kernel_size not in self.BRANCHES:
            raise ValueError(
                f"kernel_size {kernel_size} has no branches: choose one of {list(self.BRANCHES)}"
            )
        self.large: ConvBN | None = ConvBN(channels, channels, kernel_size, groups=channels)
        self.dilated: nn.ModuleList | None = nn.ModuleList(
            ConvBN(channels, channels, size, groups=channels, dilation=dilation)
            for size, dilation in self.BRANCHES[kernel_size]
        )
        self.fused: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.fused is not None:
            fused: Tensor = self.fused(x)
            return fused
        assert self.large is not None and self.dilated is not None
        y: Tensor = self.large(x)
        for branch in self.dilated:
            y = y + branch(x)
        return y

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if self.large is None or self.dilated is None:
            return
        self.large.fuse_branches()
        weight, bias = kernel_of(self.large.convolution)
        for branch in self.dilated:
            assert isinstance(branch, ConvBN)
            branch.fuse_branches()
            small, small_bias = kernel_of(branch.convolution)
            weight = weight + centred(spread(small, branch.convolution.dilation[0]), weight.shape[-1])
            bias = bias + small_bias
        self.fused = convolution_with((weight, bias), self.large.convolution)
        self.large = self.dilated = None

    def kernel_like(self) -> Tensor:
        """A tensor of the shape of the fused kernel."""
        if self.fused is not None:
            return self.fused.weight
        assert self.large is not None
        return self.large.convolution.weight

    @torch.no_grad()
    def load_fused(self, weight: Tensor, bias: Tensor) -> None:
        """Take over a fused convolution: it becomes the large kernel, the dilated branches start at γ = 0."""
        if self.fused is not None:
            _copy(self.fused, weight, bias)
            return
        assert self.large is not None and self.dilated is not None
        self.large.load_fused(weight, bias)
        for branch in self.dilated:
            assert isinstance(branch, ConvBN)
            silence(branch.normalization)


def _copy(convolution: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    convolution.weight.copy_(weight)
    assert convolution.bias is not None
    convolution.bias.copy_(bias)
