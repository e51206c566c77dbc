"""The ink of a page on a reduced picture: what all evidence about its position is read from.

Positions, angles and directions need far fewer pixels than letters do, so a page is reduced to about
1,000 pixels on its long side once, and everything is measured there.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image

Gray = NDArray[np.uint8]

LONG_SIDE = 1024
_WINDOW = 31
"""Side of the neighbourhood whose mean is the local paper tone: about three lines of text when reduced."""
_FAINTEST = 12
"""Least difference from the paper, in grey levels, that counts as ink."""


def reduce(image: Image, long_side: int = LONG_SIDE) -> tuple[Gray, float]:
    """Grey picture with at most `long_side` pixels on its long side, and its scale (reduced / original)."""
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    height, width = gray.shape
    scale = min(1.0, long_side / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8), scale


def ink_map(gray: Gray) -> Gray:
    """How much each pixel differs from the paper around it, 0 on paper: dark on light or light on dark.

    Local tone instead of one threshold makes shading harmless; of the two polarities text is the one with
    few strong differences, so the sign of the third moment tells it.
    """
    tone = cv2.blur(gray, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REFLECT)
    dark, light = cv2.subtract(tone, gray), cv2.subtract(gray, tone)
    strong = cv2.multiply(dark, dark, scale=1 / 255), cv2.multiply(light, light, scale=1 / 255)
    text = light if strong[1].mean() > strong[0].mean() else dark
    # A third of the strongest contrast parts ink from noise and from the shadow of thin paper.
    histogram = np.bincount(text[::2, ::2].ravel(), minlength=256)
    above = histogram[::-1].cumsum()[::-1]
    strongest = int(np.searchsorted(-above, -max(8, text.size // 4 // 200)))
    threshold = max(_FAINTEST, strongest // 3)
    _, result = cv2.threshold(text, threshold, 255, cv2.THRESH_TOZERO)
    return np.asarray(result, np.uint8)


def without_rules(ink: Gray, length: int = 100) -> Gray:
    """Ink without rulings, frames, table grids and page edges, at any angle.

    They are the connected pieces longer than `length` that fill little of their box.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8), connectivity=8)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    filled = stats[:, cv2.CC_STAT_AREA] / np.maximum(width * height, 1)
    thin = (np.minimum(width, height) <= 4) | (filled < 0.2)
    drawn = (np.maximum(width, height) > length) & thin
    drawn[0] = False
    if not drawn.any():
        return ink
    keep = np.where(drawn, 0, 255).astype(np.uint8)
    return np.asarray(cv2.bitwise_and(ink, keep[labels]), np.uint8)
