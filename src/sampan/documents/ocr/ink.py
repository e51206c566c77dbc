"""Ink of a strip: which columns are blank, and how tall the letters are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image

_LEAST_CONTRAST = 24
"""Grey levels between paper and the darkest ink below which a strip counts as unreadable."""
_INK_SHARE = 0.38
"""A pixel is ink from this share of the full contrast."""


@dataclass(slots=True)
class InkRuns:
    """Blank runs [start, end) between inked columns, as fractions of the strip's width."""

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    first: float
    last: float
    """Extent of the ink."""
    height: float
    """Height of the ink, in the same unit: fractions of the line's length."""

    @property
    def widths(self) -> NDArray[np.float64]:
        return self.ends - self.starts

    @property
    def middles(self) -> NDArray[np.float64]:
        return (self.starts + self.ends) / 2


def ink_runs(strip: Image, aspect: float) -> InkRuns | None:
    """Blank runs of a (48, W, 3) strip, or None where ink and paper cannot be told apart.

    `aspect` is the true height of the line over its length; the strip may be squeezed.
    """
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY) if strip.ndim == 3 else strip
    paper = level_below(grey, 0.5)
    difference = cv2.absdiff(grey, np.full_like(grey, paper))
    strength = level_below(difference, 0.98)
    if strength < _LEAST_CONTRAST:
        return None
    _, ink = cv2.threshold(difference, _INK_SHARE * strength, 255, cv2.THRESH_BINARY)
    columns = cv2.reduce(ink, 0, cv2.REDUCE_MAX).ravel() > 0
    rows = np.flatnonzero(cv2.reduce(ink, 1, cv2.REDUCE_AVG).ravel() > 2)
    filled = np.flatnonzero(columns)
    if filled.size == 0 or rows.size == 0:
        return None
    first, last = int(filled[0]), int(filled[-1]) + 1
    change = np.diff(columns[first:last].astype(np.int8))
    width = strip.shape[1]
    return InkRuns(
        starts=(np.flatnonzero(change == -1) + 1 + first) / width,
        ends=(np.flatnonzero(change == 1) + 1 + first) / width,
        first=first / width,
        last=last / width,
        height=float(rows[-1] - rows[0] + 1) / strip.shape[0] * aspect,
    )


def level_below(grey: NDArray[np.uint8], share: float) -> int:
    """The grey level below which `share` of the pixels lie."""
    counts = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel())
    return int(np.searchsorted(counts, share * counts[-1]))
