"""Curly or straight: the shape of a page's apostrophes.

Recognisers were trained on text in which ’ and ' are used at random, so what they answer says little. The ink
says more: the tail of a curly apostrophe swings left. One mark of three pixels proves nothing, the median of a
page's marks does. Not every typeface has that swing, and small marks show none. Where the ink is silent, the
language speaks: the elisions of French, Italian and Catalan (l’, d’, qu’, dell’) are set curly by every printer
and word processor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np

from sampan.documents.ocr.crops import HEIGHT, LineCrop
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.words import cell_width

APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’](?=[^\W\d_])")
_ELISION = re.compile(
    r"\b(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu|quelqu|[dns]?[ae]ll|dall|sull|coll|quell|quest|bell|gl|un)['’](?=[aeiouyhàâèéêëîïôœùûü])"
    r"|\bpo['’](?!\w)",
    re.IGNORECASE,
)
"""An article, pronoun or preposition that has lost its vowel before another, and Italian po’."""
_MOSTLY = 0.6
"""Share of a page's apostrophes that are elisions on a page in such a language."""
_ENOUGH = 3
"""Marks that must be measured before they decide."""
_SWING = 0.02
"""Shift of the lower half against the upper one, in heights of the mark, from which it is curly. Typefaces measured
on the development pages lie between −0.02 and 0.13; a straight mark is even."""


def page_apostrophe(crops: Sequence[LineCrop], readings: Sequence[Reading]) -> str | None:
    """`’` if the page's ink or its language asks for it; None if neither does."""
    swings: list[float] = []
    elisions = seen = 0
    for crop, reading in zip(crops, readings, strict=True):
        if len(reading.text) != len(reading.characters) or cell_width(reading):
            continue
        elided = len(_ELISION.findall(reading.text))
        elisions += elided
        seen += max(elided, len(APOSTROPHE.findall(reading.text)))
        marks = [match.start() for match in APOSTROPHE.finditer(reading.text)]
        if marks:
            swings += _swings(crop, [float(reading.columns[mark].mean()) for mark in marks])
    if len(swings) >= _ENOUGH and float(np.median(swings)) > _SWING:
        return "’"
    return "’" if elisions and elisions >= _MOSTLY * seen else None


def _swings(crop: LineCrop, centres: Sequence[float]) -> list[float]:
    """How far each mark's lower half lies left of its upper half, in heights of the mark."""
    grey = cv2.cvtColor(crop.strip(), cv2.COLOR_BGR2GRAY)
    difference = cv2.absdiff(grey, np.full_like(grey, int(np.median(grey))))
    _, ink = cv2.threshold(difference, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    found = []
    for centre in centres:
        middle = round(centre * grey.shape[1])
        left, right = max(middle - HEIGHT // 2, 0), min(middle + HEIGHT // 2, grey.shape[1])
        count, labels, stats, _ = cv2.connectedComponentsWithStats(ink[:, left:right], connectivity=8)
        best, distance = 0, float(HEIGHT)
        for label in range(1, count):
            x, y, width, height, area = stats[label]
            hangs = (
                y + height < 0.62 * HEIGHT and height > 0.08 * HEIGHT and width < 0.35 * HEIGHT and area > 8
            )
            apart = abs(left + x + width / 2 - middle)
            if hangs and apart < distance:
                best, distance = label, apart
        if best == 0 or distance > 0.3 * HEIGHT:
            continue
        x, y, width, height, _ = stats[best]
        rows, columns = slice(y, y + height), slice(left + x, left + x + width)
        own = labels[rows, x : x + width] == best
        weights = np.where(own, difference[rows, columns], 0).astype(np.float64)
        half = height // 2
        upper, lower = weights[:half].sum(axis=0), weights[height - half :].sum(axis=0)
        if upper.sum() == 0 or lower.sum() == 0:
            continue
        places = np.arange(width)
        swing = (places @ upper) / upper.sum() - (places @ lower) / lower.sum()
        found.append(float(swing / height))
    return found
