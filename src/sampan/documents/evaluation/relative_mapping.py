"""RMS-F1: how much of a chart's or table's data was read, whatever its layout.

Relative Mapping Similarity (DePlot, F. Liu et al., arXiv 2212.10505, §3.1): a table is a set of
entries (row name, column name, value), and two entries are like each other by

    D(p, t) = (1 − NL_τ(keys)) · (1 − D_θ(values))

NL_τ is the normalised edit distance of the names, 1 above τ; D_θ is the relative difference of two
numbers, 1 above θ (for words: NL_τ). Entries are paired at the least cost in their names; precision
and recall are the sums of D over either side's number of entries. The transposed prediction
is tried as well. Both thresholds are 0.5 here.
"""

from __future__ import annotations

import re

import numpy as np

from sampan.documents.evaluation.assignment import assign
from sampan.documents.evaluation.levenshtein import normalised_edit_distance, normalised_matrix
from sampan.documents.evaluation.table_tree import find_table, table_grid

Entry = tuple[str, str, str]

TAU = 0.5
THETA = 0.5
_NUMBER = re.compile(r"[-+−]?\d[\d,  ]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def rms_f1(pred_html: str, gt_html: str) -> float:
    """RMS-F1 of the first table in each markup, 0 … 1; without a table on either side 1, on one side 0."""
    if find_table(pred_html) is None or find_table(gt_html) is None:
        return float(find_table(pred_html) is None and find_table(gt_html) is None)
    truth = _entries(table_grid(gt_html))
    grid = table_grid(pred_html)
    turned = [list(column) for column in zip(*grid, strict=True)]
    return max(_f1(_entries(grid), truth), _f1(_entries(turned), truth))


def _entries(grid: list[list[str]]) -> list[Entry]:
    """(row name, column name, value) of every cell outside the first row and column."""
    if not grid:
        return []
    return [(row[0], grid[0][c], row[c]) for row in grid[1:] for c in range(1, len(row))]


def _f1(pred: list[Entry], truth: list[Entry]) -> float:
    if not pred or not truth:
        return float(not pred and not truth)
    names = normalised_matrix([f"{r} {c}" for r, c, _ in pred], [f"{r} {c}" for r, c, _ in truth])
    names = np.where(names > TAU, 1.0, names)
    rows, columns = assign(names)
    total = sum(
        (1 - names[i, j]) * (1 - _value_distance(pred[i][2], truth[j][2]))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    precision, recall = total / len(pred), total / len(truth)
    return float(2 * precision * recall / (precision + recall)) if total else 0.0


def _number(text: str) -> float | None:
    text = text.strip().removesuffix("%").strip()
    if not _NUMBER.fullmatch(text):
        return None
    return float(re.sub(r"[,  ]", "", text).replace("−", "-"))


def _value_distance(pred: str, truth: str) -> float:
    p, t = _number(pred), _number(truth)
    if p is None or t is None:
        distance = normalised_edit_distance(pred, truth)
        return 1.0 if distance > TAU else distance
    if t == 0:
        return float(p != 0)
    distance = abs(p - t) / abs(t)
    return 1.0 if distance > THETA else distance
