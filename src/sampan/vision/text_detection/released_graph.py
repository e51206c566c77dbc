"""Weights out of released ONNX detectors: the graph's layers in order, put into the model's layers in order.

Released graphs name tensors by counters but compute in the network's order. Their layers come in several forms: a bias
inside the convolution or added behind it, batch normalisation folded or apart, learnable affine maps apart. Here
each becomes one `GraphConvolution` or `GraphAffine`, and `load_graph` gives them one by one to the model's modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sampan.errors import WeightsError
from sampan.vision.blocks.conv import ConvBN, LearnableAffine
from sampan.vision.blocks.rep import DilatedReparam, RepConv, RepDepthwise
from sampan.vision.text_detection.heads import MapBranch
from sampan.vision.weights.onnx_tensors import Operator, onnx_operators

Array = NDArray[Any]


@dataclass
class GraphConvolution:
    """A convolution with what the graph adds behind it."""

    name: str
    weight: Array
    """As stored: (out, in / groups, kH, kW), of a transposed convolution (in, out, kH, kW)."""
    bias: Array | None = None
    norm: tuple[Array, ...] | None = None
    """γ, β, mean, variance of a batch normalisation that is not folded in."""


@dataclass
class GraphAffine:
    """s · x + b with one s and one b for the whole map."""

    name: str
    scale: Array
    bias: Array | None = None


Layer = GraphConvolution | GraphAffine


def graph_layers(path: Path | str) -> list[Layer]:
    """The layers with weights of an ONNX file, in execution order.

    Raises:
        WeightsError: the file is no ONNX model.
    """
    reader = _Reader()
    for operator in onnx_operators(path):
        reader.read(operator)
    return reader.layers


class _Reader:
    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.open: dict[str, Layer] = {}  # layers by the output that may still get a bias or a normalisation
        self.shaped: dict[str, Array] = {}  # constants that the graph reshapes

    def read(self, operator: Operator) -> None:
        read = getattr(self, f"_{operator.kind.lower()}", None)
        if read is not None:
            read(operator)

    def _conv(self, operator: Operator) -> None:
        bias = operator.constants.get(2)
        self._append(operator, GraphConvolution(operator.outputs[0], operator.constants[1], bias))

    _convtranspose = _conv

    def _identity(self, operator: Operator) -> None:
        layer = self.open.get(operator.inputs[0])
        if layer is not None:
            self.open[operator.outputs[0]] = layer

    def _reshape(self, operator: Operator) -> None:
        if 0 in operator.constants:
            self.shaped[operator.outputs[0]] = operator.constants[0]

    def _batchnormalization(self, operator: Operator) -> None:
        layer = self.open.get(operator.inputs[0])
        if isinstance(layer, GraphConvolution):
            layer.norm = tuple(operator.constants[place] for place in range(1, 5))

    def _mul(self, operator: Operator) -> None:
        for constant in operator.constants.values():
            if constant.shape == (1,):
                self._append(operator, GraphAffine(operator.outputs[0], constant))

    def _add(self, operator: Operator) -> None:
        for place, name in enumerate(operator.inputs):
            constant = operator.constants.get(place, self.shaped.get(name))
            layer = self.open.get(operator.inputs[1 - place])
            if constant is None or constant.ndim == 0 or layer is None or layer.bias is not None:
                continue
            layer.bias = constant.reshape(-1)
            self.open[operator.outputs[0]] = layer

    def _append(self, operator: Operator, layer: Layer) -> None:
        self.layers.append(layer)
        self.open[operator.outputs[0]] = layer


def load_graph(modules: Sequence[nn.Module], layers: Sequence[Layer]) -> None:
    """Copies the layers into the modules, both in execution order; the modules must not be fused.

    Raises:
        WeightsError: a layer of another kind or shape is met, or one side ends before the other.
    """
    rest = _Layers(layers)
    for module in modules:
        for leaf in _leaves(module):
            _load(leaf, rest)
    rest.finish()


class _Layers:
    """The layers still to be used."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self.used = 0

    def convolution(self, shape: Sequence[int]) -> GraphConvolution:
        layer = self._next()
        if not isinstance(layer, GraphConvolution) or layer.weight.shape != tuple(shape):
            given = layer.weight.shape if isinstance(layer, GraphConvolution) else "an affine map"
            raise WeightsError(
                f"layer {self.used} of the file ({layer.name}) is {given}, the model has a convolution "
                f"{tuple(shape)} there: choose the variant that the weights belong to"
            )
        return layer

    def affine(self) -> GraphAffine:
        layer = self._next()
        if not isinstance(layer, GraphAffine):
            raise WeightsError(
                f"layer {self.used} of the file ({layer.name}) is a convolution where the model has an affine "
                "map: choose the variant that the weights belong to"
            )
        return layer

    def finish(self) -> None:
        if self.used < len(self.layers):
            raise WeightsError(f"the file has {len(self.layers)} layers with weights, the model {self.used}")

    def _next(self) -> Layer:
        if self.used == len(self.layers):
            raise WeightsError(f"the file has only {self.used} layers with weights, the model has more")
        self.used += 1
        return self.layers[self.used - 1]


_LEAVES = (ConvBN, RepConv, RepDepthwise, DilatedReparam, MapBranch, nn.Conv2d)


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """Modules that stand for one layer, in the order of their definition, which is that of execution."""
    if isinstance(module, _LEAVES):
        yield module
        return
    for child in module.children():
        yield from _leaves(child)


@torch.no_grad()
def _load(leaf: nn.Module, layers: _Layers) -> None:
    if isinstance(leaf, MapBranch):
        _load(leaf.reduce, layers)
        _load_plain(leaf.enlarge, leaf.normalization, layers)
        _load_plain(leaf.final, None, layers)
    elif isinstance(leaf, ConvBN):
        _load_plain(leaf.convolution, leaf.normalization, layers)
    elif isinstance(leaf, RepConv):
        assert leaf.symmetric is not None and leaf.affine is not None
        branch = leaf.symmetric[0]
        assert isinstance(branch, ConvBN)
        leaf.load_fused(*_fused(layers.convolution(branch.convolution.weight.shape)))
        _load_affine(leaf.affine, layers)
        if not leaf.linear:
            _load_affine(leaf.affine_after, layers)
    elif isinstance(leaf, (RepDepthwise, DilatedReparam)):
        assert leaf.large is not None
        leaf.load_fused(*_fused(layers.convolution(leaf.large.convolution.weight.shape)))
    elif isinstance(leaf, nn.Conv2d):
        _load_plain(leaf, None, layers)


def _load_plain(module: nn.Conv2d | nn.ConvTranspose2d, norm: nn.Module | None, layers: _Layers) -> None:
    """A convolution and its normalisation; one that the file has folded in is left as a shift."""
    layer = layers.convolution(module.weight.shape)
    module.weight.copy_(torch.from_numpy(layer.weight.copy()))
    bias = torch.zeros(module.out_channels) if layer.bias is None else torch.from_numpy(layer.bias.copy())
    if isinstance(norm, nn.BatchNorm2d):
        assert norm.running_mean is not None and norm.running_var is not None
        if layer.norm is None:
            norm.weight.fill_(1.0)
            norm.bias.zero_()
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0 - norm.eps)
        else:
            targets = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
            for target, source in zip(targets, layer.norm, strict=True):
                target.copy_(torch.from_numpy(source.copy()))
    if module.bias is not None:
        module.bias.copy_(bias)
    elif isinstance(norm, nn.BatchNorm2d):
        assert norm.running_mean is not None
        norm.running_mean.sub_(bias)
    elif bias.abs().max() > 0:
        raise WeightsError(f"layer {layer.name} of the file has a bias, the model's convolution has none")


def _load_affine(module: nn.Module, layers: _Layers) -> None:
    assert isinstance(module, LearnableAffine)
    layer = layers.affine()
    module.scale.copy_(torch.from_numpy(layer.scale.copy()))
    module.bias.copy_(torch.from_numpy((layer.bias if layer.bias is not None else np.zeros(1)).copy()))


def _fused(layer: GraphConvolution) -> tuple[Tensor, Tensor]:
    bias = np.zeros(layer.weight.shape[0], np.float32) if layer.bias is None else layer.bias
    return torch.from_numpy(layer.weight.copy()), torch.from_numpy(bias.copy())
