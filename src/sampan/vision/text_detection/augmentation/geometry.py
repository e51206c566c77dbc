"""Steps that move pixels and corners alike: mirror, turn, resize, perspective.

Source: what PP-OCR's recipes ask of an augmentation library (cards of PP-OCRv2 §2.5 and PaddleOCR 3.0 §3.3),
written as one homography each. Pixel centres have whole coordinates.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.sample import TextImage, transform

Range = tuple[float, float]

MAX_SIDE = 4096
"""Pictures are not enlarged beyond this, so that a page scanned at 300 dpi times three fits into memory."""


def flip(sample: TextImage) -> TextImage:
    """Left and right exchanged."""
    width = sample.image.shape[1]
    matrix = np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return sample.moved(np.ascontiguousarray(sample.image[:, ::-1]), matrix)


def rotate(sample: TextImage, rng: np.random.Generator, degrees: Range, fit: bool) -> TextImage:
    """Turned about the centre; `fit` enlarges the picture to hold all of it, otherwise corners are cut off."""
    height, width = sample.image.shape[:2]
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2), float(rng.uniform(*degrees)), 1.0
    )
    return _warp(sample, matrix, fit)


def scale(sample: TextImage, rng: np.random.Generator, factors: Range) -> TextImage:
    """Both sides resized by one random factor, to at least a pixel and at most `MAX_SIDE`."""
    factor = float(rng.uniform(*factors))
    factor = min(factor, max(1.0, MAX_SIDE / max(sample.image.shape[:2])))
    height, width = (max(1, round(side * factor)) for side in sample.image.shape[:2])
    across, down = width / sample.image.shape[1], height / sample.image.shape[0]
    # A pixel's centre c is (c + ½)·s − ½ afterwards.
    matrix = np.array([[across, 0.0, (across - 1) / 2], [0.0, down, (down - 1) / 2], [0.0, 0.0, 1.0]])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return sample.moved(np.asarray(cv2.resize(sample.image, (width, height), interpolation=method)), matrix)


def perspective(
    sample: TextImage, rng: np.random.Generator, shear: float = 20.0, strength: float = 0.001
) -> TextImage:
    """Sheared by up to ± `shear` degrees and tilted by up to ± `strength` per pixel of a picture 640 wide, fitted."""
    height, width = sample.image.shape[:2]
    to_centre, sheared, tilted = np.eye(3), np.eye(3), np.eye(3)
    to_centre[:2, 2] = -(width - 1) / 2, -(height - 1) / 2
    sheared[0, 1], sheared[1, 0] = np.tan(np.deg2rad(rng.uniform(-shear, shear, 2)))
    tilted[2, :2] = rng.uniform(-strength, strength, 2) * 640 / max(height, width)
    return _warp(sample, tilted @ sheared @ to_centre, fit=True)


def _warp(sample: TextImage, matrix: NDArray[np.float64], fit: bool) -> TextImage:
    """The picture under a homography, black beyond its border."""
    height, width = sample.image.shape[:2]
    size = (width, height)
    if fit:
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - np.float32(0.5)
        moved = transform(corners, matrix)
        low, high = moved.min(axis=0).astype(np.float64), moved.max(axis=0).astype(np.float64)
        shift = np.eye(3)
        # No picture more than four times as large, however steep the view.
        shrink = min(1.0, 2 * width / (high[0] - low[0]), 2 * height / (high[1] - low[1]))
        shift[0, 0] = shift[1, 1] = shrink
        shift[:2, 2] = -low * shrink - 0.5
        matrix = shift @ matrix
        across, down = (int(np.ceil(side)) for side in (high - low) * shrink)
        size = (max(1, across), max(1, down))
    return sample.moved(np.asarray(cv2.warpPerspective(sample.image, matrix, size)), matrix)
