"""Text directions of a page: each gets a frame in which its text runs to the right.

Upright, turned and slanted text share one code path: coordinates are turned by minus the angle,
lines are built, boxes are turned back. Vertical writing (top to bottom, glyphs upright) is found from how
the origins move and gets a frame whose `u` runs down the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Quad
from sampan.documents.reading.glyphs import Glyphs
from sampan.documents.reading.scripts import cjk_mask

_MIN_VERTICAL_RUN = 3


@dataclass(slots=True)
class Frame:
    """Glyphs of one direction. `index` (N,) points into the page's glyphs, in stream order."""

    glyphs: Glyphs
    index: NDArray[np.int64]
    angle: float
    vertical: bool
    u0: NDArray[np.float64]
    u1: NDArray[np.float64]
    v0: NDArray[np.float64]
    v1: NDArray[np.float64]
    baseline: NDArray[np.float64]

    def to_page(self, box: Box) -> tuple[Box, Quad | None]:
        """Box on the page of a frame box, and its corners in reading direction unless upright."""
        u0, v0, u1, v1 = box
        if self.vertical:
            # u runs down the page and v to the left: the first line of vertical writing is the rightmost.
            return (-v1, u0, -v0, u1), None
        if self.angle == 0:
            return box, None
        turn = np.radians(self.angle)
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        a, b, c, d = (
            (cos * u - sin * v, sin * u + cos * v) for u, v in ((u0, v0), (u1, v0), (u1, v1), (u0, v1))
        )
        xs, ys = (a[0], b[0], c[0], d[0]), (a[1], b[1], c[1], d[1])
        return (min(xs), min(ys), max(xs), max(ys)), (a, b, c, d)


def frames_of(glyphs: Glyphs) -> list[Frame]:
    """All frames of a page; every glyph is in exactly one."""
    vertical = _vertical(glyphs)
    angle = np.where(vertical, -1.0, np.round(glyphs.angle) % 360)
    frames = []
    # Invisible text gets frames of its own: it often lies exactly on the visible text.
    for hidden in (False, True):
        chosen = glyphs.invisible == hidden
        for key in np.unique(angle[chosen]).tolist():
            index = np.flatnonzero(chosen & (angle == key))
            frames.append(_vertical_frame(glyphs, index) if key < 0 else _frame(glyphs, index))
    return frames


def _frame(glyphs: Glyphs, index: NDArray[np.int64]) -> Frame:
    box, origin, size = glyphs.box[index], glyphs.origin[index], glyphs.size[index]
    angle = float(np.median(glyphs.angle[index]))
    if angle == 0:
        u0, v0, u1, v1 = box.T
        baseline = origin[:, 1]
    else:
        turn = np.radians(angle)
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        baseline = -sin * origin[:, 0] + cos * origin[:, 1]
        center = (box[:, :2] + box[:, 2:]) / 2
        width, height = (box[:, 2:] - box[:, :2]).T
        # The loose box is the hull of a turned w × h rectangle: W = w|cos| + h|sin|, H = w|sin| + h|cos|.
        c, s = abs(cos), abs(sin)
        if abs(c - s) > 0.2:
            w = (width * c - height * s) / (c * c - s * s)
            h = (height * c - width * s) / (c * c - s * s)
        else:  # near 45° the two equations are one; fonts are about 1.15 em high
            h = 1.15 * size
            w = (width + height) / (c + s) - h
        w, h = np.maximum(w, 0.0), np.maximum(h, 0.0)
        u = cos * center[:, 0] + sin * center[:, 1]
        v = -sin * center[:, 0] + cos * center[:, 1]
        u0, u1, v0, v1 = u - w / 2, u + w / 2, v - h / 2, v + h / 2
    # Fonts with absurd ascents would make lines that overlap their neighbours.
    v0 = np.clip(v0, baseline - 1.1 * size, baseline)
    v1 = np.clip(v1, baseline, baseline + 0.45 * size)
    flat = v1 - v0 < 0.3 * size
    v0 = np.where(flat, baseline - 0.75 * size, v0)
    v1 = np.where(flat, baseline + 0.2 * size, v1)
    return Frame(glyphs, index, angle, False, u0, u1, v0, v1, baseline)


def _vertical_frame(glyphs: Glyphs, index: NDArray[np.int64]) -> Frame:
    x0, y0, x1, y1 = glyphs.box[index].T
    center = (x0 + x1) / 2
    return Frame(glyphs, index, 0.0, True, y0, y1, -x1, -x0, -center)


def _vertical(glyphs: Glyphs) -> NDArray[np.bool_]:
    """Glyphs of vertical writing: CJK runs in which each stands below the one before."""
    flags = np.zeros(len(glyphs), bool)
    if len(glyphs) < _MIN_VERTICAL_RUN:
        return flags
    center = (glyphs.box[:, 0] + glyphs.box[:, 2]) / 2
    size = glyphs.size[1:]
    down = (
        (np.abs(np.diff(center)) < 0.3 * size)
        & (np.diff(glyphs.origin[:, 1]) > 0.4 * size)
        & (np.diff(glyphs.origin[:, 1]) < 2.0 * size)
        & (glyphs.angle[1:] == 0)
        & (glyphs.angle[:-1] == 0)
    )
    cjk = cjk_mask(glyphs.code)
    if not (down & cjk[1:]).any():
        return flags
    start = 0
    for stop in [*np.flatnonzero(~down).tolist(), len(glyphs) - 1]:
        if stop + 1 - start >= _MIN_VERTICAL_RUN and cjk[start : stop + 1].mean() > 0.5:
            flags[start : stop + 1] = True
        start = stop + 1
    return flags
