"""A picture as a PDF image (ISO 32000-1 §8.9): the file's own compressed data wherever PDF knows its compression.

JPEG    as it is, byte for byte (DCTDecode); EXIF orientation becomes the matrix that places it
PNG     its own compressed rows (FlateDecode with PNG predictors) if it has neither alpha nor interlacing
others  as read, compressed without loss the same way; black and white with one bit a pixel, grey with eight
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
)

from sampan.documents.stages import Image
from sampan.documents.writers.pdf_objects import PdfObjects, packed

_BASELINE_TO_PROGRESSIVE = (0xC0, 0xC1, 0xC2)
"""Frames that DCTDecode must know; arithmetic coding and lossless JPEG are none of them."""

_MAX_PROFILE = 1 << 24
_ORIENTED = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""EXIF orientation → matrix of the unit square, in which PDF draws an image, onto itself."""


@dataclass(slots=True)
class EmbeddedPicture:
    stream: StreamObject
    orientation: int = 1
    profile: bytes | None = None
    """ICC profile of its colours."""

    def add_to(self, pdf: PdfObjects) -> IndirectObject:
        space = self.stream["/ColorSpace"]
        if self.profile is not None and isinstance(space, NameObject):
            components = {"/DeviceGray": 1, "/DeviceRGB": 3, "/DeviceCMYK": 4}[space]
            profile = packed(self.profile, N=NumberObject(components), Alternate=space)
            self.stream[NameObject("/ColorSpace")] = ArrayObject([NameObject("/ICCBased"), pdf.add(profile)])
        return pdf.add(self.stream)

    def matrix(self, width: float, height: float) -> tuple[float, ...]:
        """The matrix that draws it on a page of this size."""
        a, b, c, d, e, f = _ORIENTED[self.orientation]
        return a * width, b * height, c * width, d * height, e * width, f * height


def embedded_file(data: bytes, media_type: str, orientation: int) -> EmbeddedPicture | None:
    """The file's own data, or None if PDF cannot take it as it is."""
    try:
        if media_type == "image/jpeg":
            return _jpeg(data, orientation)
        if media_type == "image/png":
            stream = _png(data)
            if stream is None:
                return None
            compressed = next((body for name, body in _png_chunks(data) if name == b"iCCP"), b"")
            return EmbeddedPicture(stream, orientation, _inflated_profile(compressed, stream))
    except (struct.error, IndexError):
        return None
    return None


def embedded_pixels(picture: Image) -> EmbeddedPicture:
    """A decoded BGR picture, without loss."""
    channels: Image = picture
    if (picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 1] == picture[:, :, 2]).all():
        channels = np.ascontiguousarray(picture[:, :, 0])
        if np.isin(channels, (0, 255)).all():
            packed = np.packbits(channels > 0, axis=1)
            stream = _image(channels.shape[1], channels.shape[0], 1, NameObject("/DeviceGray"))
            stream.set_data(zlib.compress(packed.tobytes(), 9))
            return EmbeddedPicture(stream)
    _, encoded = cv2.imencode(".png", channels, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    png = _png(encoded.tobytes())
    assert png is not None
    return EmbeddedPicture(png)


def _jpeg(data: bytes, orientation: int) -> EmbeddedPicture | None:
    adobe = False
    profile: dict[int, bytes] = {}
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0xEE and data[at + 4 : at + 9] == b"Adobe":
            adobe = True
        if marker == 0xE2 and data[at + 4 : at + 16] == b"ICC_PROFILE\0":
            # A profile longer than a segment is parted; each part has its number (ICC.1:2022 Annex B.4).
            profile[data[at + 16]] = data[at + 18 : at + 2 + length]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            bits, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
            space = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}.get(components)
            if marker not in _BASELINE_TO_PROGRESSIVE or bits != 8 or space is None:
                return None
            stream = _image(width, height, 8, NameObject(space), "/DCTDecode")
            if components == 4 and adobe:
                # Adobe's CMYK files hold the inverse of ink.
                stream[NameObject("/Decode")] = ArrayObject([NumberObject(1), NumberObject(0)] * 4)
            stream.set_data(data)
            whole = b"".join(part for _, part in sorted(profile.items()))
            return EmbeddedPicture(stream, orientation, whole if _fits(whole, components) else None)
        at += 2 + length
    return None


def _png(data: bytes) -> StreamObject | None:
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    chunks = list(_png_chunks(data))
    if interlaced or kind not in (0, 2, 3) or any(name == b"tRNS" for name, _ in chunks):
        return None
    space: PdfObject = NameObject("/DeviceRGB" if kind == 2 else "/DeviceGray")
    if kind == 3:
        palette = next((body for name, body in chunks if name == b"PLTE"), b"")
        if not palette or len(palette) % 3:
            return None
        last = NumberObject(len(palette) // 3 - 1)
        space = ArrayObject(
            [NameObject("/Indexed"), NameObject("/DeviceRGB"), last, ByteStringObject(palette)]
        )
    stream = _image(width, height, bits, space)
    stream[NameObject("/DecodeParms")] = DictionaryObject(
        {
            NameObject("/Predictor"): NumberObject(15),
            NameObject("/Colors"): NumberObject(3 if kind == 2 else 1),
            NameObject("/BitsPerComponent"): NumberObject(bits),
            NameObject("/Columns"): NumberObject(width),
        }
    )
    stream.set_data(b"".join(body for name, body in chunks if name == b"IDAT"))
    return stream


def _inflated_profile(chunk: bytes, stream: StreamObject) -> bytes | None:
    """The profile of a PNG's iCCP chunk (§11.3.2.3): name, NUL, method 0, zlib data."""
    name, _, rest = chunk.partition(b"\0")
    if not name or not rest:
        return None
    try:
        profile = zlib.decompressobj().decompress(rest[1:], _MAX_PROFILE)
    except zlib.error:
        return None
    coloured = stream.get("/ColorSpace") == NameObject("/DeviceRGB")
    return profile if _fits(profile, 3 if coloured else 1) else None


def _fits(profile: bytes, components: int) -> bool:
    """Whether it is a whole profile for so many components (ICC.1:2022 §7.2)."""
    if len(profile) < 128 or struct.unpack_from(">I", profile)[0] != len(profile):
        return False
    return profile[36:40] == b"acsp" and profile[16:20] == {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}[components]


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + length]
        if name == b"IEND":
            return
        at += 12 + length


def _image(
    width: int, height: int, bits: int, space: PdfObject, compression: str = "/FlateDecode"
) -> StreamObject:
    stream = StreamObject()
    stream.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(width),
            NameObject("/Height"): NumberObject(height),
            NameObject("/BitsPerComponent"): NumberObject(bits),
            NameObject("/ColorSpace"): space,
            NameObject("/Filter"): NameObject(compression),
        }
    )
    return stream
