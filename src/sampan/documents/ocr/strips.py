"""Line strips: the part of a picture that holds one line, turned level and scaled for the recogniser."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image

HEIGHT = 48
"""Rows of the recogniser's input."""
_LEVEL = 0.35
"""A quad whose corners stay within this many pixels of its box is cut out without warping."""


def quad_size(quad: NDArray[np.float32]) -> tuple[float, float]:
    """Width and height of a quad: the longer of each pair of opposite sides."""
    top, right, bottom, left = (np.linalg.norm(quad[i] - quad[(i + 1) % 4]) for i in range(4))
    return float(max(top, bottom)), float(max(left, right))


def cut_strip(image: Image, quad: NDArray[np.float32], width: int, height: int = HEIGHT) -> Image:
    """The quad's content as a (height, width, 3) picture; outside the picture, its border is repeated."""
    corners = np.asarray(quad, np.float32)
    x0, y0 = corners.min(axis=0)
    x1, y1 = corners.max(axis=0)
    box = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    if np.abs(corners - box).max() <= max(_LEVEL, 0.02 * (y1 - y0)):
        rows, columns = image.shape[:2]
        left, top = max(int(x0), 0), max(int(y0), 0)
        right, bottom = min(int(np.ceil(x1)), columns), min(int(np.ceil(y1)), rows)
        if right > left and bottom > top:
            shrinking = bottom - top > height
            cut: Image = cv2.resize(
                image[top:bottom, left:right],
                (width, height),
                interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR,
            )
            return cut
    _, own_height = quad_size(corners)
    # A warp samples points: shrink the source first where it would skip pixels.
    factor = max(1.0, own_height / height)
    if factor > 1.5:
        margin = 2
        left, top = max(int(x0) - margin, 0), max(int(y0) - margin, 0)
        right = min(int(np.ceil(x1)) + margin, image.shape[1])
        bottom = min(int(np.ceil(y1)) + margin, image.shape[0])
        patch = image[top:bottom, left:right]
        reduced = cv2.resize(
            patch,
            (max(1, round(patch.shape[1] / factor)), max(1, round(patch.shape[0] / factor))),
            interpolation=cv2.INTER_AREA,
        )
        corners = (corners - (left, top)) * (
            reduced.shape[1] / patch.shape[1],
            reduced.shape[0] / patch.shape[0],
        )
        image = reduced
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32) - 0.5, target - 0.5)
    strip: Image = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return strip
