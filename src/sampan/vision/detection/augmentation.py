"""What detectors are shown in training: crops, mirror images, other colours, other sizes.

Source: PP-PicoDet's recipe (arXiv 2111.00902; official configuration): random crop by IoU thresholds, flip, colour
jitter, multi-scale resizing without keeping the aspect, random interpolation; neither mosaic nor mixup. All
randomness comes from the generator that is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

INTERPOLATIONS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
CROP_TRIES = 50


@dataclass(slots=True)
class Picture:
    """An image with its objects."""

    image: Image
    """(H, W, 3) BGR"""
    boxes: Floats
    """(G, 4) x0, y0, x1, y1 in pixels"""
    classes: Labels
    """(G,)"""


def flip(picture: Picture) -> Picture:
    """Left and right exchanged."""
    width = picture.image.shape[1]
    boxes = picture.boxes.copy()
    boxes[:, [0, 2]] = width - picture.boxes[:, [2, 0]]
    return Picture(np.ascontiguousarray(picture.image[:, ::-1]), boxes, picture.classes)


def random_crop(
    picture: Picture,
    random: Generator,
    thresholds: tuple[float, ...] = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9),
    scale: tuple[float, float] = (0.3, 1.0),
    aspect: tuple[float, float] = (0.5, 2.0),
) -> Picture:
    """A window that overlaps some object by a threshold drawn at random (SSD, arXiv 1512.02325, §2.2).

    Objects whose middle lies in the window stay, cut to it. Without a fitting window after 50 tries for each
    threshold, or without objects, the picture stays whole.
    """
    height, width = picture.image.shape[:2]
    if not len(picture.boxes):
        return picture
    # As often as one threshold is drawn, the whole picture is kept.
    for choice in random.permutation(len(thresholds) + 1):
        if choice == len(thresholds):
            return picture
        for _ in range(CROP_TRIES):
            share = random.uniform(*scale)
            # The window must fit into the picture at this share of its sides.
            ratio = random.uniform(max(aspect[0], share**2), min(aspect[1], share**-2))
            crop_height, crop_width = int(height * share / ratio**0.5), int(width * share * ratio**0.5)
            if not (0 < crop_height <= height and 0 < crop_width <= width):
                continue
            top, left = (
                random.integers(0, height - crop_height + 1),
                random.integers(0, width - crop_width + 1),
            )
            window = np.array([left, top, left + crop_width, top + crop_height], np.float32)
            if _overlaps(window, picture.boxes).max() < thresholds[choice]:
                continue
            middles = (picture.boxes[:, :2] + picture.boxes[:, 2:]) / 2
            kept = ((middles > window[:2]) & (middles < window[2:])).all(1)
            if not kept.any():
                continue
            boxes = np.concatenate(
                [
                    np.maximum(picture.boxes[kept, :2], window[:2]),
                    np.minimum(picture.boxes[kept, 2:], window[2:]),
                ],
                axis=1,
            ) - np.tile(window[:2], 2)
            image = picture.image[top : top + crop_height, left : left + crop_width]
            return Picture(np.ascontiguousarray(image), boxes.astype(np.float32), picture.classes[kept])
    return picture


def jitter_colours(picture: Picture, random: Generator, strength: float = 0.4) -> Picture:
    """Brightness, contrast and saturation, each times 1 ± `strength`, in random order and each half of the time."""
    image = picture.image.astype(np.float32)
    for change in random.permutation(3):
        if random.random() < 0.5:
            continue
        factor = np.float32(random.uniform(1 - strength, 1 + strength))
        if change == 0:
            image = image * factor
        elif change == 1:
            mean = image.mean()
            image = (image - mean) * factor + mean
        else:
            grey = (image @ np.array([0.114, 0.587, 0.299], np.float32))[..., None]
            image = (image - grey) * factor + grey
    return Picture(image.clip(0, 255).round().astype(np.uint8), picture.boxes, picture.classes)


def resize(picture: Picture, height: int, width: int, interpolation: int = cv2.INTER_LINEAR) -> Picture:
    """To exactly this size, whatever the aspect."""
    old_height, old_width = picture.image.shape[:2]
    image = cv2.resize(picture.image, (width, height), interpolation=interpolation)
    factors = np.array([width / old_width, height / old_height] * 2, np.float32)
    return Picture(np.asarray(image, np.uint8), picture.boxes * factors, picture.classes)


def normalise(image: Image) -> Floats:
    """(H, W, 3) BGR → (3, H, W) RGB less ImageNet's mean, by its deviation."""
    rgb = image[:, :, ::-1].astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(((rgb - MEAN) / DEVIATION).transpose(2, 0, 1))


def _overlaps(window: Floats, boxes: Floats) -> Floats:
    """IoU (G,) of one window with each box."""
    low, high = np.maximum(window[:2], boxes[:, :2]), np.minimum(window[2:], boxes[:, 2:])
    common = (high - low).clip(min=0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (window[2:] - window[:2]).prod() - common
    overlaps: Floats = common / np.maximum(areas, 1e-9)
    return overlaps
