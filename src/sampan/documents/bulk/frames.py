"""Messages over a pipe: four bytes of length, then the message."""

from __future__ import annotations

import struct
from typing import BinaryIO

MOST_BYTES = 1 << 28
"""Longest message that is believed."""

_LENGTH = struct.Struct("<I")


def write_frame(stream: BinaryIO, message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end of the stream, be it in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MOST_BYTES:
        return None
    message = stream.read(length)
    return message if len(message) == length else None
