"""Monospaced lines read cell by cell: program text, where no word says whether it is l or 1, wc or wC.

In a monospaced line every character has a cell of one width, and the same character looks the same in every cell of the
page. So the page teaches its own alphabet: the mean picture of each character where its neighbours vouch for it. A
character that is confused with others is given the name whose picture its cell shows, and a cell with ink in which
nothing was read (a quote, a backtick) is given the name of the picture that it matches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.crops import LineCrop, cut, quad_size
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.ink import level_below
from sampan.documents.ocr.words import cell_width

_CONFUSED = (
    "l1Ii|!", "oO0QD", "cC", "sS5", "wW", "xX", "vV", "zZ2", "uU", "kK", "pP", "yY",
    "'`\"’‘", ".,", ":;", "-–—_~=", "({[", ")}]", "B8", "/|",
)  # fmt: skip
_STRAIGHT = str.maketrans("’‘", "''")
_LEAST_LINES = 3
_CELL = 24
"""Width of a cell's picture; all lines are scaled to it."""
_ROWS = 64
_LEAST_CHARACTERS = 6
_OFF_GRID, _MOST = 0.3, 0.8
"""So many of a line's characters lie within so many cells of the middle of theirs."""
_SURE = 0.9
_LEAST_EXAMPLES = 2
_PAIRED = "'`\""
"""Marks of which one, surely read, asks for another like it."""
_CLEARLY = 0.6
"""Another name wins if its picture is nearer by this factor."""
_ALIKE = 3.0
"""Two pictures show the same if they differ by so many times what examples of one character differ by."""
_SPREAD = (0.002, 0.005)
"""Least and most that this is taken to be. Examples that differ by more than `_MIXED` are not of one character."""
_MIXED = 0.012
_ON_GRID = 0.5
"""Most ink on the borders of cells, against the mean of all columns: other typefaces write across them."""
_UNSURE = 0.6
"""A character of less probability may be anything, and so may one that program text hardly holds."""
_INKED = 0.35
_LEAST_INK = 0.012
"""Share of a cell's picture that the smallest mark fills."""


@dataclass(slots=True)
class _Row:
    """A monospaced line on its grid."""

    index: int
    numbers: NDArray[np.intp]
    """Cell of every character."""
    picture: NDArray[np.float32]
    """(64, 24 · cells) ink, one cell beyond each end."""
    first: int
    """Number of the picture's first cell."""

    def cell(self, number: int) -> NDArray[np.float32] | None:
        """(64, 24) ink of a cell, or None outside the line's picture."""
        left = (number - self.first) * _CELL
        return self.picture[:, left : left + _CELL] if 0 <= left <= self.picture.shape[1] - _CELL else None


def settle_monospaced(crops: Sequence[LineCrop], readings: Sequence[Reading]) -> list[Reading]:
    """The readings of one page with those of monospaced lines corrected by the page's own characters."""
    settled = list(readings)
    rows: list[_Row] = []
    pitches: list[float] = []
    others: list[int] = []
    for index, (crop, reading) in enumerate(zip(crops, readings, strict=True)):
        pitch = cell_width(reading)
        row = _row(index, crop, reading, pitch) if pitch else None
        if row is not None:
            rows.append(row)
            pitches.append(pitch * quad_size(crop.quad)[0])
        elif not pitch:
            others.append(index)
    if len(rows) < _LEAST_LINES:
        return settled
    # A line in which a character was left out fits no grid of its own, but it fits the page's.
    usual = float(np.median(pitches))
    for index in others:
        width = quad_size(crops[index].quad)[0]
        row = _row(index, crops[index], readings[index], usual / max(width, 1.0))
        if row is not None:
            rows.append(row)
    _level(rows)
    readings = [_straight(reading) for reading in readings]
    alphabet = _alphabet(rows, readings)
    if not alphabet:
        return settled
    for row in rows:
        settled[row.index] = _filled(row, _renamed(row, readings[row.index], alphabet), alphabet)
    return settled


def _straight(reading: Reading) -> Reading:
    """With the apostrophes of program text."""
    text = reading.text.translate(_STRAIGHT)
    if text == reading.text or len(text) != len(reading.characters):
        return reading
    return replace(reading, text=text, characters=list(text))


def _row(index: int, crop: LineCrop, reading: Reading, pitch: float) -> _Row | None:
    """The line on a grid of cells of about `pitch`, as a fraction of its length; None if it does not fit."""
    if len(reading.text) != len(reading.characters) or len(reading.characters) < _LEAST_CHARACTERS:
        return None
    centres = reading.columns.mean(axis=1).astype(np.float64)
    steps = np.maximum(np.rint(np.diff(centres) / pitch), 1).astype(np.intp)
    numbers = np.concatenate(([0], np.cumsum(steps)))
    pitch, start = (float(value) for value in np.polyfit(numbers, centres, 1))
    off = np.abs(centres - start - pitch * numbers)
    if np.count_nonzero(off < _OFF_GRID * pitch) < _MOST * len(off):
        return None
    width, height = quad_size(crop.quad)
    cells = round(1 / pitch)
    if not 4 <= cells <= 400 or width <= 0:
        return None
    scaled = round(height / width * _CELL / pitch)
    if not 12 <= scaled <= 2 * _ROWS:
        return None
    grey = cv2.cvtColor(cut(crop.image, crop.quad, round(_CELL / pitch), scaled), cv2.COLOR_BGR2GRAY)
    difference = cv2.absdiff(grey, np.full_like(grey, level_below(grey, 0.5)))
    strongest = level_below(difference, 0.98)
    if strongest < _CELL:
        return None
    ink = np.minimum(difference.astype(np.float32) / strongest, 1.0)
    first = -1
    left = round((start + (first - 0.5) * pitch) / pitch * _CELL)
    count = int(numbers[-1]) + 3
    picture = np.zeros((_ROWS, count * _CELL), np.float32)
    part = ink[:_ROWS, max(left, 0) : left + picture.shape[1]]
    picture[: part.shape[0], max(-left, 0) : max(-left, 0) + part.shape[1]] = part
    picture = _centred(picture)
    columns = picture.mean(axis=0).reshape(-1, _CELL)
    if columns[:, [0, -1]].mean() > _ON_GRID * columns.mean():
        return None
    return _Row(index, numbers, picture, first)


def _centred(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The grid moved so that the least ink lies on the borders of cells: frames fire a little early or late."""
    columns = picture.sum(axis=0).reshape(-1, _CELL).sum(axis=0)
    smooth = columns + np.roll(columns, 1)
    shifts = np.arange(-_CELL // 3, _CELL // 3 + 1)
    best = int(shifts[np.argmin(smooth[shifts % _CELL])])
    return np.roll(picture, -best, axis=1)


def _level(rows: Sequence[_Row]) -> None:
    """Move every line's picture up or down so that all stand on one base line."""
    profiles = np.stack([row.picture.mean(axis=1) for row in rows])
    profiles /= np.maximum(np.linalg.norm(profiles, axis=1, keepdims=True), 1e-6)
    shifts = range(-10, 11)
    mean = profiles[np.argmax((profiles @ profiles.T).sum(axis=1))]
    for _ in range(2):
        moved = []
        for row, profile in zip(rows, profiles, strict=True):
            best = max(shifts, key=lambda shift: float(np.roll(profile, shift) @ mean))
            moved.append(np.roll(profile, best))
            row.picture = np.roll(row.picture, best, axis=0)
        profiles = np.stack(moved)
        mean = profiles.mean(axis=0)


@dataclass(slots=True)
class _Letter:
    picture: NDArray[np.float32]
    spread: float
    """Mean difference of its examples."""


def _alphabet(rows: Sequence[_Row], readings: Sequence[Reading]) -> dict[str, _Letter]:
    examples: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for row in rows:
        reading = readings[row.index]
        for place, character in enumerate(reading.characters):
            cell = row.cell(int(row.numbers[place]))
            if cell is not None and not character.isspace() and _is_vouched_for(reading, place):
                examples[character].append(cell)
    alphabet = {}
    for character, cells in examples.items():
        if len(cells) >= (1 if character in _PAIRED else _LEAST_EXAMPLES):
            stack = np.stack(cells)
            picture = np.asarray(np.median(stack, axis=0), np.float32)
            apart = float(np.median([_difference(cell, picture) for cell in cells]))
            if apart < _MIXED:
                alphabet[character] = _Letter(picture, float(np.clip(apart, *_SPREAD)))
    return alphabet


def _is_vouched_for(reading: Reading, place: int) -> bool:
    """Whether a character stands between others of its kind, or is a mark, and was read with certainty."""
    if reading.probabilities[place] < _SURE:
        return False
    character = reading.characters[place]
    if not character.isalnum():
        return True
    kind = str.isdigit if character.isdigit() else str.isupper if character.isupper() else str.islower
    beside = [reading.characters[k] for k in (place - 1, place + 1) if 0 <= k < len(reading.characters)]
    alike = [kind(other) for other in beside if other.isalnum()]
    return len(alike) > (0 if character.isdigit() else 1) and all(alike)


def _difference(cell: NDArray[np.float32], picture: NDArray[np.float32]) -> float:
    """Mean squared difference of ink, at the best place within a pixel or two."""
    inner = picture[2:-2, 2:-2]
    found = cv2.matchTemplate(cell, np.ascontiguousarray(inner), cv2.TM_SQDIFF)
    return float(found.min()) / inner.size


def _renamed(row: _Row, reading: Reading, alphabet: dict[str, _Letter]) -> Reading:
    characters = list(reading.characters)
    for place, character in enumerate(characters):
        if character.isspace():
            continue
        if reading.probabilities[place] < _UNSURE or not character.isascii():
            rivals = set(alphabet)
        else:
            rivals = {c for group in _CONFUSED if character in group for c in group if c in alphabet}
        cell = row.cell(int(row.numbers[place])) if rivals - {character} else None
        if cell is None:
            continue
        apart = {c: _difference(cell, alphabet[c].picture) for c in rivals}
        best = min(apart, key=lambda c: apart[c])
        if best == character or apart[best] > _ALIKE * alphabet[best].spread:
            continue
        if character not in apart or apart[best] < _CLEARLY * apart[character]:
            characters[place] = best
    if characters == reading.characters:
        return reading
    return replace(reading, text="".join(characters), characters=characters)


def _filled(row: _Row, reading: Reading, alphabet: dict[str, _Letter]) -> Reading:
    """The reading with characters for the inked cells in which none was read."""
    numbers = row.numbers.tolist()
    taken = set(numbers)
    last = numbers[-1]
    missing = [
        (number, character)
        for number in range(row.first, last + 2)
        if (number not in taken or reading.characters[numbers.index(number)].isspace())
        and (character := _seen(row.cell(number), alphabet)) is not None
    ]
    if not missing:
        return reading
    cells = dict(
        zip(
            numbers, zip(reading.characters, reading.probabilities, reading.columns, strict=True), strict=True
        )
    )
    pitch = float(np.median([(b[2].mean() - a[2].mean()) for (_, a), (_, b) in pairwise(cells.items())]))
    first_centre = float(reading.columns[0].mean())
    for number, character in missing:
        centre = first_centre + number * pitch
        if number in cells and number + 1 not in cells and number < last:
            cells[number + 1] = cells[number]  # the space that was read here lies behind it
        cells[number] = (
            character,
            np.float32(_SURE),
            np.array([centre - pitch / 4, centre + pitch / 4], np.float32),
        )
    characters = [cells[number][0] for number in sorted(cells)]
    return Reading(
        text="".join(characters),
        confidence=reading.confidence,
        characters=characters,
        probabilities=np.array([cells[number][1] for number in sorted(cells)], np.float32),
        columns=np.clip(np.stack([cells[number][2] for number in sorted(cells)]), 0.0, 1.0).astype(
            np.float32
        ),
        model=reading.model,
    )


def _seen(cell: NDArray[np.float32] | None, alphabet: dict[str, _Letter]) -> str | None:
    """The character whose picture a cell shows; None if it is blank or shows none. The next line's ink looks like _."""
    if cell is None or float((cell > _INKED).mean()) < _LEAST_INK:
        return None
    apart = {c: _difference(cell, letter.picture) for c, letter in alphabet.items() if c != "_"}
    if not apart:
        return None
    best = min(apart, key=lambda c: apart[c])
    ink = float(np.square(cell).mean())
    return best if apart[best] <= min(_ALIKE * alphabet[best].spread, 0.5 * ink) else None
