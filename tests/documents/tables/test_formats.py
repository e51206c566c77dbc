"""HTML, Markdown, OTSL and structure tokens: round trips, repair, hostile input."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents.tables.grids import shape, tables

from sampan.documents.evaluation.table_tree import table_grid
from sampan.documents.model import MAX_TABLE_CELLS, Cell, Table
from sampan.documents.tables.html import from_html, to_html
from sampan.documents.tables.markdown import to_markdown
from sampan.documents.tables.structure import from_otsl, from_structure_tokens, to_otsl
from sampan.errors import InputError


@given(tables())
def test_html_round_trip(table: Table) -> None:
    assert shape(from_html(to_html(table))) == shape(table)


@given(tables(text=st.text("abc<>&\"'", max_size=6)))
def test_html_says_the_same_to_another_reader(table: Table) -> None:
    texts = [[slot.text if slot else "" for slot in row] for row in table.grid()]
    assert table_grid(to_html(table)) == texts


@given(tables(text=st.text("abc |-", max_size=6).map(str.strip)))
def test_otsl_round_trip(table: Table) -> None:
    assert shape(from_otsl(to_otsl(table))) == shape(table)


@given(st.lists(st.sampled_from(["<fcel>x", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<nl>"]), max_size=40))
def test_any_otsl_gives_a_full_table(tokens: list[str]) -> None:
    table = from_otsl("".join(tokens))
    assert all(cell is not None for row in table.grid() for cell in row)
    assert sum(cell.text == "x" for cell in table.cells) == tokens.count("<fcel>x")


@given(st.text('<>/=" tdhrbaleowspnc0123456789', max_size=80), st.text(max_size=20))
def test_any_html_gives_a_table(middle: str, text: str) -> None:
    table = from_html(f"<table><tr><td>{middle}<td>{text}</table>")
    assert table.rows >= 1


def test_damaged_html_is_mended() -> None:
    table = from_html(
        "<table><tr><th>A<th colspan=2>B &amp; <b>c</b><tr><td rowspan=9>x<td>1<td>2<tr><td>3<br>4"
    )
    assert shape(table) == [
        (0, 0, 1, 1, "A"), (0, 1, 1, 2, "B & c"), (1, 0, 2, 1, "x"), (1, 1, 1, 1, "1"), (1, 2, 1, 1, "2"),
        (2, 1, 1, 1, "3\n4"),
    ]  # fmt: skip


@pytest.mark.parametrize("span", ["99999999999", "-1", "x", "", "1e9", "²", "9" * 5000])
def test_hostile_spans_are_capped(span: str) -> None:
    row = f'<tr><td rowspan="{span}" colspan="{span}">a</td></tr>'
    table = from_html(f"<table>{row * 500}</table>")
    assert table.rows * table.columns <= MAX_TABLE_CELLS
    assert any(cell.text == "a" for cell in table.cells)


def test_text_without_a_table_is_refused() -> None:
    with pytest.raises(InputError, match="no <table>"):
        from_html("<p>nothing</p>")


def test_header_goes_to_thead_and_comes_back() -> None:
    table = from_html("<table><thead><tr><td>a<td>b</thead><tbody><tr><td>1<td>2</tbody></table>")
    assert [cell.header for cell in table.cells] == [True, True, False, False]
    assert to_html(table) == (
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
    )


def test_markdown_where_it_fits() -> None:
    table = from_html("<table><tr><th>a|b<th>`c`<tr><td>x_y *z*<td>\\</table>")
    assert to_markdown(table) == "| a\\|b | \\`c\\` |\n| --- | --- |\n| x_y \\*z\\* | \\\\ |"


@pytest.mark.parametrize(
    "source",
    [
        "<tr><th colspan=2>a<tr><td>1<td>2",
        "<tr><td>a<td>b<tr><td>1<td>2",
        "<tr><th>a<tr><th>b<tr><td>1",
        "<tr><th>a<tr><td>1<br>2",
    ],
)
def test_markdown_where_it_does_not_fit(source: str) -> None:
    assert to_markdown(from_html(f"<table>{source}</table>")) is None


@given(tables())
def test_structure_tokens_round_trip(table: Table) -> None:
    markup = to_html(
        Table(
            rows=table.rows,
            columns=table.columns,
            cells=[c.model_copy(update={"text": ""}) for c in table.cells],
        )
    )
    tokens = re.findall(
        r'</?t(?:able|head|body|r)>|<td></td>|<td>|<td|</td>| (?:row|col)span="\d+"|>', markup
    )
    found, origin = from_structure_tokens(tokens)
    assert [s[:4] for s in shape(found)] == [s[:4] for s in shape(table)]
    assert [tokens[index] for index in origin] == [
        "<td></td>" if cell.row_span == cell.column_span == 1 else "<td" for cell in table.cells
    ]


@given(
    st.lists(
        st.sampled_from(
            ["<tr>", "</tr>", "<td></td>", "<td", ">", "</td>", ' colspan="20"', ' rowspan="20"', "<thead>"]
        )
    )
)
def test_any_structure_tokens_give_a_table(tokens: list[str]) -> None:
    table, origin = from_structure_tokens(tokens)
    assert len(origin) == len(table.cells) == sum(token.startswith("<td") for token in tokens)
    assert isinstance(table.cells, list) and all(isinstance(cell, Cell) for cell in table.cells)
