"""Tables that are wider than a format allows, in parts side by side."""

from __future__ import annotations

from collections.abc import Iterator

from sampan.documents.model import Table


def column_slices(table: Table, most: int) -> Iterator[Table]:
    """The table in parts of at most `most` columns; a cell that spans a cut stands in both."""
    if table.columns <= most:
        yield table
        return
    for first in range(0, table.columns, most):
        last = min(first + most, table.columns)
        cells = []
        for cell in table.cells:
            left, right = max(cell.column, first), min(cell.column + cell.column_span, last)
            if left < right:
                cells.append(cell.model_copy(update={"column": left - first, "column_span": right - left}))
        yield table.model_copy(update={"columns": last - first, "cells": cells})
