"""Paper, margins and columns of a written Word document: its sections, ECMA-376, part 1, section 17.6.

PDF pages keep their size. Pictures have no size in the world: their pages become A4, upright or lying. Margins are
those of the text on the pages of that size.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

from sampan.documents.model import Document, Page
from sampan.documents.writers.docx_elements import Element, element

TWIPS = 20
"""In a point."""
A4 = (595.3, 841.9)
SMALLEST, LARGEST = 144.0, 1584.0
"""Sides of paper in points; Word knows none over 22 inches."""
LEAST_MARGIN, MOST_MARGIN = 36.0, 90.0
GAP = 24.0
"""Between columns, in points."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A page in points with its margins: left, top, right, bottom."""

    width: float
    height: float
    margins: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """What one section looks like."""

    paper: Paper
    columns: int = 1
    rtl: bool = False

    @property
    def text_width(self) -> float:
        """Of one column, in points."""
        left, _, right, _ = self.paper.margins
        return (self.paper.width - left - right - (self.columns - 1) * GAP) / self.columns

    @property
    def text_height(self) -> float:
        _, top, _, bottom = self.paper.margins
        return self.paper.height - top - bottom


def papers(document: Document) -> dict[int, Paper]:
    """The paper of each page by its number; pages of one size share their margins."""
    sizes = {page.number: _size(page) for page in document.pages}
    margins = {
        size: _margins(size, [page for page in document.pages if sizes[page.number] == size])
        for size in set(sizes.values())
    }
    return {number: Paper(*size, margins[size]) for number, size in sizes.items()}


def _size(page: Page) -> tuple[float, float]:
    if page.unit == "px":
        return A4 if page.height >= page.width else (A4[1], A4[0])
    return (
        round(min(max(page.width, SMALLEST), LARGEST), 1),
        round(min(max(page.height, SMALLEST), LARGEST), 1),
    )


def _margins(size: tuple[float, float], pages: Iterable[Page]) -> tuple[float, float, float, float]:
    boxes = [
        (x0 / page.width, y0 / page.height, 1 - x1 / page.width, 1 - y1 / page.height)
        for page in pages
        for x0, y0, x1, y1 in (block.box for block in page.blocks if block.order is not None)
    ]
    free = [min(column) for column in zip(*boxes, strict=True)] or [0.1] * 4
    found = [
        min(max(part * size[side % 2], LEAST_MARGIN), MOST_MARGIN, size[side % 2] / 6)
        for side, part in enumerate(free)
    ]
    return found[0], found[1], found[2], found[3]


class Sections:
    """Writes section breaks where paper or columns change."""

    def __init__(self, package: Any) -> None:
        self._body: Element = package.element.body
        self._last: Element = self._body.find(qn("w:sectPr"))
        """Of the section that is being written; a section's properties stand at its end."""
        self.layout: Layout | None = None

    def go_on_with(self, layout: Layout, new_page: bool) -> bool:
        """Begin another section if the layout is another one; says whether it begins on a new page."""
        if layout == self.layout:
            return False
        if self.layout is None:
            begins_page = True
        else:
            begins_page = new_page or layout.paper != self.layout.paper
            self._close()
        self._set(layout, "nextPage" if begins_page else "continuous")
        self.layout = layout
        return begins_page

    def _close(self) -> None:
        last = self._last.getprevious()
        if last is None or last.tag != qn("w:p") or last.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None:
            last = element("p")
            self._last.addprevious(last)
        properties = last.find(qn("w:pPr"))
        if properties is None:
            properties = element("pPr")
            last.insert(0, properties)
        properties.append(deepcopy(self._last))
        # A section without headers and footers of its own has those of the section before.
        for name in ("headerReference", "footerReference"):
            for reference in self._last.findall(qn(f"w:{name}")):
                self._last.remove(reference)

    def _set(self, layout: Layout, begin: str) -> None:
        for child in list(self._last):
            if child.tag not in (qn("w:headerReference"), qn("w:footerReference")):
                self._last.remove(child)
        paper = layout.paper
        left, top, right, bottom = (round(margin * TWIPS) for margin in paper.margins)
        lying = {"orient": "landscape"} if paper.width > paper.height else {}
        several = {"num": layout.columns} if layout.columns > 1 else {}
        self._last.extend(
            [
                element("type", val=begin),
                element("pgSz", w=round(paper.width * TWIPS), h=round(paper.height * TWIPS), **lying),
                element(
                    "pgMar", top=top, right=right, bottom=bottom, left=left, header=min(top, 480),
                    footer=min(bottom, 480), gutter=0,
                ),
                element("cols", space=round(GAP * TWIPS), **several),
                *([element("bidi")] if layout.rtl else []),
            ]
        )  # fmt: skip
