"""hOCR 1.2: the pages as XHTML whose elements say where they lie on the page as the file shows it.

Format: "hOCR – OCR Workflow and Output embedded in HTML" 1.2 (kba.cloud/hocr-spec). Boxes are whole pixels of the
picture; a PDF page counts as its picture at `PDF_DPI`. Every block is an `ocr_carea`, also tables (with an `ocr_table`
in it and a paragraph for each cell), running heads and page numbers, so that a reader who knows only areas,
paragraphs, lines and words misses nothing; a picture is an `ocr_image`. `order` counts the blocks of the reading order.

Nobody measures baselines here: they are estimated from the line's box and whether its letters have descenders.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from itertools import count

from sampan.documents.geometry import homography
from sampan.documents.model import Block, Document, FigureBlock, Line, Page
from sampan.documents.writers.characters import one_line
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.page_words import (
    Corners,
    PlacedLine,
    PlacedWord,
    baseline,
    bounds,
    corners_of,
    lines_of,
    parts_of,
    placed_lines,
    sizes_as_shown,
    to_page_as_shown,
)

PDF_DPI = 300.0
"""Resolution at which pages of PDFs are described."""
_WRAPPERS = {
    "header": "ocr_header",
    "footer": "ocr_footer",
    "page_number": "ocr_pageno",
    "caption": "ocr_caption",
    "table": "ocr_table",
    "title": "ocr_title",
}
_CAPABILITIES = (
    "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocr_header ocr_footer ocr_pageno ocr_caption ocr_table "
    "ocr_title ocr_section ocr_image ocrp_lang ocrp_dir"
)


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:  # noqa: ARG001
    language = (
        f' lang="{_escape(options.language)}" xml:lang="{_escape(options.language)}"'
        if options.language
        else ""
    )
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE html>",
        f'<html xmlns="http://www.w3.org/1999/xhtml"{language}>',
        "<head>",
        f"<title>{_escape(one_line(document.source.title or document.source.name))}</title>",
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>',
        f'<meta name="ocr-system" content="{_escape(one_line(document.generator))}"/>',
        f'<meta name="ocr-capabilities" content="{_CAPABILITIES}"/>',
        f'<meta name="ocr-number-of-pages" content="{len(document.pages)}"/>',
        "</head>",
        "<body>",
    ]
    for page, size in zip(document.pages, sizes_as_shown(document), strict=True):
        parts += _Page(document, page, size).lines()
    return "\n".join([*parts, "</body>", "</html>", ""])


class _Page:
    """One page on its way to XHTML. Identifiers count through the page: `block_2_1` is the first of page 2."""

    def __init__(self, document: Document, page: Page, size: tuple[float, float]) -> None:
        self._document = document
        self._page = page
        scale = PDF_DPI / 72.0 if page.unit == "pt" else 1.0
        self._matrix = homography.scaling(scale) @ to_page_as_shown(page)
        self._size = tuple(max(1, round(side * scale)) for side in size)
        self._numbers = {kind: count(1) for kind in ("block", "par", "line", "word", "image")}

    def lines(self) -> Iterator[str]:
        name = one_line(self._document.source.name).replace('"', "'")
        title = [
            f'image "{name}"',
            f"bbox 0 0 {self._size[0]} {self._size[1]}",
            f"ppageno {self._page.number - 1}",
        ]
        if self._page.unit == "pt":
            title.append(f"scan_res {PDF_DPI:.0f} {PDF_DPI:.0f}")
        yield f'<div class="ocr_page" id="page_{self._page.number}" title="{_escape("; ".join(title))}">'
        for block in self._page.blocks:
            yield from self._block(block)
        yield "</div>"

    def _block(self, block: Block) -> Iterator[str]:
        corners = homography.apply(self._matrix, corners_of(block.box, block.quad))
        order = "" if block.order is None else f"; order {block.order}"
        box = self._box(corners)
        if isinstance(block, FigureBlock):
            yield f'<div class="ocr_image" id="{self._id("image")}" title="{box}{order}"></div>'
        if not any(True for _ in placed_lines(lines_of(block), self._matrix)):
            return
        wrapper = "ocr_section" if block.kind == "heading" else _WRAPPERS.get(block.kind)
        yield f'<div class="ocr_carea" id="{self._id("block")}" title="{box}{order}">'
        if wrapper is not None:
            yield f'<div class="{wrapper}" title="{box}">'
        for lines in parts_of(block):
            yield from self._paragraph(lines)
        if wrapper is not None:
            yield "</div>"
        yield "</div>"

    def _paragraph(self, lines: list[Line]) -> Iterator[str]:
        placed = list(placed_lines(lines, self._matrix))
        if not placed:
            return
        boxes = [bounds(line.corners) for line in placed]
        around = (
            min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes),
        )  # fmt: skip
        direction = ' dir="rtl"' if all(line.direction == "rtl" for line in placed) else ""
        yield f'<p class="ocr_par" id="{self._id("par")}"{direction} title="{self._bbox(around)}">'
        for line in placed:
            yield self._line(line)
        yield "</p>"

    def _line(self, line: PlacedLine) -> str:
        words = []
        for number, word in enumerate(line.words):
            words.append((" " if number and word.spaced else "") + self._word(word))
        title = [self._box(line.corners), *_slope(line), f"x_wconf {round(100 * line.line.confidence)}"]
        direction = ' dir="rtl"' if line.direction == "rtl" else ""
        return (
            f'<span class="ocr_line" id="{self._id("line")}"{direction} title="{"; ".join(title)}">'
            f"{''.join(words)}</span>"
        )

    def _word(self, word: PlacedWord) -> str:
        title = f"{self._box(word.corners)}; x_wconf {round(100 * word.confidence)}"
        text = _escape(word.text)
        if word.style is not None and word.style.bold:
            text = f"<strong>{text}</strong>"
        if word.style is not None and word.style.italic:
            text = f"<em>{text}</em>"
        return f'<span class="ocrx_word" id="{self._id("word")}" title="{title}">{text}</span>'

    def _id(self, kind: str) -> str:
        return f"{kind}_{self._page.number}_{next(self._numbers[kind])}"

    def _box(self, corners: Corners) -> str:
        return self._bbox(bounds(corners))

    def _bbox(self, box: tuple[float, float, float, float]) -> str:
        """`bbox x0 y0 x1 y1`, on the page and with an area."""
        width, height = self._size
        x0, y0 = (
            min(max(int(value), 0), limit - 1) for value, limit in zip(box[:2], self._size, strict=True)
        )
        x1, y1 = min(max(round(box[2]), x0 + 1), width), min(max(round(box[3]), y0 + 1), height)
        return f"bbox {x0} {y0} {x1} {y1}"


def _slope(line: PlacedLine) -> list[str]:
    """`baseline` of a line that runs about level, `textangle` of one that does not."""
    (x0, y0), (x1, y1) = baseline(line)
    height = math.dist(line.corners[3], line.corners[0])
    if abs(line.angle) > 30.0:
        return [f"textangle {-line.angle % 360:.1f}", f"x_size {height:.1f}"]
    left, _, _, bottom = bounds(line.corners)
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    return [f"baseline {slope:.4f} {y0 - slope * (x0 - left) - bottom:.1f}", f"x_size {height:.1f}"]


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
