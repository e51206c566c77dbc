"""The page in a photo: its outline on the background, if there is one that can be trusted.

Paper is taken as the brighter of two tones (Otsu's threshold after the letters are closed over), its outline
as the four straight sides that fit the largest bright piece. Every step may refuse, and then the photo stays
as it is: cutting content off is worse than leaving a page tilted.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry import homography, quads
from sampan.documents.geometry.homography import Matrix
from sampan.documents.straighten.ink import Gray, ink_map

_WORK_SIDE = 512
_CONTRAST = 25.0
"""Least difference of the mean tones of paper and background, in grey levels."""
_SMALLEST = 0.2
"""Least share of the picture that the page covers."""
_THINNEST = 16
"""Pixels of the work picture; a thinner strip shows no outline."""
_FIT = 0.95
"""Least intersection over union of the bright piece and its quad: torn or cut off outlines fit worse."""
_STEEPEST = 30.0
"""Largest departure of a corner from 90°, in degrees."""
_INK_OUTSIDE = 0.03
"""Largest share of the ink that may lie outside the page."""


def find_page(gray: Gray) -> tuple[NDArray[np.float64], float] | None:
    """Corners (4, 2) of the page and a confidence, or None where no outline can be trusted.

    Works on and answers in the coordinates of `gray`, the reduced picture.
    """
    factor = min(1.0, _WORK_SIDE / max(gray.shape))
    if min(gray.shape) * factor < _THINNEST:
        return None
    small = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    # Letters and thin rules vanish: paper becomes one tone.
    closed = cv2.morphologyEx(
        small, cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    closed = cv2.medianBlur(closed, 5)
    _, bright = cv2.threshold(closed, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inside, outside = bright > 0, bright == 0
    if outside.sum() < 0.02 * bright.size or inside.sum() < _SMALLEST * bright.size:
        return None
    contrast = float(closed[inside].mean()) - float(closed[outside].mean())
    if contrast < _CONTRAST:
        return None
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    page = max(contours, key=cv2.contourArea)
    hull = cv2.convexHull(page)
    if cv2.contourArea(hull) < _SMALLEST * bright.size:
        return None
    corners = _four_corners(hull)
    if corners is None:
        return None
    corners = _fit_sides(page[:, 0, :].astype(np.float64), corners, (width, height))
    if corners is None or not _plausible(corners):
        return None
    drawn = cv2.fillConvexPoly(np.zeros_like(bright), np.rint(corners).astype(np.int32), 255)
    piece = cv2.drawContours(np.zeros_like(bright), [hull], -1, 255, cv2.FILLED)
    overlap = float(((drawn > 0) & (piece > 0)).sum() / max(((drawn > 0) | (piece > 0)).sum(), 1))
    if overlap < _FIT:
        return None
    # The work picture's pixel centres → corners of the reduced picture.
    result = (corners + 0.5) / factor
    if _ink_outside(gray, result) > _INK_OUTSIDE:
        return None
    return result, float(min(1.0, contrast / 80) * overlap)


def rectify(corners: NDArray[np.float64]) -> tuple[Matrix, tuple[float, float]]:
    """Homography that makes the page a rectangle from the origin, and the rectangle's width and height."""
    top, right, bottom, left = quads.side_lengths(corners)
    width, height = float(top + bottom) / 2, float(left + right) / 2
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return homography.from_quads(corners, target), (width, height)


def _four_corners(hull: NDArray[np.int32]) -> NDArray[np.float64] | None:
    """The hull simplified to four points, or None."""
    length = cv2.arcLength(hull, True)
    for tolerance in (0.01, 0.02, 0.03, 0.05):
        polygon = cv2.approxPolyDP(hull, tolerance * length, True)
        if len(polygon) == 4:
            return quads.order_corners(polygon[:, 0, :])
        if len(polygon) < 4:
            return None
    return None


def _fit_sides(
    outline: NDArray[np.float64], corners: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.float64] | None:
    """Put a robust line through the outline's points along each side and intersect neighbours.

    A side that runs along the picture's own edge is no paper edge: the page goes on outside.
    """
    lines = np.empty((4, 3))
    at_edge = 0
    for index in range(4):
        start, end = corners[index], corners[(index + 1) % 4]
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
        offset = outline - start
        position = offset @ along / max(float(np.linalg.norm(end - start)), 1e-9)
        distance = np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0])
        near = outline[(distance < 4) & (position > 0.05) & (position < 0.95)]
        if len(near) < 10:
            return None
        vx, vy, x, y = cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines[index] = (vy, -vx, vx * y - vy * x)
        at_edge += bool((np.minimum(near, np.array(size) - 1 - near).min(axis=1) < 2).mean() > 0.5)
    if at_edge:
        return None
    points = np.cross(np.roll(lines, 1, axis=0), lines)  # side i − 1 meets side i in corner i
    if (np.abs(points[:, 2]) < 1e-9).any():
        return None
    return np.asarray(points[:, :2] / points[:, 2:])


def _plausible(corners: NDArray[np.float64]) -> bool:
    if not quads.is_convex(corners):
        return False
    sides = np.roll(corners, -1, axis=0) - corners
    sides /= np.maximum(np.linalg.norm(sides, axis=1, keepdims=True), 1e-9)
    cosines = np.einsum("ij,ij->i", sides, np.roll(sides, 1, axis=0))
    return bool((np.abs(np.rad2deg(np.arcsin(np.clip(cosines, -1, 1)))) <= _STEEPEST).all())


def _ink_outside(gray: Gray, corners: NDArray[np.float64]) -> float:
    """Share of the small dark pieces, which letters are, that lie outside the page and not on its outline."""
    mask = (ink_map(gray) > 0).astype(np.uint8)
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    width, height = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    letters = (np.maximum(width, height) <= 40) & (np.minimum(width, height) >= 2)
    area = stats[1:, cv2.CC_STAT_AREA][letters].astype(np.float64)
    if not area.sum():
        return 0.0
    beyond = ~quads.contains(corners, centres[1:][letters], margin=6.0)
    return float(area[beyond].sum() / area.sum())
