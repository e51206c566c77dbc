"""Tables as token sequences: HTML structure tokens (SLANet) and OTSL (table VLMs), read with repair.

OTSL (M. Lysak et al., "Optimized Table Tokenization for Table Structure Recognition", 2023): one token per
slot, `fcel`/`ecel` a full or empty cell, `lcel` joined to the left, `ucel` joined upwards, `xcel` joined both
ways, `nl` end of row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sampan.documents.model import MAX_TABLE_CELLS, Cell, Table
from sampan.documents.tables.html import ParsedCell, form_table

_OTSL = re.compile(r"<(fcel|ecel|lcel|ucel|xcel|nl)>")
_SPAN = re.compile(r'(rowspan|colspan)="?(\d{1,4})"?')


def to_otsl(table: Table) -> str:
    """The table in OTSL with the text behind its `fcel`. Slots that no cell covers are empty cells."""
    parts = []
    for row, slots in enumerate(table.grid()):
        for column, cell in enumerate(slots):
            if cell is None:
                parts.append("<ecel>")
            elif (cell.row, cell.column) == (row, column):
                parts.append(f"<fcel>{cell.text}" if cell.text else "<ecel>")
            elif cell.row == row:
                parts.append("<lcel>")
            else:
                parts.append("<ucel>" if cell.column == column else "<xcel>")
        parts.append("<nl>")
    return "".join(parts)


def from_otsl(source: str) -> Table:
    """A table from OTSL. Short rows are filled with empty cells; a join that points at nothing, or that would
    make a cell no rectangle, starts a cell of its own."""
    rows: list[list[tuple[str, str]]] = [[]]
    pieces = _OTSL.split(source)
    for kind, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if kind == "nl":
            rows.append([])
        else:
            rows[-1].append((kind, text.strip()))
    if not rows[-1]:
        rows.pop()
    columns = max((len(row) for row in rows), default=0)
    if columns:
        rows = rows[: MAX_TABLE_CELLS // columns] or [rows[0][:MAX_TABLE_CELLS]]
        columns = max(len(row) for row in rows)
    kinds = [[row[c][0] if c < len(row) else "ecel" for c in range(columns)] for row in rows]
    taken: set[tuple[int, int]] = set()
    cells = []
    for r in range(len(rows)):
        for c in range(columns):
            if (r, c) in taken:
                continue
            width, height = 1, 1
            while c + width < columns and kinds[r][c + width] == "lcel" and (r, c + width) not in taken:
                width += 1
            below = ["ucel", *["xcel"] * (width - 1)]
            while r + height < len(rows) and kinds[r + height][c : c + width] == below:
                height += 1
            text = rows[r][c][1] if c < len(rows[r]) else ""
            cell = Cell(row=r, column=c, row_span=height, column_span=width, text=text)
            taken.update(cell.slots())
            cells.append(cell)
    return Table(rows=len(rows), columns=columns, cells=cells)


def from_structure_tokens(tokens: Sequence[str]) -> tuple[Table, list[int]]:
    """A table from HTML structure tokens, and for each of its cells the index of the token that opened it.

    Tokens are those of PubTabNet's vocabulary: `<tr>`, `<td>`, `<td></td>`, or `<td`, ` colspan="2"`, `>`.
    Missing closing tags, cells outside of rows and spans beyond the grid are mended.
    """
    rows: list[list[ParsedCell]] = []
    head = False
    for index, token in enumerate(tokens):
        name = token.strip()
        if name in ("<thead>", "</thead>"):
            head = name == "<thead>"
        elif name == "<tr>":
            rows.append([])
        elif name in ("<td>", "<td", "<td></td>"):
            if not rows:
                rows.append([])
            # The text carries the token's index through the placing of cells, which may drop some.
            rows[-1].append(ParsedCell(header=head, text=str(index)))
        elif rows and rows[-1] and (span := _SPAN.fullmatch(name)):
            cell = rows[-1][-1]
            if span[1] == "rowspan":
                cell.row_span = max(1, int(span[2]))
            else:
                cell.column_span = max(1, int(span[2]))
    table = form_table(rows)
    origin = [int(cell.text) for cell in table.cells]
    return table.model_copy(
        update={"cells": [cell.model_copy(update={"text": ""}) for cell in table.cells]}
    ), origin
