"""Line pictures as the recogniser takes them: height 48, mid-grey padding on the right (PP-OCRv3 §3.7)."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.errors import InputError

Image = NDArray[np.uint8]
"""(h, w, 3), BGR."""

HEIGHT = 48
STRIDE = 8
"""Columns of the picture for one column of logits."""


def strip_width(image: Image, height: int = HEIGHT) -> int:
    """Width at which a line has `height` and keeps its proportions, rounded up."""
    rows, columns = int(image.shape[0]), int(image.shape[1])
    if not rows or not columns:
        raise InputError(f"a line picture of {columns} × {rows} px holds nothing: leave it out")
    return max(1, ceil(height * columns / rows))


def strip(image: Image, height: int = HEIGHT, width: int | None = None) -> tuple[NDArray[np.float32], float]:
    """(3, height, width) strip, (x / 255 − 0.5) / 0.5 in BGR order, and the share of its width that is the line.

    A line longer than `width` is squeezed into it; a shorter one is padded with zeros, which are mid-grey. Without
    `width` the strip is as wide as the line, to the next multiple of eight.
    """
    natural = strip_width(image, height)
    if width is None:
        width = ceil(natural / STRIDE) * STRIDE
    filled = min(natural, width)
    resized = cv2.resize(image, (filled, height), interpolation=cv2.INTER_LINEAR)
    padded = np.zeros((3, height, width), np.float32)
    padded[:, :, :filled] = resized.transpose(2, 0, 1).astype(np.float32) * (2 / 255) - 1
    return padded, filled / width
