"""Tables that are wider than a format allows, in parts side by side."""

from __future__ import annotations

from collections.abc import Iterator

from sampan.documents.model import Cell, Table


def column_slices(table: Table, most: int) -> Iterator[Table]:
    """The table in parts of at most `most` columns; a cell that spans a cut stands in both."""
    if table.columns <= most:
        yield table
        return
    parts: list[list[Cell]] = [[] for _ in range(0, table.columns, most)]
    for cell in table.cells:
        end = cell.column + cell.column_span
        for part in range(cell.column // most, (end - 1) // most + 1):
            left, right = max(cell.column, part * most), min(end, (part + 1) * most)
            span = {"column": left - part * most, "column_span": right - left}
            parts[part].append(cell.model_copy(update=span))
    for part, cells in enumerate(parts):
        columns = min(most, table.columns - part * most)
        yield table.model_copy(update={"columns": columns, "cells": cells})
