"""Tables as Word has them: cells that span, header rows that come again on every page.

ECMA-376, part 1, section 17.4. Word opens no table of more than 63 columns; wider ones go on in a table below.
"""

from __future__ import annotations

import unicodedata

from sampan.documents.model import Cell, Table
from sampan.documents.tables.html import header_rows
from sampan.documents.writers.characters import clean, has_rtl
from sampan.documents.writers.docx_elements import Element, element, paragraph

MAX_COLUMNS = 63
WIDEST = 40
"""Letters of a column's longest text that count for its width."""


def table_element(table: Table, width: int) -> Element:
    """A table as wide as the text, `width` in twips."""
    widths = _widths(table, width)
    filled = [cell for cell in table.cells if cell.text.strip()]
    rtl = 2 * sum(has_rtl(cell.text) for cell in filled) > len(filled)
    heads = header_rows(table)
    return element(
        "tbl",
        element(
            "tblPr",
            element("tblStyle", val="TableGrid"),
            element("bidiVisual") if rtl else None,
            element("tblW", w=5000, type="pct"),
            element("tblLook", val="04A0", firstRow=int(heads > 0), noVBand=1),
        ),
        element("tblGrid", *(element("gridCol", w=column) for column in widths)),
        *(_row(cells, number, widths, number < heads) for number, cells in enumerate(table.grid())),
    )


def _row(cells: list[Cell | None], number: int, widths: list[int], head: bool) -> Element:
    row = element("tr", element("trPr", element("cantSplit"), element("tblHeader") if head else None))
    column = 0
    while column < len(cells):
        cell = cells[column]
        span = 1 if cell is None else cell.column_span
        row.append(_cell(cell, number, span, sum(widths[column : column + span])))
        column += span
    return row


def _cell(cell: Cell | None, row: int, span: int, width: int) -> Element:
    begins = cell is not None and cell.row == row
    merged = None
    if cell is not None and cell.row_span > 1:
        merged = element("vMerge", val="restart") if begins else element("vMerge")
    text = clean(cell.text).strip() if cell is not None and begins else ""
    return element(
        "tc",
        element(
            "tcPr",
            element("tcW", w=width, type="dxa"),
            element("gridSpan", val=span) if span > 1 else None,
            merged,
        ),
        paragraph(text, bold=cell is not None and cell.header),
    )


def _widths(table: Table, width: int) -> list[int]:
    """Of columns, by their longest texts; Word makes room where these do not suffice."""
    needs = [4] * table.columns
    for cell in table.cells:
        if cell.column_span == 1:
            longest = max(map(_letters, clean(cell.text).split("\n")))
            needs[cell.column] = max(needs[cell.column], min(longest, WIDEST))
    return [max(1, width * need // sum(needs)) for need in needs]


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text[: 2 * WIDEST])
