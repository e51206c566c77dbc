"""Where on which pages a block's text stands, also where it goes on in a later column or page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

from sampan.documents.geometry.boxes import union_box
from sampan.documents.model import Block, Box, Document, Line, Page


@dataclass(frozen=True, slots=True)
class Place:
    """A box on a page, in the page's own units from its top left corner."""

    page: int
    block: str
    kind: str
    box: Box


class Places:
    """The places of every block of a document."""

    def __init__(self, document: Document) -> None:
        self._pages: dict[str, Page] = {}
        self._later: dict[str, list[Block]] = {}
        self._lines: dict[str, tuple[list[tuple[Block, Line]], list[int]]] = {}
        for page in document.pages:
            for block in page.blocks:
                self._pages.setdefault(block.id, page)
                # A block that says something itself is placed by itself, even where it carries on another.
                if block.continues is not None and block.kind == "text" and not block.text:
                    self._later.setdefault(block.continues, []).append(block)

    def parts(self, block: Block) -> list[Block]:
        """The block and, in order, those without text of their own that carry it on."""
        return [block, *self._later.get(block.id, ())] if block.text else [block]

    def of(self, block: Block) -> list[Place]:
        return [self._place(part, part.box) for part in self.parts(block)]

    def of_range(self, block: Block, start: float, end: float) -> list[Place]:
        """The places of a part of the block's text, from `start` to `end` as fractions of its length.

        Lines say where; joining undid hyphens and spaces, so a line more at either end is possible.
        """
        if block.id not in self._lines:
            self._lines[block.id] = self._measure(block)
        lines, ends = self._lines[block.id]
        total = ends[-1] if ends else 0
        first = bisect_right(ends, start * total)
        last = bisect_left(ends, end * total) + 1
        boxes: dict[str, tuple[Block, list[Box]]] = {}
        for part, line in lines[first:last]:
            boxes.setdefault(part.id, (part, []))[1].append(line.box)
        return [self._place(part, union_box(found)) for part, found in boxes.values()] or self.of(block)

    def _measure(self, block: Block) -> tuple[list[tuple[Block, Line]], list[int]]:
        """All lines that have text, also in later parts, and where in the text each ends."""
        lines = [(part, line) for part in self.parts(block) for line in part.lines if line.text]
        return lines, list(accumulate(len(line.text) for _, line in lines))

    def at(self, block: Block, box: Box | None) -> Place:
        """A box inside a block; the block's own where it is not known."""
        return self._place(block, box or block.box)

    def _place(self, block: Block, box: Box) -> Place:
        return Place(self._pages[block.id].number, block.id, block.kind, box)
