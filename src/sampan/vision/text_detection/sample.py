"""A picture with its text regions, as augmentation and targets see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.polygons import Points

Image = NDArray[np.uint8]
"""(H, W, 3), BGR."""


@dataclass(frozen=True)
class TextImage:
    """Regions belong to the picture by their index; a picture may have none."""

    image: Image
    polygons: list[Points]
    """(P, 2) corners in pixels, in order; P may differ from region to region."""
    ignored: NDArray[np.bool_]
    """(N,) regions that nobody can read: neither found nor missed."""

    def moved(self, image: Image, matrix: NDArray[np.float64]) -> TextImage:
        """The same regions on another picture, their corners moved by a 3×3 homography."""
        return TextImage(image, [transform(points, matrix) for points in self.polygons], self.ignored)


def transform(points: Points, matrix: NDArray[np.float64]) -> Points:
    """Corners (P, 2) moved by a 3×3 homography."""
    moved = np.c_[points.astype(np.float64), np.ones(len(points))] @ matrix.T  # (P, 3)
    straight: Points = (moved[:, :2] / moved[:, 2:]).astype(np.float32)
    return straight
