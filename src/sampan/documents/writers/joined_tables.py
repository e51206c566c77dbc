"""The tables of a document as a spreadsheet wants them: one that goes on over pages is one table.

A part that carries on a table and has as many columns is put below it; header rows that it repeats are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from sampan.documents.model import MAX_TABLE_CELLS, Document, Table, TableBlock
from sampan.documents.tables.html import header_rows
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.flow import Flow
from sampan.documents.writers.options import WriteOptions


@dataclass(slots=True)
class JoinedTable:
    """A whole table. Texts are clean and have no white space around them."""

    table: Table
    page: int
    """Where it begins."""
    caption: str


def joined_tables(document: Document, options: WriteOptions) -> list[JoinedTable]:
    """All tables in reading order."""
    found: list[JoinedTable] = []
    by_block: dict[str, JoinedTable] = {}
    for page, passages in Flow(document, options.furniture).pages():
        for passage in passages:
            block = passage.block
            if not isinstance(block, TableBlock) or not block.table.cells:
                continue
            table = _clean(block.table)
            whole = by_block.get(block.continues or "")
            joined = _join(whole.table, table) if whole is not None else None
            if whole is None or joined is None:
                caption = " ".join(one_line(text) for text in passage.captions)
                whole = JoinedTable(table, page.number, caption)
                found.append(whole)
            else:
                whole.table = joined
            by_block[block.id] = whole
    return found


def _clean(table: Table) -> Table:
    cells = [
        cell.model_copy(update={"text": clean(cell.text).strip(), "lines": [], "box": None})
        for cell in table.cells
    ]
    return table.model_copy(update={"cells": cells})


def _join(above: Table, below: Table) -> Table | None:
    """Both as one table, or None where they do not make one."""
    if above.columns != below.columns or (above.rows + below.rows) * above.columns > MAX_TABLE_CELLS:
        return None
    heads = header_rows(above)
    repeated = heads if heads < below.rows and _first_rows(above, heads) == _first_rows(below, heads) else 0
    shift = above.rows - repeated
    cells = [
        cell.model_copy(update={"row": cell.row + shift}) for cell in below.cells if cell.row >= repeated
    ]
    return above.model_copy(update={"rows": shift + below.rows, "cells": [*above.cells, *cells]})


def _first_rows(table: Table, count: int) -> list[tuple[int, int, int, int, str]]:
    return [
        (cell.row, cell.column, cell.row_span, cell.column_span, cell.text)
        for cell in table.cells
        if cell.row < count
    ]
