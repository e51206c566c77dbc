"""Tables without a closed grid: rows and columns from the positions of the words.

Columns come from the valleys between the texts, rows from the printed rows; lines and shades that are
drawn separate for certain. Spanning cells show themselves: a text that runs over a boundary, a heading
centred over several columns or underlined by a short rule, a label printed between two rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box
from sampan.documents.stages import Rulings
from sampan.documents.tables.columns import Piece, find_columns, pieces_of, word_space
from sampan.documents.tables.grid import Grid
from sampan.documents.tables.rows import group_rows
from sampan.documents.tables.ruled import RuleLine, rule_lines
from sampan.documents.tables.words import Floats, Ints, TableWords, text_rows

FULL = 0.88
"""A rule that covers this share of the table's width separates rows over all columns."""


def aligned_grid(words: TableWords, rulings: Rulings, fills: Sequence[Box], box: Box) -> Grid | None:
    """The grid of a table whose rows and columns are told by its texts, or None without any text."""
    if not len(words):
        return None
    height = words.height
    left, top = words.boxes[:, :2].min(0)
    right, bottom = words.boxes[:, 2:].max(0)
    wide = (box[0] - height, box[1] - height, box[2] + height, box[3] + height)
    horizontal = rule_lines(rulings.horizontal, wide, height, vertical=False, bridge=0.2)
    vertical = rule_lines(rulings.vertical, wide, height, vertical=True)
    full_y = [line.position for line in horizontal if _share(line, left, right) >= FULL]
    full_x = [line.position for line in vertical if _share(line, top, bottom) >= FULL]
    full_y += _shade_edges(fills, left, right, full_y, height)
    rows = text_rows(words)
    space = word_space(words, rows)
    boundaries = find_columns(words, rows, full_x, space)
    drawn = [x for x in full_x if left < x < right]
    pieces = pieces_of(words, rows, boundaries, drawn, space)
    columns = len(boundaries) + 1
    short_y = [
        line.position
        for line in horizontal
        if line.position not in full_y and line.end - line.start > 2 * height
    ]
    groups, across = group_rows(words, pieces, columns, full_y, short_y)
    xs = np.concatenate([[min(box[0], left)], boundaries, [max(box[2], right)]])
    ys = _row_lines(words, pieces, groups, box, full_y)
    heads = _rows_above_rule(ys, full_y, len(groups))
    cells = _cells(words, pieces, groups, across, xs, horizontal, ys, heads, full_y)
    grid = Grid(xs=xs, ys=ys, cells=cells, header_rows=heads)
    grid.confidence = _confidence(grid, pieces, groups)
    return grid


def _share(line: RuleLine, low: float, high: float) -> float:
    return float(line.coverage(np.asarray([low, high]))[0])


def _shade_edges(
    fills: Sequence[Box], left: float, right: float, drawn: Sequence[float], height: float
) -> list[float]:
    """Upper and lower edges of shades that run over the table's width, where no line is drawn."""
    edges: list[float] = []
    spans: dict[tuple[int, int], list[Box]] = {}
    for fill in fills:
        spans.setdefault((round(fill[1] / height * 4), round(fill[3] / height * 4)), []).append(fill)
    for same in spans.values():
        covered = sum(min(f[2], right) - max(f[0], left) for f in same)
        if covered < FULL * (right - left) or same[0][3] - same[0][1] > 12 * height:
            continue
        for edge in (same[0][1], same[0][3]):
            if all(abs(edge - other) > 0.3 * height for other in [*drawn, *edges]):
                edges.append(edge)
    return edges


def _row_lines(
    words: TableWords,
    pieces: Sequence[Sequence[Piece]],
    groups: Sequence[Sequence[int]],
    box: Box,
    separators: Sequence[float],
) -> Floats:
    """Boundaries (R + 1,) of the rows: the drawn line between two rows, else the middle of the gap."""
    tops, bottoms = [], []
    for group in groups:
        members = np.concatenate([piece.words for index in group for piece in pieces[index]])
        tops.append(words.boxes[members, 1].min())
        bottoms.append(words.boxes[members, 3].max())
    lines = [min(box[1], tops[0])]
    for low, high in zip(bottoms[:-1], tops[1:], strict=True):
        margin = 0.35 * words.height
        between = [y for y in separators if low - margin <= y <= high + margin]
        lines.append(between[0] if between else (low + high) / 2)
    lines.append(max(box[3], bottoms[-1]))
    return np.asarray(lines)


def _rows_above_rule(ys: Floats, separators: Sequence[float], rows: int) -> int | None:
    """Rows above the first inner rule, where only some of the row boundaries have one."""
    ruled = [index for index in range(1, rows) if any(abs(y - ys[index]) < 1e-6 for y in separators)]
    if ruled and len(ruled) < rows - 1 and ruled[0] <= max(1, rows // 3):
        return ruled[0]
    return None


def _cells(
    words: TableWords,
    pieces: Sequence[Sequence[Piece]],
    groups: Sequence[Sequence[int]],
    across: dict[int, tuple[int, int]],
    xs: Floats,
    horizontal: Sequence[RuleLine],
    ys: Floats,
    heads: int | None,
    separators: Sequence[float],
) -> Ints:
    rows, columns = len(groups), len(xs) - 1
    # owner[r, c]: number of the cell that covers the slot
    owner = np.arange(rows * columns).reshape(rows, columns)
    for index, (first, last) in across.items():
        for piece in pieces[index]:
            _join(owner, first, last, piece.first, piece.last)
    for row, group in enumerate(groups):
        for index in group:
            for piece in pieces[index]:
                if piece.first != piece.last:
                    _join(owner, row, row, piece.first, piece.last)
    filled = np.zeros((rows, columns), bool)
    for row, group in enumerate(groups):
        for index in group:
            for piece in pieces[index]:
                filled[row, piece.first : piece.last + 1] = True
    for index, (first, last) in across.items():
        for piece in pieces[index]:
            filled[first : last + 1, piece.first : piece.last + 1] = True
    _spans_of_short_rules(owner, filled, horizontal, xs, ys, words.height, separators)
    by_row = [[piece for index in group for piece in pieces[index]] for group in groups]
    _spans_of_totals(owner, words, by_row)
    last_head = heads if heads is not None else _headings(owner, filled)
    # A heading over several columns says nothing of how wide one of them is.
    extents = _extents(by_row[max(0, last_head - 1) :], xs, words.height)
    for row in range(max(0, last_head - 1)):
        _centred_headings(owner, filled, row, by_row[row], extents, words.height)
    labels = {
        (float(row), p.last)
        for row, group in enumerate(groups)
        for i in group
        for p in pieces[i]
        if p.first == 0
    }
    labels |= {(sum(across[i]) / 2, p.last) for i in across for p in pieces[i] if p.first == 0}
    _centred_labels(owner, list(labels), last_head)
    cells = []
    for label in np.unique(owner):
        where = np.argwhere(owner == label)
        (r0, c0), (r1, c1) = where.min(0), where.max(0)
        cells.append((int(r0), int(c0), int(r1 - r0 + 1), int(c1 - c0 + 1)))
    return np.asarray(sorted(cells), np.int64).reshape(-1, 4)


def _join(owner: Ints, top: int, bottom: int, left: int, right: int) -> bool:
    """Make the slots one cell, if that tears no other cell apart."""
    part = owner[top : bottom + 1, left : right + 1]
    labels = np.unique(part)
    if int(np.isin(owner, labels).sum()) != part.size:
        return False
    part[...] = labels[0]
    return True


def _spans_of_short_rules(
    owner: Ints,
    filled: NDArray[np.bool_],
    horizontal: Sequence[RuleLine],
    xs: Floats,
    ys: Floats,
    height: float,
    separators: Sequence[float],
) -> None:
    """A rule under part of a row: the heading above it spans the columns over it, and where a row has such
    rules, a text beside them with nothing above or below spans the two rows."""
    rows, columns = owner.shape
    width = np.diff(xs)
    for line in horizontal:
        if rows < 2 or any(abs(line.position - y) < 1e-6 for y in separators):
            continue
        row = int(np.argmin(np.abs(ys[1:-1] - line.position)))
        if abs(ys[row + 1] - line.position) > 0.5 * height:
            continue
        under = np.zeros(columns, bool)
        for low, high in line.intervals:
            overlap = np.clip(np.minimum(xs[1:], high) - np.maximum(xs[:-1], low), 0, None)
            covered = np.flatnonzero(overlap > 0.4 * width)
            if high - low < 2 * height or not len(covered):
                continue
            under[covered] = True
            if len(covered) > 1 and len(np.unique(owner[row, covered][filled[row, covered]])) == 1:
                _join(owner, row, row, int(covered[0]), int(covered[-1]))
        if 2 * under.sum() < columns:
            continue
        for column in np.flatnonzero(~under):
            if (
                filled[row, column] != filled[row + 1, column]
                and owner[row + 1, column] != owner[row, column]
            ):
                _join(owner, row, row + 1, int(column), int(column))


def _spans_of_totals(owner: Ints, words: TableWords, by_row: list[list[Piece]]) -> None:
    """A word in a column of figures after nothing but empty slots, near the end: the label of a total,
    which spans the columns before it."""
    rows = len(owner)
    for row in range(max(2, rows // 2), rows):
        pieces = sorted(by_row[row], key=lambda piece: piece.x0)
        if len(pieces) < 2 or pieces[0].first == 0 or pieces[0].first != pieces[0].last:
            continue
        column = pieces[0].first
        others = [p for r in range(1, rows) if r != row for p in by_row[r] if p.first == p.last == column]
        figures = sum(_is_figure(words, piece) for piece in others)
        if others and figures >= 0.6 * len(others) and not _is_figure(words, pieces[0]):
            _join(owner, row, row, 0, column)


def _is_figure(words: TableWords, piece: Piece) -> bool:
    text = "".join(words.words[word].text for word in piece.words)
    return any(sign.isdigit() for sign in text) or not any(sign.isalnum() for sign in text)


def _centred_labels(owner: Ints, labels: list[tuple[float, int]], heads: int) -> None:
    """Labels of the first column, each in the middle of its rows: if runs of rows with a label in the middle
    tile the body, each label spans its run. `labels` holds (row, possibly between two; the piece's column).
    """
    rows = len(owner)
    runs: list[tuple[int, int]] = []
    start = heads
    for centre, column in sorted(labels):
        if centre < heads:
            continue
        end = 2 * centre - start
        if column != 0 or end != int(end) or end < start or end >= rows:
            return
        runs.append((start, int(end)))
        start = int(end) + 1
    if start == rows and len(runs) < rows - heads:
        for first, last in runs:
            _join(owner, first, last, 0, 0)


def _extents(by_row: list[list[Piece]], xs: Floats, height: float) -> tuple[Floats, Floats]:
    """(C, 2) each: left and right end of the texts of every column, and of its cells as far as they can be told.

    Between two columns that both stand right the border lies just right of the first one's texts, between
    two that stand left just left of the second one's, else in the middle of the gap.
    """
    columns = len(xs) - 1
    texts = np.stack([xs[:-1], xs[1:]], axis=1)
    stands = ["centre"] * columns
    for column in range(columns):
        own = np.asarray([(p.x0, p.x1) for row in by_row for p in row if p.first == p.last == column])
        if len(own):
            texts[column] = own[:, 0].min(), own[:, 1].max()
            off = np.abs(own - np.median(own, axis=0))
            left, right = off.mean(axis=0)
            # Figures of one length make both sides even; those of other lengths tell.
            if min(np.median(off, axis=0)) < 0.1 * height < max(left, right) > 2 * min(left, right):
                stands[column] = "left" if left < right else "right"
    cells = np.stack([texts[:, 0] - 0.5 * height, texts[:, 1] + 0.5 * height], axis=1)
    for column in range(columns - 1):
        pair = stands[column], stands[column + 1]
        if pair == ("right", "right"):
            border = texts[column, 1] + 0.5 * height
        elif pair == ("left", "left"):
            border = texts[column + 1, 0] - 0.5 * height
        else:
            border = (texts[column, 1] + texts[column + 1, 0]) / 2
        cells[column, 1] = cells[column + 1, 0] = border
    return texts, cells


def _headings(owner: Ints, filled: NDArray[np.bool_]) -> int:
    """Header rows without a rule to tell: a first row with gaps above a full one may be a heading of two rows."""
    if len(owner) < 3 or (filled[0].all() and len(np.unique(owner[0])) == owner.shape[1]):
        return 1
    if bool((owner[1] == owner[2]).any()):
        return 1  # a label that spans rows stands beside the body
    lower = filled[1] | (owner[1] == owner[0])
    return 2 if bool((lower | ~filled[0])[1:].all()) and bool(filled[1][~filled[0]].all()) else 1


def _centred_headings(
    owner: Ints,
    filled: NDArray[np.bool_],
    row: int,
    pieces: list[Piece],
    extents: tuple[Floats, Floats],
    height: float,
) -> None:
    """Let the texts of a heading row span the empty columns beside them over which they are centred.

    Each text takes a run of columns; the runs are disjoint and in order. Cost of a run: how far the text is
    off its place (left, centre or right of one column; centre of several), plus a price per empty column
    left over. The cheapest division is found by dynamic programming from left to right.
    """
    columns = owner.shape[1]
    pieces = sorted(pieces, key=lambda piece: piece.x0)
    if filled[row].all() or not pieces or (owner[row] == owner[row + 1]).all():
        return
    empty_price, span_price = 0.5, 0.25
    best: list[dict[int, tuple[float, list[tuple[int, int]]]]] = [{0: (0.0, [])}]
    for piece in pieces:
        step: dict[int, tuple[float, list[tuple[int, int]]]] = {}
        for done, (cost, runs) in best[-1].items():
            for first in range(done, piece.first + 1):
                for last in range(piece.last, columns):
                    off = _off_place(piece, extents, first, last) / height
                    price = (
                        cost
                        + min(off, 3.0)
                        + empty_price * (first - done)
                        + (span_price if last > first else 0)
                    )
                    if last + 1 not in step or price < step[last + 1][0]:
                        step[last + 1] = (price, [*runs, (first, last)])
        if not step:
            return
        best.append(step)
    _, runs = min(
        ((cost + empty_price * (columns - done), runs) for done, (cost, runs) in best[-1].items()),
        key=lambda pair: pair[0],
    )
    for first, last in runs:
        if last > first and (~filled[row, first : last + 1]).any():
            _join(owner, row, row, first, last)


def _off_place(piece: Piece, extents: tuple[Floats, Floats], first: int, last: int) -> float:
    centre = min(abs(piece.centre - (part[first, 0] + part[last, 1]) / 2) for part in extents)
    if first == last:
        low, high = extents[0][first]
        return float(min(centre, abs(piece.x0 - low), abs(piece.x1 - high)))
    return float(centre)


def _confidence(grid: Grid, pieces: Sequence[Sequence[Piece]], groups: Sequence[Sequence[int]]) -> float:
    """Share of the body's slots that hold text, less for crossing texts below the heading."""
    rows, columns = grid.rows, grid.columns
    slots = np.zeros((rows, columns), bool)
    crossing = 0
    for row, group in enumerate(groups):
        for index in group:
            for piece in pieces[index]:
                slots[row, piece.first : piece.last + 1] = True
                crossing += piece.first != piece.last and row > 0
    return float(max(0.0, min(1.0, 0.3 + slots.mean()) - 0.1 * crossing))
