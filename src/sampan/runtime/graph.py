"""Small edits of a recogniser's ONNX file, on the wire format, without the onnx package.

A recogniser's graph ends in a softmax over up to 18,710 classes per frame, of which CTC decoding needs one
value in the few frames it keeps. `without_final_softmax` returns the same model ending in the logits.

`with_classes` keeps some of the classes: on a page without ideographs nine tenths of a recogniser's last
layer answer a question that nobody asks.

Both copy every other byte of the file as it is. Field numbers are those of onnx.proto (ONNX, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sampan.errors import WeightsError
from sampan.runtime.onnx_wire import fields, message, read_varint, strings, varint

_MODEL_GRAPH = 7
_GRAPH_NODE = 1
_GRAPH_OUTPUT = 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE = 1, 2, 4
_VALUE_NAME = 1
_GRAPH_INITIALISER, _GRAPH_VALUE_INFO = 5, 13
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_FLOATS, _TENSOR_INTEGERS, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 4, 5, 8, 9

_BYTES = {1: 4, 2: 1, 3: 1, 6: 4, 10: 2, 16: 2}
"""Bytes of a number by its TensorProto.DataType: float32, uint8, int8, int32, float16, bfloat16."""
_PRODUCTS = {"MatMul": (1,), "Gemm": (1, 2), "MatMulInteger": (1, 3)}
"""Operators that are a last layer, and which of their inputs belong to its weights."""
_BEHIND = frozenset(("Softmax", "Identity", "Add", "Mul", "Cast", "DequantizeLinear", "QuantizeLinear"))
"""Operators that may stand between the last layer and the output, or between stored weights and their use."""


def without_final_softmax(model: bytes) -> bytes:
    """The model with its last Softmax turned into Identity; unchanged if its output is no softmax.

    A Cast between the softmax and the output, as models that compute in half precision have, stays.
    """
    return _edited(model, _graph_without_softmax)


def with_classes(model: bytes, classes: Sequence[int]) -> bytes:
    """The model with a part of its classes: those columns of its last layer's weights, (…, V) and (V,), in that order.

    The last layer is the matrix product that the output is made of; V is the number of classes that the graph's
    output states. Weights may be stored in half precision or eight bits with their scales, and brought back by
    Cast, Mul or DequantizeLinear: what is stored is cut. Raises WeightsError if there is no such layer, or if its
    weights are stored in another way.
    """
    return _edited(model, lambda graph: _graph_with_classes(graph, classes))


def _edited(model: bytes, edit: Callable[[memoryview], bytes]) -> bytes:
    parts: list[bytes | memoryview] = []
    for number, raw, payload in fields(memoryview(model)):
        parts.append(
            message(number, edit(payload)) if number == _MODEL_GRAPH and payload is not None else raw
        )
    return b"".join(parts)


def _graph_without_softmax(graph: memoryview) -> bytes:
    nodes = _producers(graph)
    names = _output_names(graph)
    while (last := nodes.get(names[-1])) and strings(last, _NODE_OP_TYPE) == ["Cast"]:
        names.append(strings(last, _NODE_INPUT)[0])
    parts: list[bytes | memoryview] = []
    for number, raw, payload in fields(graph):
        if (
            number == _GRAPH_NODE
            and payload is not None
            and strings(payload, _NODE_OP_TYPE) == ["Softmax"]
            and set(strings(payload, _NODE_OUTPUT)) & set(names)
        ):
            node = b"".join(
                message(field, text)
                for field, text in (
                    (_NODE_INPUT, strings(payload, _NODE_INPUT)[0].encode()),
                    (_NODE_OUTPUT, strings(payload, _NODE_OUTPUT)[0].encode()),
                    (_NODE_OP_TYPE, b"Identity"),
                )
            )
            parts.append(message(number, node))
        else:
            parts.append(raw)
    return b"".join(parts)


def _graph_with_classes(graph: memoryview, classes: Sequence[int]) -> bytes:
    output = next(payload for number, _, payload in fields(graph) if number == _GRAPH_OUTPUT and payload)
    total = _last_dimension(output)
    columns = np.asarray(classes, np.int64)
    if columns.size == 0 or columns.min() < 0 or columns.max() >= total:
        raise WeightsError(
            f"classes must lie in 0 … {total - 1}, at least one of them; got {list(classes)[:9]}"
        )
    weights, values = _last_layer(graph)
    parts: list[bytes | memoryview] = []
    matrices = 0
    for number, raw, payload in fields(graph):
        if number == _GRAPH_INITIALISER and payload is not None and _name(payload) in weights | values:
            dims = _dims(payload)
            cut = dims[-1:] == [total]
            matrices += cut and len(dims) > 1 and _name(payload) in weights
            parts.append(message(number, _tensor_with_columns(payload, columns)) if cut else raw)
        elif number == _GRAPH_OUTPUT and payload is not None:
            parts.append(message(number, _with_last_dimension(payload, len(columns))))
        elif number != _GRAPH_VALUE_INFO or payload is None or strings(payload, _VALUE_NAME)[0] not in values:
            parts.append(raw)  # the noted shapes of values whose size changes are left out
    if not matrices:
        raise WeightsError(f"the model has no weights with {total} columns: its last layer cannot be cut")
    return b"".join(parts)


def _last_layer(graph: memoryview) -> tuple[set[str], set[str]]:
    """Names of what the last matrix product's weights are made of, and of all else between it and the output."""
    nodes = _producers(graph)
    weights: set[str] = set()
    values: set[str] = set()
    waiting = [(name, values) for name in _output_names(graph)[:1]]
    while waiting:
        name, found = waiting.pop()
        if name in found:
            continue
        found.add(name)
        node = nodes.get(name)
        if node is None:
            continue
        (operator,), inputs = strings(node, _NODE_OP_TYPE), strings(node, _NODE_INPUT)
        if operator in _BEHIND:
            waiting += [(above, found) for above in inputs]
        elif operator in _PRODUCTS and found is values:
            waiting += [(inputs[place], weights) for place in _PRODUCTS[operator] if place < len(inputs)]
    return weights, values


def _producers(graph: memoryview) -> dict[str, memoryview]:
    """The node that makes each value."""
    return {
        name: payload
        for number, _, payload in fields(graph)
        if number == _GRAPH_NODE and payload is not None
        for name in strings(payload, _NODE_OUTPUT)
    }


def _output_names(graph: memoryview) -> list[str]:
    names = [
        strings(payload, _VALUE_NAME)[0]
        for number, _, payload in fields(graph)
        if number == _GRAPH_OUTPUT and payload is not None
    ]
    if not names:
        raise WeightsError("the ONNX graph has no output: is the file complete?")
    return names


def _tensor_with_columns(tensor: memoryview, columns: NDArray[np.int64]) -> bytes:
    dims, size = _dims(tensor), _BYTES.get(_number(tensor, _TENSOR_TYPE), 0)
    raw = _content(tensor, size)
    if not size or len(raw) != size * int(np.prod(dims)):
        raise WeightsError(
            f"weights {_name(tensor)} of shape {dims} are not stored as float32, float16 or int8 in the file: "
            "their classes cannot be cut; export the model again"
        )
    kept = np.ascontiguousarray(np.frombuffer(raw, f"V{size}").reshape(dims)[..., columns]).tobytes()
    parts = [varint(_TENSOR_DIMS << 3) + varint(size) for size in [*dims[:-1], len(columns)]]
    moved = (_TENSOR_DIMS, _TENSOR_FLOATS, _TENSOR_INTEGERS, _TENSOR_RAW)
    parts += [bytes(whole) for number, whole, _ in fields(tensor) if number not in moved]
    return b"".join([*parts, message(_TENSOR_RAW, kept)])


def _content(tensor: memoryview, size: int) -> bytes:
    """The numbers of a TensorProto, `size` bytes each, whichever of its packed fields holds them."""
    content = bytearray()
    for number, _, payload in fields(tensor):
        if payload is None:
            continue
        if number in (_TENSOR_RAW, _TENSOR_FLOATS):
            content += payload
        elif number == _TENSOR_INTEGERS:  # float16 by its bits, negative numbers in two's complement
            for value in _varints(payload):
                content += (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    return bytes(content)


def _name(tensor: memoryview) -> str:
    return next(iter(strings(tensor, _TENSOR_NAME)), "")


def _number(holder: memoryview, wanted: int) -> int:
    """A varint field's value; 0 without it."""
    for number, whole, payload in fields(holder):
        if number == wanted and payload is None:
            return read_varint(whole, read_varint(whole, 0)[1])[0]
    return 0


def _dims(tensor: memoryview) -> list[int]:
    """Shape of a TensorProto, packed or not."""
    sizes: list[int] = []
    for number, whole, payload in fields(tensor):
        if number == _TENSOR_DIMS:
            sizes += _varints(whole[1:] if payload is None else payload)
    return sizes


def _varints(packed: memoryview) -> Iterator[int]:
    position = 0
    while position < len(packed):
        value, position = read_varint(packed, position)
        yield value


_SHAPE_PATH = (2, 1, 2)
"""From a ValueInfoProto to its shape: type → tensor_type → shape."""


def _last_dimension(value: memoryview) -> int:
    """The last size in the shape of a ValueInfoProto."""
    part = value
    for step in _SHAPE_PATH:
        found = [payload for number, _, payload in fields(part) if number == step and payload is not None]
        if not found:
            raise WeightsError("the model does not state the shape of its output: its classes cannot be cut")
        part = found[0]
    last = [payload for number, _, payload in fields(part) if number == 1 and payload is not None][-1]
    if not (size := _number(last, 1)):
        raise WeightsError("the model does not state the number of its classes: they cannot be cut")
    return size


def _with_last_dimension(value: memoryview, size: int, path: Sequence[int] = _SHAPE_PATH) -> bytes:
    """A ValueInfoProto whose shape ends in `size`."""
    inside = list(fields(value))
    parts: list[bytes] = []
    for index, (number, whole, payload) in enumerate(inside):
        if path and number == path[0] and payload is not None:
            parts.append(message(number, _with_last_dimension(payload, size, path[1:])))
        elif not path and index == len(inside) - 1:
            parts.append(message(1, varint(1 << 3) + varint(size)))
        else:
            parts.append(bytes(whole))
    return b"".join(parts)
