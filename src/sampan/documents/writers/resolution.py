"""How many dots of a picture make an inch, as its file says.

Sources: JFIF 1.02 (APP0), EXIF 2.3 §4.6.5 and TIFF 6.0 §8 (XResolution, YResolution, ResolutionUnit), PNG §11.3.4.3
(pHYs), BITMAPINFOHEADER (biXPelsPerMeter), RFC 9649 (EXIF chunk). A file may say nothing, or
nonsense: then the answer is None.
"""

from __future__ import annotations

import struct

Resolution = tuple[float, float]
"""Dots per inch across and down."""

_X, _Y, _UNIT = 282, 283, 296
_MAX_DIRECTORIES = 65_536


def resolution(data: bytes, media_type: str, frame: int = 0) -> Resolution | None:
    """Dots per inch of a picture file, before its EXIF orientation; of a TIFF, those of one frame."""
    reader = {
        "image/png": _png,
        "image/jpeg": _jpeg,
        "image/bmp": _bmp,
        "image/webp": _webp,
    }.get(media_type)
    try:
        if media_type == "image/tiff":
            found = _tiff(data, frame)
        else:
            found = reader(data) if reader is not None else None
    except (struct.error, IndexError):
        return None
    return found if found is not None and all(1.0 <= value <= 20_000.0 for value in found) else None


def _png(data: bytes) -> Resolution | None:
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"pHYs":
            x, y, unit = struct.unpack_from(">IIB", data, at + 8)
            return (x * 0.0254, y * 0.0254) if unit == 1 else None
        if kind in (b"IDAT", b"IEND"):
            return None
        at += 12 + length
    return None


def _jpeg(data: bytes) -> Resolution | None:
    """JFIF's density if it has a unit, else EXIF's."""
    at = 2
    exif: Resolution | None = None
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xDA:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker == 0xE0 and body[:5] == b"JFIF\0":
            unit, x, y = struct.unpack_from(">BHH", body, 7)
            if unit in (1, 2) and x and y:
                factor = 1.0 if unit == 1 else 2.54
                return x * factor, y * factor
        if marker == 0xE1 and body[:6] == b"Exif\0\0" and exif is None:
            exif = _tiff(body[6:], 0)
        at += 2 + length
    return exif


def _bmp(data: bytes) -> Resolution | None:
    (size,) = struct.unpack_from("<I", data, 14)
    if size < 40:
        return None
    x, y = struct.unpack_from("<ii", data, 38)
    return (x * 0.0254, y * 0.0254) if x > 0 and y > 0 else None


def _webp(data: bytes) -> Resolution | None:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF":
            return _tiff(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"), 0)
        at += 8 + length + length % 2
    return None


def _tiff(data: bytes, frame: int) -> Resolution | None:
    """Of the directory number `frame` of a TIFF structure, classic or big."""
    if data[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None
    order = "<" if data[:2] == b"II" else ">"
    big = b"+" in data[2:4]
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    count_format, entry_size, value_at, next_format = ("Q", 20, 12, "Q") if big else ("H", 12, 8, "I")
    for number in range(_MAX_DIRECTORIES):
        if not at:
            return None
        (count,) = struct.unpack_from(order + count_format, data, at)
        at += struct.calcsize(count_format)
        if number == frame:
            return _of_directory(data, order, at, count, entry_size, value_at)
        (at,) = struct.unpack_from(order + next_format, data, at + count * entry_size)
    return None


def _of_directory(
    data: bytes, order: str, start: int, count: int, entry_size: int, value_at: int
) -> Resolution | None:
    values: dict[int, float] = {}
    for at in range(start, start + min(count, 4096) * entry_size, entry_size):
        tag, kind = struct.unpack_from(order + "HH", data, at)
        if tag in (_X, _Y) and kind == 5:
            # A rational of 8 bytes stands in the entry of a BigTIFF and elsewhere in a classic one.
            place = at + value_at
            if value_at == 8:
                (place,) = struct.unpack_from(order + "I", data, place)
            numerator, denominator = struct.unpack_from(order + "II", data, place)
            if denominator:
                values[tag] = numerator / denominator
        elif tag == _UNIT and kind == 3:
            (values[tag],) = struct.unpack_from(order + "H", data, at + value_at)
    unit = values.get(_UNIT, 2)
    if _X not in values or _Y not in values or unit not in (2, 3):
        return None
    factor = 1.0 if unit == 2 else 2.54
    return values[_X] * factor, values[_Y] * factor
