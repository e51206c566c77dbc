"""The characters that a font maps to a glyph, straight from its `cmap` table.

fontTools can tell this too, but names every glyph on the way, which takes a hundred times as long; a system has a
thousand fonts. Source: OpenType 1.9.1, “cmap — Character to Glyph Index Mapping Table”, formats 4, 6 and 12.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_PREFERRED = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
"""Platform and encoding of Unicode tables, the fullest first."""


def mapped_characters(table: bytes) -> frozenset[int] | None:
    """Code points whose glyph is not the missing one (glyph 0); None if the font has no Unicode table.

    Raises:
        struct.error, ValueError: the table is broken.
    """
    (count,) = struct.unpack_from(">H", table, 2)
    offsets: dict[tuple[int, int], int] = {}
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * number)
        offsets[platform, encoding] = offset
    for key in _PREFERRED:
        if key in offsets:
            found = _subtable(table, offsets[key])
            if found is not None:
                return frozenset(found.tolist())
    return None


def is_symbol(table: bytes) -> bool:
    """Whether the font has a table for symbols (3, 0), whose codes mean nothing outside it."""
    (count,) = struct.unpack_from(">H", table, 2)
    return any(struct.unpack_from(">HH", table, 4 + 8 * number) == (3, 0) for number in range(count))


def _subtable(table: bytes, offset: int) -> NDArray[np.int64] | None:
    (form,) = struct.unpack_from(">H", table, offset)
    if form == 4:
        return _format_4(table, offset)
    if form == 6:
        first, count = struct.unpack_from(">HH", table, offset + 6)
        glyphs = np.frombuffer(table, ">u2", count, offset + 10)
        return np.asarray(first + np.flatnonzero(glyphs), np.int64)
    if form == 12:
        return _format_12(table, offset)
    return None


def _format_12(table: bytes, offset: int) -> NDArray[np.int64]:
    """Groups of (first code, last code, first glyph)."""
    (count,) = struct.unpack_from(">I", table, offset + 12)
    groups = np.frombuffer(table, ">u4", 3 * count, offset + 16).reshape(-1, 3).astype(np.int64)
    runs = [
        np.arange(first + (glyph == 0), last + 1)
        for first, last, glyph in groups.tolist()
        if last <= 0x10FFFF
    ]
    return np.concatenate(runs) if runs else np.zeros(0, np.int64)


def _format_4(table: bytes, offset: int) -> NDArray[np.int64]:
    """Segments of the basic plane: a glyph is code + delta, or stands in an array that the segment points into."""
    (twice,) = struct.unpack_from(">H", table, offset + 6)
    count = twice // 2
    at = offset + 14
    ends = np.frombuffer(table, ">u2", count, at).astype(np.int64)
    starts = np.frombuffer(table, ">u2", count, at + twice + 2).astype(np.int64)
    deltas = np.frombuffer(table, ">i2", count, at + 2 * twice + 2).astype(np.int64)
    ranges_at = at + 3 * twice + 2
    ranges = np.frombuffer(table, ">u2", count, ranges_at).astype(np.int64)
    words = np.frombuffer(table, ">u2", (len(table) - ranges_at) // 2, ranges_at).astype(np.int64)
    runs = []
    for segment in range(count):
        codes = np.arange(starts[segment], ends[segment] + 1)
        if ranges[segment] == 0:
            glyphs = (codes + deltas[segment]) & 0xFFFF
        else:
            places = segment + ranges[segment] // 2 + codes - starts[segment]
            inside = places < len(words)
            glyphs = np.where(inside, words[np.minimum(places, len(words) - 1)], 0)
            glyphs = np.where(glyphs != 0, (glyphs + deltas[segment]) & 0xFFFF, 0)
        runs.append(codes[(glyphs != 0) & (codes != 0xFFFF)])
    return np.concatenate(runs) if runs else np.zeros(0, np.int64)
