"""A few line strips of a page, and how each would be read if the page were turned.

A strip that stands upright after the turn can only be vertical writing: its characters are cut apart
and set side by side, so that a recogniser of horizontal lines can judge it. Sideways Latin treated so gives
nonsense with low confidence, vertical Japanese gives a readable line.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry import homography
from sampan.documents.geometry.homography import Matrix
from sampan.documents.stages import Image
from sampan.documents.straighten.ink import Gray, without_rules

_JOIN = 9
"""Gap in reduced pixels that joins letters and words of a line."""
_LENGTH = 12
"""Longest sample in line heights: a dozen letters tell, more only cost time."""


def find_strips(ink: Gray, down: bool, count: int) -> NDArray[np.float64]:
    """Boxes (N, 4) of at most `count` typical lines of a level ink map, spread over the page."""
    text = without_rules(ink)
    mask = (text.T if down else text) > 0
    joined = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, _JOIN), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    x, y, width, height, area = (column.astype(np.float64) for column in stats[1:].T)
    usable = (height >= 5) & (height <= 80) & (width >= 2.5 * height) & (area >= 0.25 * width * height)
    if not usable.any():
        return np.zeros((0, 4))
    x, y, width, height = x[usable], y[usable], width[usable], height[usable]
    # The height in which most ink is set, not the height of most pieces: specks are many.
    order = np.argsort(height)
    middle = height[order][np.searchsorted(np.cumsum(width[order]), width.sum() / 2)]
    length = np.minimum(width, _LENGTH * height)
    merit = length / height - 6 * np.abs(np.log(height / middle))
    best = np.argsort(-merit, kind="stable")[: 3 * count]
    best = best[np.argsort(y[best], kind="stable")]
    chosen = best[np.unique(np.linspace(0, len(best) - 1, min(count, len(best))).round().astype(int))]
    pad = 0.2 * height[chosen]
    boxes = np.stack(
        [
            x[chosen] - pad,
            y[chosen] - pad,
            x[chosen] + length[chosen] + pad,
            y[chosen] + height[chosen] + pad,
        ],
        axis=1,
    )
    return boxes[:, [1, 0, 3, 2]] if down else boxes


def cut(image: Image, box: NDArray[np.float64], to_source: Matrix, scale: float) -> Image:
    """The part of the source that a box of the level reduced picture shows, at the source's resolution."""
    x0, y0, x1, y1 = box
    size = max(1, round((x1 - x0) / scale)), max(1, round((y1 - y0) / scale))
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float64)
    places = homography.apply(to_source, corners * scale + (x0, y0))
    matrix = homography.centred(homography.from_quads(corners, places))
    return np.asarray(
        cv2.warpPerspective(
            image,
            matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def turned(strip: Image, clockwise: int) -> Image:
    """The strip as it would read on the page turned by 0, 90, 180 or 270°: always a horizontal line."""
    upright = np.ascontiguousarray(np.rot90(strip, -clockwise // 90))
    height, width = upright.shape[:2]
    return upright if width >= height else _set_side_by_side(upright)


def _set_side_by_side(column: Image) -> Image:
    """A vertical column of characters as a row: cut near every column width where the least ink is."""
    height, width = column.shape[:2]
    gray = column if column.ndim == 2 else cv2.cvtColor(column, cv2.COLOR_BGR2GRAY)
    ink = gray.max(axis=1).astype(np.int32) - gray.min(axis=1)  # contrast of each pixel row
    cells: list[Image] = []
    start = 0
    while height - start > 1.2 * width:
        low, high = start + round(0.7 * width), start + round(1.2 * width)
        end = low + int(ink[low:high].argmin())
        cells.append(column[start:end])
        start = end
    cells.append(column[start:])
    side = max(cell.shape[0] for cell in cells)
    row = [
        cv2.copyMakeBorder(
            cell, (side - cell.shape[0]) // 2, (side - cell.shape[0] + 1) // 2, 0, 0, cv2.BORDER_REPLICATE
        )
        for cell in cells
    ]
    return np.asarray(np.hstack(row), np.uint8)
