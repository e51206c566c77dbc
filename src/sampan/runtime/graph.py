"""Small edits of ONNX files on the wire format, without the onnx package.

`with_classes` keeps some of a classifier's classes: on a page without ideographs nine tenths of a recogniser's last
layer answer a question that nobody asks.

A recogniser's graph ends in a softmax over up to 18,710 classes per frame, of which CTC decoding needs one
value in the few frames it keeps. `without_final_softmax` returns the same model ending in the logits. The
edit copies every other byte of the file as it is. Field numbers are those of onnx.proto (ONNX, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sampan.errors import WeightsError

_MODEL_GRAPH = 7
_GRAPH_NODE = 1
_GRAPH_OUTPUT = 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE = 1, 2, 4
_VALUE_NAME = 1
_GRAPH_INITIALISER = 5
_TENSOR_DIMS, _TENSOR_RAW = 1, 9


def without_final_softmax(model: bytes) -> bytes:
    """The model with its last Softmax turned into Identity; unchanged if its output is no softmax."""
    view = memoryview(model)
    edited: list[bytes | memoryview] = []
    for number, raw, payload in _fields(view):
        if number == _MODEL_GRAPH and payload is not None:
            graph = _graph_without_softmax(payload)
            edited += [_tag(number), _varint(len(graph)), graph]
        else:
            edited.append(raw)
    return b"".join(edited)


def _graph_without_softmax(graph: memoryview) -> bytes:
    fields = list(_fields(graph))
    outputs = {
        name for number, _, payload in fields if number == _GRAPH_OUTPUT and payload is not None
        for name in _strings(payload, _VALUE_NAME)
    }  # fmt: skip
    parts: list[bytes | memoryview] = []
    for number, raw, payload in fields:
        if (
            number == _GRAPH_NODE
            and payload is not None
            and _strings(payload, _NODE_OP_TYPE) == ["Softmax"]
            and set(_strings(payload, _NODE_OUTPUT)) & outputs
        ):
            node = b"".join(
                _tag(field) + _varint(len(text)) + text
                for field, text in (
                    (_NODE_INPUT, _strings(payload, _NODE_INPUT)[0].encode()),
                    (_NODE_OUTPUT, _strings(payload, _NODE_OUTPUT)[0].encode()),
                    (_NODE_OP_TYPE, b"Identity"),
                )
            )
            parts += [_tag(number), _varint(len(node)), node]
        else:
            parts.append(raw)
    return b"".join(parts)


def with_classes(model: bytes, classes: Sequence[int]) -> bytes:
    """The model with a part of its classes: those columns of its last layer's weights, (…, V) and (V,), in that order.

    The last layer's weights are the initialisers whose last dimension is the number of classes that the graph's
    output states. Raises WeightsError if there are none, or if they are not plain float32.
    """
    view = memoryview(model)
    edited: list[bytes | memoryview] = []
    for number, raw, payload in _fields(view):
        if number == _MODEL_GRAPH and payload is not None:
            graph = _graph_with_classes(payload, classes)
            edited += [_tag(number), _varint(len(graph)), graph]
        else:
            edited.append(raw)
    return b"".join(edited)


def _graph_with_classes(graph: memoryview, classes: Sequence[int]) -> bytes:
    fields = list(_fields(graph))
    total = next(
        _last_dimension(payload) for number, _, payload in fields if number == _GRAPH_OUTPUT and payload
    )
    columns = np.asarray(classes, np.int64)
    if columns.size == 0 or columns.min() < 0 or columns.max() >= total:
        raise WeightsError(
            f"classes must lie in 0 … {total - 1}, at least one of them; got {list(classes)[:9]}"
        )
    parts: list[bytes | memoryview] = []
    edits = 0
    for number, raw, payload in fields:
        if number == _GRAPH_INITIALISER and payload is not None and _dims(payload)[-1:] == [total]:
            tensor = _tensor_with_columns(payload, columns)
            parts += [_tag(number), _varint(len(tensor)), tensor]
            edits += 1
        elif number == _GRAPH_OUTPUT and payload is not None:
            value = _with_last_dimension(payload, len(columns))
            parts += [_tag(number), _varint(len(value)), value]
        else:
            parts.append(raw)
    if not edits:
        raise WeightsError(f"the model has no weights with {total} columns: its last layer cannot be cut")
    return b"".join(parts)


def _tensor_with_columns(tensor: memoryview, columns: np.ndarray) -> bytes:
    dims = _dims(tensor)
    fields = list(_fields(tensor))
    raw = next((payload for number, _, payload in fields if number == _TENSOR_RAW), None)
    if raw is None or len(raw) != 4 * int(np.prod(dims)):
        raise WeightsError(
            f"weights of shape {dims} are not stored as raw float32: their classes cannot be cut"
        )
    kept = np.ascontiguousarray(np.frombuffer(raw, "<f4").reshape(dims)[..., columns]).tobytes()
    parts = [_varint(_TENSOR_DIMS << 3) + _varint(size) for size in [*dims[:-1], len(columns)]]
    parts += [bytes(whole) for number, whole, _ in fields if number not in (_TENSOR_DIMS, _TENSOR_RAW)]
    return b"".join([*parts, _tag(_TENSOR_RAW), _varint(len(kept)), kept])


def _dims(tensor: memoryview) -> list[int]:
    """Shape of a TensorProto, packed or not."""
    sizes = []
    for number, whole, payload in _fields(tensor):
        if number != _TENSOR_DIMS:
            continue
        if payload is None:
            sizes.append(_read_varint(whole, _read_varint(whole, 0)[1])[0])
        else:
            position = 0
            while position < len(payload):
                size, position = _read_varint(payload, position)
                sizes.append(size)
    return sizes


_SHAPE_PATH = (2, 1, 2)
"""From a ValueInfoProto to its shape: type → tensor_type → shape."""


def _last_dimension(value: memoryview) -> int:
    """The last size in the shape of a ValueInfoProto."""
    message = value
    for step in _SHAPE_PATH:
        found = [payload for number, _, payload in _fields(message) if number == step and payload is not None]
        if not found:
            raise WeightsError("the model does not state the shape of its output: its classes cannot be cut")
        message = found[0]
    last = [payload for number, _, payload in _fields(message) if number == 1 and payload is not None][-1]
    for number, whole, _ in _fields(last):
        if number == 1:
            return _read_varint(whole, _read_varint(whole, 0)[1])[0]
    raise WeightsError("the model does not state the number of its classes: they cannot be cut")


def _with_last_dimension(message: memoryview, size: int, path: Sequence[int] = _SHAPE_PATH) -> bytes:
    """A ValueInfoProto whose shape ends in `size`."""
    fields = list(_fields(message))
    parts: list[bytes] = []
    for index, (number, whole, payload) in enumerate(fields):
        if path and number == path[0] and payload is not None:
            inner = _with_last_dimension(payload, size, path[1:])
            parts.append(_tag(number) + _varint(len(inner)) + inner)
        elif not path and index == len(fields) - 1:
            dimension = _varint(1 << 3) + _varint(size)
            parts.append(_tag(1) + _varint(len(dimension)) + dimension)
        else:
            parts.append(bytes(whole))
    return b"".join(parts)


def _strings(message: memoryview, wanted: int) -> list[str]:
    return [bytes(p).decode() for number, _, p in _fields(message) if number == wanted and p is not None]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview | None]]:
    """Field number, the field's bytes with its tag, and its payload if it is length-delimited."""
    position = 0
    while position < len(message):
        start = position
        key, position = _read_varint(message, position)
        number, wire_type = key >> 3, key & 7
        payload = None
        if wire_type == 0:
            _, position = _read_varint(message, position)
        elif wire_type == 1:
            position += 8
        elif wire_type == 2:
            length, position = _read_varint(message, position)
            payload = message[position : position + length]
            position += length
        elif wire_type == 5:
            position += 4
        else:
            raise WeightsError(f"not an ONNX file: wire type {wire_type} at byte {start}")
        if position > len(message):
            raise WeightsError(f"ONNX file is cut off: a field reaches byte {position} of {len(message)}")
        yield number, message[start:position], payload


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise WeightsError(f"ONNX file is damaged at byte {position}")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _tag(number: int) -> bytes:
    return _varint(number << 3 | 2)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
