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

from sampan.errors import InputError, LimitError

MAX_TAGS = 1_000_000
"""Tags looked at in one TIFF: directories may overlap, so that a small file holds millions of them."""
MAX_DIRECTORY = 4096
"""Tags of one directory; libtiff refuses more as well."""

_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_ORIENTATION, _TIFF_SAMPLES = 256, 257, 258, 274, 277
_TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT = 322, 323
_TIFF_TAGS = frozenset({256, 257, 258, 274, 277, 322, 323})
_TIFF_WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q", 17: "q"}
"""Types of whole numbers, which libtiff all accepts for a size."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Format, and width × height in pixels of every frame, before `orientation` is applied."""

    media_type: str
    frames: tuple[tuple[int, int], ...]
    orientation: int = 1
    """EXIF orientation, 1 to 8, that is left to apply after decoding."""
    passes: int = 1
    """How often a decoder goes over the picture."""
    offsets: tuple[int, ...] = ()
    """Where the directory of each frame of a TIFF lies."""
    held: tuple[int, ...] = ()
    """Bytes that decoding a frame of a TIFF takes at least; tiles may be larger than their picture."""


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
    except (struct.error, IndexError, OverflowError) as error:
        raise InputError(f"the {media_type} file ends within its header: it is truncated") from error
    if not header.frames or any(width < 1 or height < 1 for width, height in header.frames):
        raise InputError(f"the {media_type} file declares no picture or one without area: it is damaged")
    return header


def _plausible_bmp(head: bytes) -> bool:
    # "BM" alone also opens plain text; the info header's size is one of a few values.
    return len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in (12, 16, 40, 52, 56, 64, 108, 124)


def _png(data: bytes) -> ImageHeader:
    if data[12:16] != b"IHDR":
        raise InputError("the image/png file does not open with its header: it is damaged")
    width, height = struct.unpack_from(">II", data, 16)
    orientation = 1
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length > len(data):  # decoders take memory for what is declared
            raise InputError("the image/png file declares more data than it holds: it is truncated")
        if kind == b"eXIf":
            orientation = exif_orientation(data[at + 8 : at + 8 + length])
        if kind == b"IEND":
            break
        at += 12 + length
    return ImageHeader("image/png", ((width, height),), orientation)


def _jpeg(data: bytes) -> ImageHeader:
    orientation = 1
    at = 2
    while (at := data.find(b"\xff", at)) >= 0:  # what stands between segments is skipped, as decoders do
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker <= 0x01 or 0xD0 <= marker <= 0xD8:  # stand-alone markers have no length
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[at + 10 : at + 2 + length])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            # Inside coded data 0xFF is followed by zero, so this counts the scans and little else.
            passes = max(1, data.count(b"\xff\xda", at))
            return ImageHeader("image/jpeg", ((width, height),), orientation, passes)
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
    offsets, held = [], []
    for at, tags in _tiff_directories(data, order):
        if _TIFF_WIDTH in tags and _TIFF_HEIGHT in tags:
            width, height = tags[_TIFF_WIDTH], tags[_TIFF_HEIGHT]
            # OpenCV's TIFF decoder turns every frame by itself, so only the size has to follow.
            frames.append((height, width) if 5 <= tags.get(_TIFF_ORIENTATION, 1) <= 8 else (width, height))
            offsets.append(at)
            tile = tags.get(_TIFF_TILE_WIDTH, 0) * tags.get(_TIFF_TILE_HEIGHT, 0)
            held.append(max(width * height, tile) * tags.get(_TIFF_SAMPLES, 1) * tags.get(_TIFF_BITS, 1) // 8)
    return ImageHeader("image/tiff", tuple(frames), offsets=tuple(offsets), held=tuple(held))


def exif_orientation(exif: bytes) -> int:
    """Orientation, 1 to 8, from an EXIF block (a TIFF structure); 1 if it has none or is damaged."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    try:
        for _, tags in _tiff_directories(exif, "<" if exif[:2] == b"II" else ">"):
            orientation = tags.get(_TIFF_ORIENTATION, 1)
            return orientation if 1 <= orientation <= 8 else 1
    except (struct.error, IndexError, OverflowError, InputError):
        pass
    return 1


def _tiff_directories(data: bytes, order: str) -> Iterator[tuple[int, dict[int, int]]]:
    """Place and tags of every directory in turn: those of `_TIFF_TAGS`, each with its first whole number."""
    big = data[2:4] in (b"+\0", b"\0+")
    if big:
        (at,) = struct.unpack_from(order + "Q", data, 8)
    else:
        (at,) = struct.unpack_from(order + "I", data, 4)
    count_format, entry_size, many_format, next_format = ("Q", 20, "Q", "Q") if big else ("H", 12, "I", "I")
    room = struct.calcsize(many_format)
    seen: set[int] = set()
    looked_at = 0
    while at and at not in seen:
        seen.add(at)
        place = at
        (count,) = struct.unpack_from(order + count_format, data, at)
        at += struct.calcsize(count_format)
        if count > min((len(data) - at) // entry_size, MAX_DIRECTORY):
            raise InputError("the image/tiff file declares more tags than it holds: it is truncated")
        looked_at += count
        if looked_at > MAX_TAGS:
            raise LimitError(
                f"the image/tiff file has more than {MAX_TAGS:,} tags in its pages: split it into smaller files"
            )
        tags: dict[int, int] = {}
        for entry in range(at, at + count * entry_size, entry_size):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if tag not in _TIFF_TAGS or tag in tags or kind not in _TIFF_WHOLE:
                continue
            (many,) = struct.unpack_from(order + many_format, data, entry + 4)
            value_at = entry + 4 + room
            if many * struct.calcsize(_TIFF_WHOLE[kind]) > room:  # the values lie elsewhere
                (value_at,) = struct.unpack_from(order + many_format, data, value_at)
            (tags[tag],) = struct.unpack_from(order + _TIFF_WHOLE[kind], data, value_at)
        yield place, tags
        (at,) = struct.unpack_from(order + next_format, data, at + count * entry_size)
