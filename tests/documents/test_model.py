"""The document model refuses what cannot be, and its JSON says everything that it holds."""

from __future__ import annotations

import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from pydantic import ValidationError
from tests.documents.strategies import documents, tables

from sampan.documents.model import (
    MAX_TABLE_CELLS,
    Cell,
    Document,
    HeadingBlock,
    Line,
    Page,
    Source,
    Style,
    Table,
    TextBlock,
    Word,
)
from sampan.documents.writers.json_writer import schema, schema_text

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "schema" / "document-1.0.json"
BOX = (0.0, 0.0, 1.0, 1.0)


@given(documents())
@settings(max_examples=60, deadline=None)
def test_json_of_the_model_round_trips_exactly(document: Document) -> None:
    assert Document.model_validate_json(document.model_dump_json()) == document
    assert Document.model_validate(document.model_dump()) == document


def test_published_schema_is_up_to_date_and_a_schema() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m sampan.documents.writers.json_writer > docs/schema/document-1.0.json"
    )
    jsonschema.Draft202012Validator.check_schema(schema())


@given(tables())
@settings(max_examples=60, deadline=None)
def test_grid_holds_each_cell_in_exactly_its_slots(table: Table) -> None:
    grid = table.grid()
    assert len(grid) == table.rows and all(len(row) == table.columns for row in grid)
    for cell in table.cells:
        slots = {(r, c) for r, row in enumerate(grid) for c, found in enumerate(row) if found is cell}
        assert slots == set(cell.slots())
        assert len(slots) == cell.row_span * cell.column_span
    free = sum(found is None for row in grid for found in row)
    assert free == table.rows * table.columns - sum(c.row_span * c.column_span for c in table.cells)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rows": 1, "columns": 1, "cells": [Cell(row=1, column=0)]}, "leaves the 1 × 1 grid"),
        ({"rows": 2, "columns": 2, "cells": [Cell(row=0, column=1, column_span=2)]}, "span 1 × 2 leaves"),
        (
            {"rows": 2, "columns": 2, "cells": [Cell(row=0, column=0, row_span=2), Cell(row=1, column=0)]},
            "share the slot at row 1, column 0",
        ),
        ({"rows": 1000, "columns": 1000}, f"limit of {MAX_TABLE_CELLS}"),
        ({"rows": 10**9, "columns": 0}, f"limit of {MAX_TABLE_CELLS}"),
        ({"rows": 0, "columns": 10**9}, f"limit of {MAX_TABLE_CELLS}"),
        ({"rows": -1, "columns": 0}, "greater than or equal to 0"),
    ],
)
def test_impossible_tables_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Table(**table)


def test_hostile_spans_cost_no_memory() -> None:
    tracemalloc.start()
    try:
        for span in (10**9, 10**18):
            with pytest.raises(ValidationError, match="leaves the"):
                Table(rows=9, columns=9, cells=[Cell(row=0, column=0, row_span=span, column_span=span)])
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("confidence", [-0.01, 1.01, math.nan, math.inf])
def test_confidences_outside_zero_to_one_are_refused(confidence: float) -> None:
    for build in (Word, Line):
        with pytest.raises(ValidationError, match="confidence"):
            build(text="a", box=BOX, confidence=confidence)
    with pytest.raises(ValidationError, match="confidence"):
        Cell(row=0, column=0, confidence=confidence)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_cannot_hold_are_refused(number: float) -> None:
    with pytest.raises(ValidationError, match="box"):
        Word(text="a", box=(0, 0, number, 1))
    with pytest.raises(ValidationError, match="size"):
        Style(size=number)
    with pytest.raises(ValidationError, match="skew"):
        Page(number=1, width=1, height=1, unit="px", skew=number)
    with pytest.raises(ValidationError, match="width"):
        Page(number=1, width=number, height=1, unit="px")
    with pytest.raises(ValidationError, match="seconds"):
        Page(number=1, width=1, height=1, unit="px", seconds={"ocr": number})


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Word, {"text": "a", "box": BOX, "colour": "red"}),
        (Page, {"number": 1, "width": 1, "height": 1, "unit": "px", "dpi": 72}),
        (Source, {"name": "a", "media_type": "b", "path": "/etc"}),
        (TextBlock, {"id": "p1-b0", "box": BOX, "level": 1}),
    ],
)
def test_unknown_fields_are_refused(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        kind(**values)


def test_unknown_kinds_and_levels_are_refused() -> None:
    page = {"number": 1, "width": 1, "height": 1, "unit": "px"}
    with pytest.raises(ValidationError, match="kind"):
        Page.model_validate({**page, "blocks": [{"kind": "poem", "id": "a", "box": BOX}]})
    with pytest.raises(ValidationError, match="kind"):
        Page.model_validate({**page, "blocks": [{"id": "a", "box": BOX}]})
    for level in (0, 7):
        with pytest.raises(ValidationError, match="level"):
            HeadingBlock(id="a", box=BOX, level=level)


def test_text_is_in_reading_order_without_furniture() -> None:
    page = Page(
        number=1,
        width=100,
        height=100,
        unit="pt",
        blocks=[
            TextBlock(id="p1-b0", box=BOX, kind="header", text="Journal"),
            TextBlock(id="p1-b1", box=BOX, kind="title", text="Title", order=0),
            TextBlock(id="p1-b2", box=BOX, text="Body", order=1),
            TextBlock(id="p1-b3", box=BOX, text="", order=2, continues="p1-b2"),
        ],
    )
    second = page.model_copy(update={"number": 2, "blocks": []})
    document = Document(source=Source(name="a.pdf", media_type="application/pdf"), pages=[page, second, page])
    assert page.text == "Title\n\nBody"
    assert document.text == "Title\n\nBody\n\nTitle\n\nBody"
    assert [block.id for block in document.blocks()] == [f"p1-b{i}" for i in range(4)] * 2


def test_a_document_read_from_json_has_no_pictures() -> None:
    document = Document(source=Source(name="a.pdf", media_type="application/pdf"))
    page = Page(number=1, width=1, height=1, unit="px")
    assert document.image_of(page, 1.0) is None
    assert "_images" not in json.loads(document.model_dump_json())
