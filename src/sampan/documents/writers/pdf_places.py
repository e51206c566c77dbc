"""Where a page of a PDF lies in its own user space, as PDFium shows it: crop box, /Rotate and UserUnit undone."""

from __future__ import annotations

import io
from types import TracebackType
from typing import Self

import numpy as np
import pypdfium2
import pypdfium2.raw as raw

from sampan.documents.geometry import homography
from sampan.documents.reading import pdfium
from sampan.documents.reading.pdf import upright_transform
from sampan.errors import InputError


class PdfPlaces:
    """An open PDF; use it in a `with` block. `len()` is its number of pages."""

    def __init__(self, data: bytes, password: str | None) -> None:
        with pdfium.LOCK:
            try:
                self._document = pypdfium2.PdfDocument(data, password=password)
            except pypdfium2.PdfiumError as error:
                raise InputError(f"the PDF cannot be opened: {error}") from error
            self._count = len(self._document)

    def __len__(self) -> int:
        return self._count

    def from_shown(self, number: int) -> homography.Matrix:
        """Points of the page as shown (y downwards) → user space."""
        with pdfium.LOCK:
            try:
                page = self._document[number - 1]
            except pypdfium2.PdfiumError as error:
                raise InputError(f"page {number} cannot be opened: it is damaged") from error
            try:
                box, rotation = page.get_bbox(), page.get_rotation() // 90
                width, height = page.get_size()
            finally:
                page.close()
        turned = upright_transform(box, rotation)
        to_shown = np.eye(3)
        to_shown[:2] = turned.T
        sides = (box[2] - box[0], box[3] - box[1])
        own = sides if rotation % 2 == 0 else sides[::-1]
        if min(own) <= 0:
            raise InputError(f"page {number} has no area")
        return homography.invert(homography.scaling(width / own[0], height / own[1]) @ to_shown)

    def plain_copy(self) -> bytes:
        """The document as PDFium writes it: sound, with the same pages, without encryption."""
        out = io.BytesIO()
        with pdfium.LOCK:
            self._document.save(out, flags=raw.FPDF_REMOVE_SECURITY)
        return out.getvalue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with pdfium.LOCK:
            self._document.close()
