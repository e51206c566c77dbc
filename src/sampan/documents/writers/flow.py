"""What a text writer says, in which order: running text without furniture, each caption once, nothing twice.

- Page furniture (header, footer, page number: `order` is None) is left out unless asked for.
- A paragraph that goes on in the next column or page has all its text in its first block; the blocks
  that carry it on are empty and are left out.
- A caption that belongs to a figure, table, code or formula is said there and not again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sampan.documents.model import (
    Block,
    CaptionBlock,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    ListBlock,
    Page,
    TableBlock,
)


@dataclass(slots=True)
class Passage:
    """One block as it is to be said, with the captions that belong to it."""

    block: Block
    captions: list[str]


class Flow:
    """The passages of a document, page by page."""

    def __init__(self, document: Document, furniture: bool = False) -> None:
        self._furniture = furniture
        self._pages = document.pages
        owners = {
            block.id
            for block in document.blocks()
            if isinstance(block, FigureBlock | TableBlock | CodeBlock | FormulaBlock)
        }
        self._bound: dict[str, list[str]] = {}
        for block in document.blocks():
            if isinstance(block, CaptionBlock) and block.caption_of in owners and block.text:
                self._bound.setdefault(block.caption_of or "", []).append(block.text)
        self.heading_shift = int(any(block.kind == "title" for block in document.blocks()))
        """Headings stand one level below the title, where the document has one."""

    def pages(self) -> Iterator[tuple[Page, list[Passage]]]:
        """Every page, those without passages too."""
        for page in self._pages:
            yield page, [Passage(block, self._captions(block)) for block in page.blocks if self._says(block)]

    def _says(self, block: Block) -> bool:
        if block.order is None and not self._furniture:
            return False
        if isinstance(block, CaptionBlock) and block.caption_of in self._bound:
            return False
        if isinstance(block, FigureBlock):
            return True
        if isinstance(block, TableBlock):
            return bool(block.table.cells or block.text)
        if isinstance(block, ListBlock) and block.items:
            return True
        if isinstance(block, FormulaBlock) and block.latex:
            return True
        return bool(block.text.strip())

    def _captions(self, block: Block) -> list[str]:
        own: list[str] = (
            block.captions
            if isinstance(block, FigureBlock | TableBlock | CodeBlock) and block.captions
            else []
        )
        # The block's own list and the caption blocks say the same thing twice; either may be missing.
        return own or self._bound.get(block.id, [])
