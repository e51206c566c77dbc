"""Dust taken off pictures of two colours: faxes, and scans saved in black and white.

A speck in such a picture is as black as a letter, so a recogniser takes it for a full stop or an accent. But it is
smaller than any mark that a pen or a press of the page's stroke width can leave.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.stages import Image

_GREY = 0.005
"""Most of a two-coloured picture's pixels that are neither black nor white."""
_SPECK = 0.25
"""Largest speck, in squares of the stroke width; a full stop fills a whole one."""
_LONGEST = 64
_MOST = 1_000_000


def without_specks(image: Image) -> Image:
    """`image` (BGR) itself, or, if it is of two colours and dusty, a copy without the specks."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel()
    if counts[32:224].sum() > _GREY * grey.size:
        return image
    _, ink = cv2.threshold(grey, 127, 1, cv2.THRESH_BINARY_INV)
    largest = int(_SPECK * stroke_width(ink) ** 2)
    if largest < 1:
        return image
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    if count > _MOST:
        return image
    speck = stats[:, cv2.CC_STAT_AREA] <= largest
    speck[0] = False
    if not speck.any():
        return image
    cleaned = image.copy()
    cleaned[speck[labels]] = 255
    return cleaned


def stroke_width(ink: NDArray[np.uint8]) -> int:
    """The most frequent length of a horizontal run of ink (1) of at least two pixels; 0 where there is none."""
    edges = np.diff(ink[::3].astype(np.int8), axis=1, prepend=0, append=0)
    starts, ends = np.nonzero(edges == 1)[1], np.nonzero(edges == -1)[1]
    lengths = np.bincount(np.minimum(ends - starts, _LONGEST), minlength=3)
    lengths[:2] = 0
    lengths[-1] = 0 if len(lengths) > _LONGEST else lengths[-1]
    return int(lengths.argmax()) if lengths.any() else 0
