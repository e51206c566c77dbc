"""PDF files as pages, on PDFium.

A page is described as the file shows it: crop box applied, /Rotate applied, y downwards, in points.
`PdfPage.transform` maps PDF user space there; text layer and vector graphics use it.
Sizes, pictures and text of a page are found when asked for, so a damaged page fails alone.
"""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Literal

import numpy as np
import pypdfium2
import pypdfium2.raw as raw
from numpy.typing import NDArray

from sampan.documents.reading import pdfium
from sampan.documents.stages import Image, TextLayer
from sampan.errors import InputError, LimitError, PasswordError

POINTS_PER_INCH = 72.0
MAX_SIDE = 1_000_000
"""Points. ISO 32000-1 Annex C allows 14,400 units; PDFium's text search takes memory by the point."""


class PdfFile:
    """An open PDF. Pages keep it alive; `close` frees what PDFium holds."""

    media_type = "application/pdf"

    def __init__(self, file: Path | bytes, name: str, password: str | None, max_pixels: int) -> None:
        self.name = name
        self.max_pixels = max_pixels
        self.document: pypdfium2.PdfDocument | None = None
        with pdfium.LOCK:
            # PDFium sets no error for a file without pages, and the last file's would be taken for it.
            raw.FPDF_LoadMemDocument64(None, 0, None)
            try:
                self.document = pypdfium2.PdfDocument(file, password=password)
            except pypdfium2.PdfiumError as error:
                raise _open_error(error, name, password) from error
            except UnicodeEncodeError as error:
                raise PasswordError(f"the password for {name} holds characters PDF cannot use") from error
            self._count = len(self.document)
            self.title = self._metadata("Title")
            self.author = self._metadata("Author")

    def __len__(self) -> int:
        return self._count

    def page(self, number: int) -> PdfPage:
        return PdfPage(self, number)

    def close(self) -> None:
        with pdfium.LOCK:
            if self.document is not None:
                self.document.close()
                self.document = None

    def _metadata(self, key: str) -> str | None:
        assert self.document is not None
        try:
            value = self.document.get_metadata_value(key)
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            return None
        return value.replace("\0", "").strip() or None


class PdfPage:
    """One page of a PDF. PDFium's page is opened for each question and closed after it."""

    unit: Literal["pt", "px"] = "pt"

    def __init__(self, file: PdfFile, number: int) -> None:
        self._file = file
        self.number = number
        self._size: tuple[float, float] | None = None
        self._text_layer: TextLayer | None = None
        self._has_read_text_layer = False

    @property
    def width(self) -> float:
        return self._dimensions()[0]

    @property
    def height(self) -> float:
        return self._dimensions()[1]

    def image(self, dpi: float) -> Image:
        """The page on white at `dpi`, BGR. LimitError if it would be larger than allowed."""
        scale = dpi / POINTS_PER_INCH
        width, height = (max(1, math.ceil(side * scale)) for side in self._dimensions())
        if width * height > self._file.max_pixels:
            raise LimitError(
                f"page {self.number} of {self._file.name} at {dpi:g} dpi is {width} × {height} = "
                f"{width * height:,} pixels (limit {self._file.max_pixels:,}): "
                "read it at a lower dpi or raise max_pixels"
            )
        with pdfium.LOCK, _Opened(self) as page:
            picture = np.full((height, width, 3), 255, np.uint8)
            bitmap = raw.FPDFBitmap_CreateEx(
                width, height, raw.FPDFBitmap_BGR, picture.ctypes.data_as(ctypes.c_void_p), picture.strides[0]
            )
            if not bitmap:
                raise InputError(
                    f"page {self.number} of {self._file.name} cannot be rendered: no memory for it"
                )
            try:
                raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT)
            finally:
                raw.FPDFBitmap_Destroy(bitmap)
        return picture

    def text_layer(self) -> TextLayer | None:
        """Text, rulings, fills, drawings and pictures; None if the page has no text at all."""
        if not self._has_read_text_layer:
            from sampan.documents.reading.text_layer import read_text_layer

            with pdfium.LOCK, _Opened(self) as page:
                self._text_layer = read_text_layer(page, *self._geometry(page))
            self._has_read_text_layer = True
        return self._text_layer

    def _dimensions(self) -> tuple[float, float]:
        if self._size is None:
            with pdfium.LOCK, _Opened(self) as page:
                self._geometry(page)
        assert self._size is not None
        return self._size

    def _geometry(self, page: object) -> tuple[tuple[float, float], NDArray[np.float64]]:
        """Size of the page as shown and the matrix from user space to it; needs the open page."""
        box = raw.FS_RECTF()
        rotation = raw.FPDFPage_GetRotation(page)
        width, height = raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page)
        if not (raw.FPDF_GetPageBoundingBox(page, box) and width > 0 and height > 0):
            raise InputError(f"page {self.number} of {self._file.name} has no area: the page is damaged")
        if not (width <= MAX_SIDE and height <= MAX_SIDE):
            raise LimitError(
                f"page {self.number} of {self._file.name} is {width:g} × {height:g} points (limit {MAX_SIDE:,} a "
                "side, 350 m): its page box is damaged, so print it to a new PDF"
            )
        self._size = (float(width), float(height))
        return self._size, upright_transform((box.left, box.bottom, box.right, box.top), rotation)


def upright_transform(box: tuple[float, float, float, float], rotation: int) -> NDArray[np.float64]:
    """(3, 2) matrix M with [x, y, 1] @ M = upright point, for a crop box and /Rotate in quarter turns.

    ISO 32000-1 §8.3.2.3 and Table 30: the page is shown turned clockwise by /Rotate.
    """
    left, bottom, right, top = box
    match rotation % 4:
        case 0:
            matrix = [[1, 0], [0, -1], [-left, top]]
        case 1:
            matrix = [[0, 1], [1, 0], [-bottom, -left]]
        case 2:
            matrix = [[-1, 0], [0, 1], [right, -bottom]]
        case _:
            matrix = [[0, -1], [-1, 0], [top, right]]
    return np.array(matrix, np.float64)


class _Opened:
    """PDFium's page handle for the length of a `with`."""

    def __init__(self, page: PdfPage) -> None:
        self._page = page

    def __enter__(self) -> object:
        file, number = self._page._file, self._page.number
        if file.document is None:
            raise InputError(f"page {number} of {file.name} was asked for after the source was closed")
        self._handle = raw.FPDF_LoadPage(file.document, number - 1)
        if not self._handle:
            raise InputError(f"page {number} of {file.name} cannot be opened: the page is damaged")
        return self._handle

    def __exit__(self, *_: object) -> None:
        raw.FPDF_ClosePage(self._handle)


def _open_error(error: pypdfium2.PdfiumError, name: str, password: str | None) -> InputError:
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        if password is None:
            return PasswordError(f"{name} is encrypted: give its password")
        return PasswordError(f"{name} is encrypted and the given password does not open it")
    if error.err_code == raw.FPDF_ERR_SECURITY:
        return PasswordError(
            f"{name} is encrypted by a method that cannot be opened: save it without encryption"
        )
    return InputError(f"{name} cannot be read as PDF: it is truncated or damaged, or has no pages")
