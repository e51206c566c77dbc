"""Pieces → rows on one baseline → lines, cut where columns and table cells part.

A gap cuts a row when
  it is wider than 1.6 em, or
  it is wider than 0.75 em and a gap in a row nearby lies above or below it: gaps line up in
  tables and between columns, hardly ever in justified prose, or
  it is wider than 0.6 em and the stream does not go on across it.
A typed space in the gap asks for twice the width, or for a gap that stands out from its row's others.
A list marker or a section number stays with what it marks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from math import inf
from statistics import median

from sampan.documents.reading.pieces import Piece

_WIDE, _ALIGNED, _JUMP = 1.6, 0.75, 0.6
_MARKER_REACH = 3.0
_ROW_TOLERANCE = 0.2
_MARKER = re.compile(r"[•◦▪‣●○■□–—*·-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]")
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\.?|\d{1,2}")

Row = list[Piece]
Gap = tuple[int, int, float, float, float, float]
"""Number of the row, place of the piece after the gap, start, end, baseline, em."""


def lines_of_pieces(pieces: list[Piece], text_of: Callable[[Piece], str]) -> list[Row]:
    """Lines, each as pieces from left to right; `text_of` is asked only about possible list markers."""
    position = {id(piece): place for place, piece in enumerate(pieces)}
    rows = _rows(pieces)
    gaps: list[Gap] = []
    for number, row in enumerate(rows):
        right = row[0].u1
        for place in range(1, len(row)):
            piece = row[place]
            em = max(row[place - 1].size, piece.size)
            if piece.u0 - right > _JUMP * em:
                gaps.append((number, place, right, piece.u0, piece.baseline, em))
            right = max(right, piece.u1)
    aligned = _Alignment(gaps)
    cuts: dict[int, list[int]] = {}
    for gap in gaps:
        number, place, a, b, _, em = gap
        row = rows[number]
        left, right_piece = row[place - 1], row[place]
        width = (b - a) / em
        goes_on = position[id(right_piece)] == position[id(left)] + 1 or left.rtl or right_piece.rtl
        if goes_on and right_piece.spaced:
            # A typed space is a word's end first; justification may have stretched it.
            cut = width > 2 * _WIDE or (
                width > _ALIGNED and width > 2.5 * _usual_gap(row) and aligned.holds(gap)
            )
        else:
            cut = not goes_on or width > _WIDE or (width > _ALIGNED and aligned.holds(gap))
        starts_line = place == 1 or place - 1 in cuts.get(number, [])
        if cut and starts_line and goes_on and width < _MARKER_REACH:
            cut = not _marks(text_of(left), text_of(right_piece), left.size, width)
        if cut:
            cuts.setdefault(number, []).append(place)
    lines = []
    for number, row in enumerate(rows):
        start = 0
        for place in [*cuts.get(number, []), len(row)]:
            lines.append(row[start:place])
            start = place
    return lines


def _marks(marker: str, marked: str, size: float, width: float) -> bool:
    """Whether a line's first piece is a bullet, list number or section number of what follows."""
    if _MARKER.fullmatch(marker):
        return not (marker in "–—-*" and marked[:1].isdigit())
    return bool(_NUMBER.fullmatch(marker)) and width < 2 * _WIDE and marked[:1].isalpha() and size >= 11


def _usual_gap(row: Row) -> float:
    """Median gap of a row's pieces in em."""
    return median(max(b.u0 - a.u1, 0.0) / max(a.size, b.size) for a, b in pairwise(row))


class _Alignment:
    """Knows the wide gaps of a page, and which have another above or below."""

    def __init__(self, gaps: list[Gap]) -> None:
        wide = sorted((gap for gap in gaps if gap[3] - gap[2] > _ALIGNED * gap[5]), key=lambda gap: gap[4])
        self._wide = wide
        self._heights = [gap[4] for gap in wide]

    def holds(self, gap: Gap) -> bool:
        """Whether a gap of another row within 2.5 em of line distance overlaps by half an em."""
        number, _, left, right, baseline, em = gap
        first = bisect_left(self._heights, baseline - 2.5 * em)
        for other in self._wide[first : bisect_left(self._heights, baseline + 2.5 * em)]:
            if other[0] != number and min(other[3], right) - max(other[2], left) > 0.5 * em:
                return True
        return False


def _rows(pieces: list[Piece]) -> list[Row]:
    hosts = _scripts(pieces)
    plain = sorted((piece for piece in pieces if not piece.script), key=lambda piece: piece.baseline)
    rows: list[Row] = []
    at, em = -inf, 0.0
    for piece in plain:
        if piece.baseline - at > _ROW_TOLERANCE * min(em, piece.size):
            rows.append([])
            at, em = piece.baseline, piece.size
        rows[-1].append(piece)
        em = max(em, piece.size)
    rows = [part for row in rows for part in _without_overlap(row)]
    row_of = {id(piece): row for row in rows for piece in row}
    for script, host in hosts:
        row_of[id(host)].append(script)
    for row in rows:
        row.sort(key=lambda piece: piece.u0)
    return rows


def _without_overlap(row: Row) -> list[Row]:
    """Pieces that lie on top of each other belong to different lines that happen to share a baseline."""
    row.sort(key=lambda piece: piece.u0)
    rest: Row = []
    kept: Row = []
    for piece in row:
        if kept and kept[-1].u1 - piece.u0 > 0.6 * min(piece.u1 - piece.u0, kept[-1].u1 - kept[-1].u0) + 0.1:
            same_height = abs(kept[-1].baseline - piece.baseline) < 0.02 * piece.size
            (kept if same_height and piece.u1 > kept[-1].u1 + 0.1 else rest).append(piece)
        else:
            kept.append(piece)
    return [kept, *_without_overlap(rest)] if rest else [kept]


def _scripts(pieces: list[Piece]) -> list[tuple[Piece, Piece]]:
    """Mark super- and subscripts; each with the full-size piece whose row it joins.

    A script is at most 0.85 of its neighbour in the stream, within 0.35 em beside it, and raised by 0.1 to 0.75 em
    or lowered by 0.07 to 0.4 em. Further pieces of the same script follow the first.
    """
    hosts: list[tuple[Piece, Piece]] = []
    host_of: dict[int, Piece] = {}

    def joins(piece: Piece, host: Piece) -> bool:
        if piece.size > 0.85 * host.size or len(hosts) > 2000:
            return False
        raised = (host.baseline - piece.baseline) / host.size
        gap = max(piece.u0 - host.u1, host.u0 - piece.u1) / host.size
        if not (0.1 < raised < 0.75 or -0.4 < raised < -0.07) or not -0.3 < gap < 0.35:
            return False
        piece.script = 1 if raised > 0 else -1
        hosts.append((piece, host))
        host_of[id(piece)] = host
        return True

    for place, piece in enumerate(pieces):
        before = pieces[place - 1] if place else None
        if before is not None and before.script:
            host = host_of[id(before)]
            near = piece.u0 - before.u1 < 0.5 * piece.size and piece.u0 > before.u0
            if (
                near
                and abs(piece.baseline - before.baseline) < 0.1 * piece.size
                and piece.size < 0.85 * host.size
            ):
                piece.script = before.script
                hosts.append((piece, host))
                host_of[id(piece)] = host
                continue
            if joins(piece, host):
                continue
        elif before is not None and joins(piece, before):
            continue
        if place + 1 < len(pieces) and not pieces[place + 1].script:
            joins(piece, pieces[place + 1])
    return hosts
