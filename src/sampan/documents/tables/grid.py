"""A table's geometry before its text: grid lines, and cells as spans between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.tables.words import Floats, Ints


@dataclass(slots=True)
class Grid:
    """Cells between lines: `xs` (C + 1,), `ys` (R + 1,), `cells` (N, 4) row, column, row_span, column_span."""

    xs: Floats
    ys: Floats
    cells: Ints
    confidence: float = 1.0
    """How well the evidence explains the grid, 0 to 1."""
    header_rows: int | None = None
    """Leading header rows where the evidence tells them (a rule, a shade)."""

    @property
    def rows(self) -> int:
        return len(self.ys) - 1

    @property
    def columns(self) -> int:
        return len(self.xs) - 1

    def boxes(self) -> Floats:
        """(N, 4) boxes of the cells."""
        row, column, row_span, column_span = self.cells.T
        return np.stack(
            [self.xs[column], self.ys[row], self.xs[column + column_span], self.ys[row + row_span]], axis=1
        )


def cells_from_borders(below: NDArray[np.bool_], right: NDArray[np.bool_]) -> Ints:
    """Cells (N, 4) of a grid of R × C slots from its inner borders.

    `below` (R − 1, C) says whether a border lies under a slot, `right` (R, C − 1) whether one lies right of it.
    Slots without a border between them belong together. A group that is no rectangle comes from a line with
    a gap, and is cut at the borders that were seen: rows first, then columns within each row.
    """
    rows, columns = right.shape[0], below.shape[1]
    labels = np.arange(rows * columns).reshape(rows, columns)
    changed = True
    while changed:
        before = labels.copy()
        for row in range(rows - 1):
            pull = ~below[row]
            low = np.minimum(labels[row], labels[row + 1])
            labels[row, pull] = low[pull]
            labels[row + 1, pull] = low[pull]
        for column in range(columns - 1):
            pull = ~right[:, column]
            low = np.minimum(labels[:, column], labels[:, column + 1])
            labels[pull, column] = low[pull]
            labels[pull, column + 1] = low[pull]
        changed = not np.array_equal(before, labels)
    cells: list[tuple[int, int, int, int]] = []
    for label in np.unique(labels):
        where = np.argwhere(labels == label)
        (top, left), (bottom, end) = where.min(0), where.max(0) + 1
        if (bottom - top) * (end - left) == len(where):
            cells.append((int(top), int(left), int(bottom - top), int(end - left)))
        else:
            cells.extend(_rectangles(labels == label, right))
    return np.asarray(sorted(cells), np.int64).reshape(-1, 4)


def _rectangles(member: NDArray[np.bool_], right: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Runs of each row, joined downwards with equal runs."""
    open_runs: dict[tuple[int, int], int] = {}
    cells: list[tuple[int, int, int, int]] = []
    rows, columns = member.shape
    for row in range(rows + 1):
        runs: set[tuple[int, int]] = set()
        column = 0
        while row < rows and column < columns:
            if not member[row, column]:
                column += 1
                continue
            start = column
            column += 1
            while column < columns and member[row, column] and not right[row, column - 1]:
                column += 1
            runs.add((start, column))
        for run in [run for run in open_runs if run not in runs]:
            top = open_runs.pop(run)
            cells.append((top, run[0], row - top, run[1] - run[0]))
        for run in runs:
            open_runs.setdefault(run, row)
    return cells
