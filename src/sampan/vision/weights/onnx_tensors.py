"""Weights out of ONNX files: constant tensors in the order in which the graph computes with them.

Released graphs name their weights by counters (`p2o.helper.constant.117`) but keep the order of the network, and
store them either as initialisers or as `Constant` nodes. Both are read here, subgraphs (`Loop`, `If`) included,
each at the place of its first use. Reading a protobuf executes nothing: no pickle is involved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampan.errors import WeightsError

Array = NDArray[Any]


@dataclass(frozen=True)
class Operator:
    """One node of the graph with the constants among its inputs."""

    kind: str
    """The operator's ONNX name, such as `Conv` or `BatchNormalization`."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: dict[int, Array]
    """Constant inputs by their position: for `Conv` 1 is the weight and 2 the bias."""
    attributes: dict[str, Any]


def onnx_tensors(path: Path | str) -> dict[str, Array]:
    """Every constant tensor of the file by name, ordered by first use; unused ones come last.

    A name that two sibling subgraphs both use for different tensors is kept once for each, the later ones
    with `@2`, `@3` … behind the name. Raises WeightsError if the file is no ONNX model.
    """
    graph = _graph(path)
    tensors: dict[str, Array] = {}
    for name, tensor in _in_order(graph):
        seen = tensors.get(name)
        number = 2
        unique = name
        while seen is not None and seen is not tensor:
            unique = f"{name}@{number}"
            seen = tensors.get(unique)
            number += 1
        tensors[unique] = tensor
    return tensors


def onnx_operators(path: Path | str) -> list[Operator]:
    """The nodes of the file in execution order, subgraphs in place of their node's end, constants resolved.

    `Constant` and `Identity` of a constant are not listed: what reads them gets the tensor itself.
    """
    return list(_operators(_graph(path), {}))


def onnx_metadata(path: Path | str) -> dict[str, str]:
    """The file's metadata, in which released recognisers and classifiers keep their `character` list."""
    return {entry.key: entry.value for entry in _model(path).metadata_props}


def _model(path: Path | str) -> Any:
    import onnx

    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"model file {path} does not exist: give the path of an ONNX file")
    try:
        model = onnx.load(path)
    except Exception as error:
        raise WeightsError(f"{path.name} cannot be read as ONNX: {error}") from error
    if not model.graph.node:
        raise WeightsError(f"{path.name} is no ONNX model: its graph has no nodes")
    return model


def _graph(path: Path | str) -> Any:
    return _model(path).graph


def _own_constants(graph: Any) -> dict[str, Array]:
    """Initialisers, `Constant` nodes and their `Identity` copies of one graph, without its subgraphs."""
    from onnx import numpy_helper

    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = _constant_value(node)
        elif node.op_type == "Identity" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
    return constants


def _constant_value(node: Any) -> Array:
    from onnx import helper, numpy_helper

    (attribute,) = node.attribute
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        return np.asarray(numpy_helper.to_array(value))
    if attribute.name in ("value_float", "value_floats"):
        return np.asarray(value, np.float32)
    if attribute.name in ("value_int", "value_ints"):
        return np.asarray(value, np.int64)
    raise WeightsError(f"constant {node.output[0]} holds {attribute.name}, which is no dense numeric tensor")


def _subgraphs(node: Any) -> list[Any]:
    return [attribute.g for attribute in node.attribute if attribute.HasField("g")]


class _Scope:
    """Constants of one graph, and which of them no node has used yet."""

    def __init__(self, graph: Any) -> None:
        self.constants = _own_constants(graph)
        copies = {node.output[0] for node in graph.node if node.op_type == "Identity"}
        self.unused = {name: tensor for name, tensor in self.constants.items() if name not in copies}
        self.originals = {id(tensor): name for name, tensor in self.unused.items()}

    def use(self, name: str) -> tuple[str, Array] | None:
        """The constant under its own name if this is its first use."""
        tensor = self.constants[name]
        original = self.originals[id(tensor)]
        return None if self.unused.pop(original, None) is None else (original, tensor)


def _in_order(graph: Any, outer: tuple[_Scope, ...] = ()) -> Iterator[tuple[str, Array]]:
    scope = _Scope(graph)
    scopes = (scope, *outer)
    for node in graph.node:
        if node.output and node.output[0] in scope.constants:
            continue
        for name in node.input:
            owner = next((each for each in scopes if name in each.constants), None)
            used = owner.use(name) if owner is not None else None
            if used is not None:
                yield used
        for subgraph in _subgraphs(node):
            yield from _in_order(subgraph, scopes)
    yield from scope.unused.items()


def _operators(graph: Any, outer: dict[str, Array]) -> Iterator[Operator]:
    from onnx import helper

    own = _own_constants(graph)
    visible = outer | own
    for node in graph.node:
        if node.output and node.output[0] in own:
            continue
        yield Operator(
            node.op_type,
            tuple(node.input),
            tuple(node.output),
            {place: visible[name] for place, name in enumerate(node.input) if name in visible},
            {a.name: helper.get_attribute_value(a) for a in node.attribute if not a.HasField("g")},
        )
        for subgraph in _subgraphs(node):
            yield from _operators(subgraph, visible)
