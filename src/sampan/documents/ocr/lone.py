"""Lone figures and letters that the detector left out: a cell with a 1, a page number of one digit.

A DB detector sees words; a single narrow glyph in the open often falls below its thresholds. Components of ink
of a glyph's size that stand alone are offered to the recogniser, and kept only if it is sure of them.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.ctc import Reading

_LEAST_HEIGHT, _MOST_HEIGHT = 0.42, 0.95
"""Height of a glyph, in heights of the page's usual line box."""
_LEAST_WIDTH, _MOST_WIDTH = 0.24, 1.1
"""Width over height: a bar of a drawing is narrower than any figure with a flag."""
_ALONE = 0.9
"""No other ink beside it within so many of its heights."""
_MARGIN = np.array([-0.6, -0.3, 0.6, 0.3], np.float32)
"""Added on all sides, in heights of the glyph: the box of a line is wider than high."""
_MOST = 24
"""More lone components than this are a texture or a drawing."""
_SURE = 0.93
_KEPT = re.compile(r"[0-9A-Za-z#]")


def lone_glyphs(marks: NDArray[np.float32], quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """(K, 4, 2) quads around components that may be glyphs standing alone.

    `marks` are the (M, 4) boxes of all components of the picture, `quads` the (N, 4, 2) lines found.
    """
    nothing = np.zeros((0, 4, 2), np.float32)
    if len(quads) < 3 or len(marks) == 0:
        return nothing
    low, high = quads.min(axis=1), quads.max(axis=1)
    usual = float(np.median((high - low)[:, 1]))
    size = marks[:, 2:] - marks[:, :2]
    shaped = (
        (size[:, 1] > _LEAST_HEIGHT * usual) & (size[:, 1] < _MOST_HEIGHT * usual)
        & (size[:, 0] > _LEAST_WIDTH * size[:, 1]) & (size[:, 0] < _MOST_WIDTH * size[:, 1])
    )  # fmt: skip
    candidates = marks[shaped]
    centre = (candidates[:, :2] + candidates[:, 2:]) / 2
    taken = ((centre[:, None] > low - 0.1 * usual) & (centre[:, None] < high + 0.1 * usual)).all(-1).any(1)
    candidates = candidates[~taken]
    # Everything within reach counts as company, lines included; dust does not.
    solid = marks[size.max(axis=1) > 0.15 * usual]
    reach = _ALONE * (candidates[:, 3] - candidates[:, 1])[:, None]
    beside = (
        (solid[None, :, 0] < candidates[:, None, 2] + reach)
        & (solid[None, :, 2] > candidates[:, None, 0] - reach)
        & (solid[None, :, 1] < candidates[:, None, 3])
        & (solid[None, :, 3] > candidates[:, None, 1])
    )
    candidates = candidates[beside.sum(axis=1) == 1]
    if len(candidates) > _MOST:
        return nothing
    x0, y0, x1, y1 = (candidates + (candidates[:, 3] - candidates[:, 1])[:, None] * _MARGIN).T
    return np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=1).reshape(-1, 4, 2).astype(np.float32)


def is_sure(reading: Reading) -> bool:
    """Whether a lone component is a glyph beyond doubt."""
    return _KEPT.fullmatch(reading.text.strip()) is not None and reading.confidence >= _SURE
