"""Geometry of text polygons: area, distance to the edges, shrinking and growing with round joins.

Shrinking by d keeps the points of the polygon at least d away from its boundary, growing adds those within d: the
erosion and the dilation by a disc, which is what polygon clippers approximate by "round joins". For a convex
polygon the erosion is an intersection of half planes and has exact corners.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""(P, 2) corners x, y in pixels."""

_FINE = 4
"""Subdivision of a pixel when a polygon that is not convex is shrunk on a grid."""


def signed_area(points: Points) -> float:
    """Shoelace area, positive when the corners run clockwise on the screen (y downwards)."""
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def perimeter(points: Points) -> float:
    """Length of the closed outline."""
    edges = np.roll(points, -1, axis=0).astype(np.float64) - points
    return float(np.hypot(edges[:, 0], edges[:, 1]).sum())


def is_convex(points: Points) -> bool:
    """Whether the corners turn one way only and go round once."""
    edges = np.roll(points, -1, axis=0).astype(np.float64) - points
    following = np.roll(edges, -1, axis=0)
    cross = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    if not ((cross >= 0).all() or (cross <= 0).all()):
        return False
    turns = np.arctan2(cross, (edges * following).sum(axis=1)).sum()
    return bool(abs(abs(turns) - 2 * np.pi) < 1e-6)


def offset_distance(points: Points, ratio: float) -> float:
    """How far DB shrinks and grows a polygon: area · (1 − ratio²) / perimeter; 0 for a degenerate one."""
    length = perimeter(points)
    return abs(signed_area(points)) * (1.0 - ratio**2) / length if length > 0 else 0.0


def edge_distance(points: Points, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) distance of every grid point (x[j], y[i]) from the nearest edge of the closed outline."""
    result = np.full((len(y), len(x)), np.inf, np.float32)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        along = (end - start).astype(np.float32)
        squared = float(along @ along)
        across_x, across_y = x - start[0], y - start[1]  # (W,), (H,)
        if squared == 0.0:
            nearest = np.zeros_like(result)
        else:
            nearest = (across_y[:, None] * (along[1] / squared) + across_x * (along[0] / squared)).clip(
                0.0, 1.0
            )
        away_x, away_y = across_x - nearest * along[0], across_y[:, None] - nearest * along[1]
        np.minimum(result, away_x * away_x + away_y * away_y, out=result)
    return np.sqrt(result)


def shrink(points: Points, distance: float) -> list[Points]:
    """The pieces that are left of a polygon after it lost a border of `distance` pixels; empty if nothing is.

    A convex polygon leaves at most one piece, with exact corners. Of any other the pieces come from a grid of a
    quarter of a pixel.
    """
    if distance <= 0:
        return [points]
    if is_convex(points):
        piece = _shrink_convex(points, distance)
        return [piece] if len(piece) >= 3 else []
    return _shrink_on_grid(points, distance)


def _shrink_convex(points: Points, distance: float) -> Points:
    corners = points.astype(np.float64)
    if signed_area(points) < 0:
        corners = corners[::-1]
    kept = corners
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = end - start
        length = float(np.hypot(*along))
        if length == 0:
            continue
        inward = np.array([-along[1], along[0]]) / length  # to the right of the edge, y downwards
        kept = _cut(kept, (kept - start) @ inward - distance)
        if len(kept) == 0:
            break
    return kept.astype(np.float32)


def _cut(corners: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a convex polygon where `depth`, given at its corners, is not negative (Sutherland–Hodgman)."""
    kept: list[NDArray[np.float64]] = []
    for index in range(len(corners)):
        here, there = depth[index], depth[(index + 1) % len(corners)]
        if here >= 0:
            kept.append(corners[index])
        if (here > 0 > there) or (here < 0 < there):
            share = here / (here - there)
            kept.append(corners[index] + share * (corners[(index + 1) % len(corners)] - corners[index]))
    return np.array(kept).reshape(-1, 2)


def _shrink_on_grid(points: Points, distance: float) -> list[Points]:
    low = np.floor(points.min(axis=0)) - 1
    fine = np.round((points - low) * _FINE).astype(np.int32)
    width, height = fine.max(axis=0) + 2 * _FINE
    filled = np.zeros((int(height), int(width)), np.uint8)
    cv2.fillPoly(filled, [fine], 1)
    # Distances are to the nearest pixel outside, half a step beyond the outline.
    depth = cv2.distanceTransform(filled, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    eroded = ((depth >= distance * _FINE) & (filled > 0)).astype(np.uint8)
    contours, _ = cv2.findContours(eroded, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [(contour[:, 0] / _FINE + low).astype(np.float32) for contour in contours]


def is_outside(points: Points, x: float, y: float, width: float, height: float) -> bool:
    """Whether a polygon's bounding box does not reach into a rectangle."""
    low, high = points.min(axis=0), points.max(axis=0)
    return bool(high[0] < x or low[0] > x + width or high[1] < y or low[1] > y + height)
