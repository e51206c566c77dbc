"""Picture files as pages: PNG, JPEG, TIFF with several pages, WebP, BMP, GIF.

Whatever the file holds — grey, palette, 16 bits, alpha, CMYK, one bit — comes out as upright BGR uint8
on white paper. OpenCV decodes; what it leaves undone or does differently is put right here:
alpha is composited on white, 16 bits are scaled (not cut), EXIF orientation is applied from our own
reading of the header because OpenCV skips it when alpha or depth are kept.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.reading.image_header import ImageHeader, read_header
from sampan.documents.stages import Image, TextLayer
from sampan.errors import InputError, LimitError

_PAGED = {"image/tiff"}


class ImageFile:
    """A picture file, of which every frame of a TIFF is a page; of an animation the first frame is."""

    def __init__(self, data: bytes, name: str, media_type: str, max_pixels: int) -> None:
        self.name = name
        self.media_type = media_type
        self.title: str | None = None
        self.author: str | None = None
        self._data = data
        self._max_pixels = max_pixels
        self._header: ImageHeader = read_header(data, media_type)

    def __len__(self) -> int:
        return len(self._header.frames) if self.media_type in _PAGED else 1

    def page(self, number: int) -> ImagePage:
        return ImagePage(self, number)

    def close(self) -> None:
        self._data = b""

    def size(self, number: int) -> tuple[int, int]:
        """Width and height of a page after orientation; LimitError if it is larger than allowed."""
        width, height = self._header.frames[number - 1]
        if width * height > self._max_pixels:
            raise LimitError(
                f"page {number} of {self.name} has {width} × {height} = {width * height:,} pixels "
                f"(limit {self._max_pixels:,}): scale the picture down or raise max_pixels"
            )
        return (height, width) if self._header.orientation >= 5 else (width, height)

    def decode(self, number: int) -> Image:
        self.size(number)  # the guard runs before the decoder
        buffer = np.frombuffer(self._data, np.uint8)
        if buffer.size == 0:
            raise InputError(f"page {number} of {self.name} was asked for after the source was closed")
        try:
            raw = self._decode_frame(buffer, number)
        except cv2.error as error:
            raise InputError(f"page {number} of {self.name} cannot be decoded: {error.err}") from error
        if raw is None:
            raise InputError(f"page {number} of {self.name} cannot be decoded: the picture data is damaged")
        # Eight-bit TIFF passes through libtiff's RGBA reader, which multiplies colours by alpha.
        premultiplied = self.media_type == "image/tiff" and raw.dtype == np.uint8
        return oriented(to_bgr(raw, premultiplied), self._header.orientation)

    def _decode_frame(self, buffer: NDArray[np.uint8], number: int) -> NDArray[Any] | None:
        if len(self) == 1:
            return cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
        ok, frames = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED, range=(number - 1, number))
        return frames[0] if ok and frames else None


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
    if raw.shape[2] == 1:
        raw = np.repeat(raw, 3, axis=2)
    return np.ascontiguousarray(raw[:, :, :3], dtype=np.uint8)


def oriented(image: Image, orientation: int) -> Image:
    """Apply EXIF orientation 1 to 8: 2, 4, 5 and 7 mirror, 3, 6 and 8 turn."""
    if orientation in (5, 6, 7, 8):
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)
