"""Augmentation of text detection: each step takes a `TextImage` and a generator, and gives a `TextImage`.

All randomness comes from the generator, so that an item is the same for the same (seed, epoch, index).
"""

from __future__ import annotations

from sampan.vision.text_detection.augmentation.color import jitter_color
from sampan.vision.text_detection.augmentation.copy_paste import copy_paste
from sampan.vision.text_detection.augmentation.crop import crop_to
from sampan.vision.text_detection.augmentation.geometry import flip, perspective, rotate, scale
from sampan.vision.text_detection.augmentation.recipe import PP_OCRV2, PP_OCRV6, Augmentation, augment

__all__ = [
    "PP_OCRV2",
    "PP_OCRV6",
    "Augmentation",
    "augment",
    "copy_paste",
    "crop_to",
    "flip",
    "jitter_color",
    "perspective",
    "rotate",
    "scale",
]
