"""Weights out of graphs that Paddle exported: constants numbered in the order in which layers were created.

`conv2d_7.w_0` is the eighth convolution that the official code creates (`.b_0` its bias if it has one),
`batch_norm2d_3.w_0 / b_0 / w_1 / w_2` the γ, β, mean and variance of the fourth normalisation, `linear_0.w_0` a
linear layer stored (in, out). Numbers may be missing where the official code created and dropped a layer. Given
our layers in the same order, the rest is counting. `vision.weights.onnx_layers` reads files by the order in which the
graph computes instead, which parallel branches (CSP blocks) and loops (SLAHead) leave open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sampan.errors import WeightsError
from sampan.vision.blocks import ConvBN

Tensors = Mapping[str, NDArray[np.generic]]


def convolutions(parts: Iterable[nn.Module]) -> Iterator[ConvBN | nn.Conv2d]:
    """The convolutions of the parts in the order of their definition, each with its normalisation if it has one."""
    for part in parts:
        if isinstance(part, ConvBN | nn.Conv2d):
            yield part
        else:
            yield from convolutions(part.children())


@torch.no_grad()
def load_convolutions(layers: Sequence[ConvBN | nn.Conv2d], tensors: Tensors) -> None:
    """Copy `conv2d_*` and `batch_norm*_*` into the layers, which stand in the order of their creation.

    Raises:
        WeightsError: the file has another number of layers, or a layer another shape.
    """
    names = _numbered(tensors, "conv2d")
    # Backbones count their normalisations as batch_norm, necks as batch_norm2d; the backbone is created first.
    norms = [*_numbered(tensors, "batch_norm"), *_numbered(tensors, "batch_norm2d")]
    normalised = [layer for layer in layers if isinstance(layer, ConvBN)]
    if len(names) != len(layers) or len(norms) != len(normalised):
        raise WeightsError(
            f"the file has {len(names)} convolutions and {len(norms)} normalisations, the model {len(layers)} and "
            f"{len(normalised)}: choose the size of the model that the weights belong to"
        )
    for name, layer in zip(names, layers, strict=True):
        convolution = layer.convolution if isinstance(layer, ConvBN) else layer
        copy(convolution.weight, tensors, f"{name}.w_0")
        if convolution.bias is not None:
            copy(convolution.bias, tensors, f"{name}.b_0")
    for name, layer in zip(norms, normalised, strict=True):
        norm = layer.normalization
        if not isinstance(norm, nn.BatchNorm2d):
            raise WeightsError("the model has been fused: load the weights before fuse()")
        assert norm.running_mean is not None and norm.running_var is not None
        copy(norm.weight, tensors, f"{name}.w_0")
        copy(norm.bias, tensors, f"{name}.b_0")
        copy(norm.running_mean, tensors, f"{name}.w_1")
        copy(norm.running_var, tensors, f"{name}.w_2")


@torch.no_grad()
def copy(target: Tensor, tensors: Tensors, name: str, transpose: bool = False) -> None:
    """Copy one tensor; `transpose` for linear layers. Raises WeightsError if it is missing or of another shape."""
    if name not in tensors:
        raise WeightsError(f"the file holds no tensor {name}: it belongs to another model")
    value = torch.from_numpy(np.array(tensors[name]))
    value = value.T if transpose else value
    if value.shape != target.shape:
        raise WeightsError(f"{name} has shape {tuple(value.shape)}, the model expects {tuple(target.shape)}")
    target.copy_(value)


def _numbered(tensors: Tensors, kind: str) -> list[str]:
    """Names `kind_K` that the file holds, by rising K."""
    found = {int(m[1]) for m in (re.fullmatch(rf"{kind}_(\d+)\.w_0", name) for name in tensors) if m}
    return [f"{kind}_{number}" for number in sorted(found)]
