"""Tables drawn with known structure, in every look, come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents.tables.grids import shape, tables
from tests.documents.tables.rendered import Look, render

from sampan.documents.model import Line, Table, Word
from sampan.documents.stages import Rulings, TableInput
from sampan.documents.tables.html import from_html, to_html
from sampan.documents.tables.matcher import assign, assign_official
from sampan.documents.tables.recogniser import TableReader
from sampan.documents.tables.words import join_lines, table_words

PLAIN = from_html(
    "<table><thead><tr><th>Station<th>Samples<th>Mean (g/l)<th>Notes</thead>"
    "<tr><td>Old mill<td>12<td>4.25<td>checked by two observers on the same day"
    "<tr><td>Lower weir<td>1,304<td>–<td>new<tr><td>Bridge Square<td>7<td>11.5<td><tr><td>Total<td>1,323<td>7.9<td>ok"
    "</table>"
)
SPANS = from_html(
    "<table><thead><tr><th rowspan=2>Station<th colspan=2>First season<th colspan=2>Second season"
    "<tr><th>Samples<th>Mean (g/l)<th>Maximum<th>Share</thead>"
    "<tr><td>Old mill<td>12<td>4.25<td>19<td>61 %<tr><td>Lower weir<td>1,304<td>3.9<td>8.1<td>4 %"
    "<tr><td>Meadow<td>7<td>11.5<td>900<td>35 %</table>"
)
WORDS = st.text("abcdefghij", min_size=2, max_size=7)


def read(table: Table, look: Look, picture: bool = False) -> Table:
    drawn = render(table, look, picture=picture)
    given_ = drawn.given
    if picture:
        given_.rulings = None
    found = TableReader().recognise(given_)
    assert found is not None
    return found


@settings(max_examples=60, deadline=None)
@given(tables(max_rows=7, text=WORDS), st.sampled_from(["full", "open"]), st.booleans())
def test_ruled_tables_with_any_spans(table: Table, rules: str, double: bool) -> None:
    # A row or column that no cell begins or ends in shows no line of its own; such a table is not drawn.
    starts = {cell.row for cell in table.cells}, {cell.column for cell in table.cells}
    if len(starts[0]) < table.rows or len(starts[1]) < table.columns or min(table.rows, table.columns) < 2:
        return
    grid = np.asarray([[id(cell) for cell in row] for row in table.grid()])
    outer = (grid[0], grid[-1], grid[:, 0], grid[:, -1])
    if rules == "open" and any(len(set(side.tolist())) < 2 for side in outer):
        return  # No line runs on to that side: the text there could as well stand outside of the table.
    assert shape(read(table, Look(rules=rules, double=double))) == shape(table)


@pytest.mark.parametrize("rules", ["full", "open", "rows", "booktabs", "columns", "none"])
@pytest.mark.parametrize("aligns", [["left"] * 4, ["left", "right", "right", "left"], ["center"] * 4])
def test_plain_table(rules: str, aligns: list[str]) -> None:
    found = read(PLAIN, Look(rules=rules, aligns=aligns))
    assert to_html(found) == to_html(PLAIN)


@pytest.mark.parametrize("rules", ["full", "open", "rows", "booktabs", "none"])
@pytest.mark.parametrize("aligns", [["left"] * 5, ["left", *["right"] * 4], ["center"] * 5])
def test_headings_over_several_columns(rules: str, aligns: list[str]) -> None:
    found = read(SPANS, Look(rules=rules, aligns=aligns))
    assert to_html(found) == to_html(SPANS)


@pytest.mark.parametrize("rules", ["full", "open", "booktabs", "none"])
@pytest.mark.parametrize("table", [PLAIN, SPANS])
def test_lines_are_found_in_the_picture(rules: str, table: Table) -> None:
    assert to_html(read(table, Look(rules=rules), picture=True)) == to_html(table)


def test_shaded_rows_separate() -> None:
    assert to_html(read(PLAIN, Look(rules="none", zebra=True, pad_y=1))) == to_html(PLAIN)


@settings(max_examples=25, deadline=None)
@given(tables(max_rows=6, max_columns=5, text=WORDS), st.integers(0, 10_000))
def test_no_word_is_lost(table: Table, seed: int) -> None:
    drawn = render(table, Look(rules="none", jitter=2.0), seed=seed)
    found = TableReader().recognise(drawn.given)
    assert found is not None
    got = sorted(word for cell in found.cells for word in cell.text.split())
    assert got == sorted(word for line in drawn.given.lines for word in line.text.split())


def test_line_over_several_cells_is_cut() -> None:
    drawn = render(PLAIN, Look(rules="full"))
    lines = drawn.given.lines
    row = [line for line in lines if line.box[1] == lines[0].box[1]]
    joined = Line(
        text=" ".join(line.text for line in row),
        box=(row[0].box[0], row[0].box[1], row[-1].box[2], row[0].box[3]),
        words=[word for line in row for word in line.words],
    )
    drawn.given.lines = [joined, *(line for line in lines if line not in row)]
    found = TableReader().recognise(drawn.given)
    assert found is not None and to_html(found) == to_html(PLAIN)
    one = Line(text=joined.text, box=joined.box)
    assert [word.text for word in table_words([one]).words] == joined.text.split()


def test_word_over_a_border_is_split() -> None:
    line = Line(text="12345678", box=(20, 10, 180, 30), words=[Word(text="12345678", box=(20, 10, 180, 30))])
    below = [Line(text="x", box=(20, y, 30, y + 20)) for y in range(60, 360, 50)]
    rulings = Rulings(
        np.asarray([[0, y, 200, y] for y in range(0, 360, 50)], np.float32),
        np.asarray([[x, 0, x, 350] for x in (0, 100, 200)], np.float32),
    )
    found = TableReader().recognise(TableInput((0, 0, 200, 350), [line, *below], rulings=rulings))
    assert found is not None
    assert [cell.text for cell in found.cells[:4]] == ["1234", "5678", "x", ""]


def test_empty_region_is_no_table() -> None:
    assert TableReader().recognise(TableInput((0, 0, 10, 10), [])) is None


def test_words_outside_go_to_the_nearest_cell() -> None:
    words = table_words([Line(text="a", box=(50, 0, 60, 10)), Line(text="b", box=(12, 2, 18, 8))])
    assert assign(words, np.asarray([[0.0, 0, 20, 10], [21, 0, 40, 10]])).tolist() == [1, 0]


def test_official_rule_prefers_overlap_then_distance() -> None:
    lines = [Line(text="a", box=(1, 1, 9, 9)), Line(text="b", box=(100, 0, 110, 10))]
    cells = np.asarray([[0.0, 0, 10, 10], [0, 0, 60, 10], [200, 0, 210, 10]])
    # (1 − IoU, distance): the second line touches nothing, so the nearest corners decide.
    assert assign_official(lines, cells).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["one", "two"], "one two"),
        (["上流", "水門"], "上流水門"),
        (["well-", "known"], "well-known"),
        (["5 -", "3"], "5 - 3"),
    ],
)
def test_lines_of_a_cell_are_joined(lines: list[str], text: str) -> None:
    assert join_lines(lines) == text


@pytest.mark.parametrize("aligns", [["left", *["right"] * 4], ["center"] * 5])
@pytest.mark.parametrize("rules", ["booktabs", "none"])
def test_short_headings_span_the_columns_they_are_centred_over(rules: str, aligns: list[str]) -> None:
    table = from_html(
        "<table><thead><tr><th rowspan=2>Station<th colspan=2>I<th colspan=2>II"
        "<tr><th>Samples<th>Mean (g/l)<th>Maximum<th>Share</thead>"
        "<tr><td>Old mill<td>12,345<td>4.25<td>19<td>61 %<tr><td>Lower weir<td>1,304<td>3.9<td>8.1<td>4 %"
        "<tr><td>Meadow<td>7<td>11.5<td>900<td>35 %</table>"
    )
    look = Look(rules=rules, aligns=aligns, partial_rules=False, pad_x=16)
    assert to_html(read(table, look)) == to_html(table)


@pytest.mark.parametrize("count", [2, 3])
def test_labels_span_the_rows_they_are_centred_over(count: int) -> None:
    body = "".join(
        f"<tr><td rowspan={count}>{label}<td>a{label}<td>1" + "<tr><td>bc<td>22" * (count - 1)
        for label in ("North", "South")
    )
    table = from_html(f"<table><thead><tr><th>Side<th>Station<th>Share</thead>{body}</table>")
    assert to_html(read(table, Look(rules="none"))) == to_html(table)


def test_label_of_a_total_spans_the_columns_before_it() -> None:
    table = from_html(
        "<table><thead><tr><th>No<th>Item<th>Price<th>Sum</thead><tr><td>1<td>rope<td>3.50<td>7.00"
        "<tr><td>2<td>oar<td>12.00<td>24.00<tr><td>3<td>sail<td>88.00<td>88.00<tr><td colspan=3>Total<td>119.00</table>"
    )
    look = Look(rules="rows", aligns=["right", "left", "right", "right"], header_align="right")
    assert to_html(read(table, look)) == to_html(table)
