"""Reading searchable PDFs back with PDFium: text, and where a string stands on the page as it is shown."""

from __future__ import annotations

import ctypes

import pypdfium2
import pypdfium2.raw as raw

from sampan.documents.model import Box, Document, Line, Page, Source, TextBlock, Word
from sampan.documents.options import ParseOptions
from sampan.documents.page_images import SourceImages


def line(*words: tuple[str, Box], text: str | None = None, **more: object) -> Line:
    """A line of words; its text has spaces between them unless given."""
    boxes = [box for _, box in words]
    around = tuple(f(box[k] for box in boxes) for k, f in enumerate((min, min, max, max)))
    return Line(
        text=" ".join(text for text, _ in words) if text is None else text,
        box=around,
        words=[Word(text=text, box=box) for text, box in words],
        **more,
    )


def page_of(
    *lines: Line, size: tuple[float, float], unit: str = "px", number: int = 1, **more: object
) -> Page:
    block = TextBlock(id=f"p{number}-b0", box=(0, 0, *size), order=0, lines=list(lines))
    return Page(number=number, width=size[0], height=size[1], unit=unit, blocks=[block], **more)


def document_of(data: bytes, *pages: Page, media: str = "image/png", **options: object) -> Document:
    """A document that was read from `data`."""
    document = Document(source=Source(name="file", media_type=media), pages=list(pages))
    document._images = SourceImages(data, ParseOptions(**options))
    return document


def text_of(pdf: bytes, page: int = 1) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page - 1].get_textpage().get_text_range().replace("\r\n", "\n")
    finally:
        document.close()


def places(pdf: bytes, wanted: str, page: int = 1) -> list[Box]:
    """Boxes of all occurrences in points of the page as shown, y downwards, as PDFium maps them to a device."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        opened = document[page - 1]
        textpage = opened.get_textpage()
        search = textpage.search(wanted, match_case=True)
        found = []
        while (occurrence := search.get_next()) is not None:
            corners = []
            for index in range(textpage.count_rects(*occurrence)):
                left, bottom, right, top = textpage.get_rect(index)
                corners += [_shown(opened, left, bottom), _shown(opened, right, top)]
            xs, ys = zip(*corners, strict=True)
            found.append((min(xs), min(ys), max(xs), max(ys)))
        return found
    finally:
        document.close()


_FINE = 100
"""PDFium's device has whole pixels: so many of them a point."""


def _shown(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
    width, height = (round(side * _FINE) for side in page.get_size())
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, across, down)
    return across.value / _FINE, down.value / _FINE


def iou(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)
