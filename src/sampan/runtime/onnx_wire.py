"""ONNX files on the wire: the fields of a protobuf message, read and written without the onnx package.

A message is a row of fields, each a tag (number and wire type, as a varint) and its value. Source: the encoding of
Protocol Buffers; the numbers of fields are those of onnx.proto (ONNX, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator

from sampan.errors import WeightsError


def fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview | None]]:
    """Field number, the field's bytes with its tag, and its payload if it is length-delimited."""
    position = 0
    while position < len(message):
        start = position
        key, position = read_varint(message, position)
        number, wire_type = key >> 3, key & 7
        payload = None
        if wire_type == 0:
            _, position = read_varint(message, position)
        elif wire_type == 1:
            position += 8
        elif wire_type == 2:
            length, position = read_varint(message, position)
            payload = message[position : position + length]
            position += length
        elif wire_type == 5:
            position += 4
        else:
            raise WeightsError(f"not an ONNX file: wire type {wire_type} at byte {start}")
        if position > len(message):
            raise WeightsError(f"ONNX file is cut off: a field reaches byte {position} of {len(message)}")
        yield number, message[start:position], payload


def strings(message: memoryview, wanted: int) -> list[str]:
    """The texts in all fields of one number."""
    return [bytes(p).decode() for number, _, p in fields(message) if number == wanted and p is not None]


def read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number, and the place behind it."""
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


def message(number: int, payload: bytes) -> bytes:
    """A length-delimited field with its tag: an inner message, a text or bytes."""
    return tag(number) + varint(len(payload)) + payload


def tag(number: int) -> bytes:
    return varint(number << 3 | 2)


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
