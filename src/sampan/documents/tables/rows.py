"""Table rows from printed rows: which text rows belong to one row of cells.

Drawn lines and shades separate rows. Where there are none, a text row carries on the row above it if it
fills only some of the columns and its text is wrapped text: the word that begins it would not have
fitted at the end of the line above. A text row printed between two others, overlapping both, holds cells
that are centred over them: texts beside a cell of several lines, or a label that spans several rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sampan.documents.tables.columns import OVERLAP, Piece
from sampan.documents.tables.words import Floats, Ints, TableWords, is_number

WRAP_PITCH = 1.75
"""Lines of one cell are at most this many text heights apart."""


def group_rows(
    words: TableWords,
    pieces: Sequence[Sequence[Piece]],
    columns: int,
    separators: Sequence[float],
    short: Sequence[float] = (),
) -> tuple[list[list[int]], dict[int, tuple[int, int]]]:
    """Text rows in groups, one per table row, and the text rows that lie across several table rows.

    `separators` are the heights of lines over the whole width, `short` those of lines over a part of it.
    Returns the groups of indices into `pieces`, and for each floating text row its (first, last) group.
    """
    count = len(pieces)
    if not count:
        return [], {}
    y = np.asarray([words.centre_y[np.concatenate([p.words for p in row])].mean() for row in pieces])
    cuts = sorted(separators)
    strip = np.searchsorted(np.asarray(cuts), y)
    pitch = _row_pitch(pieces, y, range(count), columns)
    reach = max(OVERLAP * words.height, 0.65 * pitch if np.isfinite(pitch) else 0.0)
    floating = _floating(pieces, y, strip, reach)
    firm = [index for index in range(count) if index not in floating]
    widths = _column_widths(pieces, columns)
    closed = _strips_are_rows(words, pieces, y, strip, columns, widths)
    closed.update(dict.fromkeys(np.searchsorted(np.asarray(cuts), np.asarray(short)).tolist(), False))
    groups: list[list[int]] = []
    for index in firm:
        if groups and strip[index] == strip[groups[-1][-1]]:
            above = groups[-1][-1]
            between = [f for f in floating if above < f < index]
            if closed.get(int(strip[index]), False) or _carries_on(
                words, pieces, y, above, index, between, widths, pitch, words.height
            ):
                groups[-1].append(index)
                continue
        groups.append([index])
    group_of = {index: number for number, group in enumerate(groups) for index in group}
    across: dict[int, tuple[int, int]] = {}
    for index in floating:
        near = [group_of[f] for f in firm if strip[f] == strip[index] and abs(y[f] - y[index]) < reach]
        if near and min(near) != max(near):
            across[index] = (min(near), max(near))
        else:
            groups[near[0] if near else int(np.argmin([abs(y[g].mean() - y[index]) for g in groups]))].append(
                index
            )
    _join_labels(pieces, y, across, words.height)
    return groups, across


def _join_labels(
    pieces: Sequence[Sequence[Piece]], y: Floats, across: dict[int, tuple[int, int]], height: float
) -> None:
    """Lines of one label that float one below the other span the rows of both."""
    floats = sorted(across)
    for above, below in pairwise(floats):
        same = _columns_of(pieces[above]) == _columns_of(pieces[below])
        if same and across[above][1] == across[below][0] and y[below] - y[above] <= WRAP_PITCH * height:
            across[below] = across[above] = (across[above][0], across[below][1])


def _columns_of(row: Sequence[Piece]) -> set[int]:
    return {column for piece in row for column in range(piece.first, piece.last + 1)}


def _floating(pieces: Sequence[Sequence[Piece]], y: Floats, strip: Ints, reach: float) -> list[int]:
    """Text rows that overlap both neighbours and share no column with them."""
    found: list[int] = []
    for index in range(1, len(y) - 1):
        if index - 1 in found or not strip[index - 1] == strip[index] == strip[index + 1]:
            continue
        if max(y[index] - y[index - 1], y[index + 1] - y[index]) >= reach:
            continue
        own = _columns_of(pieces[index])
        upper, lower = _columns_of(pieces[index - 1]), _columns_of(pieces[index + 1])
        fewer = len(own) < min(len(upper), len(lower))
        more = len(own) > max(len(upper), len(lower))
        if not own & (upper | lower) and (fewer or more or len(own) == len(upper) == len(lower)):
            found.append(index)
    return found


def _column_widths(pieces: Sequence[Sequence[Piece]], columns: int) -> Floats:
    """Widest text of each column."""
    widths = np.zeros(columns)
    for row in pieces:
        for piece in row:
            if piece.first == piece.last:
                widths[piece.first] = max(widths[piece.first], piece.x1 - piece.x0)
    return widths


def _row_pitch(pieces: Sequence[Sequence[Piece]], y: Floats, firm: Sequence[int], columns: int) -> float:
    """Smallest distance of two neighbouring text rows that both fill most columns: the pitch of single rows."""
    full = [index for index in firm if len(_columns_of(pieces[index])) >= 0.6 * columns]
    steps = [y[b] - y[a] for a, b in pairwise(firm) if a in full and b in full]
    return float(min(steps)) if steps else float("inf")


def _strips_are_rows(
    words: TableWords,
    pieces: Sequence[Sequence[Piece]],
    y: Floats,
    strip: Ints,
    columns: int,
    widths: Floats,
) -> dict[int, bool]:
    """For each strip between separators, whether it is one row however many text rows it holds.

    So it is where lines separate rows throughout: most strips hold one text row, and no strip is a block
    of text rows that fill most columns.
    """
    held = {int(number): np.flatnonzero(strip == number).tolist() for number in np.unique(strip)}
    if len(held) < 3:
        return {}
    answer = {}
    for number, members in held.items():
        filled = [len(_columns_of(pieces[index])) for index in members]
        # Middle-aligned cells of one row give text rows closer than lines: count those that stand apart.
        apart = 1 + int((np.diff(y[members]) >= OVERLAP * words.height).sum())
        dense = sum(count >= 0.6 * columns for count in filled)
        fits = [_fits_above(words, pieces[a], pieces[b], widths) for a, b in pairwise(members)]
        block = dense >= 3 or (dense >= 2 and any(verdict is True for verdict in fits))
        answer[number] = apart == 1 or not (block and columns > 1)
    singles = sum(len(members) == 1 for members in held.values())
    if singles < 0.3 * len(held) and not all(answer.values()):
        return {}
    return answer


def _fits_above(
    words: TableWords, above: Sequence[Piece], below: Sequence[Piece], widths: Floats
) -> bool | None:
    """True if a text of `below` would have fitted behind the text above it, so that it is no wrapped text;
    False if all of them are wrapped; None if single words leave it open."""
    upper = {piece.first: piece for piece in above if piece.first == piece.last}
    telling = False
    for piece in below:
        over = upper.get(piece.first)
        if over is None or piece.first != piece.last:
            continue
        if _is_whole_figure(words, over) and _is_whole_figure(words, piece):
            return True
        first = words.boxes[piece.words[0]]
        together = (over.x1 - over.x0) + 0.3 * words.height + (first[2] - first[0])
        if together < widths[piece.first] - 0.1 * words.height:
            return True
        telling |= len(over.words) + len(piece.words) > 2
    return False if telling else None


def _is_whole_figure(words: TableWords, piece: Piece) -> bool:
    """A figure that begins and ends in the piece: figures are not wrapped."""
    text = " ".join(words.words[word].text for word in piece.words)
    return text[-1].isalnum() + (text[-1] in "%)€$£¥") > 0 and any(map(str.isdigit, text)) and is_number(text)


def _carries_on(
    words: TableWords,
    pieces: Sequence[Sequence[Piece]],
    y: Floats,
    above: int,
    index: int,
    between: Sequence[int],
    widths: Floats,
    pitch: float,
    height: float,
) -> bool:
    step = y[index] - y[above]
    upper, lower = _columns_of(pieces[above]), _columns_of(pieces[index])
    if step < OVERLAP * height and not upper & lower:
        return True
    if step > WRAP_PITCH * height:
        return False
    fits = _fits_above(words, pieces[above], pieces[index], widths)
    if fits is True:
        return False
    if between:
        beside = set().union(*(_columns_of(pieces[f]) for f in between))
        return step < 0.92 * pitch and (np.isfinite(pitch) or len(beside) >= len(upper & lower))
    if any(piece.first != piece.last for piece in pieces[above]):
        return False
    if lower < upper and 0 not in lower:
        # Fewer columns than above, the first one empty: wrapped text, unless the rows stand as rows do.
        return fits is False or step < 0.92 * pitch
    sparse = lower < upper or upper < lower
    return step < 0.92 * pitch and (sparse or fits is False) and bool(upper & lower) and np.isfinite(pitch)
