"""Workbooks read back by openpyxl: a sheet for each table, cells merged, text that stays text."""

from __future__ import annotations

import io
import re
import time
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree
from openpyxl import load_workbook
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import Cell, Document, Page, Source, Table, TableBlock
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.joined_tables import joined_tables
from sampan.documents.writers.xlsx import MAX_COLUMNS, MAX_TEXT

BOX = (0.0, 0.0, 9.0, 9.0)


def document(*tables: Table, source: Source | None = None) -> Document:
    pages = [
        Page(
            number=3 + index,
            width=9,
            height=9,
            unit="pt",
            blocks=[
                TableBlock(id=f"b{index}", box=BOX, order=0, table=table, captions=[f"=Caption {index}"])
            ],
        )
        for index, table in enumerate(tables)
    ]
    return Document(source=source or Source(name="a.pdf", media_type="application/pdf"), pages=pages)


def row(*texts: str, header: bool = False) -> Table:
    cells = [Cell(row=0, column=i, text=text, header=header) for i, text in enumerate(texts)]
    return Table(rows=1, columns=len(texts), cells=cells)


def read(document: Document, **options: Any) -> Any:
    data = render(document, "xlsx", WriteOptions(**options))
    assert isinstance(data, bytes)
    return load_workbook(io.BytesIO(data))


def shown(value: Any) -> Any:
    """What Excel shows: `_xHHHH_` is the character of that code (ECMA-376, part 1, 22.9.2.19)."""
    if not isinstance(value, str):
        return value
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), value)


def test_spans_headers_and_contents() -> None:
    table = Table(
        rows=4,
        columns=3,
        cells=[
            Cell(row=0, column=0, row_span=2, text="Boat", header=True),
            Cell(row=0, column=1, column_span=2, text="Trips", header=True),
            Cell(row=1, column=1, text="summer", header=True),
            Cell(row=1, column=2, text="winter", header=True),
            Cell(row=2, column=0, text="Harbour"),
            Cell(row=2, column=1, row_span=2, column_span=2, text="14\n9"),
        ],
    )
    book = read(document(table, row("x")))
    assert book.sheetnames == ["Table 1", "Table 2", "Contents"] and book.active.title == "Table 1"
    sheet = book["Table 1"]
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:A2", "B1:C1", "B3:C4"}
    assert [[cell.value for cell in line] for line in sheet["A1:C4"]] == [
        ["Boat", "Trips", None], [None, "summer", "winter"], ["Harbour", "14\n9", None], [None, None, None],
    ]  # fmt: skip
    assert sheet.freeze_panes == "A3" and sheet["B2"].font.bold and not sheet["A3"].font.bold
    assert sheet["B3"].alignment.wrap_text
    assert [list(line) for line in book["Contents"].values] == [
        ["Sheet", "Page", "Caption"], ["Table 1", 3, "=Caption 0"], ["Table 2", 4, "=Caption 1"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [
        ("0", 0, "0"), ("14", 14, "0"), ("-5", -5, "0"), ("−5", -5, "0"), ("3.50", 3.5, "0.00"),
        ("0.001", 0.001, "0.000"), ("123456789012345", 123456789012345, "0"),
    ],
)  # fmt: skip
def test_sure_numbers_are_numbers_as_printed(text: str, value: float, form: str) -> None:
    cell = read(document(row(text)))["Table 1"]["A1"]
    assert (cell.value, cell.number_format, cell.data_type) == (value, form, "n")


@pytest.mark.parametrize(
    "text",
    [
        "007", "1,234", "3,5", "12 %", "1E5", "+5", "1 234", ".5", "5.", "-", "1.2.3", "2024-01-02", "1/2",
        "1234567890123456", "٣", "TRUE", "#N/A", "#REF!", "nan", "0x10", "_x0041_", "a_x000D_b",
        '=HYPERLINK("http://x.invalid","click")', "=1+1", "+A1", "-A1", "@SUM(A1)", "{=A1}", "'=A1", "e\u0301",
        "<b>&amp;</b>", "漢字", "שלום", "\U0001f600", "`a|b$`",
    ],
)  # fmt: skip
def test_everything_else_stays_text(text: str) -> None:
    cell = read(document(row(text)))["Table 1"]["A1"]
    assert (shown(cell.value), cell.data_type, cell.quotePrefix) == (text, "s", True)


def test_headers_stay_text() -> None:
    assert read(document(row("2023", header=True)))["Table 1"]["A1"].value == "2023"


def test_right_to_left_tables_run_so() -> None:
    book = read(document(row("שלום", "עולם", "1"), row("a", "b", "עולם")))
    assert book["Table 1"].sheet_view.rightToLeft and not book["Table 2"].sheet_view.rightToLeft


def test_limits_of_excel_are_kept() -> None:
    last = Cell(row=0, column=MAX_COLUMNS - 2, column_span=4, text="span")
    wide = Table(
        rows=1, columns=MAX_COLUMNS + 3, cells=[last, Cell(row=0, column=MAX_COLUMNS + 2, text="end")]
    )
    book = read(document(wide, row("y" * (MAX_TEXT + 5))))
    assert book.sheetnames == ["Table 1", "Table 2", "Table 3", "Contents"]
    assert (
        book["Table 1"].cell(1, MAX_COLUMNS - 1).value == "span" and book["Table 1"].max_column == MAX_COLUMNS
    )
    assert [book["Table 2"].cell(1, column).value for column in (1, 2, 3)] == ["span", None, "end"]
    assert book["Table 3"]["A1"].value == "y" * MAX_TEXT


def test_properties_come_from_the_document() -> None:
    source = Source(name="a.pdf", media_type="application/pdf", title="Small\x00 Boats", author="Li \ud800")
    properties = read(document(row("x"), source=source), language="en").properties
    assert (properties.title, properties.creator, properties.language) == ("Small Boats", "Li \ufffd", "en")


def test_the_hour_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first = render(document(row("x")), "xlsx")
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2e9))
    second = render(document(row("x")), "xlsx")
    assert first == second and isinstance(first, bytes)
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"dcterms:" not in re.sub(rb"xmlns:\w+", b"", package.read("docProps/core.xml"))


@given(documents(wild_texts))
@settings(max_examples=40, deadline=None)
def test_any_table_reads_back(document: Document) -> None:
    book = read(document)
    tables = [joined.table for joined in joined_tables(document, WriteOptions())]
    assert len(book.sheetnames) == len(tables) + 1
    for sheet, table in zip(book.worksheets, tables, strict=False):
        for cell in table.cells:
            found = sheet.cell(cell.row + 1, cell.column + 1)
            if found.data_type == "n" and found.value is not None:
                places = len(found.number_format.partition(".")[2])
                assert f"{found.value:.{places}f}" == cell.text.replace("−", "-")
            else:
                assert shown(found.value or "") == cell.text and found.data_type != "f"
        spans = sum(cell.row_span * cell.column_span > 1 for cell in table.cells)
        assert len(sheet.merged_cells.ranges) == spans
    data = render(document, "xlsx")
    assert isinstance(data, bytes)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            assert b"<f>" not in package.read(name)
            etree.fromstring(package.read(name))
