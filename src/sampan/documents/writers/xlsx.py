"""Tables as an Excel workbook: a sheet for each table, cells merged as they are, header rows bold and frozen.

The last sheet, Contents, says of each table its page and caption; the table itself begins at A1 of its sheet.

Cells are text, marked so that they stay text when they are edited: no formula of the document is ever run.
Only what is a number beyond doubt becomes one, shown with the decimals that it was printed with: digits with at
most one decimal point. Not numbers are header cells, `007`, `1,234` and `3,5` (a comma means another thing in
another country), `12 %`, `1E5`, dates, and numbers of more than 15 digits, which Excel would round.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

from sampan.documents.model import Cell, Document, Table
from sampan.documents.tables.html import header_rows
from sampan.documents.writers.characters import has_rtl, one_line
from sampan.documents.writers.joined_tables import joined_tables
from sampan.documents.writers.office_package import reproducible
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.table_slices import column_slices

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell
    from openpyxl.styles.cell_style import StyleArray
    from openpyxl.worksheet.worksheet import Worksheet

MAX_TEXT = 32_767
MAX_COLUMNS = 16_384
"""Excel's own limits. Longer texts are cut, wider tables go on in the next sheet."""

MAX_WIDTH = 60

_NUMBER = re.compile(r"[-−]?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
# Excel shows _x0041_ in a text as the character of that code (ECMA-376, part 1, section 22.9.2.19).
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> bytes:  # noqa: ARG001
    from openpyxl import Workbook

    book, cells = Workbook(), _Cells()
    contents = book.worksheets[0]
    contents.title = "Contents"
    lines: list[tuple[str, int, str]] = []
    for joined in joined_tables(document, options):
        for part in column_slices(joined.table, MAX_COLUMNS):
            sheet = book.create_sheet(f"Table {len(lines) + 1}", len(lines))
            _fill(cells, sheet, part)
            lines.append((sheet.title, joined.page, joined.caption))
    for column, head in enumerate(("Sheet", "Page", "Caption"), 1):
        cells.write(contents.cell(1, column), head, header=True)
    for row, (title, page, caption) in enumerate(lines, 2):
        cells.write(contents.cell(row, 1), title)
        contents.cell(row, 2).value = page
        cells.write(contents.cell(row, 3), caption)
    _set_widths(contents)
    book.active = 0
    book.properties.creator = one_line(document.source.author or "")[:255] or None
    book.properties.title = one_line(document.source.title or document.source.name)[:255]
    book.properties.language = options.language and one_line(options.language)
    file = io.BytesIO()
    book.save(file)
    return reproducible(file.getvalue())


def _fill(cells: _Cells, sheet: Worksheet, table: Table) -> None:
    for cell in table.cells:
        row, column = cell.row + 1, cell.column + 1
        cells.write(sheet.cell(row, column), cell.text, cell.header, _number(cell))
        if cell.row_span > 1 or cell.column_span > 1:
            sheet.merge_cells(
                start_row=row,
                start_column=column,
                end_row=row + cell.row_span - 1,
                end_column=column + cell.column_span - 1,
            )
    if heads := header_rows(table):
        sheet.freeze_panes = f"A{heads + 1}"
    filled = [cell for cell in table.cells if cell.text]
    if 2 * sum(has_rtl(cell.text) for cell in filled) > len(filled):
        sheet.sheet_view.rightToLeft = True
    _set_widths(sheet)


class _Cells:
    """Writes cells. Each look is put together once and then copied, which is ten times as quick."""

    def __init__(self) -> None:
        self._looks: dict[tuple[bool, bool, str | None], StyleArray] = {}

    def write(
        self,
        target: SheetCell,
        text: str,
        header: bool = False,
        number: tuple[float, str] | None = None,
    ) -> None:
        if number is not None:
            target.value = number[0]
        else:
            target.value = _ESCAPE.sub("_x005F_", text[:MAX_TEXT])[:MAX_TEXT]
            # The library takes a text that begins with = for a formula, one like #N/A for an error.
            target.data_type = "s"
        look = ("\n" in text or len(text) > MAX_WIDTH, header, None if number is None else number[1])
        if look not in self._looks:
            _style(target, *look)
            self._looks[look] = target._style
        target._style = copy(self._looks[look])


def _style(target: SheetCell, wraps: bool, header: bool, form: str | None) -> None:
    from openpyxl.styles import Alignment, Font

    target.alignment = Alignment(vertical="top", wrap_text=wraps)
    if header:
        target.font = Font(bold=True)
    if form is None:
        target.quotePrefix = True
    else:
        target.number_format = form


def _number(cell: Cell) -> tuple[float, str] | None:
    """The value of a cell that is a number beyond doubt, and the format that shows it as it was printed."""
    text = cell.text
    if cell.header or not _NUMBER.fullmatch(text) or sum(sign.isdigit() for sign in text) > 15:
        return None
    decimals = len(text.partition(".")[2])
    plain = text.replace("−", "-")
    if not decimals:
        return int(plain), "0"
    return float(plain), "0." + "0" * decimals


def _set_widths(sheet: Worksheet) -> None:
    """Columns about as wide as their texts; merged cells do not count, as they have room elsewhere."""
    from openpyxl.utils import get_column_letter

    merged = {area.coord.partition(":")[0] for area in sheet.merged_cells.ranges}
    widths: dict[int, int] = {}
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is not None and cell.coordinate not in merged:
                longest = max(map(len, str(cell.value).split("\n")))
                widths[cell.column] = max(widths.get(cell.column, 0), longest)
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = min(max(width, 6), MAX_WIDTH) + 2
