"""Columns of a table from the white space between its words.

Words of a text row that stand no further apart than words do are a chunk. Where no chunk lies over many rows,
there is a valley; a valley that separates chunks of one row is a column boundary. A few rows may cross a
valley: headings over several columns, notes. Drawn vertical lines are boundaries without more ado.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.tables.words import Floats, Ints, TableWords

CROSSING = 0.6
"""Rows that cross a valley, at most, per row that the valley separates."""
MIN_VALLEY = 0.45
"""Least width of a valley in text heights."""
OVERLAP = 0.85
"""Text rows closer than this many text heights cannot be rows of their own."""


@dataclass(slots=True)
class Piece:
    """Words of one text row that belong to one cell, over the columns `first` … `last`."""

    row: int
    words: Ints
    x0: float
    x1: float
    first: int
    last: int

    @property
    def centre(self) -> float:
        return (self.x0 + self.x1) / 2


def word_space(words: TableWords, rows: Sequence[Ints]) -> float:
    """Usual distance between two words of one text."""
    gaps = []
    for row in rows:
        boxes = words.boxes[row]
        gap = boxes[1:, 0] - boxes[:-1, 2]
        same_line = words.line_of[row][1:] == words.line_of[row][:-1]
        gaps.append(gap[same_line & (gap > 0.15 * words.height) & (gap < 0.6 * words.height)])
    every = np.concatenate(gaps) if gaps else np.zeros(0)
    return float(np.median(every)) if len(every) else 0.28 * words.height


def chunks(words: TableWords, row: Ints, space: float) -> list[Ints]:
    """Words of a text row in groups: a word space apart within a line, closer than that across two lines."""
    boxes = words.boxes[row]
    reach = np.maximum.accumulate(boxes[:, 2])
    same_line = words.line_of[row][1:] == words.line_of[row][:-1]
    most = np.where(same_line, max(1.5 * space, 0.38 * words.height), 0.6 * space)
    return np.split(row, np.flatnonzero(boxes[1:, 0] - reach[:-1] > most) + 1)


def find_columns(words: TableWords, rows: Sequence[Ints], lines: Sequence[float], space: float) -> Floats:
    """Inner boundaries of the columns, left to right. `lines` are drawn vertical lines."""
    spans = [
        np.asarray([[words.boxes[c, 0].min(), words.boxes[c, 2].max()] for c in chunks(words, row, space)])
        for row in rows
    ]
    if not spans:
        return np.zeros(0)
    overlapping = _overlapping(words, rows, spans)
    valleys = _valleys(spans, overlapping, words.height)
    margin = 0.5 * words.height
    left, right = min(s[0, 0] for s in spans), max(s[:, 1].max() for s in spans)
    drawn = [x for x in lines if left + margin < x < right - margin]
    boundaries = [(x, np.inf) for x in drawn] + [
        ((low + high) / 2, high - low)
        for low, high in valleys
        if not any(low - margin < x < high + margin for x in drawn)
    ]
    return _supported(np.asarray(sorted(boundaries)).reshape(-1, 2), [*spans, *overlapping])


def _overlapping(words: TableWords, rows: Sequence[Ints], spans: Sequence[Floats]) -> list[Floats]:
    """Spans of neighbouring text rows together that are too close for rows of their own: a label in the middle
    between two rows stands beside both."""
    joined = []
    y = [float(words.centre_y[row].mean()) for row in rows]
    for k in range(len(rows) - 1):
        if y[k + 1] - y[k] < OVERLAP * words.height:
            both = np.concatenate([spans[k], spans[k + 1]])
            both = both[np.argsort(both[:, 0], kind="stable")]
            if (both[1:, 0] > both[:-1, 1]).all():
                joined.append(both)
    return joined


def _valleys(
    spans: Sequence[Floats], overlapping: Sequence[Floats], height: float
) -> list[tuple[float, float]]:
    """Intervals that few chunks cross and that separate chunks of enough rows, or of `overlapping` ones."""
    edges = np.unique(np.concatenate([s.ravel() for s in spans]))
    if len(edges) < 2:
        return []
    middles = (edges[:-1] + edges[1:]) / 2
    every = np.concatenate(spans)
    crossing = ((every[:, :1] < middles) & (every[:, 1:] > middles)).sum(0)  # (M,)
    separated = np.zeros(len(middles), np.int64)
    for row in [*spans, *overlapping]:
        separated += ((row[:-1, 1:] <= middles) & (row[1:, :1] >= middles)).any(0)
    found: list[tuple[float, float]] = []
    open_ = (crossing <= CROSSING * separated) & (separated > 0)
    # Within a run of open intervals only the least crossed ones are the valley.
    start = 0
    while start < len(open_):
        if not open_[start]:
            start += 1
            continue
        end = start
        while end < len(open_) and open_[end]:
            end += 1
        found.extend(_minima(crossing[start:end], edges[start : end + 1], height))
        start = end
    return found


def _minima(crossing: NDArray[np.int64], edges: Floats, height: float) -> list[tuple[float, float]]:
    """Local minima of the crossing count that are wide enough, most open first."""
    found: list[tuple[float, float]] = []
    for level in np.unique(crossing):
        low = crossing <= level
        index = 0
        while index < len(low):
            if not low[index]:
                index += 1
                continue
            end = index
            while end < len(low) and low[end]:
                end += 1
            wide = edges[end] - edges[index] >= MIN_VALLEY * height
            taken = any(a < edges[end] and b > edges[index] for a, b in found)
            if wide and not taken:
                found.append(_most_open(crossing[index:end], edges[index : end + 1]))
            index = end
    return found


def _most_open(crossing: NDArray[np.int64], edges: Floats) -> tuple[float, float]:
    """The widest run of least crossings of a valley: headings reach further into it than figures do."""
    least = np.flatnonzero(crossing == crossing.min())
    runs = np.split(least, np.flatnonzero(np.diff(least) > 1) + 1)
    widest = max(runs, key=lambda run: float(edges[run[-1] + 1] - edges[run[0]]))
    return float(edges[widest[0]]), float(edges[widest[-1] + 1])


def _supported(boundaries: Floats, spans: Sequence[Floats]) -> Floats:
    """Drop boundaries between two columns that never both hold text in one row, the narrowest first: they are
    one column, whose heading stands left and whose figures stand right. `boundaries` (B, 2) holds positions
    and widths; a drawn line has infinite width and stays, its column may be empty.
    """
    while len(boundaries):
        position, width = boundaries.T
        support = np.zeros(len(boundaries), np.int64)
        for row in spans:
            first = np.searchsorted(position, row[:, 0] + 1e-6)
            last = np.searchsorted(position, row[:, 1] - 1e-6)
            middle = np.searchsorted(position, row.mean(1))
            filled = np.zeros(len(boundaries) + 1, bool)
            filled[np.where(first == last, first, middle)] = True
            support += filled[:-1] & filled[1:]
        weak = np.flatnonzero((support == 0) & np.isfinite(width))
        if not len(weak):
            break
        boundaries = np.delete(boundaries, weak[width[weak].argmin()], axis=0)
    return boundaries[:, 0]


def pieces_of(
    words: TableWords, rows: Sequence[Ints], boundaries: Floats, drawn: Sequence[float], space: float
) -> list[list[Piece]]:
    """Pieces of every text row. A chunk that crosses a boundary is cut there if the gap is wider than a word
    space or both parts stand where their columns' texts stand; otherwise it is one text over several columns."""
    hard = {int(np.argmin(np.abs(boundaries - x))) for x in drawn} if len(boundaries) else set()
    sure: list[list[Piece]] = []
    for number, row in enumerate(rows):
        sure.append([_piece(words, number, chunk, boundaries) for chunk in chunks(words, row, space)])
    edges = _column_edges(sure, len(boundaries) + 1)
    return [
        [part for piece in row for part in _cut(words, piece, boundaries, hard, edges, space)] for row in sure
    ]


def _piece(words: TableWords, row: int, members: Ints, boundaries: Floats) -> Piece:
    x0, x1 = float(words.boxes[members, 0].min()), float(words.boxes[members, 2].max())
    slack = 0.15 * words.height
    first = int(np.searchsorted(boundaries, x0 + slack))
    last = int(np.searchsorted(boundaries, x1 - slack))
    if last < first:
        first = last = int(np.searchsorted(boundaries, (x0 + x1) / 2))
    return Piece(row, members, x0, x1, first, last)


def _column_edges(rows: Sequence[Sequence[Piece]], columns: int) -> list[tuple[float, float, float] | None]:
    """Median left edge, centre and right edge of the texts of every column."""
    held: list[list[Piece]] = [[] for _ in range(columns)]
    for row in rows:
        for piece in row:
            if piece.first == piece.last:
                held[piece.first].append(piece)
    return [
        (
            float(np.median([p.x0 for p in column])),
            float(np.median([p.centre for p in column])),
            float(np.median([p.x1 for p in column])),
        )
        if column
        else None
        for column in held
    ]


def _cut(
    words: TableWords,
    piece: Piece,
    boundaries: Floats,
    hard: set[int],
    edges: list[tuple[float, float, float] | None],
    space: float,
) -> list[Piece]:
    if piece.first == piece.last:
        return [piece]
    centres = words.centre_x[piece.words]
    for boundary in range(piece.first, piece.last):
        x = boundaries[boundary]
        left, right = piece.words[centres < x], piece.words[centres >= x]
        if not len(left) or not len(right):
            continue
        edge_left, edge_right = float(words.boxes[left, 2].max()), float(words.boxes[right, 0].min())
        if edge_left > x + 0.25 * words.height or edge_right < x - 0.25 * words.height:
            continue
        gap = edge_right - edge_left
        two_lines = words.line_of[left[-1]] != words.line_of[right[0]]
        parts = _piece(words, piece.row, left, boundaries), _piece(words, piece.row, right, boundaries)
        in_place = gap > 1.15 * space and all(_stands(part, edges, words.height) for part in parts)
        if gap > 1.8 * space or two_lines or boundary in hard or in_place:
            return [
                *_cut(words, parts[0], boundaries, hard, edges, space),
                *_cut(words, parts[1], boundaries, hard, edges, space),
            ]
    return [piece]


def _stands(piece: Piece, edges: list[tuple[float, float, float] | None], height: float) -> bool:
    """Whether a piece stands as the other texts of its column do: left, centre or right edge in line."""
    usual = edges[piece.first] if piece.first == piece.last else None
    if usual is None:
        return False
    own = (piece.x0, piece.centre, piece.x1)
    return any(abs(a - b) < 0.2 * height for a, b in zip(own, usual, strict=True))
