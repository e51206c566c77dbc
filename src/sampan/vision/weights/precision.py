"""Smaller ONNX files: weights stored in half precision or in eight bits, computing in float32.

A stored weight is followed by nodes that bring it back (`Cast`, and `Mul` with a scale for each output channel).
ONNX Runtime folds them when it opens the file, so that speed and memory are those of the float32 graph; only the
file, and the precision of the weights, is smaller.
"""

from __future__ import annotations

import copy
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Precision = Literal["fp32", "fp16", "int8"]

SMALLEST = 256
"""Tensors with fewer values stay as they are: they are biases and norms, and weigh nothing."""
SMALLEST_INT8 = 4096
"""With int8, tensors with fewer values are stored as fp16: depthwise kernels lose most and weigh little."""


def stored(model: Any, precision: Precision) -> Any:
    """A copy of an ONNX ModelProto with its large float32 initialisers stored as `precision`.

    fp16 keeps 11 significant bits; int8 is symmetric, w ≈ q · s with s = max|w| / 127 for each output channel.
    Values that half precision cannot hold keep their tensor in float32.
    """
    from onnx import TensorProto, helper, numpy_helper

    if precision == "fp32":
        return model
    model = copy.deepcopy(model)
    graph = model.graph
    axes = _channel_axes(graph)
    nodes, tensors = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor) if tensor.data_type == TensorProto.FLOAT else None
        if values is None or values.size < SMALLEST or not _fits(values):
            tensors.append(tensor)
            continue
        name = tensor.name
        if precision == "fp16" or values.size < SMALLEST_INT8:
            tensors.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.fp16"))
            nodes.append(helper.make_node("Cast", [f"{name}.fp16"], [name], to=TensorProto.FLOAT))
            continue
        codes, scale = quantise(values, axes.get(name, 0))
        tensors.append(numpy_helper.from_array(codes, f"{name}.int8"))
        tensors.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.codes"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.codes", f"{name}.scale"], [name]))
    rest = list(graph.node)
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    return model


def quantise(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes in −127 … 127 and a scale for each place along `axis`, shaped to multiply the codes.

    A channel of zeros gets the scale 1.
    """
    others = tuple(place for place in range(values.ndim) if place != axis)
    scale = np.abs(values).max(axis=others, keepdims=True).astype(np.float32) / 127
    scale[scale == 0] = 1
    return np.rint(values / scale).astype(np.int8), scale


def _fits(values: NDArray[np.float32]) -> bool:
    return bool(np.abs(values).max() < np.finfo(np.float16).max)


def _channel_axes(graph: Any) -> dict[str, int]:
    """Axis of the output channels of each weight; 0 for convolutions, 1 for transposed ones, the last for matrices."""
    axes: dict[str, int] = {}
    for node in graph.node:
        if len(node.input) < 2:
            continue
        if node.op_type == "ConvTranspose":
            axes[node.input[1]] = 1
        elif node.op_type == "MatMul":
            axes[node.input[1]] = -1
        elif node.op_type == "Gemm":
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            axes[node.input[1]] = 0 if transposed else -1
    sizes = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    return {name: axis % sizes[name] for name, axis in axes.items() if sizes.get(name)}
