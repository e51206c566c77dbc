"""Lines of words as a PDF content stream that paints nothing: text render mode 3 (ISO 32000-1 §9.3.6).

A line is one text object with its own text matrix, turned and tilted as the line is; readers join words of one
object and guess about everything else. Within it every letter gets a cell, so that a word's cells fill the word's box:
what is selected or found lies on what is printed. A space fills the gap between two words, and where a script has
none the letters meet. A word that leaves the line's frame (a superscript, the far end of a photographed line)
begins an object of its own. Text that runs from right to left is set in the order in which it is seen, brackets
mirrored, as in any other PDF: readers turn it round.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from sampan.documents.writers.glyphless_font import Fonts, advance, nearest_width
from sampan.documents.writers.page_words import Corners, PlacedLine, PlacedWord

_LEAST = 0.05
"""Smallest width and height of a word, in points: a font of no size is an error to some readers."""
_FAR = 1e6
"""Coordinates from here on lie on no page."""
_OFF = 0.35
"""A word is in its line's frame if its edges lie within so many heights of the frame's."""
_KERN = 4.0
"""Thousandths of the font's size by which a letter may lie off before it is moved."""
_MIRRORED = str.maketrans("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤")


def content(lines: Iterable[PlacedLine], fonts: Fonts) -> bytes:
    """Operators that show `lines`, whose corners are in PDF user space (y upwards)."""
    shown = [operators for line in lines for operators in _line(line, fonts)]
    if not shown:
        return b""
    return "\n".join(["q", "BT", "3 Tr", *shown, "ET", "Q", ""]).encode("ascii")


def _line(line: PlacedLine, fonts: Fonts) -> list[str]:
    # A page's perspective may send a point to infinity.
    line = replace(line, words=[word for word in line.words if np.abs(word.corners).max() < _FAR])
    words = [(word, word.text, word.spaced) for word in line.words]
    if any(unicodedata.bidirectional(c) in ("R", "AL") for word in line.words for c in word.text):
        words = _as_seen(line)
    parts: list[list[tuple[PlacedWord, str, bool]]] = []
    for item in words:
        if parts and _in_frame(item[0].corners, parts[-1][0][0].corners):
            parts[-1].append(item)
        else:
            parts.append([item])
    return [_object(part, fonts) for part in parts]


def _as_seen(line: PlacedLine) -> list[tuple[PlacedWord, str, bool]]:
    """Words from left to right along the line: the word, its letters as they are seen, whether a space is before it."""
    along = line.corners[2] - line.corners[3]
    order = sorted(
        range(len(line.words)), key=lambda index: float(line.words[index].corners.mean(axis=0) @ along)
    )
    seen = []
    for place, index in enumerate(order):
        word = line.words[index]
        before = order[place - 1] if place else index
        # Of two neighbours, the one that comes later in the text knows whether a space is between them.
        later = line.words[max(before, index)]
        seen.append((word, visual(word.text), place > 0 and (abs(before - index) != 1 or later.spaced)))
    return seen


def visual(word: str) -> str:
    """The letters of a word as they are seen from left to right.

    Unicode Standard Annex 9 for a single word without explicit marks: right-to-left letters have level 1;
    numbers and left-to-right letters among them have level 2; anything between takes the level around it.
    """
    levels: list[int] = []
    for character in word:
        kind = unicodedata.bidirectional(character)
        levels.append(1 if kind in ("R", "AL") else 2 if kind in ("L", "EN", "AN") else 0)
    if 1 not in levels:
        return word
    for index, level in enumerate(levels):
        if level == 0:
            before = levels[index - 1] if index else 1
            after = next((later for later in levels[index:] if later), 1)
            levels[index] = 2 if before == after == 2 else 1
    out: list[str] = []
    run: list[str] = []
    for character, level in zip(reversed(word), reversed(levels), strict=True):
        if level == 2:
            run.append(character)
            continue
        out += reversed(run)
        run = []
        out.append(character.translate(_MIRRORED))
    return "".join([*out, *reversed(run)])


def _in_frame(word: Corners, first: Corners) -> bool:
    """Whether a word can stand in one text object with the first of it."""
    along, up = first[2] - first[3], first[0] - first[3]
    height = float(np.hypot(*up))
    length = float(np.hypot(*along))
    if height < _LEAST or length < _LEAST:
        return False
    across = np.array([-along[1], along[0]]) / length
    if across @ up < 0:
        across = -across
    low, high = (word[[2, 3]] - first[3]) @ across, (word[[0, 1]] - first[3]) @ across
    # A first word of one letter says little about the direction: what counts is by how much the other leaves it.
    return bool(np.abs(low).max() < _OFF * height and np.abs(high - up @ across).max() < _OFF * height)


def _object(words: Sequence[tuple[PlacedWord, str, bool]], fonts: Fonts) -> str:
    """One text object for words that share a frame."""
    left, right = words[0][0].corners, words[-1][0].corners
    along = right[2] - left[3]
    length = float(np.hypot(*along))
    if length < _LEAST or along @ (left[2] - left[3]) < 0:
        along = left[2] - left[3]
        length = float(np.hypot(*along))
    direction = along / length if length > 1e-9 else np.array([1.0, 0.0])
    ups = np.array([(word.corners[[0, 1]] - word.corners[[3, 2]]).mean(axis=0) for word, _, _ in words])
    up = np.median(ups, axis=0)
    height = float(np.hypot(*up))
    rise = up / height if height > 1e-9 else np.array([-direction[1], direction[0]])
    size = max(height, _LEAST)
    # The frame stands on the middle of what the words stand on.
    across = np.array([-direction[1], direction[0]])
    feet = np.array([word.corners[[2, 3]].mean(axis=0) - left[3] for word, _, _ in words]) @ across
    origin = left[3] + float(np.median(feet)) * across

    def at(corners: Corners, corner: int) -> float:
        return float((corners[corner] - left[3]) @ direction) / size * 1000

    starts = [at(word.corners, 3) for word, _, _ in words]
    ends = [
        max(at(word.corners, 2), start + 1000 * _LEAST)
        for (word, _, _), start in zip(words, starts, strict=True)
    ]
    cells: list[tuple[str, float]] = []
    """Letters with the place where each ends."""
    for number, (_, text, _) in enumerate(words):
        end = ends[number]
        spaced = number + 1 < len(words) and words[number + 1][2]
        if number + 1 < len(words) and not spaced:
            end = max(starts[number + 1], starts[number] + 1000 * _LEAST)
        natural = [advance(character) for character in text]
        total, sofar = sum(natural), 0
        for character, width in zip(text, natural, strict=True):
            sofar += width
            cells.append((character, starts[number] + (end - starts[number]) * sofar / total))
        if spaced:
            cells.append((" ", max(starts[number + 1], end + 1000 * _LEAST)))
    x, y = origin
    matrix = " ".join(
        [*(_number(value, 6) for value in (*direction, *rise)), _number(float(x)), _number(float(y))]
    )
    runs = _runs(cells, fonts)
    return f"{matrix} Tm " + " ".join(f"/{name} {_number(size)} Tf {shown} TJ" for name, shown in runs)


def _runs(cells: Sequence[tuple[str, float]], fonts: Fonts) -> list[tuple[str, str]]:
    """Font and array of the TJ operator; nearly always one, as one font nearly always has all characters."""
    runs: list[tuple[str, list[str]]] = []
    pen = before = 0.0
    for character, end in cells:
        width = nearest_width(end - before)
        name, code = fonts.code(character, width)
        off = before - pen
        if not runs or runs[-1][0] != name:
            runs.append((name, []))
        pieces = runs[-1][1]
        if abs(off) >= _KERN:
            pieces.append(str(-round(off)))
            pen += round(off)
        if pieces and pieces[-1].endswith(">"):
            pieces[-1] = f"{pieces[-1][:-1]}{code:04X}>"
        else:
            pieces.append(f"<{code:04X}>")
        pen += width
        before = end
    return [(name, f"[{' '.join(pieces)}]") for name, pieces in runs]


def _number(value: float, places: int = 3) -> str:
    """A number as PDF writes it: no exponent."""
    if not math.isfinite(value):
        return "0"
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
