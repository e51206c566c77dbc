"""Figures on a picture of a page: ink that is neither text nor a table.

On a reduced picture everything is ink that differs from the paper around it, in lightness or in colour.
Text lines, tables and page-wide
rules are wiped out; what is left is grown over small gaps, and connected parts of some size are figures. The parts of
one drawing that lie apart (bars, slices, boxes) are put together with the labels between them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.layout.figures import merge_overlapping
from sampan.documents.layout.image_rulings import reduced
from sampan.documents.stages import Image

Boxes = NDArray[np.float64]

WORKING_SIDE = 600
"""Longest side of the reduced picture: figures are large."""
CONTRAST = 20
"""Least difference from the paper, of 255, in any colour channel."""
LEAST_SIDE = 0.05
LEAST_AREA = 0.006
"""Smallest figure, as part of the page's shorter side and of its area."""


def picture_figures(image: Image, text: Boxes, tables: Boxes) -> Boxes:
    """Boxes (F, 4) in pixels of `image`; `text` (N, 4) and `tables` (T, 4) too."""
    small, back = reduced(image, WORKING_SIDE)
    rows, columns = small.shape[:2]
    # The paper: the lightest of the neighbourhood, smoothed, so that shadows on photographs are no ink.
    paper = cv2.medianBlur(cv2.dilate(cv2.resize(small, (columns // 4 + 1, rows // 4 + 1),
    interpolation=cv2.INTER_AREA),
                                      np.ones((9, 9), np.uint8)), 9)  # fmt: skip
    paper = cv2.resize(paper, (columns, rows), interpolation=cv2.INTER_LINEAR)
    ink = (_largest_channel(cv2.subtract(paper, small)) > CONTRAST).astype(np.uint8)
    line = max(2, round(float(np.median(text[:, 3] - text[:, 1])) / back[1])) if len(text) else 4
    for box in np.concatenate([text, tables]) / back:
        margin = 0.25 * line
        x0, y0 = np.floor(box[:2] - margin).astype(int).clip(0)
        x1, y1 = np.ceil(box[2:] + margin).astype(int)
        ink[y0:y1, x0:x1] = 0
    # Specks of dust do not grow into figures.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    large = stats[:, cv2.CC_STAT_WIDTH] + stats[:, cv2.CC_STAT_HEIGHT] > line
    large[0] = False
    ink = large[labels].astype(np.uint8) if count > 1 else ink
    reach = 2 * (line // 2) + 1
    grown = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    if count <= 1:
        return np.zeros((0, 4))
    boxes = np.concatenate([stats[1:, :2], stats[1:, :2] + stats[1:, 2:4]], axis=1).astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    # Rules between columns or under headers, and the dark rim of a scan or a photograph.
    thin = sides.min(axis=1) < 0.5 * line
    at_rim = ((boxes[:, :2] <= 1).any(axis=1) | (boxes[:, 2] >= columns - 1) | (boxes[:, 3] >= rows - 1)) & (
        sides.min(axis=1) < 0.12 * min(rows, columns)
    )
    boxes = merge_overlapping(boxes[~thin & ~at_rim], reach=1.5 * line)
    sides = boxes[:, 2:] - boxes[:, :2]
    figures = boxes[
        (sides.min(axis=1) >= LEAST_SIDE * min(rows, columns))
        & (sides.prod(axis=1) >= LEAST_AREA * rows * columns)
        & (sides.prod(axis=1) <= 0.85 * rows * columns)
    ]
    return np.asarray(figures * back)


def _largest_channel(image: Image) -> Image:
    """(H, W, 3) → (H, W); several times faster than a maximum over the last axis."""
    blue, green, red = cv2.split(image)
    return np.asarray(cv2.max(cv2.max(blue, green), red), dtype=np.uint8)
