"""What a PDF page says about itself: lines of text and vector graphics, and which of it can be trusted."""

from __future__ import annotations

import pypdfium2.raw as raw

from sampan.documents.reading import pdfium
from sampan.documents.reading.glyphs import Matrix, read_glyphs
from sampan.documents.reading.reliability import judge
from sampan.documents.reading.text_lines import read_lines
from sampan.documents.reading.vector_graphics import read_graphics
from sampan.documents.stages import TextLayer


def read_text_layer(page: object, size: tuple[float, float], transform: Matrix) -> TextLayer | None:
    """Text layer of the open PDFium page handle `page`; None if it has no text.

    `transform` (3, 2) maps user space to upright points, `size` is the upright page.
    """
    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        return None
    try:
        glyphs = read_glyphs(pdfium.address(text_page), transform, size)
        lines = read_lines(glyphs) if glyphs is not None else []
    finally:
        raw.FPDFText_ClosePage(text_page)
    if glyphs is None:
        return None
    graphics = read_graphics(pdfium.address(page), size, transform)
    lines, unreliable = judge(lines, glyphs, graphics.images, size)
    if not lines and not unreliable:
        return None
    return TextLayer(
        lines=[read.line for read in lines],
        rulings=graphics.rulings,
        images=graphics.images,
        fills=graphics.fills,
        drawings=graphics.drawings,
        unreliable=unreliable,
    )
