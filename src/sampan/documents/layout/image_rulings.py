"""Straight lines drawn on a picture: table rulings, separators, underlines.

Dark pixels are opened with long thin bars on a reduced picture (morphology), each remaining run becomes a line. Runs
that are too thick are strokes of large type or filled areas; short gaps from scanning are closed first.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image, Rulings

WORKING_SIDE = 1200
"""Longest side of the reduced picture: hairlines grow pale, but not too pale, and a page costs a few ms."""
LEAST_LENGTH = 0.028
"""Shortest ruling as part of the longer side."""
THICKEST = 0.006
"""Thickest ruling as part of the longer side."""
SLENDER = 14.0
"""Least length of a ruling over its thickness."""


def find_rulings(image: Image, thickest: float | None = None) -> Rulings:
    """Horizontal and vertical rulings of a BGR picture, in its pixels.

    `thickest` is the thickest ruling in pixels where `image` is a part of a page; for a whole page its size tells.
    """
    small, scale = reduced(image, WORKING_SIDE)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small
    # A line need only be darker than what is around it: shadows and tinted paper do not matter.
    ground = cv2.blur(gray, (31, 31))
    dark = (cv2.subtract(ground, gray) > 18).astype(np.uint8)
    side = max(gray.shape)
    length = max(12, round(LEAST_LENGTH * side))
    thickest = max(3.0, THICKEST * side if thickest is None else thickest / float(scale[0]))
    horizontal = _runs(dark, length, thickest)
    vertical = _runs(np.ascontiguousarray(dark.T), length, thickest)[:, [1, 0, 3, 2]]
    return Rulings((horizontal * scale).astype(np.float32), (vertical * scale).astype(np.float32))


def outside_text(rulings: Rulings, text: NDArray[np.float64]) -> Rulings:
    """Without what are strokes of letters: short runs within a line of text, `text` (N, 4) in the same units.

    The bars of a row of T touch or nearly so. Underlines lie at the foot of a box, and what runs on beyond
    the line or stands higher than it was drawn.
    """
    if not len(text):
        return rulings
    x0, y0, x1, y1 = text.T
    height = y1 - y0
    parts = []
    for lines, above, below in ((rulings.horizontal, 0.0, -0.2), (rulings.vertical, 0.1, 0.1)):
        a = np.asarray(lines, dtype=np.float64).reshape(-1, 4)[:, None]
        inside = (
            (a[..., 0] >= x0 - 0.3 * height)
            & (a[..., 2] <= x1 + 0.3 * height)
            & (a[..., 1] >= y0 - above * height)
            & (a[..., 3] <= y1 + below * height)
        )
        parts.append(lines[~inside.any(axis=1)])
    return Rulings(*parts)


def reduced(image: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture, neither side longer than `side`, and the factors (x0, y0, x1, y1) back to its own pixels.

    Reduced by a whole number, for which averaging over areas is several times faster than otherwise.
    """
    height, width = image.shape[:2]
    factor = -(-max(height, width) // side)
    if factor == 1:
        return image, np.ones(4)
    smaller = (max(width // factor, 1), max(height // factor, 1))
    cropped = image[: smaller[1] * factor, : smaller[0] * factor] if min(height, width) >= factor else image
    small = cv2.resize(cropped, smaller, interpolation=cv2.INTER_AREA)
    back = np.array([cropped.shape[1] / smaller[0], cropped.shape[0] / smaller[1]] * 2)
    return np.asarray(small, dtype=np.uint8), back


def _runs(dark: NDArray[np.uint8], length: int, thickest: float) -> NDArray[np.float64]:
    """Horizontal runs of at least `length` pixels: (N, 4), y at the middle of the stroke."""
    # Only pieces that are lines by themselves are joined over gaps: the bars of a row of T are not.
    pieces = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, max(length // 2, 8)), np.uint8))
    closed = cv2.morphologyEx(pieces, cv2.MORPH_CLOSE, np.ones((1, 7), np.uint8))
    kept = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    # A line that leans by a pixel falls into steps; join them before they are counted.
    kept = cv2.dilate(kept, np.ones((3, 1), np.uint8))
    # On a nearly empty picture outlines are found several times faster than components.
    outlines, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = np.array([cv2.boundingRect(outline) for outline in outlines], dtype=np.intp).reshape(-1, 4)
    x, y, w, h = boxes.astype(np.float64).T
    area = [int(np.count_nonzero(kept[j : j + n, i : i + m])) for i, j, m, n in boxes]
    # Dilation added two rows to every stroke.
    stroke = np.array(area, dtype=np.float64) / w - 2.0
    # The bars of large letters in a row are long too, but not as slender as what a ruling pen draws.
    thin = (
        (stroke <= np.minimum(thickest, w / SLENDER))
        & (w >= length)
        & (h - 2.0 <= np.maximum(thickest, 0.03 * w))
    )
    middle = y + h / 2
    return np.asarray(np.stack([x, middle, x + w, middle], axis=1)[thin])
