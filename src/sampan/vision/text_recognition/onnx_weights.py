"""Weights of released recognisers out of ONNX files: the graph's constants in order, into the modules in order.

Names in these files are counters that say nothing, but the graph computes in the order in which the recogniser's
modules are registered. So the constants are read as a sequence of kernels, shifts, scales and normalisations, and
each module takes its own from the front. Every shape is checked, and so is that nothing is left over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sampan.errors import WeightsError
from sampan.vision.blocks import ConvBN, RepDepthwise
from sampan.vision.weights import Operator, onnx_operators

Array = NDArray[Any]
Kind = Literal["kernel", "matrix", "norm", "scale", "shift"]


@dataclass(frozen=True)
class _Piece:
    """Constants of one operator: a convolution's or a Linear's weight, a normalisation, a factor, a summand."""

    kind: Kind
    tensors: tuple[Tensor, ...]
    eps: float = 0.0


def load_onnx(model: nn.Module, path: Path | str) -> None:
    """Fill a model in training form with the file's weights; exact in evaluation mode.

    Raises:
        WeightsError: the file is of another model or size.
    """
    pieces = deque(_pieces(onnx_operators(path)))
    try:
        with torch.no_grad():
            for name, module in _units(model):
                _fill(name, module, pieces)
    except IndexError:
        raise _unfit(path, "it has fewer weights than the model") from None
    except _MismatchError as error:
        raise _unfit(path, str(error)) from None
    if pieces:
        raise _unfit(path, f"{len(pieces)} of its weights have no place in the model")


def class_count(path: Path | str) -> int:
    """Width of the last Linear: the number of classes of the file's recogniser."""
    matrices = [piece for piece in _pieces(onnx_operators(path)) if piece.kind == "matrix"]
    if not matrices:
        raise WeightsError(f"{Path(path).name} holds no Linear layer: it is no recogniser")
    return int(matrices[-1].tensors[0].shape[1])


class _MismatchError(Exception):
    pass


def _unfit(path: Path | str, why: str) -> WeightsError:
    return WeightsError(
        f"{Path(path).name} does not fit the model: {why}. Choose the model's size and version"
    )


def _pieces(operators: list[Operator]) -> Iterator[_Piece]:
    reshaped: dict[str, Array] = {}
    for operator in operators:
        constants = {
            place: reshaped[name] for place, name in enumerate(operator.inputs) if name in reshaped
        } | operator.constants
        if operator.kind == "Reshape" and 0 in constants:
            reshaped[operator.outputs[0]] = constants[0]
        elif operator.kind == "Conv":
            yield _Piece("kernel", (_tensor(constants[1]),))
            if 2 in constants:
                yield _Piece("shift", (_tensor(constants[2]),))
        elif operator.kind == "BatchNormalization":
            eps = float(operator.attributes.get("epsilon", 1e-5))
            yield _Piece("norm", tuple(_tensor(constants[place]) for place in (1, 2, 3, 4)), eps)
        elif operator.kind == "MatMul" and 1 in constants:
            yield _Piece("matrix", (_tensor(constants[1]),))
        elif operator.kind in ("Add", "Mul"):
            # A single number belongs to an activation, not to the weights.
            for constant in constants.values():
                if constant.size > 1 and constant.dtype.kind == "f":
                    yield _Piece(
                        "shift" if operator.kind == "Add" else "scale", (_tensor(constant).flatten(),)
                    )


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))


def _units(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules that own weights, in the order of registration; those that load as a whole are not entered."""
    whole = (ConvBN, RepDepthwise, nn.Conv2d, nn.Conv1d, nn.Linear, nn.LayerNorm, nn.BatchNorm1d)
    if isinstance(model, whole):
        yield prefix, model
        return
    for name, child in model.named_children():
        yield from _units(child, f"{prefix}.{name}" if prefix else name)


def _fill(name: str, module: nn.Module, pieces: deque[_Piece]) -> None:
    if isinstance(module, RepDepthwise):
        assert module.large is not None, "load into the training form"
        kernel = _take(name, pieces, "kernel", module.large.convolution.weight)
        module.load_fused(kernel, _take(name, pieces, "shift"))
    elif isinstance(module, ConvBN):
        kernel = _take(name, pieces, "kernel", module.convolution.weight)
        if pieces[0].kind == "norm":
            module.convolution.weight.copy_(kernel)
            _fill_norm(name, module.normalization, pieces)
        else:
            module.load_fused(kernel, _take(name, pieces, "shift"))
    elif isinstance(module, nn.Linear):
        module.weight.copy_(_take(name, pieces, "matrix", module.weight.T).T)
        module.bias.copy_(_take(name, pieces, "shift", module.bias))
    elif isinstance(module, nn.LayerNorm):
        module.weight.copy_(_take(name, pieces, "scale", module.weight))
        module.bias.copy_(_take(name, pieces, "shift", module.bias))
    elif isinstance(module, nn.Conv1d):
        module.weight.copy_(_take(name, pieces, "kernel", module.weight.unsqueeze(2)).squeeze(2))
    elif isinstance(module, nn.Conv2d):
        module.weight.copy_(_take(name, pieces, "kernel", module.weight))
        if module.bias is not None:
            module.bias.copy_(_take(name, pieces, "shift", module.bias))
    else:
        _fill_norm(name, module, pieces)


def _fill_norm(name: str, norm: nn.Module, pieces: deque[_Piece]) -> None:
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    piece = pieces.popleft()
    if piece.kind != "norm" or piece.tensors[0].shape != norm.weight.shape:
        raise _MismatchError(f"{name} expects a normalisation of {len(norm.weight)} channels")
    assert norm.running_mean is not None and norm.running_var is not None
    for target, tensor in zip(
        (norm.weight, norm.bias, norm.running_mean, norm.running_var), piece.tensors, strict=True
    ):
        target.copy_(tensor)
    norm.eps = piece.eps


def _take(name: str, pieces: deque[_Piece], kind: Kind, like: Tensor | None = None) -> Tensor:
    piece = pieces.popleft()
    tensor = piece.tensors[0]
    if piece.kind != kind or (like is not None and tensor.shape != like.shape):
        wanted = "" if like is None else f" of shape {tuple(like.shape)}"
        raise _MismatchError(
            f"{name} expects a {kind}{wanted}, the file has a {piece.kind} of {tuple(tensor.shape)}"
        )
    return tensor
