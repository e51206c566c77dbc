"""Picture files as pages: PNG, JPEG, TIFF with several pages, WebP, BMP, GIF.

Whatever the file holds — grey, palette, 16 bits, alpha, CMYK, one bit — comes out as upright BGR uint8
on white paper. OpenCV decodes; what it leaves undone or does differently is put right here:
alpha is composited on white, 16 bits are scaled (not cut), EXIF orientation is applied from our own
reading of the header because OpenCV skips it when alpha or depth are kept.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.reading.image_header import ImageHeader, read_header
from sampan.documents.stages import Image, TextLayer
from sampan.errors import InputError, LimitError

MAX_PASSES = 20
"""Passes over a picture of the largest allowed size; smaller ones may take more. Usual are about ten."""

_PAGED = {"image/tiff"}
_PIXEL_BYTES = 8
_NO_MEMORY = -4
_DECODING = threading.Lock()
_STRIP = 1 << 22
"""Pixels that are converted at a time."""


class ImageFile:
    """A picture file, of which every frame of a TIFF is a page; of an animation the first frame is."""

    def __init__(self, data: bytes, name: str, media_type: str, max_pixels: int) -> None:
        self.name = name
        self.media_type = media_type
        self.title: str | None = None
        self.author: str | None = None
        self._max_pixels = max_pixels
        try:
            self._header: ImageHeader = read_header(data, media_type)
        except InputError as error:
            raise type(error)(f"{name} cannot be read: {error}") from error
        # Written to where a TIFF is pointed at one of its frames.
        self._data: bytes | bytearray = bytearray(data) if self._header.offsets else data

    def __len__(self) -> int:
        return len(self._header.frames) if self.media_type in _PAGED else 1

    def page(self, number: int) -> ImagePage:
        return ImagePage(self, number)

    def close(self) -> None:
        self._data = b""

    def size(self, number: int) -> tuple[int, int]:
        """Width and height of a page after orientation; LimitError if it is larger than allowed."""
        header, limit = self._header, self._max_pixels
        width, height = header.frames[number - 1]
        if width * height > limit:
            raise LimitError(
                f"page {number} of {self.name} has {width} × {height} = {width * height:,} pixels "
                f"(limit {limit:,}): scale the picture down or raise max_pixels"
            )
        if header.held and header.held[number - 1] > _PIXEL_BYTES * limit:
            raise LimitError(
                f"page {number} of {self.name} takes {header.held[number - 1]:,} bytes to decode (limit "
                f"{_PIXEL_BYTES * limit:,}, {_PIXEL_BYTES} a pixel): save it with smaller tiles or raise max_pixels"
            )
        if header.passes * width * height > MAX_PASSES * limit:
            raise LimitError(
                f"page {number} of {self.name} is decoded in {header.passes} passes of {width * height:,} pixels "
                f"(limit {MAX_PASSES * limit:,} in all): save it again or raise max_pixels"
            )
        return (height, width) if header.orientation >= 5 else (width, height)

    def decode(self, number: int) -> Image:
        width, height = self.size(number)  # the guard runs before the decoder
        if not self._data:
            raise InputError(f"page {number} of {self.name} was asked for after the source was closed")
        # One at a time: the file is written to before each, and how much OpenCV says is a setting of the process.
        with _DECODING, _quiet():
            try:
                raw = cv2.imdecode(self._frame(number), cv2.IMREAD_UNCHANGED)
            except cv2.error as error:
                if error.code == _NO_MEMORY:
                    raise LimitError(
                        f"page {number} of {self.name} ({width} × {height}) needs more memory than there is: "
                        "scale the picture down"
                    ) from error
                reason = " ".join(str(error.err).split())
                raise InputError(f"page {number} of {self.name} cannot be decoded: {reason}") from error
        if raw is None:
            raise InputError(f"page {number} of {self.name} cannot be decoded: the picture data is damaged")
        # Eight-bit TIFF passes through libtiff's RGBA reader, which multiplies colours by alpha.
        premultiplied = self.media_type == "image/tiff" and raw.dtype == np.uint8
        picture = oriented(to_bgr(raw, premultiplied), self._header.orientation)
        if picture.shape[:2] != (height, width):
            raise InputError(
                f"page {number} of {self.name} is {picture.shape[1]} × {picture.shape[0]} pixels where its header "
                f"says {width} × {height}: it is damaged"
            )
        return picture

    def _frame(self, number: int) -> NDArray[np.uint8]:
        """The file such that the frame is its first: decoders reach frame n only by way of all before it."""
        if isinstance(self._data, bytearray):
            order = "<" if self._data[:2] == b"II" else ">"
            big = bytes(self._data[2:4]) in (b"+\0", b"\0+")
            form, at = (order + "Q", 8) if big else (order + "I", 4)
            struct.pack_into(form, self._data, at, self._header.offsets[number - 1])
        return np.frombuffer(self._data, np.uint8)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV's decoders from writing to standard error what an exception says already."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


class ImagePage:
    """One page of a picture file. Sizes are known from the header; pixels are decoded when asked for."""

    unit: Literal["pt", "px"] = "px"

    def __init__(self, file: ImageFile, number: int) -> None:
        self._file = file
        self.number = number

    @property
    def width(self) -> float:
        return float(self._file.size(self.number)[0])

    @property
    def height(self) -> float:
        return float(self._file.size(self.number)[1])

    def image(self, dpi: float) -> Image:  # noqa: ARG002 - a picture has the pixels it has
        return self._file.decode(self.number)

    def text_layer(self) -> TextLayer | None:
        return None


def to_bgr(raw: NDArray[Any], premultiplied: bool = False) -> Image:
    """Any picture that OpenCV decodes → (height, width, 3) uint8 on white.

    `premultiplied` says that the colours have been multiplied by alpha already.
    """
    if raw.ndim == 2:
        raw = raw[:, :, None]
    if raw.dtype == np.uint8 and raw.shape[2] == 3:
        return np.ascontiguousarray(raw)
    result = np.empty((*raw.shape[:2], 3), np.uint8)
    # In strips: what is worked with in between takes eight times the memory of the picture.
    rows = max(1, _STRIP // raw.shape[1])
    for top in range(0, len(raw), rows):
        result[top : top + rows] = _strip_to_bgr(raw[top : top + rows], premultiplied)
    return result


def _strip_to_bgr(raw: NDArray[Any], premultiplied: bool) -> NDArray[np.uint8]:
    if raw.dtype == np.uint16:
        # Rounded division by 257 maps 65535 to 255, where dropping the low byte would darken greys.
        raw = ((raw.astype(np.uint32) + 128) // 257).astype(np.uint8)
    elif raw.dtype == np.bool_:
        raw = raw.astype(np.uint8) * 255
    elif np.issubdtype(raw.dtype, np.floating):
        raw = (np.clip(np.nan_to_num(raw), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    elif raw.dtype != np.uint8:
        raw = np.clip(raw.astype(np.int64), 0, 255).astype(np.uint8)
    channels = raw.shape[2]
    if channels in (2, 4):
        color, alpha = raw[:, :, :-1].astype(np.uint16), raw[:, :, -1:].astype(np.uint16)
        if (alpha == 255).all():
            raw = raw[:, :, :-1]
        else:
            over = color * np.uint16(255) if premultiplied else color * alpha
            # At most 255 · 255 + 127 for plain alpha; a damaged premultiplied file can exceed it.
            mixed = (over.astype(np.uint32) + np.uint32(255) * (255 - alpha) + 127) // 255
            raw = np.minimum(mixed, 255).astype(np.uint8)
    return raw[:, :, :3]


def oriented(image: Image, orientation: int) -> Image:
    """Apply EXIF orientation 1 to 8: 2, 4, 5 and 7 mirror, 3, 6 and 8 turn."""
    if orientation in (5, 6, 7, 8):
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)
