"""Tables as CSV (RFC 4180: commas, quotes where needed, CR LF), UTF-8 without a byte order mark.

All tables of the document stand one below the other with an empty line between; no row of a table is an empty
line. A merged cell has its text in its top left slot. Line breaks inside a cell stay.

Formulas: a spreadsheet that opens a CSV file runs any cell that begins with `=`, `+`, `-` or `@` (OWASP, "CSV
Injection"). Such a cell gets an apostrophe before it, which spreadsheets take as "this is text". Numbers with
a sign and lone signs are harmless and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from sampan.documents.model import Document, Table
from sampan.documents.writers.joined_tables import joined_tables
from sampan.documents.writers.options import WriteOptions

# Spreadsheets of East Asia take the wide forms too, and some programs look behind white space and quotes.
_FORMULA = re.compile(r"""[\s"'\u200b\ufeff]*[=+\-@＝＋－＠]""")
_HARMLESS = re.compile(r"[+\-]?[\d.,' \u00a0\u202f]*\d ?%?|[+\-]+", re.ASCII)


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:  # noqa: ARG001
    return "\r\n".join(to_csv(joined.table) for joined in joined_tables(document, options))


def to_csv(table: Table) -> str:
    """One table, a line for each row."""
    rows = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row][cell.column] = without_formula(cell.text)
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def without_formula(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text
