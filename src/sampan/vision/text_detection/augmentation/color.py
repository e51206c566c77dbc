"""Colour jitter: brightness, contrast, saturation and hue, each by a random amount, in random order.

Factors are drawn from [1 − a, 1 + a], hue from [−a, a] turns. Source: PP-OCRv6's recipe, .4, .4, .7, .1 (card of
PaddleOCR 3.0 §3.3); the formulas are the usual ones (blend with black, with the mean grey, with the grey picture).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.sample import Image, TextImage

Floats = NDArray[np.float32]


def jitter_color(
    sample: TextImage,
    rng: np.random.Generator,
    brightness: float = 0.4,
    contrast: float = 0.4,
    saturation: float = 0.7,
    hue: float = 0.1,
) -> TextImage:
    """The same regions on a picture of other colours."""
    steps = [_brightness, _contrast, _saturation, _hue]
    amounts = [rng.uniform(max(0.0, 1 - a), 1 + a) for a in (brightness, contrast, saturation)]
    amounts.append(rng.uniform(-hue, hue))
    image: Image = sample.image
    for index in rng.permutation(len(steps)):
        changed = steps[index](image.astype(np.float32), float(amounts[index]))
        image = np.clip(np.round(changed), 0, 255).astype(np.uint8)
    return TextImage(image, sample.polygons, sample.ignored)


def _brightness(image: Floats, factor: float) -> Floats:
    return image * np.float32(factor)


def _contrast(image: Floats, factor: float) -> Floats:
    mean = np.float32(_grey(image).mean())
    return mean + (image - mean) * np.float32(factor)


def _saturation(image: Floats, factor: float) -> Floats:
    grey = _grey(image)[..., None]
    return grey + (image - grey) * np.float32(factor)


def _hue(image: Floats, turns: float) -> Floats:
    hsv = cv2.cvtColor(image / np.float32(255), cv2.COLOR_BGR2HSV)  # hue in degrees
    hsv[..., 0] = (hsv[..., 0] + np.float32(360 * turns)) % 360
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR) * 255, np.float32)


def _grey(image: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)
