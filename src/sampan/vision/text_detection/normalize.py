"""Pictures as detectors take them: BGR, ImageNet's statistics in that order, sides of multiples of 32.

The statistics are those of red, green, blue, applied to blue, green, red: so the released models were trained
(PP-OCRv2 card §2.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
MULTIPLE = 32


def normalized(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(3, H, W) float32 of a BGR picture (H, W, 3)."""
    values = (image.astype(np.float32) / 255.0 - MEAN) / STD
    return np.ascontiguousarray(values.transpose(2, 0, 1), dtype=np.float32)


def to_input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, 3, H', W'), the picture with zeros right and below, up to the next multiples of 32."""
    values = normalized(image)
    below, right = (-side % MULTIPLE for side in image.shape[:2])
    return np.pad(values, ((0, 0), (0, below), (0, right)))[None]
