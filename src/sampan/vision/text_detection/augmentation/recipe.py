"""What PP-OCR's recipes do to a training picture, in their order, with their amounts.

Sources: PP-OCRv2 card §2.5 (v2 to v5 with a crop of 640), PaddleOCR 3.0 card §3.3 (v6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sampan.vision.text_detection.augmentation.color import jitter_color
from sampan.vision.text_detection.augmentation.copy_paste import copy_paste
from sampan.vision.text_detection.augmentation.crop import crop_to
from sampan.vision.text_detection.augmentation.geometry import Range, flip, perspective, rotate, scale
from sampan.vision.text_detection.sample import TextImage


@dataclass(frozen=True)
class Augmentation:
    """Probabilities and amounts of the steps, in the order in which they are done."""

    copy_paste: float = 1.0
    color: float = 0.0
    flip: float = 0.5
    rotate: float = 1.0
    degrees: Range = (-10.0, 10.0)
    fit: bool = False
    """Whether a turned picture is enlarged to hold all of it."""
    scales: Range = (0.5, 3.0)
    perspective: float = 0.0
    crop: tuple[int, int] = (960, 960)
    """Height and width."""


PP_OCRV2 = Augmentation()
PP_OCRV6 = Augmentation(
    color=1.0,
    rotate=0.5,
    degrees=(-45.0, 45.0),
    fit=True,
    scales=(0.1, 2.0),
    perspective=0.3,
    crop=(640, 640),
)


def augment(
    sample: TextImage, other: TextImage | None, rng: np.random.Generator, steps: Augmentation
) -> TextImage:
    """A training picture of the size `steps.crop`; `other` is the one that CopyPaste takes from, if any."""
    if other is not None and rng.random() < steps.copy_paste:
        sample = copy_paste(sample, other, rng)
    if rng.random() < steps.color:
        sample = jitter_color(sample, rng)
    if rng.random() < steps.flip:
        sample = flip(sample)
    if rng.random() < steps.rotate:
        sample = rotate(sample, rng, steps.degrees, steps.fit)
    sample = scale(sample, rng, steps.scales)
    if rng.random() < steps.perspective:
        sample = perspective(sample, rng)
    return crop_to(sample, rng, steps.crop)
