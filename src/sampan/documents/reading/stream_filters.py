"""Unfolds PDF streams to a limit: how large does this become, without ever holding more than is allowed.

Filters of ISO 32000-1 §7.4. Damaged data gives what came before the damage, as PDF readers do. Predictors keep
the size and are left alone; a filter that makes pictures ends the chain.
"""

from __future__ import annotations

import re
import zlib
from base64 import a85decode
from binascii import Error as HexError
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from math import prod

Octets = bytes | bytearray

_SHORT_NAMES = {
    b"Fl": b"FlateDecode", b"LZW": b"LZWDecode", b"A85": b"ASCII85Decode", b"AHx": b"ASCIIHexDecode",
    b"RL": b"RunLengthDecode", b"CCF": b"CCITTFaxDecode", b"DCT": b"DCTDecode",
}  # fmt: skip
_GROWTH = {b"FlateDecode": 1032, b"LZWDecode": 2560, b"RunLengthDecode": 64, b"ASCII85Decode": 4}
"""Most bytes that a stage makes of one: Flate 258 of two bits, LZW 3838 of twelve, run lengths 128 of two bytes."""
_STEP = 1 << 20


def unfolded(data: Octets, filters: Sequence[bytes], limit: int) -> tuple[Octets, bytes | None]:
    """What `data` becomes, cut at `limit` + 1 bytes, and the picture filter that is left to apply, if any."""
    for name in filters:
        decode = _DECODERS.get(_SHORT_NAMES.get(name, name))
        if decode is None:
            return data, _SHORT_NAMES.get(name, name)
        data = decode(data, limit)
    return data, None


def exceeds(data: Octets, filters: Sequence[bytes], limit: int) -> bool:
    """Whether `data` unfolds to more than `limit` bytes; what the last stage gives is counted, not held."""
    if len(data) * prod(_GROWTH.get(_SHORT_NAMES.get(name, name), 1) for name in filters) <= limit:
        return False  # as for most streams, however well they are packed
    if not filters:
        return True
    inner, picture = unfolded(data, filters[:-1], limit)
    if len(filters) > 1 and len(inner) > limit:
        return True
    if picture is None and _SHORT_NAMES.get(filters[-1], filters[-1]) == b"FlateDecode":
        return any(size > limit for size in accumulate(map(len, _inflated(inner))))
    return len(unfolded(inner, filters[-1:], limit)[0]) > limit


def _flate(data: Octets, limit: int) -> Octets:
    out = bytearray()
    for piece in _inflated(data):
        out += piece
        if len(out) > limit:
            break
    del out[limit + 1 :]
    return out


def _inflated(data: Octets) -> Iterator[bytes]:
    decoder = zlib.decompressobj()
    try:
        while data and not decoder.eof:
            yield decoder.decompress(data, _STEP)
            data = decoder.unconsumed_tail
    except zlib.error:
        return


def _lzw(data: Octets, limit: int) -> Octets:
    """§7.4.4, with early change: codes of 9 to 12 bits, 256 clears the table, 257 ends."""
    table = [bytes([value]) for value in range(256)] + [b"", b""]
    out = bytearray()
    width, held, bits = 9, 0, 0
    before = b""
    for byte in data:
        held, bits = (held << 8 | byte) & 0xFFFFF, bits + 8
        if bits < width:
            continue
        bits -= width
        code = held >> bits & (1 << width) - 1
        if code == 257 or len(out) > limit:
            break
        if code == 256:
            del table[258:]
            width, before = 9, b""
            continue
        if code > len(table) or (code == len(table) and not before):
            break
        entry = table[code] if code < len(table) else before + before[:1]
        out += entry
        if before and len(table) < 4096:
            table.append(before + entry[:1])
        before = entry
        width = 9 if len(table) < 511 else 10 if len(table) < 1023 else 11 if len(table) < 2047 else 12
    del out[limit + 1 :]
    return out


def _run_length(data: Octets, limit: int) -> Octets:
    out = bytearray()
    at = 0
    while at < len(data) and data[at] != 128 and len(out) <= limit:
        length = data[at]
        out += data[at + 1 : at + 2 + length] if length < 128 else data[at + 1 : at + 2] * (257 - length)
        at += 2 + length if length < 128 else 2
    del out[limit + 1 :]
    return out


def _ascii85(data: Octets, limit: int) -> Octets:
    end = data.find(b"~>")
    try:
        return a85decode(data[: end if end >= 0 else None].lstrip(b" \r\n<~"), ignorechars=b" \t\r\n\f\v\0")[
            : limit + 1
        ]
    except ValueError:
        return b""


def _hex(data: Octets, limit: int) -> Octets:
    digits = re.sub(rb"[^0-9A-Fa-f]", b"", data[: data.find(b">") if b">" in data else None])
    try:
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())[: limit + 1]
    except (ValueError, HexError):
        return b""


_DECODERS: dict[bytes, Callable[[Octets, int], Octets]] = {
    b"FlateDecode": _flate,
    b"LZWDecode": _lzw,
    b"RunLengthDecode": _run_length,
    b"ASCII85Decode": _ascii85,
    b"ASCIIHexDecode": _hex,
    b"Crypt": lambda data, limit: data[: limit + 1],
}
