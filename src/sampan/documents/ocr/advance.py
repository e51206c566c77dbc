"""Words whose length does not fit their letters.

A recogniser that reads fast now and then leaves out a letter, sure of itself: `full` becomes `ful`, `expired` becomes
`exired`. Its probabilities do not show it, but the ink does: the word is a letter too long for its text. The widths of
the letters are learnt from the page itself, by ridge regression of the words' lengths on their letters around the
widths of common typefaces, with a scale for every line:

    length of word k  =  scale of its line × (Σ width of its letters − side bearings)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.words import is_cjk

_USUAL = {
    0.22: "ijl'’|",
    0.28: "ftI.,:;!/\\[]`·",
    0.33: 'r()-‐"“”°*{}',
    0.44: "szJ^",
    0.48: "ckvxya?–",
    0.53: "0123456789abdeghnopqu$€£_L+=<>~#§F",
    0.62: "ESTZPBÆ",
    0.69: "ACDHKNRUVXYG&ß",
    0.75: "wOQ",
    0.85: "mM%@—…",
    0.94: "W",
}
"""Advance widths in em between those of a common sans serif and a common serif typeface."""
_BEARINGS = 0.08
"""White at both sides of a word that its ink leaves out, in em."""
_LEAST_SQUARES = 8
_LEAP, _MIXED_LEAP = 1.4, 1.3
"""Steps, in squares, from which a character is missing: between two of full width, and beside a narrow one."""
_ROUNDS = 4
_RIDGE = 3.0
"""Weight of the usual widths against the page's own: as many occurrences of a letter."""
_LEAST_WORDS = 12
"""Pages with fewer words teach nothing."""
_LEAST_MISFIT, _SPREADS = 0.17, 4.0
"""A word is a misfit from so many em, and from so many times the usual error of its line and page."""


def misfits(lines: Sequence[Sequence[tuple[str, float]]]) -> list[NDArray[np.float64]]:
    """How much longer (+) or shorter (−) every word is than its letters, in em; 0 where it fits.

    `lines` are the words of every line: text and length, in any unit that is the same within a line. Words with
    letters of unknown width (ideographs, other scripts) are left out and fit.
    """
    result = [np.zeros(len(line)) for line in lines]
    rows: list[int] = []
    places: list[int] = []
    lengths: list[float] = []
    word_of: list[int] = []
    letter_of: list[int] = []
    symbols = _symbols()
    for row, line in enumerate(lines):
        for place, (text, length) in enumerate(line):
            letters = [symbols[c] if c in symbols else _symbol_of(c) for c in text]
            if length <= 0 or not letters or -1 in letters:
                continue
            word_of += [len(rows)] * len(letters)
            letter_of += letters
            rows.append(row)
            places.append(place)
            lengths.append(length)
    if len(rows) < _LEAST_WORDS:
        return result
    used, letter = np.unique(letter_of, return_inverse=True)
    letters_in = np.zeros((len(rows), len(used)))
    np.add.at(letters_in, (np.array(word_of), letter), 1.0)
    errors, row_of = _fit(letters_in, np.array(lengths), np.array(rows), _widths()[used])
    size = np.abs(errors)
    # A line in another typeface fits badly as a whole: its own spread counts there.
    count = np.bincount(row_of)
    own = np.bincount(row_of, np.minimum(size, 0.5)) / np.maximum(count, 1) * (count > 3)
    spread = 1.4826 * float(np.median(size))
    for k in np.flatnonzero(size > np.maximum(_LEAST_MISFIT, _SPREADS * np.maximum(spread, own[row_of]))):
        result[rows[k]][places[k]] = errors[k]
    return result


def leaps(reading: Reading) -> NDArray[np.bool_]:
    """(len(characters),) which characters of a line of ideographs or kana stand beside a gap in its pitch.

    These scripts are set in squares, so a character that was left out, or two that were read as one, show as a step of
    more than one square.
    """
    count = len(reading.characters)
    beside = np.zeros(count, np.bool_)
    square = np.array([is_cjk(character) for character in reading.characters], np.bool_)
    if square.sum() < _LEAST_SQUARES:
        return beside
    steps = np.diff(reading.columns.mean(axis=1))
    both = square[1:] & square[:-1]
    if both.sum() < _LEAST_SQUARES - 2:
        return beside
    pitch = float(np.median(steps[both]))
    long = (both & (steps > _LEAP * pitch)) | ((square[1:] ^ square[:-1]) & (steps > _MIXED_LEAP * pitch))
    blank = np.array([character.isspace() for character in reading.characters], np.bool_)
    long &= ~(blank[1:] | blank[:-1])
    beside[1:] |= long
    beside[:-1] |= long
    return beside


def _fit(
    letters_in: NDArray[np.float64],
    length: NDArray[np.float64],
    rows: NDArray[np.intp],
    usual: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """(N,) errors in em after fitting the letters' widths and the lines' scales in turn, outliers down-weighted
    (Cauchy weights), and (N,) the lines numbered 0, 1, 2 …"""
    _, row = np.unique(rows, return_inverse=True)
    widths: NDArray[np.floating] = usual
    weight = np.ones(len(length))
    errors = length
    for _ in range(_ROUNDS):
        expected = np.maximum(letters_in @ widths - _BEARINGS, 0.05)
        scale = np.bincount(row, weight * length * expected) / np.bincount(row, weight * expected**2)
        for _ in range(2):
            errors = length / scale[row] - expected
            spread = 1.4826 * float(np.median(np.abs(errors))) + 0.01
            weight = 1.0 / (1.0 + (errors / (2 * spread)) ** 2)
            scale = np.bincount(row, weight * length * expected) / np.bincount(row, weight * expected**2)
        target = length / scale[row] + _BEARINGS
        weighted = letters_in * weight[:, None]
        gram = weighted.T @ letters_in + _RIDGE * np.eye(len(usual))
        widths = np.linalg.solve(gram, weighted.T @ target + _RIDGE * usual)
        errors = target - letters_in @ widths
    return errors, row


@lru_cache(maxsize=1)
def _symbols() -> dict[str, int]:
    """Number of every letter of known width."""
    return {letter: number for number, letter in enumerate("".join(_USUAL.values()))}


@lru_cache(maxsize=1)
def _widths() -> NDArray[np.float64]:
    """Usual width of every numbered letter."""
    return np.array([width for width, letters in _USUAL.items() for _ in letters])


@lru_cache(maxsize=4096)
def _symbol_of(character: str) -> int:
    """Number of the letter whose width stands for the character: accents add none; −1 if there is none."""
    return _symbols().get(unicodedata.normalize("NFD", character)[:1], -1)
