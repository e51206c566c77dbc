"""Line crops: the part of a picture that holds one line, turned level and scaled for a recogniser on demand."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.ink import InkRuns, ink_runs
from sampan.documents.stages import Image

HEIGHT = 48
"""Rows of the recogniser's input."""
MIN_WIDTH, MAX_WIDTH = 48, 3200
STRIDE = 8
"""Pixels per CTC frame."""
_INK_SQUEEZE = 0.6
"""Width of the strip on which blank columns are looked for."""
_LEVEL = 0.35
"""A quad whose corners stay within this many pixels of its box is cut out without warping."""


@dataclass(slots=True)
class LineCrop:
    """One line (or a part of one) of a picture."""

    image: Image
    quad: NDArray[np.float32]
    """(4, 2) corners in reading direction, top left first and clockwise."""
    _ink: InkRuns | None = field(default=None, repr=False)
    _ink_known: bool = field(default=False, repr=False)

    def width(self, squeeze: float = 1.0) -> int:
        """Width of the strip: the natural width at 48 rows times `squeeze`, on the ladder of widths."""
        width, height = quad_size(self.quad)
        return ladder_width(HEIGHT * width / max(height, 1.0) * squeeze)

    def strip(self, squeeze: float = 1.0) -> Image:
        """(48, `width(squeeze)`, 3) picture."""
        return cut(self.image, self.quad, self.width(squeeze))

    def part(self, start: float, end: float) -> LineCrop:
        """The piece between two fractions of the length."""
        return LineCrop(self.image, slice_quad(self.quad, start, end))

    def ink(self) -> InkRuns | None:
        """Blank and inked columns, or None where ink and paper cannot be told apart."""
        if not self._ink_known:
            strip = self.strip(_INK_SQUEEZE)
            width, height = quad_size(self.quad)
            self._ink = ink_runs(strip, height / max(width, 1.0))
            self._ink_known = True
        return self._ink


def ladder_width(natural: float) -> int:
    """The width of the ladder nearest to `natural`: multiples of 8 up to 200, then steps of about 4 %."""
    natural = min(max(natural, MIN_WIDTH), MAX_WIDTH)
    step = STRIDE
    while step * 25 < natural:
        step *= 2
    return int(min(max(round(natural / step) * step, MIN_WIDTH), MAX_WIDTH))


def quad_size(quad: NDArray[np.float32]) -> tuple[float, float]:
    """Width and height of a quad: the longer of each pair of opposite sides."""
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))


def slice_quad(quad: NDArray[np.float32], start: float, end: float) -> NDArray[np.float32]:
    """The part of a quad between two fractions of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.array(
        [quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom],
        np.float32,
    )


def cut(image: Image, quad: NDArray[np.float32], width: int, height: int = HEIGHT) -> Image:
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
            level: Image = cv2.resize(
                image[top:bottom, left:right],
                (width, height),
                interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR,
            )
            return level
    _, own_height = quad_size(corners)
    # A warp samples points: shrink the source first where it would skip pixels.
    factor = max(1.0, own_height / height)
    if factor > 1.5:
        margin = 2
        left, top = max(int(x0) - margin, 0), max(int(y0) - margin, 0)
        right = max(min(int(np.ceil(x1)) + margin, image.shape[1]), left + 1)
        bottom = max(min(int(np.ceil(y1)) + margin, image.shape[0]), top + 1)
        patch = image[top:bottom, left:right]
        reduced: Image = cv2.resize(
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
    # Corners are points of the continuous picture; cv2 wants pixel centres at whole numbers.
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32) - 0.5, target - 0.5)
    strip: Image = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return strip
