"""Words of a line: spaces checked against the ink, boxes from frames and gaps.

CTC frames tell where a character fires, not where it begins and ends, and at low resolution the recogniser drops
spaces (RapidOCR#723; PaddleOCR 3.0 card §4). The strip's own blank columns settle both: a word boundary lies in a
blank run, and a blank run much wider than the line's usual gap is a space even if none was read.
Per-word grouping follows the official rule: CJK characters stand alone, everything else is cut at spaces.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.ctc import Reading
from sampan.documents.stages import Image

_MIN_SPACE = 0.16
"""Least width of an inserted space, in text heights."""
_SPACE_OVER_GAP = 2.6
"""An inserted space is at least so many times as wide as the line's usual gap between characters."""


@dataclass(slots=True)
class WordSpan:
    """A word and where it lies, as fractions of the strip's width."""

    text: str
    start: float
    end: float
    confidence: float


def is_cjk(character: str) -> bool:
    """Ideographs, kana and full-width forms: scripts set without spaces. Hangul uses spaces."""
    code = ord(character[0]) if character else 0
    return (
        0x2E80 <= code <= 0x303F
        or 0x3040 <= code <= 0x31FF
        or 0x3200 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFE30 <= code <= 0xFE4F
        or 0xFF00 <= code <= 0xFFEF
        or 0x20000 <= code <= 0x3FFFF
    )


@dataclass(slots=True)
class _Gaps:
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    """Blank column runs [start, end) inside the ink."""
    height: float
    """Height of the ink in rows of the strip."""
    first: int
    last: int
    """First ink column and one past the last."""


def split_words(reading: Reading, strip: Image) -> tuple[str, list[WordSpan]]:
    """The line's text with spaces set right, and its words in order."""
    characters = list(reading.characters)
    if not characters:
        return "", []
    width = strip.shape[1]
    columns = reading.columns * width
    probabilities = reading.probabilities
    gaps = _blank_runs(strip)
    if gaps is not None:
        characters, columns, probabilities = _insert_spaces(characters, columns, probabilities, gaps)
    edges = _edges(columns, characters, gaps, width)
    spans: list[WordSpan] = []
    current: list[int] = []

    def flush() -> None:
        if current:
            spans.append(
                WordSpan(
                    "".join(characters[index] for index in current),
                    float(edges[current[0], 0] / width),
                    float(edges[current[-1], 1] / width),
                    float(np.mean(probabilities[current])),
                )
            )
            current.clear()

    for index, character in enumerate(characters):
        if character.isspace():
            flush()
        elif is_cjk(character):
            flush()
            current.append(index)
            flush()
        else:
            current.append(index)
    flush()
    return " ".join("".join(characters).split(" ")).strip(), spans


def _blank_runs(strip: Image) -> _Gaps | None:
    """Blank columns between ink columns of a strip, or None where ink and paper cannot be told apart."""
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY) if strip.ndim == 3 else strip
    paper = float(np.median(grey))
    difference = np.abs(grey.astype(np.int16) - int(paper))
    strength = float(np.percentile(difference, 98))
    if strength < 24:
        return None
    ink = difference > 0.38 * strength
    rows = np.flatnonzero(ink.mean(axis=1) > 0.01)
    profile = ink.sum(axis=0)
    dark = profile > 0
    filled = np.flatnonzero(dark)
    if filled.size == 0 or rows.size == 0:
        return None
    first, last = int(filled[0]), int(filled[-1]) + 1
    inside = dark[first:last].astype(np.int8)
    change = np.diff(inside)
    starts = np.flatnonzero(change == -1) + 1 + first
    ends = np.flatnonzero(change == 1) + 1 + first
    return _Gaps(starts, ends, float(rows[-1] - rows[0] + 1), first, last)


def _insert_spaces(
    characters: list[str],
    columns: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    gaps: _Gaps,
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    if len(characters) < 2 or gaps.starts.size == 0:
        return characters, columns, probabilities
    widths = gaps.ends - gaps.starts
    centres = columns.mean(axis=1)
    usual = (
        float(np.median(widths[widths < 0.3 * gaps.height])) if (widths < 0.3 * gaps.height).any() else 1.0
    )
    least = max(_MIN_SPACE * gaps.height, _SPACE_OVER_GAP * max(usual, 1.0))
    new_characters: list[str] = []
    new_columns: list[NDArray[np.float32]] = []
    new_probabilities: list[float] = []
    middles = (gaps.starts + gaps.ends) / 2
    for index, character in enumerate(characters):
        if index and not character.isspace() and not characters[index - 1].isspace():
            left, right = centres[index - 1], centres[index]
            inside = np.flatnonzero((middles > left) & (middles < right))
            if inside.size and not is_cjk(character) and not is_cjk(characters[index - 1]):
                widest = inside[widths[inside].argmax()]
                if widths[widest] >= least and _may_part(
                    characters[index - 1], character, widths[widest], gaps
                ):
                    new_characters.append(" ")
                    new_columns.append(np.array([gaps.starts[widest], gaps.ends[widest]], np.float32))
                    new_probabilities.append(float(min(probabilities[index - 1], probabilities[index])))
        new_characters.append(character)
        new_columns.append(columns[index])
        new_probabilities.append(float(probabilities[index]))
    return new_characters, np.stack(new_columns), np.array(new_probabilities, np.float32)


def _may_part(before: str, after: str, width: int, gaps: _Gaps) -> bool:
    """Narrow glyphs (1 . , : ' |) stand in wide cells; a gap beside them must be wider to be a space."""
    narrow = "1.,:;'’|!iIl()[]-\"“”"
    if before in narrow or after in narrow:
        return width >= 0.42 * gaps.height
    return width >= 0.24 * gaps.height


def _edges(
    columns: NDArray[np.float32], characters: list[str], gaps: _Gaps | None, width: int
) -> NDArray[np.float32]:
    """(len, 2) left and right edge of every character: halfway to its neighbours, spaces snapped to blank runs."""
    starts, ends = columns[:, 0].copy(), columns[:, 1].copy()
    middle = (ends[:-1] + starts[1:]) / 2
    left = np.concatenate(([max(0.0, float(starts[0]) - 8)], middle))
    right = np.concatenate((middle, [min(float(width), float(ends[-1]) + 8)]))
    if gaps is not None:
        left[0] = min(float(gaps.first), float(ends[0]))
        right[-1] = max(float(gaps.last), float(starts[-1]))
        if gaps.starts.size:
            middles = (gaps.starts + gaps.ends) / 2
            widths = gaps.ends - gaps.starts
            for index, character in enumerate(characters):
                if not character.isspace() or index == 0 or index == len(characters) - 1:
                    continue
                lower, upper = columns[index - 1].mean(), columns[index + 1].mean()
                inside = np.flatnonzero((middles > lower) & (middles < upper))
                if inside.size:
                    widest = inside[widths[inside].argmax()]
                    right[index - 1] = gaps.starts[widest]
                    left[index + 1] = gaps.ends[widest]
    return np.stack([left, np.maximum(right, left)], axis=1).astype(np.float32)
