"""TEDS: how much of a table's structure and content was read (X. Zhong et al., 2020, §4).

    TEDS = 1 − distance(prediction, truth) / max(|prediction|, |truth|)

over the trees of `table_tree`, with insertion = deletion = 1 and rename = 1 where tag, colspan or
rowspan differ, otherwise the normalised edit distance of the cells' tokens. |·| counts the
descendants of the table element; the tags inside a cell are counted although they are no nodes of
the tree. The value is clamped to 0 … 1, and two empty tables are equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sampan.documents.evaluation.levenshtein import normalised_matrix
from sampan.documents.evaluation.table_tree import TableTree, table_tree
from sampan.documents.evaluation.tree_edit import MAX_NODE_PAIRS, Shape, tree_edit_distance


class TableScore(NamedTuple):
    """Both scores of one table."""

    teds: float
    structure: float


def teds(pred_html: str, gt_html: str, structure_only: bool = False, normalise: bool = True) -> float:
    """TEDS of the first table in each markup, 0 … 1; `structure_only` ignores what the cells say (TEDS-S).

    `normalise` reads th as td and takes away thead, tbody and other wrappers, as OmniDocBench does;
    without it these count as nodes. A prediction without a table scores 0, unless the truth has none.
    """
    pred, truth = table_tree(pred_html, normalise), table_tree(gt_html, normalise)
    if pred is None or truth is None:
        return 1.0 if pred is truth else 0.0
    return _score(pred, truth, structure_only)


def table_score(pred_html: str, gt_html: str) -> TableScore:
    """TEDS and TEDS-S at once."""
    pred, truth = table_tree(pred_html), table_tree(gt_html)
    if pred is None or truth is None:
        return TableScore(1.0, 1.0) if pred is truth else TableScore(0.0, 0.0)
    score = _score(pred, truth, structure_only=False)
    return TableScore(score, 1.0 if score == 1.0 else _score(pred, truth, structure_only=True))


def _score(pred: TableTree, truth: TableTree, structure_only: bool) -> float:
    counted = max(pred.counted, truth.counted)
    if counted == 0:
        return 1.0
    if len(pred.labels) * len(truth.labels) > MAX_NODE_PAIRS:
        # Too large to compare. The difference in nodes alone bounds the score from above.
        few, many = sorted((len(pred.labels), len(truth.labels)))
        return min(few / many, 1.0) if structure_only and few == many else 0.0
    pred_shape, pred_order = Shape.of(pred.children)
    truth_shape, truth_order = Shape.of(truth.children)
    rename = _rename_costs(pred, pred_order, truth, truth_order, structure_only)
    distance = tree_edit_distance(pred_shape, truth_shape, rename)
    return min(max(1.0 - distance / counted, 0.0), 1.0)


def _rename_costs(
    pred: TableTree, pred_order: list[int], truth: TableTree, truth_order: list[int], structure_only: bool
) -> NDArray[np.float64]:
    """(|pred|, |truth|), both in post-order."""
    codes: dict[tuple[str, int, int], int] = {}
    rows = np.array([codes.setdefault(pred.labels[n], len(codes)) for n in pred_order])
    columns = np.array([codes.setdefault(truth.labels[n], len(codes)) for n in truth_order])
    differ: NDArray[np.bool_] = rows[:, None] != columns[None, :]
    if structure_only:
        return differ.astype(np.float64)
    # Equal contents are frequent (empty cells, zeros): every distinct one is compared once.
    pred_texts: dict[tuple[str, ...], int] = {}
    truth_texts: dict[tuple[str, ...], int] = {}
    i = np.array([pred_texts.setdefault(pred.tokens[n], len(pred_texts)) for n in pred_order])
    j = np.array([truth_texts.setdefault(truth.tokens[n], len(truth_texts)) for n in truth_order])
    contents = normalised_matrix(list(truth_texts), list(pred_texts)).T
    costs: NDArray[np.float64] = np.where(differ, 1.0, contents[np.ix_(i, j)])
    return costs
