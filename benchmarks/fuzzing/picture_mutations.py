"""Mutations that know how picture files are built: chunks, segments, blocks, tags, with checksums and sizes mended.

A PNG whose checksum is wrong is refused before anything else is looked at, so the checksums are
written anew; the same holds for the size in a RIFF header. TIFF's tags, BMP's and GIF's headers are changed
field by field.
"""

from __future__ import annotations

import random
import re
import struct
import zlib

from benchmarks.fuzzing.byte_mutations import INTERESTING, MUTATIONS

_PNG_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"iCCP", b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"bKGD",
               b"pHYs", b"sBIT", b"hIST", b"sPLT", b"cHRM", b"acTL", b"fcTL", b"fdAT", b"CgBI")  # fmt: skip
_JPEG_MARKERS = (
    0xC0,
    0xC1,
    0xC2,
    0xC3,
    0xC4,
    0xC9,
    0xCA,
    0xCC,
    0xD0,
    0xD8,
    0xD9,
    0xDA,
    0xDB,
    0xDC,
    0xDD,
    0xE0,
    0xE1,
    0xE2,
    0xEE,
    0xFE,
)
_RIFF_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF", b"XMP ", b"ICCP", b"JUNK")
_TIFF_TAGS = (254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 297, 317, 320, 322, 323, 324, 325,
              330, 338, 339, 340, 347, 512, 513, 514, 529, 530, 532, 34665)  # fmt: skip
_COMPRESSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34661, 34676, 34712, 34887, 34925, 50000, 50001)


def change_png(rng: random.Random, data: bytes) -> bytes:
    chunks = []
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    chunks = _shuffled(rng, chunks, _PNG_CHUNKS)
    out = bytearray(data[:8])
    for name, body in chunks:
        if name in (b"IDAT", b"iCCP", b"zTXt") and rng.random() < 0.3:
            body = _refolded(rng, body)
        lie = rng.random() < 0.03
        out += struct.pack(">I", rng.choice(INTERESTING) % 2**32 if lie else len(body)) + name + body
        out += struct.pack(">I", zlib.crc32(name + body))
    return bytes(out)


def change_jpeg(rng: random.Random, data: bytes) -> bytes:
    segments = []
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xD9, 0xDA):
        (length,) = struct.unpack_from(">H", data, at + 2)
        segments.append((data[at + 1 : at + 2], data[at + 4 : at + 2 + length]))
        at += 2 + length
    scan = data[at:]
    segments = _shuffled(rng, segments, tuple(bytes([marker]) for marker in _JPEG_MARKERS))
    if rng.random() < 0.3 and scan:
        scan = scan * rng.choice((2, 5)) if rng.random() < 0.5 else rng.choice(MUTATIONS)(rng, scan)
    out = bytearray(data[:2])
    for marker, body in segments:
        length = rng.choice(INTERESTING) if rng.random() < 0.03 else len(body) + 2
        out += b"\xff" + marker + struct.pack(">H", length % 65536) + body
    return bytes(out) + scan


def change_webp(rng: random.Random, data: bytes) -> bytes:
    chunks = []
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    out = bytearray()
    for name, body in _shuffled(rng, chunks, _RIFF_CHUNKS):
        length = rng.choice(INTERESTING) % 2**32 if rng.random() < 0.03 else len(body)
        out += name + struct.pack("<I", length) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + bytes(out)


def change_gif(rng: random.Random, data: bytes) -> bytes:
    """A field of the screen or of a frame's descriptor, or the blocks after one of them."""
    out = bytearray(data)
    places = [6, 8, 10]
    places += [match.start() + 1 for match in re.finditer(rb",(?=.{8})", data[13:], re.DOTALL)]
    at = rng.choice(places)
    if rng.random() < 0.5 and at + 9 < len(out):
        struct.pack_into("<H", out, at + rng.choice((0, 2, 4, 6)), rng.choice(INTERESTING) % 65536)
    else:
        out[min(at + rng.randrange(12), len(out) - 1)] = rng.randrange(256)
    return bytes(out)


def change_bmp(rng: random.Random, data: bytes) -> bytes:
    """A field of the file header or of the information header."""
    out = bytearray(data)
    at = rng.choice((2, 10, 14, 18, 22, 26, 28, 30, 34, 46, 50))
    value = rng.choice((*INTERESTING, 12, 40, 64, 108, 124, 4, 24, -1, -33))
    struct.pack_into("<I", out, at, value % 2**32)
    return bytes(out)


def change_tiff(rng: random.Random, data: bytes) -> bytes:
    """Tags of a directory changed, doubled or left out; the chain of directories bent."""
    big = data[2:4] in (b"+\0", b"\0+")
    order = "<" if data[:2] == b"II" else ">"
    out = bytearray(data)
    first = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count_form, size, value_at, next_form = ("Q", 20, 12, "Q") if big else ("H", 12, 8, "I")
    start = first + struct.calcsize(count_form)
    if start > len(data):
        return data
    count = int(struct.unpack_from(order + count_form, data, first)[0])
    if not 0 < count <= (len(data) - start) // size:
        return data
    entry = start + size * rng.randrange(count)
    match rng.randrange(6):
        case 0:
            struct.pack_into(order + "H", out, entry, rng.choice(_TIFF_TAGS))
        case 1:
            struct.pack_into(order + "H", out, entry + 2, rng.randrange(20))
        case 2:
            struct.pack_into(order + "I", out, entry + 4, rng.choice(INTERESTING) % 2**32)
        case 3:
            value = rng.choice((*INTERESTING, *_COMPRESSIONS, 3, 4, 5, 6, 8, 9, 47, 33))
            struct.pack_into(order + "I", out, entry + value_at, value % 2**32)
        case 4:
            other = start + size * rng.randrange(count)
            out[entry : entry + size] = data[other : other + size]
        case _:
            target = rng.choice((first, first + 2, 8, len(data) - 6, rng.randrange(len(data))))
            if start + count * size + struct.calcsize(next_form) <= len(out):
                struct.pack_into(order + next_form, out, start + count * size, target)
    return bytes(out)


STRUCTURAL = {
    "png": change_png,
    "jpeg": change_jpeg,
    "webp": change_webp,
    "gif": change_gif,
    "bmp": change_bmp,
    "tiff": change_tiff,
}


def _shuffled(
    rng: random.Random, chunks: list[tuple[bytes, bytes]], names: tuple[bytes, ...]
) -> list[tuple[bytes, bytes]]:
    """Chunks doubled, left out, exchanged, renamed, invented or changed inside."""
    if not chunks:
        return [(rng.choice(names), rng.randbytes(13))]
    at = rng.randrange(len(chunks))
    name, body = chunks[at]
    match rng.randrange(8):
        case 0:
            chunks.insert(rng.randrange(len(chunks) + 1), (name, body))
        case 1:
            del chunks[at]
        case 2:
            other = rng.randrange(len(chunks))
            chunks[at], chunks[other] = chunks[other], chunks[at]
        case 3:
            chunks[at] = (rng.choice(names), body)
        case 4:
            chunks.insert(at, (rng.choice(names), rng.randbytes(rng.choice((0, 1, 4, 13, 26, 300)))))
        case _:
            if body:
                chunks[at] = (name, rng.choice(MUTATIONS)(rng, body))
    return chunks


def _refolded(rng: random.Random, body: bytes) -> bytes:
    try:
        plain = zlib.decompress(body)
    except zlib.error:
        return body
    return zlib.compress(rng.choice(MUTATIONS)(rng, plain)) if plain else body
