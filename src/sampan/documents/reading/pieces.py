"""Pieces: glyphs of one frame that follow one another on a baseline without a visible gap.

A piece is at most a word; a superscript, a change of size, a typed space or a jump ends it. Within a
piece the stream's order is kept, which is the logical order for right-to-left scripts too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sampan.documents.reading.frames import Frame
from sampan.documents.reading.glyphs import GENERATED, SPACE
from sampan.documents.reading.scripts import cjk_mask, mark_mask, rtl_mask

WORD_GAP = 0.17
"""Gap that separates words, in em. The narrowest justified space of common typesetters is 0.2, kerning stays
below 0.1; where PDFium too sees a space, 0.1 is enough."""
_GENERATED_GAP = 0.1
_CJK_GAP = 0.6


@dataclass(slots=True)
class Piece:
    """`first` and `last` delimit its glyphs in the frame, `last` exclusive."""

    first: int
    last: int
    u0: float
    u1: float
    v0: float
    v1: float
    baseline: float
    size: float
    owner: int
    spaced: bool
    """A typed space stands before it."""
    cjk: bool
    rtl: bool
    script: int = 0
    """1 for a superscript, -1 for a subscript of its neighbour."""


def pieces_of(frame: Frame) -> list[Piece]:
    """All pieces of a frame in stream order."""
    glyphs, index = frame.glyphs, frame.index
    count = len(index)
    size, code = glyphs.size[index], glyphs.code[index]
    separator = glyphs.separator[index]
    mark, cjk = mark_mask(code), cjk_mask(code)
    rtl = rtl_mask(code)
    # A mark takes the place of its base, so that gaps are measured between bases.
    base = np.maximum.accumulate(np.where(mark, 0, np.arange(count)))
    u0, u1, baseline = frame.u0[base], frame.u1[base], frame.baseline[base]
    em = np.maximum(size[1:], size[:-1])
    both_rtl = rtl[1:] & rtl[:-1]
    gap = np.where(both_rtl, u0[:-1] - u1[1:], u0[1:] - u1[:-1]) / em
    limit = np.where(separator[1:] == GENERATED, _GENERATED_GAP, WORD_GAP)
    limit = np.where(cjk[1:] & cjk[:-1], _CJK_GAP, limit)
    adjacent_stream = np.diff(index) == 1
    ends = (
        (gap > limit)
        | (gap < -0.6)
        | (separator[1:] == SPACE)
        | ~adjacent_stream
        | (np.abs(np.diff(baseline)) > 0.07 * em)
        | (np.minimum(size[1:], size[:-1]) < 0.8 * em)
        | (rtl[1:] != rtl[:-1]) & (rtl[1:] | rtl[:-1])
    ) & ~(mark[1:] & (separator[1:] != SPACE) & adjacent_stream)
    starts = np.concatenate([[0], np.flatnonzero(ends) + 1])
    stops = np.append(starts[1:], count)
    low = np.minimum.reduceat(np.column_stack([frame.u0, frame.v0]), starts)
    high = np.maximum.reduceat(np.column_stack([frame.u1, frame.v1]), starts)
    return [
        Piece(*values)
        for values in zip(
            starts.tolist(),
            stops.tolist(),
            low[:, 0].tolist(),
            high[:, 0].tolist(),
            low[:, 1].tolist(),
            high[:, 1].tolist(),
            frame.baseline[starts].tolist(),
            size[starts].tolist(),
            glyphs.owner[index][starts].tolist(),
            (separator[starts] == SPACE).tolist(),
            cjk[starts].tolist(),
            np.logical_or.reduceat(rtl, starts).tolist(),
            strict=True,
        )
    ]
