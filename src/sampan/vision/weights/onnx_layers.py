"""Weights of released ONNX graphs into modules: the graph's layers in order, into the modules' layers in order.

Names in these files are counters that say nothing, but the graph computes in the order in which the official code
creates its layers. So the constants are read as a sequence of kernels, matrices, factors, summands and normalisations,
and each layer of the model takes its own from the front. A bias may lie inside the convolution or be added behind it;
a normalisation may be folded in or stand apart; learnable affine maps stand apart. Every shape is checked, and so is
that nothing is left over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sampan.errors import WeightsError
from sampan.vision.blocks.conv import LearnableAffine, set_to_shift
from sampan.vision.blocks.rep import DilatedReparam, RepConv, RepDepthwise
from sampan.vision.weights.onnx_tensors import Operator, onnx_operators

Kind = Literal["kernel", "matrix", "norm", "factor", "summand"]
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_REPARAMETERISED = (RepConv, RepDepthwise, DilatedReparam)
_LAYERS = (*_CONVOLUTIONS, *_NORMS, *_REPARAMETERISED, nn.Linear, nn.LayerNorm, LearnableAffine)


@dataclass(frozen=True)
class Piece:
    """The constants of one operator."""

    kind: Kind
    tensors: tuple[Tensor, ...]
    eps: float = 0.0


def load_onnx(
    modules: nn.Module | Iterable[nn.Module], source: Path | str | Iterable[Operator], *, name: str = ""
) -> None:
    """Fill modules in training form with a file's weights; exact in evaluation mode.

    Args:
        modules: a model whose layers are registered in the order of the graph, or its parts in that order.
        source: the file, or some of its operators (`onnx_operators`).
        name: what errors call the source; the file's name by default.

    Raises:
        WeightsError: the weights are of another model or size.
    """
    if isinstance(source, (str, Path)):
        name = name or Path(source).name
        source = onnx_operators(source)
    parts = [modules] if isinstance(modules, nn.Module) else list(modules)
    queue = _Queue(_pieces(source), name or "the graph")
    layers = [layer for part in parts for layer in _layers(part)]
    with torch.no_grad():
        for layer, following in zip(layers, [*layers[1:], None], strict=True):
            _fill(layer, following, queue)
    queue.finish()


def _pieces(operators: Iterable[Operator]) -> Iterator[Piece]:
    reshaped: dict[str, NDArray[Any]] = {}
    for operator in operators:
        constants = {
            place: reshaped[name] for place, name in enumerate(operator.inputs) if name in reshaped
        } | operator.constants
        match operator.kind:
            case "Reshape" if 0 in constants:
                reshaped[operator.outputs[0]] = constants[0]
            case "Conv" | "ConvTranspose" if 1 in constants:
                yield Piece("kernel", (_tensor(constants[1]),))
                if 2 in constants:
                    yield Piece("summand", (_tensor(constants[2]),))
            case "BatchNormalization":
                eps = float(operator.attributes.get("epsilon", 1e-5))
                yield Piece("norm", tuple(_tensor(constants[place]) for place in (1, 2, 3, 4)), eps)
            case "MatMul" if 1 in constants:
                yield Piece("matrix", (_tensor(constants[1]),))
            case "Gemm":
                weight = _tensor(constants[1])
                yield Piece("matrix", (weight.T if operator.attributes.get("transB") else weight,))
                if 2 in constants:
                    yield Piece("summand", (_tensor(constants[2]),))
            case "LayerNormalization":
                yield Piece("factor", (_tensor(constants[1]),))
                yield Piece("summand", (_tensor(constants[2]),))
            case "Add" | "Mul":
                for constant in constants.values():
                    # Numbers without dimensions belong to activations.
                    if constant.ndim and constant.dtype.kind == "f":
                        kind: Kind = "summand" if operator.kind == "Add" else "factor"
                        yield Piece(kind, (_tensor(constant).flatten(),))


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))


class _Queue:
    """Pieces still to be used."""

    def __init__(self, pieces: Iterable[Piece], name: str) -> None:
        self.pieces, self.name = deque(pieces), name

    def next_is(self, kind: Kind, size: int | None = None) -> bool:
        """Whether the next piece is of that kind, and holds that many values."""
        self._skip_single(keep=size == 1)
        return (
            bool(self.pieces)
            and self.pieces[0].kind == kind
            and size in (None, self.pieces[0].tensors[0].numel())
        )

    def take(self, kind: Kind, like: Tensor) -> Tensor:
        self._skip_single(keep=like.numel() == 1)
        if not self.pieces:
            raise self.unfit("it has fewer weights than the model")
        piece = self.pieces.popleft()
        tensor = piece.tensors[0]
        if piece.kind != kind or tensor.shape != like.shape:
            raise self.unfit(
                f"the model has a {kind} of shape {tuple(like.shape)} where the file has a {piece.kind} of "
                f"{tuple(tensor.shape)}"
            )
        return tensor

    def take_norm(self, channels: int) -> Piece:
        self._skip_single(keep=False)
        piece = self.pieces.popleft()
        if piece.kind != "norm" or len(piece.tensors[0]) != channels:
            raise self.unfit(f"a normalisation of {channels} channels is missing in the file")
        return piece

    def finish(self) -> None:
        self._skip_single(keep=False)
        if self.pieces:
            raise self.unfit(f"{len(self.pieces)} of its weights have no place in the model")

    def unfit(self, why: str) -> WeightsError:
        return WeightsError(f"{self.name} does not fit the model: {why}. Choose the model's size and version")

    def _skip_single(self, *, keep: bool) -> None:
        """Single numbers that no affine map waits for belong to activations, attention or dropout."""
        while not keep and self.pieces and self.pieces[0].tensors[0].numel() == 1:
            self.pieces.popleft()


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, _LAYERS):
        yield module
        return
    for child in module.children():
        yield from _layers(child)


def _fill(layer: nn.Module, following: nn.Module | None, queue: _Queue) -> None:
    match layer:
        case RepConv() | RepDepthwise() | DilatedReparam():
            _fill_reparameterised(layer, queue)
        case nn.Conv1d() | nn.Conv2d() | nn.ConvTranspose2d():
            _fill_convolution(layer, following, queue)
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            if queue.next_is("norm"):
                _copy_norm(layer, queue.take_norm(layer.num_features))
            # Otherwise it has been folded into the convolution before it, which has set it.
        case nn.Linear():
            layer.weight.copy_(queue.take("matrix", layer.weight.T).T)
            if layer.bias is not None:
                layer.bias.copy_(queue.take("summand", layer.bias))
        case nn.LayerNorm():
            layer.weight.copy_(queue.take("factor", layer.weight))
            layer.bias.copy_(queue.take("summand", layer.bias))
        case LearnableAffine():
            layer.scale.copy_(queue.take("factor", layer.scale))
            layer.bias.copy_(queue.take("summand", layer.bias))


def _fill_reparameterised(layer: RepConv | RepDepthwise | DilatedReparam, queue: _Queue) -> None:
    if layer.fused is not None:
        raise queue.unfit("the model has been fused: load first, then call fuse()")
    like = layer.kernel_like()
    layer.load_fused(queue.take("kernel", like), queue.take("summand", like[:, 0, 0, 0]))
    if isinstance(layer, RepConv):
        assert layer.affine is not None
        _fill(layer.affine, None, queue)
        if not layer.linear:
            _fill(layer.affine_after, None, queue)


def _fill_convolution(
    layer: nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d, following: nn.Module | None, queue: _Queue
) -> None:
    weight = layer.weight
    flat = isinstance(layer, nn.Conv1d)  # stored as a two-dimensional convolution of height 1
    kernel = queue.take("kernel", weight.unsqueeze(2) if flat else weight)
    weight.copy_(kernel.squeeze(2) if flat else kernel)
    shift = weight.new_zeros(layer.out_channels)
    if queue.next_is("summand", layer.out_channels):
        shift = queue.take("summand", shift)
    norm = following if isinstance(following, _NORMS) else None
    if norm is not None and not queue.next_is("norm"):
        set_to_shift(norm, shift)
        if layer.bias is not None:
            layer.bias.zero_()
    elif layer.bias is not None:
        layer.bias.copy_(shift)
    elif norm is not None and shift.any():
        # The normalisation follows as a piece of its own and subtracts its mean from the convolution and the shift.
        queue.pieces[0].tensors[2].sub_(shift)
    elif shift.any():
        raise queue.unfit("the file has a bias where the model's convolution has none")


def _copy_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, piece: Piece) -> None:
    targets = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    for target, tensor in zip(targets, piece.tensors, strict=True):
        assert target is not None
        target.copy_(tensor)
    norm.eps = piece.eps
