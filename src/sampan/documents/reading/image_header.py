"""What a picture file is and how large it would become, read from its header alone.

A few hundred bytes can promise a picture of gigabytes, so the size is checked before any decoder
runs. Sources: PNG (ISO/IEC 15948 §11.2.2 IHDR), JPEG (ITU-T T.81 §B.2.2 frame header), GIF89a §18,
BMP (BITMAPINFOHEADER, BITMAPCOREHEADER), TIFF 6.0 §2 and BigTIFF, WebP (RFC 9649 §2.5–2.7),
EXIF 2.3 §4.6.4 (tag 274 Orientation).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sampan.errors import InputError

MAX_FRAMES = 65_536
"""Upper bound of the pictures followed in one TIFF, so that a chain of directories cannot run for ever."""

_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_ORIENTATION = 256, 257, 274
_TIFF_SHORT, _TIFF_LONG, _TIFF_LONG8 = 3, 4, 16


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Format, and width × height in pixels of every frame, before `orientation` is applied."""

    media_type: str
    frames: tuple[tuple[int, int], ...]
    orientation: int = 1
    """EXIF orientation, 1 to 8, that is left to apply after decoding."""


def sniff(head: bytes) -> str | None:
    """Media type of a supported file from its first 1,024 bytes, or None."""
    for signature, media_type in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"II+\0", "image/tiff"),
        (b"MM\0+", "image/tiff"),
        (b"BM", "image/bmp"),
    ):
        if head.startswith(signature):
            if media_type == "image/bmp" and not _plausible_bmp(head):
                continue
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    # ISO 32000-1 Annex H note 13: readers accept the header anywhere in the first 1,024 bytes.
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    return None


def read_header(data: bytes, media_type: str) -> ImageHeader:
    """Parse the header of `data`; raises InputError if it is cut short or contradicts itself."""
    reader = {
        "image/png": _png,
        "image/jpeg": _jpeg,
        "image/gif": _gif,
        "image/bmp": _bmp,
        "image/tiff": _tiff,
        "image/webp": _webp,
    }[media_type]
    try:
        header = reader(data)
    except (struct.error, IndexError) as error:
        raise InputError(f"the {media_type} file ends within its header: it is truncated") from error
    if not header.frames or any(width < 1 or height < 1 for width, height in header.frames):
        raise InputError(f"the {media_type} file declares no picture or one without area: it is damaged")
    return header


def _plausible_bmp(head: bytes) -> bool:
    # "BM" alone also opens plain text; the info header's size is one of a few values.
    return len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in (12, 16, 40, 52, 56, 64, 108, 124)


def _png(data: bytes) -> ImageHeader:
    width, height = struct.unpack_from(">II", data, 16)
    orientation = 1
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"eXIf":
            orientation = exif_orientation(data[at + 8 : at + 8 + length])
            break
        if kind == b"IEND":
            break
        at += 12 + length
    return ImageHeader("image/png", ((width, height),), orientation)


def _jpeg(data: bytes) -> ImageHeader:
    orientation = 1
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise InputError("the image/jpeg file has no marker where one must stand: it is damaged")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # stand-alone markers have no length
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[at + 10 : at + 2 + length])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return ImageHeader("image/jpeg", ((width, height),), orientation)
        if marker in (0xD9, 0xDA):
            break
        at += 2 + length
    raise InputError("the image/jpeg file holds no frame header: it is truncated or damaged")


def _gif(data: bytes) -> ImageHeader:
    return ImageHeader("image/gif", (struct.unpack_from("<HH", data, 6),))


def _bmp(data: bytes) -> ImageHeader:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
    return ImageHeader("image/bmp", ((abs(width), abs(height)),))


def _webp(data: bytes) -> ImageHeader:
    kind = data[12:16]
    orientation = 1
    if kind == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        at = 12
        while at + 8 <= len(data):
            name, length = struct.unpack_from("<4sI", data, at)
            if name == b"EXIF":
                exif = data[at + 8 : at + 8 + length]
                orientation = exif_orientation(exif.removeprefix(b"Exif\0\0"))
                break
            at += 8 + length + length % 2
    else:
        raise InputError(f"the image/webp file opens with an unknown chunk {kind!r}: it is damaged")
    return ImageHeader("image/webp", ((width, height),), orientation)


def _tiff(data: bytes) -> ImageHeader:
    order = "<" if data[:2] == b"II" else ">"
    frames: list[tuple[int, int]] = []
    for tags in _tiff_directories(data, order):
        if len(frames) == MAX_FRAMES:
            break
        if _TIFF_WIDTH in tags and _TIFF_HEIGHT in tags:
            frame = (tags[_TIFF_WIDTH], tags[_TIFF_HEIGHT])
            # OpenCV's TIFF decoder turns every frame by itself, so only the size has to follow.
            frames.append(frame[::-1] if 5 <= tags.get(_TIFF_ORIENTATION, 1) <= 8 else frame)
    return ImageHeader("image/tiff", tuple(frames))


def exif_orientation(exif: bytes) -> int:
    """Orientation, 1 to 8, from an EXIF block (a TIFF structure); 1 if it has none or is damaged."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    try:
        for tags in _tiff_directories(exif, "<" if exif[:2] == b"II" else ">"):
            orientation = tags.get(_TIFF_ORIENTATION, 1)
            return orientation if 1 <= orientation <= 8 else 1
    except (struct.error, IndexError):
        pass
    return 1


def _tiff_directories(data: bytes, order: str) -> Iterator[dict[int, int]]:
    """The tags with a single whole number as value, of every directory in turn."""
    big = data[2:4] in (b"+\0", b"\0+")
    if big:
        (at,) = struct.unpack_from(order + "Q", data, 8)
    else:
        (at,) = struct.unpack_from(order + "I", data, 4)
    count_format, entry_size, value_at, next_format = ("Q", 20, 12, "Q") if big else ("H", 12, 8, "I")
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        (count,) = struct.unpack_from(order + count_format, data, at)
        at += struct.calcsize(count_format)
        if count > (len(data) - at) // entry_size:
            raise InputError("the image/tiff file declares more tags than it holds: it is truncated")
        tags: dict[int, int] = {}
        for entry in range(at, at + count * entry_size, entry_size):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            value_format = {_TIFF_SHORT: "H", _TIFF_LONG: "I", _TIFF_LONG8: "Q"}.get(kind)
            if tag in (_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_ORIENTATION) and value_format:
                (tags[tag],) = struct.unpack_from(order + value_format, data, entry + value_at)
        yield tags
        (at,) = struct.unpack_from(order + next_format, data, at + count * entry_size)
