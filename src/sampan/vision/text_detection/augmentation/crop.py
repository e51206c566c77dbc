"""Crops of one size that cut through no text.

The corners of a crop are drawn only from rows and columns that no region covers, until the crop is large enough and
holds a region; after 50 tries the whole picture is taken. It is then resized to fit the square, its shape kept, and
the rest stays black. Source: EAST's crop (Zhou et al. 2017) as PP-OCR has it (card of PP-OCRv2 §2.5).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.polygons import Points, is_outside
from sampan.vision.text_detection.sample import TextImage

Window = tuple[int, int, int, int]
"""x, y, width, height."""


def crop_to(
    sample: TextImage,
    rng: np.random.Generator,
    size: tuple[int, int],
    tries: int = 50,
    least_side: float = 0.1,
) -> TextImage:
    """A crop of the picture, of (height, width) `size`; regions outside it are dropped.

    Args:
        tries: crops drawn before the whole picture is taken.
        least_side: shortest side of a crop as a share of the picture's.
    """
    readable = [points for points, ignore in zip(sample.polygons, sample.ignored, strict=True) if not ignore]
    x, y, width, height = _window(sample, readable, rng, tries, least_side)
    factor = min(size[0] / height, size[1] / width)
    across, down = max(1, int(width * factor)), max(1, int(height * factor))
    canvas = np.zeros((*size, 3), np.uint8)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    canvas[:down, :across] = cv2.resize(
        sample.image[y : y + height, x : x + width], (across, down), interpolation=method
    )
    kept = [not is_outside(points, x, y, width, height) for points in sample.polygons]
    offset = np.array([x, y], np.float32)
    polygons = [
        ((points - offset) * np.float32(factor)).astype(np.float32)
        for points, keep in zip(sample.polygons, kept, strict=True)
        if keep
    ]
    return TextImage(canvas, polygons, sample.ignored[np.array(kept, np.bool_)])


def _window(
    sample: TextImage, readable: Sequence[Points], rng: np.random.Generator, tries: int, least_side: float
) -> Window:
    height, width = sample.image.shape[:2]
    whole = (0, 0, width, height)
    rows = _free([points[:, 1] for points in readable], height)
    columns = _free([points[:, 0] for points in readable], width)
    if not rows or not columns:
        return whole
    for _ in range(tries):
        x0, x1 = _ends(columns, rng)
        y0, y1 = _ends(rows, rng)
        if x1 - x0 < max(1.0, least_side * width) or y1 - y0 < max(1.0, least_side * height):
            continue
        if not readable or any(not is_outside(points, x0, y0, x1 - x0, y1 - y0) for points in readable):
            return x0, y0, x1 - x0, y1 - y0
    return whole


def _free(extents: Sequence[NDArray[np.float32]], length: int) -> list[NDArray[np.intp]]:
    """Runs of positions that no extent covers."""
    covered = np.zeros(length, np.bool_)
    for extent in extents:
        low, high = (round(float(end)) for end in (extent.min(), extent.max()))
        covered[max(low, 0) : max(high, 0) + 1] = True
    free = np.flatnonzero(~covered)
    return np.split(free, np.flatnonzero(np.diff(free) > 1) + 1) if len(free) else []


def _ends(runs: list[NDArray[np.intp]], rng: np.random.Generator) -> tuple[int, int]:
    """Two positions, each from a random run: so that small gaps between lines are as likely as wide margins."""
    ends = sorted(int(rng.choice(runs[int(rng.integers(len(runs)))])) for _ in range(2))
    return ends[0], ends[1]
