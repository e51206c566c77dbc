"""l, 1 and I told apart by their shape on the page at hand.

In many typefaces the three differ by a flag or a twentieth of their height, and in codes (`KG-4407l`, `ls -l`) no
word helps: recognisers answer by habit. The page itself holds dozens of sure examples of the same typeface: the l
of `all`, the 1 of `2015`. A doubtful glyph is given the name of the examples that it looks most like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.crops import LineCrop, quad_size
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.ink import level_below
from sampan.documents.ocr.words import word_spans

_DOUBTFUL = re.compile(r"(?=.*[1lI])(?:.*\d.*[A-Za-z]|.*[A-Za-z].*\d|\W*-[1lI]\W*|.*/[1lI]\W*$)")
"""Words in which these glyphs may be anything: letters and figures mixed, options, units after a slash."""
_UNIT = re.compile(r"/[1lI]\W*$")
"""A litre, unless the glyph is clearly none."""
_SURE_L = re.compile(r"[a-z]{3,}")
_SURE_1 = re.compile(r"[\d.,]{2,}")
_SURE_I = re.compile(r"I[a-z]+")
_NAMES = "1lI"
_IN_PARTS = frozenset('"“”%')
"""Characters with a gap in the middle."""
_ROWS, _COLUMNS = 32, 24
"""Size of a glyph's picture: one line height high, three quarters wide."""
_LEAST_EXAMPLES, _EXAMPLES = 3, 14
"""Examples of a name without which nothing is said, and from which no more are looked for."""
_CLEARLY = 0.7
"""The other name wins if its examples are nearer by this factor."""
_NO_LIKENESS = 0.015
_THE_SAME = 0.0015
"""Mean squared difference of ink, 0 … 1: of two prints of one glyph, and of glyphs that are none of the three."""


@dataclass(slots=True)
class _Glyph:
    line: int
    place: int
    name: str
    usual: str
    """The name it has unless another is clearly nearer."""
    picture: NDArray[np.float32]


def settle_lookalikes(crops: Sequence[LineCrop], readings: Sequence[Reading]) -> list[Reading]:
    """The readings of one page with l and 1 in doubtful words as the page's sure examples show them."""
    settled = list(readings)
    doubtful = {
        index: places for index, reading in enumerate(readings) if (places := _doubtful_places(reading))
    }
    if not doubtful:
        return settled
    heights = np.array([quad_size(crop.quad)[1] for crop in crops])
    asked = [
        glyph
        for index in doubtful
        for glyph in _glyphs(index, crops[index], readings[index], doubtful[index])
    ]
    if not asked:
        return settled
    usual = float(np.median([heights[index] for index in doubtful]))
    centres = np.stack([crop.quad.mean(axis=0) for crop in crops])
    apart = np.abs(centres[:, None, 1] - centres[None, list(doubtful), 1]).min(axis=1)
    # Lines of the same size close by come first: most of them are set in the same typeface.
    order = sorted(range(len(crops)), key=lambda k: (float(apart[k]), float(centres[k, 0])))
    examples: dict[str, list[NDArray[np.float32]]] = {name: [] for name in _NAMES}
    for index in order:
        if abs(np.log(heights[index] / usual)) > 0.3:
            continue
        places = _sure_places(readings[index])
        if all(len(examples[readings[index].characters[place]]) >= _EXAMPLES for place in places):
            continue
        for glyph in _glyphs(index, crops[index], readings[index], places):
            examples[glyph.name].append(glyph.picture)
    stacks = {
        name: np.stack(pictures) for name, pictures in examples.items() if len(pictures) >= _LEAST_EXAMPLES
    }
    if "1" not in stacks or "l" not in stacks:
        return settled
    for glyph in asked:
        name = _nearest(glyph, stacks)
        if name != glyph.name:
            characters = list(settled[glyph.line].characters)
            characters[glyph.place] = name
            settled[glyph.line] = replace(
                settled[glyph.line], text="".join(characters), characters=characters
            )
    return settled


def _nearest(glyph: _Glyph, examples: dict[str, NDArray[np.float32]]) -> str:
    """The name whose examples the glyph resembles; its own name unless another is clearly nearer."""
    distances = {
        name: float(np.sort(np.square(stack - glyph.picture).mean(axis=(1, 2)))[:_LEAST_EXAMPLES].mean())
        for name, stack in examples.items()
    }
    best = min(distances, key=lambda name: distances[name])
    if distances[best] > _NO_LIKENESS:
        return glyph.name
    if glyph.usual not in distances:
        # No I to compare with: an l that agrees with the page's others in every pixel is one.
        return "l" if best == "l" and distances["l"] < _THE_SAME else glyph.name
    return best if distances[best] < _CLEARLY * distances[glyph.usual] else glyph.usual


def _doubtful_places(reading: Reading) -> list[int]:
    if len(reading.text) != len(reading.characters) or not any(name in reading.text for name in _NAMES):
        return []
    return [
        match.start() + k
        for match in re.finditer(r"\S+", reading.text)
        if _DOUBTFUL.match(match.group())
        for k, character in enumerate(match.group())
        if character in _NAMES
    ]


def _sure_places(reading: Reading) -> list[int]:
    if len(reading.text) != len(reading.characters):
        return []
    places = []
    for match in re.finditer(r"\S+", reading.text):
        word = match.group()
        for pattern, name in ((_SURE_L, "l"), (_SURE_1, "1"), (_SURE_I, "I")):
            if pattern.fullmatch(word):
                places += [
                    match.start() + k
                    for k, character in enumerate(word)
                    if character == name and reading.probabilities[match.start() + k] > 0.9
                ]
    return places


def _glyphs(index: int, crop: LineCrop, reading: Reading, places: Sequence[int]) -> list[_Glyph]:
    """Pictures of some characters of a line: of those words only whose glyphs stand apart, one a character."""
    strip = crop.strip()
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
    paper = level_below(grey, 0.5)
    difference = cv2.absdiff(grey, np.full_like(grey, paper))
    strongest = level_below(difference, 0.98)
    if strongest < 24:
        return []
    strength = np.minimum(difference.astype(np.float32) / strongest, 1.0)
    inked = strength.max(axis=0) > 0.35
    wanted = set(places)
    found = []
    for span in word_spans(reading, crop.ink()):
        mine = wanted.intersection(range(span.first, span.last))
        if not mine:
            continue
        start = max(round(span.start * grey.shape[1]) - 2, 0)
        stop = min(round(span.end * grey.shape[1]) + 2, grey.shape[1])
        runs = _runs(inked[start:stop])
        length = span.last - span.first
        for place in sorted(mine):
            # Where some letters touch, those at the word's ends can still be counted off.
            number = place - span.first
            if len(runs) != length:
                if number >= length - 2 and not _IN_PARTS.intersection(span.text[number + 1 :]):
                    number -= length
                elif number > 1 or _IN_PARTS.intersection(span.text[:number]):
                    continue
            if not -len(runs) <= number < len(runs):
                continue
            left, right = runs[number]
            if right - left > 0.5 * grey.shape[0]:
                continue
            name = reading.characters[place]
            usual = "l" if _UNIT.search(span.text) else name
            found.append(_Glyph(index, place, name, usual, _picture(strength, start + left, start + right)))
    return found


def _picture(strength: NDArray[np.float32], left: int, right: int) -> NDArray[np.float32]:
    """(32, 24) ink of a glyph on its line, its left edge at a fixed place."""
    height = strength.shape[0]
    canvas = np.zeros((height, height * _COLUMNS // _ROWS), np.float32)
    part = strength[:, left : min(right, left + canvas.shape[1] - 2)]
    canvas[:, 1 : 1 + part.shape[1]] = part
    small = cv2.resize(canvas, (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (3, 3), 0), np.float32)


def _runs(inked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    change = np.diff(np.concatenate(([0], inked.astype(np.int8), [0])))
    return list(zip(np.flatnonzero(change == 1).tolist(), np.flatnonzero(change == -1).tolist(), strict=True))
