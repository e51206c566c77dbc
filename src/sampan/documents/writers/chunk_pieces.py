"""What chunks are made of: a passage as Markdown in pieces of limited size, each with its places.

Text is cut at sentences, lists between items, code between lines, tables between rows with the header rows
(and cells that span the cut) said again in each piece. A row of a table is never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sampan.documents.geometry.boxes import union_box
from sampan.documents.model import (
    Block,
    Cell,
    CodeBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    ListItem,
    Table,
    TableBlock,
)
from sampan.documents.tables.html import header_rows, to_html
from sampan.documents.tables.markdown import fits_markdown, to_markdown
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.flow import Passage
from sampan.documents.writers.markdown import bullet_list, code, formula, heading
from sampan.documents.writers.markdown_escape import escape_text
from sampan.documents.writers.places import Place, Places
from sampan.documents.writers.text_splitting import split_text, tail_start


def _no_tail(limit: int) -> Piece | None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True)
class Piece:
    """Markdown that is not divided any further."""

    text: str
    places: list[Place]
    is_heading: bool = False
    goes_on: str | None = None
    """For what carries on the piece before: what stood between the two. None where something new begins."""
    tail: Callable[[int], Piece | None] = _no_tail
    """The end of it in at most so many characters, for the next chunk to begin with; None where it has none."""


class Pieces:
    """Cuts passages into pieces."""

    def __init__(self, places: Places, size: int, heading_shift: int) -> None:
        self._places = places
        self.size = size
        self._shift = heading_shift

    def of(self, passage: Passage, first: int) -> Iterator[Piece]:
        """The pieces of a passage, of which the first has room for `first` characters."""
        block = passage.block
        captions = [text for caption in passage.captions if (text := one_line(caption))]
        if isinstance(block, HeadingBlock) or block.kind == "title":
            level = min(block.level + self._shift, 6) if isinstance(block, HeadingBlock) else 1
            yield from self._text(block, one_line(block.text), first, lambda text: heading(text, level))
            return
        if isinstance(block, TableBlock) and block.table.cells:
            yield from self._table(block, captions, first)
            return
        if isinstance(block, ListBlock) and block.items:
            yield from self._list(block, first)
        elif isinstance(block, CodeBlock):
            language = block.language
            yield from self._text(block, clean(block.text), first, lambda text: code(text, language), True)
        elif isinstance(block, FormulaBlock) and block.latex:
            yield from self._formula(block, first)
        else:
            yield from self._text(block, clean(block.text), first, escape_text)
        # Figures, code and formulas have their captions below, as in print.
        for caption in captions:
            yield from self._text(block, caption, self.size, escape_text)

    def _text(
        self, block: Block, text: str, first: int, written: Callable[[str], str], lines: bool = False
    ) -> Iterator[Piece]:
        before = 0
        for start, end in split_text(text, self.size, written, first, lines):
            piece = self._part(block, text, start, end, written)
            between = " " if text[before:start].strip(" ") == "" and start > before else text[before:start]
            yield replace(piece, goes_on=between) if before else piece
            before = end

    def _part(self, block: Block, text: str, start: int, end: int, written: Callable[[str], str]) -> Piece:
        def tail(limit: int) -> Piece | None:
            begin = start + tail_start(text[start:end], limit, written)
            return self._part(block, text, begin, end, written) if begin < end else None

        return Piece(
            written(text[start:end]),
            self._places.of(block)
            if (start, end) == (0, len(text))
            else self._places.of_range(block, start / len(text), end / len(text)),
            is_heading=isinstance(block, HeadingBlock) or block.kind == "title",
            tail=tail if written is escape_text else _no_tail,
        )

    def _formula(self, block: FormulaBlock, first: int) -> Iterator[Piece]:
        text = formula(block.latex or "", block.number)
        if len(text) <= first or len(text) <= self.size:
            yield Piece(text, self._places.of(block))
        else:
            yield from self._text(block, one_line(block.latex or ""), first, lambda text: code(text, "math"))

    def _list(self, block: ListBlock, first: int) -> Iterator[Piece]:
        room, start = first, 0
        while start < len(block.items):
            items = block.items[start:]
            end = start + _most(len(items), lambda count: len(bullet_list(items[:count])) <= room)  # noqa: B023
            if end > start:
                if (piece := self._items(block, block.items[start:end])) is not None:
                    yield replace(piece, goes_on="\n") if start else piece
            elif room < self.size:
                pass  # it may fit into the next chunk
            else:
                end = start + 1
                yield from self._long_item(block, block.items[start])
            start, room = end, self.size

    def _items(self, block: ListBlock, items: list[ListItem]) -> Piece | None:
        text = bullet_list(items)
        if not text:
            return None

        def tail(limit: int) -> Piece | None:
            count = _most(len(items), lambda count: len(bullet_list(items[len(items) - count :])) <= limit)
            return self._items(block, items[len(items) - count :])

        places = (
            self._places.of(block)
            if len(items) == len(block.items)
            else _merged([self._places.at(block, item.box) for item in items])
        )
        return Piece(text, places, tail=tail)

    def _long_item(self, block: ListBlock, item: ListItem) -> Iterator[Piece]:
        """One item that is longer than a chunk: its text in parts, the first with its marker."""

        def written(text: str) -> str:
            return bullet_list([item.model_copy(update={"text": text, "level": 0})])

        text = clean(item.text)
        for start, end in split_text(text, self.size, written):
            part = text[start:end]
            yield Piece(
                written(part) if start == 0 else escape_text(part), [self._places.at(block, item.box)]
            )

    def _table(self, block: TableBlock, captions: list[str], first: int) -> Iterator[Piece]:
        title = "".join(escape_text(caption) + "\n\n" for caption in captions)
        if 4 * len(title) > self.size:
            for caption in captions:
                yield from self._text(block, caption, self.size, escape_text)
            title, first = "", self.size
        parts = TableParts(block.table)
        for start, end in parts.split(self.size - len(title), first - len(title)):
            boxes = [cell.box for cell in parts.cells(start, end) if cell.box is not None]
            whole = end - start == parts.body
            box = union_box(boxes) if boxes and not whole else None
            place = self._places.at(block, box)
            yield Piece(title + parts.text(start, end), [place], goes_on="\n\n" if start else None)


class TableParts:
    """A table as Markdown, whole or some of its body's rows under its header rows."""

    def __init__(self, table: Table) -> None:
        cells = [
            cell.model_copy(update={"text": clean(cell.text).strip(), "lines": []}) for cell in table.cells
        ]
        self._table = table.model_copy(update={"cells": cells})
        self._head = header_rows(table)
        if self._head == table.rows:
            self._head = 0
        self._is_pipe = fits_markdown(self._table)
        self._rows: list[list[Cell]] = [[] for _ in range(table.rows)]
        for cell in cells:
            for row in range(cell.row, cell.row + cell.row_span):
                self._rows[row].append(cell)
        self._head_cells = [cell for cell in cells if cell.row < self._head]
        self.body = table.rows - self._head

    def split(self, limit: int, first: int) -> Iterator[tuple[int, int]]:
        """Start and end of runs of body rows whose text has at most `limit` characters, the first `first`."""
        if len(whole := self.text(0, self.body)) <= max(first, 0):
            yield 0, self.body
            return
        frame = len(self.text(0, 0))
        weights = [self._weight(row, frame) for row in range(self.body)]
        start, room = 0, first
        while start < self.body:
            end, used = start, frame
            while end < self.body and used + weights[end] <= room:
                used += weights[end]
                end += 1
            if end == start and room >= limit:
                end = start + 1  # a row that is longer than a chunk stays whole
            if end > start:
                yield start, end
            if end == start and len(whole) <= limit:
                yield 0, self.body
                return
            start, room = end, limit

    def text(self, start: int, end: int) -> str:
        part = self._part(start, end)
        return (to_markdown(part) if self._is_pipe else None) or to_html(part)

    def cells(self, start: int, end: int) -> list[Cell]:
        """The body's cells in these rows, those that only reach into them too."""
        found = {id(cell): cell for row in range(start, end) for cell in self._rows[self._head + row]}
        return list(found.values())

    def _weight(self, row: int, frame: int) -> int:
        """Upper bound of what a row adds to a part's text."""
        if self._is_pipe:
            return len(self.text(row, row + 1)) - frame
        cells = self._rows[self._head + row]
        alone = self._table.model_copy(
            update={
                "rows": 1,
                "cells": [_clipped(cell, self._head + row, self._head + row + 1, 0) for cell in cells],
            }
        )
        # A cell that goes on below carries its span as an attribute.
        spans = sum(len(f' rowspan="{cell.row_span}"') for cell in cells if cell.row_span > 1)
        return len(to_html(alone)) - len("<table></table>") + spans

    def _part(self, start: int, end: int) -> Table:
        if (start, end) == (0, self.body):
            return self._table
        first, last = self._head + start, self._head + end
        body = [_clipped(cell, first, last, self._head) for cell in self.cells(start, end)]
        return self._table.model_copy(
            update={
                "rows": self._head + end - start,
                "cells": [*self._head_cells, *sorted(body, key=lambda cell: (cell.row, cell.column))],
            }
        )


def _clipped(cell: Cell, first: int, last: int, shift: int) -> Cell:
    """The cell as it is in rows `first` to `last` when these stand from row `shift` on."""
    top, bottom = max(cell.row, first), min(cell.row + cell.row_span, last)
    return cell.model_copy(update={"row": top - first + shift, "row_span": bottom - top})


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `count` that fits, where smaller numbers fit if a larger one does."""
    low, step = 0, 1
    while low + step <= count and fits(low + step):
        low, step = low + step, 2 * step
    while step > 1:
        step //= 2
        if low + step <= count and fits(low + step):
            low += step
    return low


def _merged(places: list[Place]) -> list[Place]:
    """One place for each block on each page."""
    boxes: dict[tuple[int, str], list[Place]] = {}
    for place in places:
        boxes.setdefault((place.page, place.block), []).append(place)
    return [
        Place(page, block, found[0].kind, union_box([place.box for place in found]))
        for (page, block), found in boxes.items()
    ]
