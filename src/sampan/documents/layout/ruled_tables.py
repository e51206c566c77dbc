"""Tables that someone drew: rulings that touch form a grid, and text stands in its meshes.

A frame around a text box, the grid lines of a chart and a row of underlines also touch; a table has at
least three rulings one way and two the other, and text in a good part of its meshes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Rulings

Boxes = NDArray[np.float64]

LEAST_OCCUPANCY = 0.25
"""Part of the meshes that hold text; in the grid of a chart nearly none does."""


def ruled_tables(rulings: Rulings, text: Boxes, tolerance: float) -> list[Boxes]:
    """Boxes (4,) of grids. `text` (N, 4) are the page's lines, `tolerance` the reach of a touch in page units."""
    horizontal = _tidy(rulings.horizontal, 0)
    vertical = _tidy(rulings.vertical, 1)
    if len(horizontal) < 2 or len(vertical) < 2:
        return []
    touches = (
        (vertical[None, :, 0] >= horizontal[:, None, 0] - tolerance)
        & (vertical[None, :, 0] <= horizontal[:, None, 2] + tolerance)
        & (horizontal[:, None, 1] >= vertical[None, :, 1] - tolerance)
        & (horizontal[:, None, 1] <= vertical[None, :, 3] + tolerance)
    )  # (H, V)
    tables = []
    for group in _components(touches):
        rows, columns = horizontal[group[0]], vertical[group[1]]
        if len(rows) < 2 or len(columns) < 2:
            continue
        ys, xs = _distinct(rows[:, 1], tolerance), _distinct(columns[:, 0], tolerance)
        if len(ys) < 2 or len(xs) < 2 or len(ys) + len(xs) < 5:
            continue
        if _occupancy(xs, ys, text) < LEAST_OCCUPANCY:
            continue
        both = np.concatenate([rows, columns])
        tables.append(np.r_[both[:, :2].min(axis=0), both[:, 2:].max(axis=0)])
    return _outermost(tables)


def _tidy(lines: NDArray[np.float32], along: int) -> Boxes:
    """Float64 with start before end along the axis, and the mean position across it."""
    tidy = np.asarray(lines, dtype=np.float64).reshape(-1, 4).copy()
    tidy[:, along], tidy[:, along + 2] = (
        np.minimum(tidy[:, along], tidy[:, along + 2]),
        np.maximum(tidy[:, along], tidy[:, along + 2]),
    )
    across = 1 - along
    tidy[:, across] = tidy[:, across + 2] = (tidy[:, across] + tidy[:, across + 2]) / 2
    return tidy


def _components(touches: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Connected parts of the bipartite graph (H, V), each as (horizontal numbers, vertical numbers)."""
    label = np.arange(touches.shape[0])
    far = touches.shape[0]
    while True:
        of_vertical = np.where(touches, label[:, None], far).min(axis=0)
        spread = np.minimum(label, np.where(touches, of_vertical[None], far).min(axis=1))
        if (spread == label).all():
            break
        label = spread
    return [(np.flatnonzero(label == k), np.flatnonzero(of_vertical == k)) for k in np.unique(label)]


def _distinct(values: Boxes, tolerance: float) -> Boxes:
    """Sorted values, those closer than the tolerance counted once."""
    ordered = np.sort(values)
    first = np.r_[True, np.diff(ordered) > tolerance]
    result: Boxes = ordered[first]
    return result


def _occupancy(xs: Boxes, ys: Boxes, text: Boxes) -> float:
    """Share of the meshes that hold the middle of a text line; only meshes that could hold one are counted."""
    if not len(text):
        return 0.0
    x, y = (text[:, 0] + text[:, 2]) / 2, (text[:, 1] + text[:, 3]) / 2
    inside = (x > xs[0]) & (x < xs[-1]) & (y > ys[0]) & (y < ys[-1])
    if inside.sum() < 2:
        return 0.0
    column, row = np.searchsorted(xs, x[inside]), np.searchsorted(ys, y[inside])
    filled = len(np.unique(column + row * (len(xs) + 1)))
    return filled / ((len(xs) - 1) * (len(ys) - 1))


def _outermost(tables: list[Boxes]) -> list[Boxes]:
    """Drop grids that lie within another one."""
    kept = []
    for k, a in enumerate(tables):
        within = any(
            k != j
            and (b[:2] <= a[:2] + 1e-3).all()
            and (b[2:] >= a[2:] - 1e-3).all()
            and ((b[2:] - b[:2]).prod() > (a[2:] - a[:2]).prod() or j < k)
            for j, b in enumerate(tables)
        )
        if not within:
            kept.append(a)
    return kept
