"""Tables as GitHub Flavored Markdown (specification, section "Tables (extension)"), where they fit.

A pipe table has exactly one header row, no spans and no line breaks in a cell. A table that needs more
than that is written as HTML by the caller.
"""

from __future__ import annotations

import re

from sampan.documents.model import Table
from sampan.documents.tables.html import header_rows

# Signs that would start markup inside a cell. An underscore inside a word starts none.
_MARKUP = re.compile(r"[\\|`*<\[]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|&(?=#?\w+;)")


def fits_markdown(table: Table) -> bool:
    """Whether a pipe table can say everything that `table` says."""
    return (
        table.rows > 0
        and table.columns > 0
        and header_rows(table) == 1
        and not any(
            cell.row_span > 1 or cell.column_span > 1 or "\n" in cell.text or "\r" in cell.text
            for cell in table.cells
        )
    )


def to_markdown(table: Table) -> str | None:
    """The table as a pipe table without a final line break, or None if it does not fit."""
    if not fits_markdown(table):
        return None
    rows = [
        "| " + " | ".join("" if cell is None else escape_cell(cell.text) for cell in row) + " |"
        for row in table.grid()
    ]
    rows.insert(1, "|" + " --- |" * table.columns)
    return "\n".join(rows)


def escape_cell(text: str) -> str:
    """`text` as it must stand in a pipe table to be shown as it is."""
    return _MARKUP.sub(lambda match: "\\" + match.group(), text.strip())
