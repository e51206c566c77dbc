"""Glyphs of a PDF page → words and lines.

glyphs   in stream order, grouped by text direction (`frames`)
pieces   glyphs that follow one another on a baseline without a gap (`pieces`)
rows     pieces on one baseline, right across the page; superscripts join their host's row (`rows`)
lines    rows cut at column gaps and table gaps (`rows`)
words    pieces of a line between spaces (here)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Direction, Line, Word
from sampan.documents.reading.frames import Frame, frames_of
from sampan.documents.reading.glyphs import GENERATED, Glyphs
from sampan.documents.reading.pieces import WORD_GAP, Piece, pieces_of
from sampan.documents.reading.rows import Row, lines_of_pieces
from sampan.documents.reading.scripts import without_ligatures
from sampan.documents.reading.styles import Styles


@dataclass(slots=True)
class ReadLine:
    """A line with what later steps need to judge it."""

    line: Line
    first: int
    """Stream position of its first glyph."""
    glyphs: NDArray[np.int64]
    """Indices of its glyphs in the page's `Glyphs`."""
    invisible: bool


def read_lines(glyphs: Glyphs) -> list[ReadLine]:
    """Lines of a page in stream order. The PDFium page must be open, for colours."""
    styles = Styles(glyphs)
    result: list[ReadLine] = []
    for frame in frames_of(glyphs):
        string = glyphs.string() if len(frame.index) == len(glyphs) else glyphs.subset(frame.index).string()
        pieces = pieces_of(frame)

        def text_of(piece: Piece, string: str = string) -> str:
            return string[piece.first : piece.last]

        result += [_line(row, frame, string, styles) for row in lines_of_pieces(pieces, text_of)]
    result.sort(key=lambda read: read.first)
    return result


def _line(row: Row, frame: Frame, string: str, styles: Styles) -> ReadLine:
    rtl = sum(p.last - p.first for p in row if p.rtl) * 2 > sum(p.last - p.first for p in row)
    if any(piece.rtl for piece in row):
        row = _logical_order(row, rtl)
    words: list[Word] = []
    text: list[str] = []
    for group in _words_of(row, frame, rtl):
        word = _word(group, frame, string, styles)
        words.append(word)
        text.append(word.text)
    box, quad = frame.to_page(_hull(row))
    direction: Direction = "ttb" if frame.vertical else "rtl" if rtl else "ltr"
    longest = max(words, key=lambda word: len(word.text))
    index = _glyphs_of(row, frame)
    line = Line(
        text=" ".join(text),
        box=box,
        quad=quad,
        origin="text_layer",
        words=words,
        style=longest.style,
        direction=direction,
    )
    invisible = frame.glyphs.invisible[index]
    return ReadLine(line, int(index.min()), index, bool(2 * np.count_nonzero(invisible) > len(index)))


def _glyphs_of(row: Row, frame: Frame) -> NDArray[np.int64]:
    if row[-1].last - row[0].first == sum(piece.last - piece.first for piece in row):
        return frame.index[row[0].first : row[-1].last]  # one stretch of the stream, as most lines are
    return np.concatenate([frame.index[piece.first : piece.last] for piece in row])


def _words_of(row: Row, frame: Frame, rtl: bool) -> list[Row]:
    """Cut a line's pieces into words."""
    gaps = [_gap(before, piece, rtl) for before, piece in pairwise(row)]
    tracking = _tracking(row, gaps)
    separator = frame.glyphs.separator
    words = [[row[0]]]
    for before, piece, gap in zip(row, row[1:], gaps, strict=False):
        # Between CJK and other letters typesetters leave up to a quarter em that nobody typed.
        limit = 0.6 if before.cjk and piece.cjk else 0.35 if before.cjk or piece.cjk else WORD_GAP
        if separator[frame.index[piece.first]] == GENERATED and not (tracking or piece.cjk or before.cjk):
            limit = 0.1
        spaced = piece.spaced and piece.first == before.last
        if spaced or gap > limit + tracking:
            words.append([piece])
        else:
            words[-1].append(piece)
    return words


def _gap(before: Piece, piece: Piece, rtl: bool) -> float:
    distance = before.u0 - piece.u1 if rtl else piece.u0 - before.u1
    return distance / max(before.size, piece.size)


def _tracking(row: Row, gaps: list[float]) -> float:
    """Letter spacing in em: the usual gap of a line that falls into single letters without typed spaces."""
    single = sum(piece.last - piece.first == 1 and not piece.cjk for piece in row)
    if len(row) < 5 or single < 0.7 * len(row) or sum(piece.spaced for piece in row) > 0.4 * len(row):
        return 0.0
    usual = median(gaps)
    # Cells, indices and code of one letter stand farther apart than letters of one word.
    return usual if usual < 0.45 else 0.0


def _logical_order(row: Row, rtl: bool) -> Row:
    """Reading order of a mixed line: runs of the base direction, others turned within (UAX #9, rule L2)."""
    row = sorted(row, key=lambda piece: piece.u0)
    runs: list[Row] = []
    for piece in row:
        if runs and runs[-1][0].rtl == piece.rtl:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    runs = [run[::-1] if run[0].rtl else run for run in runs]
    return [piece for run in (reversed(runs) if rtl else runs) for piece in run]


def _word(group: Row, frame: Frame, string: str, styles: Styles) -> Word:
    main = group[0]
    text = string[main.first : main.last]
    if len(group) > 1:
        main = max(group, key=lambda piece: piece.last - piece.first)
        text = "".join([string[piece.first : piece.last] for piece in group])
    box, quad = frame.to_page(_hull(group))
    return Word(
        text=without_ligatures(text), box=box, quad=quad, style=styles.of(int(frame.index[main.first]), main)
    )


def _hull(row: Row) -> Box:
    first = row[0]
    u0, v0, u1, v1 = first.u0, first.v0, first.u1, first.v1
    for piece in row[1:]:
        u0, v0 = min(u0, piece.u0), min(v0, piece.v0)
        u1, v1 = max(u1, piece.u1), max(v1, piece.v1)
    return (u0, v0, u1, v1)
