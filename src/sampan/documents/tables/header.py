"""Which rows of a table are its header.

Told by the geometry (a rule or a shade under the heading), by bold type, or by the contrast of words above
figures; a heading goes on as long as its cells span columns or hang down.
"""

from __future__ import annotations

from sampan.documents.model import Cell, Table
from sampan.documents.tables.words import is_number


def mark_header(table: Table, rows: int | None = None) -> Table:
    """The table with `Cell.header` set. `rows` is the number of header rows where it is known."""
    if table.rows < 2 or not table.cells:
        return table
    count = _header_rows(table) if rows is None else min(rows, table.rows - 1)
    # A cell that hangs out of the header takes the rows that it covers with it.
    for cell in table.cells:
        if cell.row < count < cell.row + cell.row_span < table.rows and cell.row_span <= 3:
            count = cell.row + cell.row_span
    cells = [
        cell if cell.header == (cell.row < count) else cell.model_copy(update={"header": cell.row < count})
        for cell in table.cells
    ]
    return table.model_copy(update={"cells": cells})


def _header_rows(table: Table) -> int:
    grid = table.grid()
    first = [cell for cell in grid[0] if cell is not None]
    if not _is_heading(first):
        return 0
    count = max((cell.row_span for cell in first if cell.row_span <= 3), default=1)
    if count == 1 and any(cell.column_span > 1 for cell in first) and table.rows > 2:
        below = [cell for cell in grid[1] if cell is not None]
        spans_all = len({id(cell) for cell in first}) == 1
        count = 2 if not spans_all and _is_heading(below) else 1
    return min(count, table.rows - 1)


def _is_heading(row: list[Cell]) -> bool:
    """Bold among plain rows, or words where the body has figures; a row of figures under figures is none."""
    filled = [cell for cell in row if cell.text]
    if not filled:
        return False
    bold = [
        any(word.style is not None and word.style.bold for line in c.lines for word in line.words)
        for c in filled
    ]
    if all(bold):
        return True
    numbers = sum(is_number(cell.text) and not cell.text.strip().isdigit() for cell in filled)
    return numbers < 0.5 * len(filled)
