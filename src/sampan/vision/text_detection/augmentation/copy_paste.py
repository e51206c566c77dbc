"""CopyPaste: text regions of another picture, turned by any angle, pasted where no text is.

Pictures with few regions get more, in orientations that the data lack. Source: PP-OCRv2 (arXiv 2109.03144, §2.1),
steps and limits of card §2.5.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.augmentation.geometry import scale
from sampan.vision.text_detection.polygons import Points
from sampan.vision.text_detection.sample import Image, TextImage

UPRIGHT_RATIO = 1.5
"""Crops at least this many times as high as wide are laid on their side."""
POSITIONS = 50
"""Places tried for a crop."""


def copy_paste(
    target: TextImage, other: TextImage, rng: np.random.Generator, share: float = 0.2, most: int = 30
) -> TextImage:
    """`target` with some of the readable regions of `other`.

    Args:
        target, other: the picture to paste into, and the one to take from, first resized by 0.5 to 3.
        share: of the regions of `other` that are pasted, at least one and at most `most`.
    """
    other = scale(other, rng, (0.5, 3.0))
    readable = np.flatnonzero(~other.ignored)
    count = int(np.clip(int(share * len(other.polygons)), 1, most))
    image = target.image.copy()
    polygons, ignored = list(target.polygons), list(target.ignored)
    for index in rng.permutation(readable)[:count]:
        crop = _upright(other.image, other.polygons[index])
        if crop is None or crop.shape[0] > image.shape[0] or crop.shape[1] > image.shape[1]:
            continue
        turned, alpha, corners = _turn(crop, int(rng.integers(360)))
        place = _free_place(turned.shape[:2], image.shape[:2], polygons, rng)
        if place is None:
            continue
        x, y = place
        window = image[y : y + turned.shape[0], x : x + turned.shape[1]]
        window[...] = np.round(alpha * turned + (1.0 - alpha) * window)
        polygons.append(corners + np.array([x, y], np.float32))
        ignored.append(np.bool_(False))
    high = np.array(image.shape[1::-1], np.float32)  # width, height
    return TextImage(image, [np.clip(points, 0, high) for points in polygons], np.array(ignored, np.bool_))


def _upright(image: Image, points: Points) -> Image | None:
    """The region seen straight: perspective transform of its quad, bicubic; None if it has no extent."""
    quad = points if len(points) == 4 else cv2.boxPoints(cv2.minAreaRect(points))
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)  # top, right, bottom, left
    width, height = int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))
    if width < 1 or height < 1:
        return None
    straight = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), straight)
    crop = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if height >= UPRIGHT_RATIO * width:
        crop = cv2.rotate(crop, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.asarray(crop, np.uint8)


def _turn(crop: Image, angle: int) -> tuple[Image, NDArray[np.float32], Points]:
    """The crop turned by whole degrees, its opacity (h, w, 1), and its corners in the enlarged picture."""
    height, width = crop.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    edges = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
    corners = edges @ matrix[:, :2].T + matrix[:, 2]
    low = np.floor(corners.min(axis=0) + 0.5)
    size = np.ceil(corners.max(axis=0) + 0.5 - low).astype(int)  # width, height
    matrix[:, 2] -= low
    turned = cv2.warpAffine(
        crop, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    opaque = np.full((height, width), 1.0, np.float32)
    alpha = cv2.warpAffine(opaque, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    return np.asarray(turned, np.uint8), alpha[..., None], (corners - low).astype(np.float32)


def _free_place(
    size: tuple[int, int], room: tuple[int, int], polygons: list[Points], rng: np.random.Generator
) -> tuple[int, int] | None:
    """x and y of a window that touches no polygon; None if there is none among the places tried."""
    if size[0] > room[0] or size[1] > room[1]:
        return None
    for _ in range(POSITIONS):
        x = int(rng.integers(room[1] - size[1] + 1))
        y = int(rng.integers(room[0] - size[0] + 1))
        window = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (size[1], size[0]) + (x, y)
        if not any(_touch(window.astype(np.float32), points) for points in polygons):
            return x, y
    return None


def _touch(window: Points, points: Points) -> bool:
    """Whether an axis-aligned rectangle and a polygon have a point in common."""
    low, high = points.min(axis=0), points.max(axis=0)
    if (high < window[0]).any() or (low > window[2]).any():
        return False
    hull = points if cv2.isContourConvex(points) else cv2.convexHull(points)[:, 0]
    area, _ = cv2.intersectConvexConvex(window, hull.astype(np.float32))
    return bool(area > 0)
