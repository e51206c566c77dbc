"""Scripts as far as joining glyphs into words needs them: CJK, right to left, combining marks.

Ranges from the Unicode Character Database (Blocks.txt, Bidi_Class, General_Category).
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

_CJK = np.array([
    (0x2E80, 0x303F), (0x3040, 0x312F), (0x3190, 0x33FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
    (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
])  # fmt: skip
_RTL = np.array(
    [(0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFC), (0x10800, 0x10FFF), (0x1E800, 0x1EFFF)]
)
# Arabic-Indic digits run left to right even though they live among letters that do not.
_ARABIC_DIGITS = np.array([(0x0660, 0x0669), (0x06F0, 0x06F9)])
_MARKS = np.array([
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05BD), (0x05BF, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F),
    (0x0670, 0x0670), (0x06D6, 0x06ED), (0x0900, 0x0903), (0x093A, 0x093C), (0x093E, 0x094F), (0x0E31, 0x0E31),
    (0x0E34, 0x0E3A), (0x0E47, 0x0E4E), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x200C, 0x200D), (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
])  # fmt: skip
_PRESENTATION_FORMS = ((0xFB00, 0xFB4F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))


def _within(code: NDArray[np.int64], ranges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which codes lie in one of the sorted, inclusive `ranges`."""
    at = np.searchsorted(ranges[:, 0], code, side="right") - 1
    inside: NDArray[np.bool_] = (at >= 0) & (code <= ranges[np.maximum(at, 0), 1])
    return inside


def cjk_mask(code: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Scripts written without spaces between words. Korean has them, so Hangul is not among these."""
    return _within(code, _CJK)


def rtl_mask(code: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Strong right-to-left characters."""
    return _within(code, _RTL) & ~_within(code, _ARABIC_DIGITS)


def mark_mask(code: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Characters that sit on the one before."""
    return _within(code, _MARKS)


def is_cjk(character: str) -> bool:
    """The same for one character; False for the empty string."""
    return character > "\u2e7f" and any(first <= ord(character) <= last for first, last in _CJK.tolist())


def without_ligatures(text: str) -> str:
    """Undo ligature and Arabic presentation forms (ﬁ → fi); every other character stays as it is."""
    if text.isascii() or not any(
        first <= ord(c) <= last for c in text for first, last in _PRESENTATION_FORMS
    ):
        return text
    return "".join(
        unicodedata.normalize("NFKC", c)
        if any(first <= ord(c) <= last for first, last in _PRESENTATION_FORMS)
        else c
        for c in text
    )
