"""Lines reach as far as their ink: bullets, dashes and full stops that the detector left outside.

A DB detector sees words; a lone bullet, a list dash or a last full stop is too small for it and is lost, and
with it the list or the sentence's end. Small components of ink that stand beside a line's end, at its height,
are taken into the line.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image

_LONG_SIDE = 1300
"""Components are looked for on a picture reduced to this."""
_REACH_LEFT = 2.2
"""How far left of a line a mark may stand, in line heights: bullets hang."""
_REACH_RIGHT = 0.5
_LEAST_SIDE, _MOST_HEIGHT, _MOST_WIDTH = 0.1, 0.85, 1.2
"""Size of a mark, in line heights: its larger side at least, its height and width at most."""
_MARGIN = 0.12
_MOST_MARKS = 20_000
"""More pieces than this are dust or a halftone, and none of them ends a line."""


def extend_to_marks(
    image: Image, quads: NDArray[np.float32], marks: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """(N, 4, 2) quads with level lines lengthened over lone marks at their ends.

    `marks` are the picture's `ink_components`, if they are known already.
    """
    if len(quads) == 0:
        return quads
    if marks is None:
        marks = ink_components(image)
    if len(marks) == 0:
        return quads
    x0, y0 = quads[..., 0].min(axis=1), quads[..., 1].min(axis=1)
    x1, y1 = quads[..., 0].max(axis=1), quads[..., 1].max(axis=1)
    height = y1 - y0
    level = (x1 - x0 > 1.2 * height) & (np.abs(quads[:, 1, 1] - quads[:, 0, 1]) < 0.3 * height)
    centre = (marks[:, :2] + marks[:, 2:]) / 2
    # Marks that already belong to some line are done with.
    air = 0.15 * height
    inside = (
        (centre[:, None, 0] > x0) & (centre[:, None, 0] < x1)
        & (centre[:, None, 1] > y0 - air) & (centre[:, None, 1] < y1 + air)
    ).any(axis=1)  # fmt: skip
    marks, centre = marks[~inside], centre[~inside]
    size = marks[:, 2:] - marks[:, :2]
    fits = (
        (size.max(axis=1)[:, None] >= _LEAST_SIDE * height)
        & (size[:, 1, None] <= _MOST_HEIGHT * height)
        & (size[:, 0, None] <= _MOST_WIDTH * height)
        & (centre[:, 1, None] > y0 + 0.1 * height)
        & (marks[:, 3, None] < y1 + 0.1 * height)
        & level
    )
    left_gap = x0 - marks[:, 2, None]
    right_gap = marks[:, 0, None] - x1
    # A full stop at one line's end is no bullet of the line in the next column: the nearest line has it.
    gap = np.where(fits, np.maximum(left_gap, right_gap), np.inf)
    fits &= gap <= gap.min(axis=1, keepdims=True)
    extended = quads.copy()
    for line in np.flatnonzero(
        (fits & ((left_gap > -height) & (left_gap < _REACH_LEFT * height))).any(axis=0)
    ):
        mine = fits[:, line] & (centre[:, 0] < x0[line]) & (left_gap[:, line] < _REACH_LEFT * height[line])
        # One mark hangs before a line; more than that is a drawing or another text.
        if mine.sum() == 1:
            start = float(marks[mine, 0].min()) - _MARGIN * height[line]
            extended[line, [0, 3], 0] = np.minimum(extended[line, [0, 3], 0], max(start, 0.0))
    for line in np.flatnonzero(
        (fits & ((right_gap > -height) & (right_gap < _REACH_RIGHT * height))).any(axis=0)
    ):
        mine = fits[:, line] & (centre[:, 0] > x1[line]) & (right_gap[:, line] < _REACH_RIGHT * height[line])
        if 1 <= mine.sum() <= 2:
            end = float(marks[mine, 2].max()) + _MARGIN * height[line]
            extended[line, [1, 2], 0] = np.maximum(extended[line, [1, 2], 0], min(end, image.shape[1]))
    return extended


def ink_components(image: Image) -> NDArray[np.float32]:
    """(M, 4) boxes of connected ink, in pixels of `image`."""
    scale = min(1.0, _LONG_SIDE / max(image.shape[:2]))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if scale < 1.0:
        size = [max(1, round(side * scale)) for side in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 41, 24)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    if count > _MOST_MARKS:
        return np.zeros((0, 4), np.float32)
    boxes = stats[1:].astype(np.float32)
    boxes = boxes[boxes[:, 4] >= 3]
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]], axis=1)
    return np.asarray(corners / scale, np.float32)
