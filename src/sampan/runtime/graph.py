"""Small edits of ONNX files on the wire format, without the onnx package.

A recogniser's graph ends in a softmax over up to 18,710 classes per frame, of which CTC decoding needs one
value in the few frames it keeps. `without_final_softmax` returns the same model ending in the logits. The
edit copies every other byte of the file as it is. Field numbers are those of onnx.proto (ONNX, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator

from sampan.errors import WeightsError

_MODEL_GRAPH = 7
_GRAPH_NODE = 1
_GRAPH_OUTPUT = 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE = 1, 2, 4
_VALUE_NAME = 1


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
