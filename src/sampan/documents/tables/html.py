"""Tables as HTML: written with `thead`/`tbody`, `rowspan`/`colspan` and escaped text, and read back.

Reading follows the table model of the HTML standard (section 4.9.12, "forming a table"): a cell takes the
first free slot of its row, a row span ends with its row group. Damaged input is mended, never refused:
tags left open, rows of unequal length, spans that leave the grid or run into a cell from above.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from sampan.documents.model import MAX_TABLE_CELLS, Cell, Table
from sampan.errors import InputError

MAX_SPAN = 1000
"""Largest column span that the HTML standard honours; row spans are cut at the end of their row group."""


def header_rows(table: Table) -> int:
    """Number of leading rows that hold nothing but header cells and from which no cell hangs down."""
    count = 0
    grid = table.grid()
    for row in range(table.rows):
        cells = [cell for cell in grid[row] if cell is not None]
        if not cells or not all(cell.header for cell in cells):
            break
        if all(cell.row + cell.row_span <= row + 1 for cell in cells):
            count = row + 1
    return count


def to_html(table: Table) -> str:
    """The table as one line of HTML. Slots that no cell covers become empty cells."""
    grid = table.grid()
    heads = header_rows(table)
    parts = ["<table>"]
    for first, last, group in ((0, heads, "thead"), (heads, table.rows, "tbody")):
        if first == last:
            continue
        parts.append(f"<{group}>")
        for row in range(first, last):
            parts.append("<tr>")
            for column in range(table.columns):
                cell = grid[row][column]
                if cell is None:
                    parts.append("<td></td>")
                elif (cell.row, cell.column) == (row, column):
                    parts.append(_cell_html(cell))
            parts.append("</tr>")
        parts.append(f"</{group}>")
    parts.append("</table>")
    return "".join(parts)


def _cell_html(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    rowspan = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    colspan = f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    text = html.escape(cell.text, quote=False).replace("\n", "<br>")
    return f"<{tag}{rowspan}{colspan}>{text}</{tag}>"


def from_html(source: str) -> Table:
    """The first table of an HTML text. Raises `InputError` if there is none."""
    reader = _TableReader()
    reader.feed(source)
    reader.close()
    if not reader.seen:
        raise InputError(f"no <table>, <tr> or <td> in {source[:60]!r}: pass the HTML of a table")
    return form_table(reader.rows, reader.groups)


@dataclass(slots=True)
class ParsedCell:
    """A cell as its tag says, before it has a place in the grid."""

    row_span: int = 1
    column_span: int = 1
    text: str = ""
    header: bool = False


def form_table(rows: list[list[ParsedCell]], groups: list[int] | None = None) -> Table:
    """Give every cell its place. `groups` names the row group of each row; None takes one group for all.

    Spans are cut where they would leave their row group or cover a slot that is taken, and the whole
    table where it would grow beyond `MAX_TABLE_CELLS` slots.
    """
    groups = [0] * len(rows) if groups is None else groups
    group_end = {group: index + 1 for index, group in enumerate(groups)}
    placed: list[tuple[int, int, int, int, ParsedCell]] = []
    hanging: dict[int, int] = {}  # column → first row in which it is free again
    columns = 0
    for row, cells in enumerate(rows):
        hanging = {column: free for column, free in hanging.items() if free > row}
        column = 0
        for cell in cells:
            while column in hanging:
                column += 1
            width = 1
            while width < min(max(cell.column_span, 1), MAX_SPAN) and column + width not in hanging:
                width += 1
            end = group_end[groups[row]]
            height = end - row if cell.row_span == 0 else max(1, min(cell.row_span, end - row))
            if max(columns, column + width) * len(rows) > MAX_TABLE_CELLS:
                width = 1
                if max(columns, column + 1) * len(rows) > MAX_TABLE_CELLS:
                    break
            placed.append((row, column, height, width, cell))
            if height > 1:
                hanging.update(dict.fromkeys(range(column, column + width), row + height))
            column += width
            columns = max(columns, column)
    return Table(
        rows=len(rows) if columns else 0,
        columns=columns,
        cells=[
            Cell(
                row=row, column=column, row_span=height, column_span=width, text=cell.text, header=cell.header
            )
            for row, column, height, width, cell in placed
        ],
    )


@dataclass
class _TableReader(HTMLParser):
    rows: list[list[ParsedCell]] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    seen: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)
        self._cell: ParsedCell | None = None
        self._depth = 0  # of nested <table>s; the text of inner ones joins the outer cell
        self._group = 0
        self._head = False
        self._row_open = False
        self._done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._done:
            return
        if tag == "table":
            self.seen = True
            self._depth += 1
        if self._depth > 1:
            self._write(" ")
            return
        if tag in ("thead", "tbody", "tfoot"):
            self._end_row()
            self._group += 1
            self._head = tag == "thead"
        elif tag == "tr":
            self._end_row()
            self._start_row()
        elif tag in ("td", "th"):
            self._end_cell()
            if not self._row_open:
                self._start_row()
            values = dict(attrs)
            self._cell = ParsedCell(
                row_span=_span(values.get("rowspan"), least=0),
                column_span=_span(values.get("colspan"), least=1),
                header=tag == "th" or self._head,
            )
        elif tag == "br":
            self._write("\n")
        elif tag in ("p", "div", "li"):
            self._write(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._done:
            return
        if tag == "table":
            self._depth -= 1
            if self._depth <= 0 and self.seen:
                self._end_row()
                self._done = True
            return
        if self._depth > 1:
            return
        if tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag in ("thead", "tbody", "tfoot"):
            self._end_row()
            self._group += 1
            self._head = False

    def handle_data(self, data: str) -> None:
        self._write(re.sub(r"\s+", " ", data))

    def close(self) -> None:
        super().close()
        self._end_row()

    def _write(self, text: str) -> None:
        if self._cell is not None:
            self._cell.text += text

    def _start_row(self) -> None:
        self.seen = True
        self._row_open = True
        self.rows.append([])
        self.groups.append(self._group)

    def _end_row(self) -> None:
        self._end_cell()
        self._row_open = False

    def _end_cell(self) -> None:
        if self._cell is not None:
            # Spaces collapse within a line; the only line breaks are those of <br>.
            lines = (" ".join(line.split()) for line in self._cell.text.split("\n"))
            self._cell.text = "\n".join(lines).strip()
            self.rows[-1].append(self._cell)
            self._cell = None


def _span(value: str | None, least: int) -> int:
    digits = (value or "").strip()
    if not digits.isascii() or not digits.isdigit():
        return 1
    # int() refuses absurdly long digit strings, so the length is cut first.
    return max(least, min(int(digits[:9]), MAX_TABLE_CELLS))
