"""Slices of a table side by side are the table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.documents.strategies import tables

from sampan.documents.model import Table
from sampan.documents.writers.table_slices import column_slices


@given(tables(), st.integers(1, 5))
def test_every_slot_has_the_text_that_it_had(table: Table, most: int) -> None:
    slices = list(column_slices(table, most))
    assert all(part.columns <= most for part in slices)
    for part in slices:
        Table.model_validate(part.model_dump())  # spans are at least one slot and stay inside
    shown = [
        [slot and slot.text for part in slices for slot in part.grid()[row]] for row in range(table.rows)
    ]
    assert shown == [[slot and slot.text for slot in row] for row in table.grid()]
