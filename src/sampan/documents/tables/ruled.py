"""Ruled tables: the grid that drawn lines span, with spanning cells where a border is missing.

Segments are snapped to common grid lines (a double line is one line, gaps of broken scans are bridged),
a border is present where enough of it is drawn, and slots without a border between them are one cell.
A missing outer border is added where inner lines run on to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box
from sampan.documents.stages import Rulings
from sampan.documents.tables.grid import Grid, cells_from_borders
from sampan.documents.tables.words import Floats, TableWords

SNAP = 0.3
"""Lines closer than this share of the text height are one line."""
STUB = 0.6
"""Drawn pieces shorter than this share of the text height are glyph parts, not borders."""
PRESENT = 0.7
"""Share of a slot's side that must be drawn for a border to count."""


@dataclass(slots=True)
class RuleLine:
    """One grid line: its position across, and the drawn intervals along it."""

    position: float
    intervals: Floats
    """(K, 2), sorted, disjoint."""

    @property
    def start(self) -> float:
        return float(self.intervals[0, 0])

    @property
    def end(self) -> float:
        return float(self.intervals[-1, 1])

    def coverage(self, stops: Floats) -> Floats:
        """Drawn share of each span between consecutive `stops` (S,) → (S − 1,)."""
        low = np.maximum(self.intervals[:, :1], stops[None, :-1])
        high = np.minimum(self.intervals[:, 1:], stops[None, 1:])
        drawn = np.clip(high - low, 0, None).sum(0)
        share: Floats = drawn / np.maximum(np.diff(stops), 1e-9)
        return share


def rule_lines(
    segments: NDArray[np.float32], box: Box, height: float, vertical: bool, bridge: float = 0.6
) -> list[RuleLine]:
    """Segments (N, 4) within `box` as grid lines, sorted by position; stubs shorter than the text are dropped.

    Gaps up to `bridge` text heights are closed: wide ones for broken borders of a grid, small ones where rules
    under neighbouring headings end close to each other.
    """
    if not len(segments):
        return []
    segments = np.asarray(segments, np.float64)
    across = (0, 2) if vertical else (1, 3)
    along = (1, 3) if vertical else (0, 2)
    position = segments[:, across].mean(1)
    low, high = segments[:, along].min(1), segments[:, along].max(1)
    inside = (position >= box[across[0]]) & (position <= box[across[1]])
    low, high = np.maximum(low, box[along[0]]), np.minimum(high, box[along[1]])
    inside &= high > low
    order = np.flatnonzero(inside)[np.argsort(position[inside], kind="stable")]
    lines: list[RuleLine] = []
    group: list[int] = []
    for index in [*order.tolist(), -1]:
        if group and (index < 0 or position[index] - position[group[-1]] > SNAP * height):
            length = (high - low)[group]
            intervals = _union(low[group], high[group], gap=bridge * height)
            intervals = intervals[np.diff(intervals, axis=1)[:, 0] >= STUB * height]
            if len(intervals):
                lines.append(RuleLine(float(np.average(position[group], weights=length)), intervals))
            group = []
        group.append(index)
    return lines


def _union(low: Floats, high: Floats, gap: float) -> Floats:
    order = np.argsort(low, kind="stable")
    merged: list[list[float]] = []
    for start, end in zip(low[order].tolist(), high[order].tolist(), strict=True):
        if merged and start - merged[-1][1] <= gap:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return np.asarray(merged, np.float64)


def ruled_grid(words: TableWords, rulings: Rulings, box: Box) -> Grid | None:
    """The grid of the lines in `box`, or None where they do not cross to form one."""
    height = words.height
    wide = (box[0] - height, box[1] - height, box[2] + height, box[3] + height)
    horizontal = rule_lines(rulings.horizontal, wide, height, vertical=False)
    vertical = rule_lines(rulings.vertical, wide, height, vertical=True)
    if not horizontal or not vertical:
        return None
    _add_outer(horizontal, vertical, words)
    while True:
        if len(horizontal) < 2 or len(vertical) < 2:
            return None
        ys = np.asarray([line.position for line in horizontal])
        xs = np.asarray([line.position for line in vertical])
        # (R + 1, C) and (C + 1, R): which sides of the slots are drawn
        drawn_h = np.stack([line.coverage(xs) for line in horizontal]) >= PRESENT
        drawn_v = np.stack([line.coverage(ys) for line in vertical]) >= PRESENT
        keep_h = [bool(side.any()) for side in drawn_h]
        keep_v = [bool(side.any()) for side in drawn_v]
        if all(keep_h) and all(keep_v):
            break
        # A line that borders no slot (an underline, a strike) is no grid line.
        horizontal = [line for line, keep in zip(horizontal, keep_h, strict=True) if keep]
        vertical = [line for line, keep in zip(vertical, keep_v, strict=True) if keep]
    if len(ys) * len(xs) <= 4:
        return None
    top, bottom, left, right = _filled_part(drawn_h, drawn_v, xs, ys, words)
    ys, xs = ys[top : bottom + 1], xs[left : right + 1]
    drawn_h, drawn_v = drawn_h[top : bottom + 1, left:right], drawn_v[left : right + 1, top:bottom]
    if len(ys) * len(xs) <= 4:
        return None
    cells = cells_from_borders(drawn_h[1:-1], drawn_v[1:-1].T)
    closed = [drawn_h[0], drawn_h[-1], drawn_v[0], drawn_v[-1]]
    outer = float(np.mean(np.concatenate(closed)))
    grid = Grid(xs=xs, ys=ys, cells=cells)
    grid.confidence = outer * explained(grid, words)
    return grid


def _add_outer(horizontal: list[RuleLine], vertical: list[RuleLine], words: TableWords) -> None:
    """Add outer borders that are not drawn but to which the inner lines run on, around the words there."""
    if not len(words):
        return
    first, last = words.boxes[:, :2].min(0), words.boxes[:, 2:].max(0)
    overshoot = 0.5 * words.height
    for lines, others, across in ((horizontal, vertical, 1), (vertical, horizontal, 0)):
        along = 1 - across
        low = min(first[across], *(line.start for line in others))
        high = max(last[across], *(line.end for line in others))
        # Stubs within the text do not close a side.
        longest = max(line.end - line.start for line in lines)
        long = [line.position for line in lines if line.end - line.start >= 0.5 * longest]
        top, bottom = long[0] - overshoot, long[-1] + overshoot
        reach_low = min(line.start for line in others) < top
        reach_high = max(line.end for line in others) > bottom
        whole = np.asarray(
            [
                [
                    min(first[along], *(o.position for o in others)),
                    max(last[along], *(o.position for o in others)),
                ]
            ]
        )
        if reach_low and first[across] < top:
            lines.insert(0, RuleLine(float(low), whole))
        if reach_high and last[across] > bottom:
            lines.append(RuleLine(float(high), whole))


def _filled_part(
    drawn_h: NDArray[np.bool_], drawn_v: NDArray[np.bool_], xs: Floats, ys: Floats, words: TableWords
) -> tuple[int, int, int, int]:
    """First and last line of both directions without outer strips that are undivided and empty: the space
    between a table and a frame, a shade's edge or a rule of the page."""
    top, bottom, left, right = 0, len(ys) - 1, 0, len(xs) - 1
    x, y = words.centre_x, words.centre_y

    def empty(axis: Floats, values: Floats, low: int) -> bool:
        return not ((values > axis[low]) & (values < axis[low + 1])).any()

    while bottom - top > 1 and empty(ys, y, top) and not drawn_v[left + 1 : right, top].any():
        top += 1
    while bottom - top > 1 and empty(ys, y, bottom - 1) and not drawn_v[left + 1 : right, bottom - 1].any():
        bottom -= 1
    while right - left > 1 and empty(xs, x, left) and not drawn_h[top + 1 : bottom, left].any():
        left += 1
    while right - left > 1 and empty(xs, x, right - 1) and not drawn_h[top + 1 : bottom, right - 1].any():
        right -= 1
    return top, bottom, left, right


def explained(grid: Grid, words: TableWords) -> float:
    """Share of the words that lie in one cell of the grid, not across a border and not outside."""
    if not len(words):
        return 1.0
    boxes = grid.boxes()
    width = np.maximum(words.boxes[:, 2] - words.boxes[:, 0], 1e-9)
    low = np.maximum(words.boxes[:, None, 0], boxes[None, :, 0])
    high = np.minimum(words.boxes[:, None, 2], boxes[None, :, 2])
    share = np.clip(high - low, 0, None) / width[:, None]  # (words, cells)
    y = words.centre_y[:, None]
    share[(y < boxes[None, :, 1]) | (y > boxes[None, :, 3])] = 0
    return float(np.mean(share.max(1) > 0.75))
