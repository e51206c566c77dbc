"""A table's picture as SLANet reads it: longer side 488, padded right and below, BGR by ImageNet's mean.

Source: PP-StructureV2's configuration; ImageNet's figures for RGB are applied to BGR, as the released models were
trained. Locations are fractions of the picture before padding (SLANet-1m) or of the padded square (SLANet-plus).
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 488
MEAN = np.asarray([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.asarray([0.229, 0.224, 0.225], np.float32)
Frame = Literal["picture", "square"]
Floats = NDArray[np.float32]


def prepare(image: NDArray[np.uint8], side: int = SIDE) -> tuple[Floats, float]:
    """(H, W, 3) BGR → (3, side, side), and the factor from its pixels to those of the square."""
    height, width = image.shape[:2]
    ratio = side / max(height, width)
    size = max(1, int(width * ratio)), max(1, int(height * ratio))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    square = np.zeros((side, side, 3), np.float32)
    square[: size[1], : size[0]] = (resized / 255 - MEAN) / DEVIATION
    return np.ascontiguousarray(square.transpose(2, 0, 1)), ratio


def to_fractions(boxes: Floats, size: tuple[int, int], frame: Frame) -> Floats:
    """Boxes (N, 4) or corners (N, 8) in pixels of a picture of `size` (height, width) as fractions of the frame."""
    height, width = size
    whole = (width, height) if frame == "picture" else (max(size), max(size))
    fractions: Floats = (boxes / np.tile(np.asarray(whole, np.float32), boxes.shape[1] // 2)).clip(0, 1)
    return fractions


def as_corners(box: Floats) -> Floats:
    """(4,) left, top, right, bottom → (8,) corners clockwise from the upper left; corners stay."""
    return box if len(box) == 8 else box[[0, 1, 2, 1, 2, 3, 0, 3]]


def as_box(corners: Floats) -> Floats:
    """(8,) corners → (4,) the box around them; a box stays."""
    if len(corners) == 4:
        return corners
    points = corners.reshape(4, 2)
    around: Floats = np.concatenate([points.min(0), points.max(0)])
    return around
