"""Edit distance between ordered labelled trees.

Zhang and Shasha's dynamic programme ("Simple fast algorithms for the editing distance between
trees and related problems", SIAM J. Comput. 18(6), 1989) with insertion = deletion = 1 and any
rename cost. Its value is the one that APTED computes.

    fd(i, j) = min( fd(i−1, j) + 1,  fd(i, j−1) + 1,
                    fd(i−1, j−1) + rename(i, j)          if both forests are trees,
                    fd(l(i)−1, l(j)−1) + td(i, j)        otherwise )

over nodes in post-order, l(i) being the leftmost leaf under i. Each *keyroot* (a node with a left
sibling, and the root) needs one table fd. The tables of all keyroots of the second tree that do not
lie in one another are filled together, a row at a time: the running term fd(i, j−1) + 1 becomes a
running minimum of fd(i, j) − j. A table of 20 × 20 cells so takes some thousand numpy calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.errors import LimitError

MAX_NODE_PAIRS = 16_000_000
"""Limit of |tree 1| × |tree 2|: some seconds and 256 MB."""


@dataclass(frozen=True)
class Shape:
    """A tree without labels: for every node in post-order the post-order index of its leftmost leaf."""

    leftmost: NDArray[np.int64]

    @classmethod
    def of(cls, children: Sequence[Sequence[int]], root: int = 0) -> tuple[Shape, list[int]]:
        """Shape of a tree given by lists of children, and the node numbers in post-order."""
        order: list[int] = []
        leftmost: list[int] = []
        stack = [(root, 0, -1)]  # node, next child, leftmost leaf so far
        while stack:
            node, at, left = stack.pop()
            if at < len(children[node]):
                stack.append((node, at + 1, left))
                stack.append((children[node][at], 0, -1))
                continue
            left = left if left >= 0 else len(order)
            order.append(node)
            leftmost.append(left)
            if stack and stack[-1][2] < 0:
                stack[-1] = (stack[-1][0], stack[-1][1], left)
        return cls(np.array(leftmost, np.int64)), order

    @property
    def keyroots(self) -> NDArray[np.int64]:
        """For every leftmost leaf the highest node above it, ascending."""
        highest: dict[int, int] = {}
        for node, left in enumerate(self.leftmost.tolist()):
            highest[left] = node
        return np.array(sorted(highest.values()), np.int64)


@dataclass(frozen=True)
class _Group:
    """Keyroots of the second tree of like size, none inside another: their tables are filled together."""

    nodes: NDArray[np.int64]  # (K, S) node of every column, padded
    filled: NDArray[np.bool_]  # (K, S)
    whole: NDArray[np.bool_]  # (K, S) the forest up to this node is a tree
    forest: NDArray[np.int64]  # (K, S) column of the forest left of the node's own tree
    index: NDArray[np.float64]  # (S + 1,)


def _groups(shape: Shape) -> list[_Group]:
    left = shape.leftmost
    height = np.zeros(len(left), np.int64)  # of a keyroot: how many keyroots are nested in its tree
    buckets: dict[tuple[int, int], list[int]] = {}
    for root in shape.keyroots.tolist():
        inner = height[left[root] : root]
        height[root] = 1 + (int(inner.max()) if len(inner) else 0)
        size = root - int(left[root]) + 1
        buckets.setdefault((int(height[root]), size.bit_length()), []).append(root)
    groups = []
    for _, roots in sorted(buckets.items()):
        start = left[roots][:, None]  # (K, 1)
        last = np.array(roots)[:, None]
        nodes = start + np.arange(int((last - start).max()) + 1)
        filled = nodes <= last
        nodes = np.where(filled, nodes, last)
        forest = left[nodes] - start
        groups.append(_Group(nodes, filled, forest == 0, forest, np.arange(nodes.shape[1] + 1.0)))
    return groups


def tree_edit_distance(first: Shape, second: Shape, rename: NDArray[np.float64]) -> float:
    """Least total cost to turn the first tree into the second. `rename` is (n1, n2) in post-order.

    Raises LimitError where n1 · n2 is above MAX_NODE_PAIRS.
    """
    n1, n2 = len(first.leftmost), len(second.leftmost)
    if n1 * n2 > MAX_NODE_PAIRS:
        raise LimitError(
            f"trees of {n1} and {n2} nodes are too large for an edit distance "
            f"(limit {MAX_NODE_PAIRS} pairs of nodes): split the table"
        )
    if n1 == 0 or n2 == 0:
        return float(n1 + n2)
    groups = _groups(second)
    td = np.zeros((n1, n2))
    left = first.leftmost
    for root in first.keyroots.tolist():
        start = int(left[root])
        # Row r is the forest of the first r nodes; it is kept while a later node's forest term needs it.
        last_use = np.arange(1, root - start + 3)
        np.maximum.at(last_use, left[start : root + 1] - start, np.arange(1, root - start + 2))
        rows: dict[int, list[NDArray[np.float64]]] = {
            0: [np.tile(g.index, (len(g.nodes), 1)) for g in groups]
        }
        for r in range(1, root - start + 2):
            node = start + r - 1
            before = int(left[node]) - start
            tree_row = before == 0
            rows[r] = [
                _row(g, r, rows[r - 1][k], rows[before][k], td[node], rename[node], tree_row)
                for k, g in enumerate(groups)
            ]
            for old in [old for old in rows if old < r and last_use[old] <= r]:
                del rows[old]
    return float(td[n1 - 1, n2 - 1])


def _row(
    group: _Group,
    deleted: int,
    previous: NDArray[np.float64],
    before: NDArray[np.float64],
    td: NDArray[np.float64],
    rename: NDArray[np.float64],
    tree_row: bool,
) -> NDArray[np.float64]:
    """Row of fd for one node of the first tree, in every table of the group; fills td, too."""
    nodes = group.nodes
    split = np.take_along_axis(before, group.forest, axis=1) + td[nodes]
    if tree_row:
        split = np.where(group.whole, previous[:, :-1] + rename[nodes], split)
    row = np.empty_like(previous)
    row[:, 0] = deleted
    np.minimum(previous[:, 1:] + 1.0, split, out=row[:, 1:])
    row -= group.index
    np.minimum.accumulate(row, axis=1, out=row)
    row += group.index
    if tree_row:
        fresh = group.whole & group.filled
        td[nodes[fresh]] = row[:, 1:][fresh]
    return row
