"""Convolution, batch normalisation, activation: the brick of every network here."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sampan.vision.blocks.fusion import Fusable, convolution_with, fold_norm, kernel_of

Size = int | tuple[int, int]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hardswish": nn.Hardswish,
    "swish": nn.SiLU,
    "gelu": nn.GELU,  # the exact one, with erf
    "hardsigmoid": nn.Hardsigmoid,
    "leaky_relu": nn.LeakyReLU,
}


def activation(name: str | None) -> nn.Module:
    """The activation of that name, or Identity for None. Raises ValueError for an unknown name."""
    if name is None:
        return nn.Identity()
    if name not in ACTIVATIONS:
        raise ValueError(f"activation {name!r} is unknown: choose one of {', '.join(ACTIVATIONS)}, or None")
    return ACTIVATIONS[name]()


def make_divisible(value: float, divisor: int = 8) -> int:
    """Nearest multiple of `divisor`, at least `divisor`, one step up where rounding lost more than a tenth.

    Source: MobileNetV2's channel rule, as PP-LCNet scales its widths (arXiv 2109.15099, official code).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


class LearnableAffine(nn.Module):
    """y = s·x + b with one learnable s and b for the whole map (LAB of PP-HGNetV2 and PP-LCNetV3)."""

    def __init__(self, scale: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([scale]))
        self.bias = nn.Parameter(torch.tensor([bias]))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.bias


class ConvBN(Fusable):
    """Convolution without bias → batch normalisation → activation (→ learnable affine).

    Shapes: (B, in_channels, H, W) → (B, out_channels, H', W'). `padding` None keeps the size at stride 1 (half the
    kernel). After `fuse()` the convolution has a bias and the normalisation is an Identity.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | None = None,
        groups: int = 1,
        act: str | None = None,
        *,
        dilation: int = 1,
        affine: bool = False,
    ) -> None:
        super().__init__()
        if padding is None:
            height, width = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
            padding = ((height - 1) * dilation // 2, (width - 1) * dilation // 2)
        self.convolution = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups=groups, bias=False
        )
        self.normalization: nn.Module = nn.BatchNorm2d(out_channels)
        self.activation = activation(act)
        self.affine: nn.Module = LearnableAffine() if affine else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.affine(self.activation(self.normalization(self.convolution(x))))
        return y

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if isinstance(self.normalization, nn.BatchNorm2d):
            kernel = fold_norm(kernel_of(self.convolution), self.normalization)
            self.convolution = convolution_with(kernel, self.convolution)
            self.normalization = nn.Identity()

    @torch.no_grad()
    def load_fused(self, weight: Tensor, bias: Tensor) -> None:
        """Take over a fused convolution, in the form that this module has now; exact in evaluation mode."""
        self.convolution.weight.copy_(weight)
        if isinstance(self.normalization, nn.BatchNorm2d):
            set_to_shift(self.normalization, bias)
        else:
            assert self.convolution.bias is not None
            self.convolution.bias.copy_(bias)


@torch.no_grad()
def set_to_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d, shift: Tensor) -> None:
    """Make a normalisation add `shift` and do nothing else in evaluation mode: μ = 0, σ² = 1 − ε, γ = 1."""
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.fill_(1)
    norm.bias.copy_(shift)


@torch.no_grad()
def silence(norm: nn.Module) -> None:
    """Let a branch that ends in this normalisation add nothing, and still learn: γ = β = 0."""
    assert isinstance(norm, nn.BatchNorm2d)
    norm.weight.zero_()
    norm.bias.zero_()


def initialise(model: nn.Module) -> None:
    """Kaiming-normal convolutions (std √(2 / fan-in)), zero biases, γ = 1 and β = 0: the family's start.

    Source: official code of PP-LCNet and its descendants.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
