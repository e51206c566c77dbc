"""RecAug: what may happen to a line picture on its way to the recogniser (PP-OCRv2 §3.4).

Each of seven changes is drawn with its own probability (0.4 in PP-OCR): bending and stretching by moving control
points (TIA, arXiv 2003.06606), cutting rows away above or below, blur, brightness, a diagonal smear, noise, and
inversion. The official amounts of brightness (0.1 %) and noise (0.2 of 255 levels) are too small to see; they are
parameters here, and their defaults can be seen. `RecAug.official()` has the official ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_recognition.strips import Image
from sampan.vision.text_recognition.warping import warp_by_points

_LEAST_SIDE = 20
"""Pictures smaller than this, in pixels, are neither bent nor cut."""


@dataclass(frozen=True)
class RecAug:
    """Probabilities and amounts of the changes; call it with a picture and a generator."""

    bend: float = 0.4
    cut: float = 0.4
    blur: float = 0.4
    brightness: float = 0.4
    smear: float = 0.4
    noise: float = 0.4
    invert: float = 0.4
    most_cut: float = 0.12
    """Largest cut as a share of the height; the official rule is 1 … 8 rows of any picture."""
    brightness_range: float = 0.2
    noise_range: float = 10.0
    """Largest standard deviation of the noise, in grey levels."""

    @classmethod
    def official(cls) -> Self:
        """PP-OCR's amounts, which change brightness and noise by less than one grey level."""
        return cls(brightness_range=0.001, noise_range=0.16)

    def __call__(self, image: Image, rng: np.random.Generator) -> Image:
        """A changed copy of a (h, w, 3) picture; the same generator state gives the same change."""
        height, width = image.shape[:2]
        large = height >= _LEAST_SIDE and width >= _LEAST_SIDE
        if rng.random() < self.bend and large:
            image = perspective(stretch(bend(image, rng), rng), rng)
        if rng.random() < self.cut and large:
            image = cut_rows(image, rng, self.most_cut)
        if rng.random() < self.blur:
            image = cv2.GaussianBlur(image, (5, 5), 1).astype(np.uint8)
        if rng.random() < self.brightness:
            image = brighten(image, 1 + self.brightness_range * rng.uniform(-1, 1))
        if rng.random() < self.smear and min(image.shape[:2]) > 10:
            image = smear(image, rng)
        if rng.random() < self.noise:
            spread = self.noise_range * rng.random()
            noisy = image + rng.normal(0, spread, image.shape)
            image = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
        if rng.random() < self.invert:
            image = 255 - image
        return image


def bend(image: Image, rng: np.random.Generator) -> Image:
    """The line in 3 … 6 segments whose ends above and below move each on its own, by up to a third of a segment."""
    height, width = image.shape[:2]
    segments = int(rng.integers(3, 7))
    segment = width // segments
    reach = max(segment // 3, 1)
    corners = _corners(width, height)
    moved = corners + rng.integers(0, reach, (4, 2)) * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    seams = _seams(segments, segment, height)
    shaken = seams + rng.integers(0, reach, seams.shape) - reach / 2
    return warp_by_points(image, np.concatenate([corners, seams]), np.concatenate([moved, shaken]))


def stretch(image: Image, rng: np.random.Generator) -> Image:
    """The line in 3 … 6 segments whose seams move left or right, so that some letters are wide and some narrow."""
    height, width = image.shape[:2]
    segments = int(rng.integers(3, 7))
    segment = width // segments
    reach = max(segment * 4 // 5, 1)
    corners = _corners(width, height)
    seams = _seams(segments, segment, height)
    shift = rng.integers(0, reach, segments - 1) - reach / 2
    moved = seams + np.stack([np.tile(shift, 2), np.zeros(2 * (segments - 1))], axis=1)
    return warp_by_points(image, np.concatenate([corners, seams]), np.concatenate([corners, moved]))


def perspective(image: Image, rng: np.random.Generator) -> Image:
    """The corners of the line moved up or down by as much as half its height."""
    height, width = image.shape[:2]
    corners = _corners(width, height)
    drops = rng.integers(0, max(height // 2, 1), 4) * np.array([1, 1, -1, -1])
    return warp_by_points(image, corners, corners + np.stack([np.zeros(4), drops], axis=1))


def cut_rows(image: Image, rng: np.random.Generator, most: float) -> Image:
    """The picture without some rows at the top or at the bottom."""
    height = len(image)
    rows = min(int(rng.integers(1, max(2, round(most * height) + 1))), height - 1)
    return image[rows:] if rng.random() < 0.5 else image[:-rows]


def brighten(image: Image, factor: float) -> Image:
    """The picture with the value of its HSV colours times `factor`."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 2] = np.clip(np.round(hsv[..., 2] * factor), 0, 255)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def smear(image: Image, rng: np.random.Generator) -> Image:
    """The picture copied over itself down and right, pixel by pixel, up to a hundredth of its shorter side.

    At least one pixel: the official rule rounds down, and does nothing to lines less than 100 pixels high.
    """
    smeared = image.copy()
    for step in range(1, int(rng.random() * min(image.shape[:2]) * 0.01) + 2):
        smeared[step:, step:] = image[: image.shape[0] - step, : image.shape[1] - step]
    return smeared


def _corners(width: int, height: int) -> NDArray[np.float64]:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def _seams(segments: int, segment: int, height: int) -> NDArray[np.float64]:
    """(2·(segments − 1), 2) points where segments meet: those at the top, then those at the bottom."""
    across = np.arange(1, segments, dtype=np.float64) * segment
    top = np.stack([across, np.zeros(segments - 1)], axis=1)
    bottom = np.stack([across, np.full(segments - 1, float(height))], axis=1)
    return np.concatenate([top, bottom])
