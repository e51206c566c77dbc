"""The assignment problem: the cheapest pairing of rows with columns.

Hungarian method in its shortest-augmenting-path form, O(n² m): rows enter one by one, a Dijkstra
search over reduced costs finds the cheapest chain of re-assignments, and the duals (u, v) are
updated so that reduced costs stay ≥ 0 (R. Jonker and A. Volgenant, Computing 38, 1987).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def assign(cost: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and their columns of a pairing with the least total cost; min(n, m) pairs, rows ascending.

    `cost` is (n, m) and finite; a pairing that must not be is given a large cost by the caller.
    """
    matrix = np.asarray(cost, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"cost has {matrix.ndim} dimensions, expected 2")
    if not np.isfinite(matrix).all():
        raise ValueError("cost holds values that are not finite")
    if matrix.shape[0] > matrix.shape[1]:
        columns, rows = assign(matrix.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    n, m = matrix.shape
    u, v = np.zeros(n), np.zeros(m)
    row_of = np.full(m, -1, np.int64)
    for new in range(n):
        shortest = np.full(m, np.inf)
        before = np.full(m, -1, np.int64)  # the row from which a column was reached
        done = np.zeros(m, bool)
        visited = []
        row, reach = new, 0.0
        while True:
            visited.append(row)
            candidate = reach + matrix[row] - u[row] - v
            closer = ~done & (candidate < shortest)
            shortest[closer] = candidate[closer]
            before[closer] = row
            column = int(np.argmin(np.where(done, np.inf, shortest)))
            reach = float(shortest[column])
            done[column] = True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
        u[new] += reach
        for row in visited[1:]:
            u[row] += reach - shortest[row_of == row][0]
        v[done] -= reach - shortest[done]
        while True:  # flip the chain back to the new row
            row = int(before[column])
            row_of[column] = row
            if row == new:
                break
            column = int(np.flatnonzero((row_of == row) & (np.arange(m) != column))[0])
    columns = np.flatnonzero(row_of >= 0)
    order = np.argsort(row_of[columns])
    return row_of[columns][order], columns[order].astype(np.int64)
