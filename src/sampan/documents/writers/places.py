"""Where on which pages a block's text stands, also where it goes on in a later column or page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
        lines = [(part, line) for part in self.parts(block) for line in part.lines]
        total = sum(len(line.text) for _, line in lines)
        if not total:
            return self.of(block)
        boxes: dict[str, tuple[Block, list[Box]]] = {}
        for (part, line), (first, last) in zip(lines, _spans([line for _, line in lines]), strict=True):
            if first < end * total and last > start * total:
                boxes.setdefault(part.id, (part, []))[1].append(line.box)
        return [self._place(part, union_box(found)) for part, found in boxes.values()] or self.of(block)

    def at(self, block: Block, box: Box | None) -> Place:
        """A box inside a block; the block's own where it is not known."""
        return self._place(block, box or block.box)

    def _place(self, block: Block, box: Box) -> Place:
        return Place(self._pages[block.id].number, block.id, block.kind, box)


def _spans(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    position = 0
    for line in lines:
        yield position, position + len(line.text)
        position += len(line.text)
