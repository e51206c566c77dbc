"""What printing, scanning, faxing, copying, photographing and saving do to a picture of text.

Every step takes and gives a float32 picture (h, w, c), 0 to 255, of the same size; places do not move, so boxes
stay true. `apply` draws a whole history of one of `PROFILES`; `em` is the size of the type in pixels and keeps the
wear in proportion, so that a person could still read the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.errors import OptionError
from sampan.vision.synthesis.backgrounds import slope, soft_noise
from sampan.vision.synthesis.seeds import between, happens

Picture = NDArray[np.float32]

PROFILES: dict[str, float] = {
    "clean": 18.0, "screen": 8.0, "print": 16.0, "scan": 26.0, "photo": 14.0, "copy": 7.0, "fax": 6.0, "small": 5.0,
}  # fmt: skip
"""Histories and how often each is drawn in training."""


def apply(image: Picture, profile: str, rng: np.random.Generator, em: float) -> NDArray[np.uint8]:
    """The picture after the named history."""
    history = _HISTORIES.get(profile)
    if history is None:
        raise OptionError(f"no degradation is called '{profile}': known are {', '.join(PROFILES)}")
    worn = history(image, rng, em)
    return np.asarray(np.clip(worn + 0.5, 0, 255), np.uint8)


def wear_ink(mask: NDArray[np.uint8], rng: np.random.Generator, em: float) -> NDArray[np.uint8]:
    """Ink that spreads into the paper, breaks up or fades, on the mask of a line; `em` in pixels of the mask."""
    chance = rng.random()
    worn: NDArray[Any] = mask
    if chance < 0.25:  # bleeding: blurred, then the threshold lowered
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.3, em * between(rng, 0.008, 0.028)))
        worn = cv2.convertScaleAbs(soft, alpha=between(rng, 1.2, 1.9))
    elif chance < 0.4:  # starving: only the core of each stroke is left
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.3, em * 0.014)).astype(np.float32)
        worn = np.clip((soft - between(rng, 15, 60)) * 1.25, 0, 255).astype(np.uint8)
    elif chance < 0.52:  # uneven: soft spots without ink
        height, width = mask.shape
        spots = soft_noise(rng, height, width, max(2, round(em * between(rng, 0.05, 0.3))))[..., 0]
        worn = (mask * np.clip(between(rng, 0.75, 1.1) + 0.22 * spots, 0.25, 1)).astype(np.uint8)
    return np.asarray(worn, np.uint8)


def page_wear(rng: np.random.Generator) -> Callable[[NDArray[np.uint8], float], NDArray[np.uint8]]:
    """The wear of a whole page: each of its lines is printed with the same ink."""
    seed = int(rng.integers(1 << 62))
    return lambda mask, em: wear_ink(mask, np.random.Generator(np.random.PCG64(seed)), em)


def blur(image: Picture, sigma: float) -> Picture:
    if sigma < 0.2:
        return image
    return _shaped(cv2.GaussianBlur(image, (0, 0), sigma), image)


def motion_blur(image: Picture, length: float, angle: float) -> Picture:
    """Smeared over `length` pixels in direction `angle` (radians)."""
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    centre = size // 2
    for step in np.linspace(-length / 2, length / 2, 4 * size):
        kernel[round(centre + step * np.sin(angle)), round(centre + step * np.cos(angle))] += 1
    return _shaped(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), image)


def noise(image: Picture, rng: np.random.Generator, sigma: float, colour: float = 0.3) -> Picture:
    """Sensor noise: the same in all channels, with a share `colour` of coarser noise for each."""
    height, width, channels = image.shape
    grain = rng.standard_normal((height, width, 1), np.float32) * np.float32(sigma)
    if channels > 1 and colour > 0:
        grain = grain + soft_noise(rng, height, width, 2, channels) * np.float32(sigma * colour)
    return image + grain


def specks(image: Picture, rng: np.random.Generator, share: float, em: float) -> Picture:
    """Dirt and holes: a `share` of the area in dots of up to a twentieth of an em."""
    height, width = image.shape[:2]
    radius = max(0, round(em * 0.04))
    count = rng.poisson(share * height * width / (2 * radius + 1) ** 2)
    out = image.copy()
    for _ in range(min(int(count), 400)):
        y, x, reach = int(rng.random() * height), int(rng.random() * width), int(rng.random() * (radius + 1))
        out[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 255 * float(
            rng.random() < 0.4
        )
    return out


def low_resolution(image: Picture, factor: float, smooth: bool = True) -> Picture:
    """Shrunk by `factor` and stretched back."""
    height, width = image.shape[:2]
    size = (max(4, round(width / factor)), max(4, round(height / factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    return _shaped(cv2.resize(small, (width, height), interpolation=how), image)


def jpeg(image: Picture, quality: int) -> Picture:
    """Saved and opened again."""
    whole = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    written, data = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not written:
        return image
    how = cv2.IMREAD_GRAYSCALE if image.shape[2] == 1 else cv2.IMREAD_COLOR
    opened = cv2.imdecode(data, how)
    return image if opened is None else opened.reshape(image.shape).astype(np.float32)


def contrast(image: Picture, gain: float, shift: float) -> Picture:
    """Stretched about mid grey; the ends are cut off."""
    return np.asarray(np.clip((image - 128) * np.float32(gain) + np.float32(128 + shift), 0, 255), np.float32)


def lighting(image: Picture, rng: np.random.Generator, depth: float) -> Picture:
    """Uneven light, sometimes with the edge of a shadow."""
    height, width = image.shape[:2]
    lit = image * slope(rng, height, width, depth)
    if happens(rng, 0.3):
        ramp = slope(rng, height, width, 1.0)
        softness = between(rng, 8, 40)
        edge = 1 / (1 + np.exp((ramp - between(rng, 0.2, 0.8)) * softness))
        lit = lit * (1 - between(rng, 0.1, 0.4) * edge)
    return np.asarray(lit, np.float32)


def binarise(image: Picture, rng: np.random.Generator, bias: float = 0.0) -> Picture:
    """Black and white by a threshold between paper and ink; white ink on black becomes black on white or stays."""
    grey = image.mean(axis=2)
    low, high = np.percentile(grey[::2, ::2], (2, 90)) if grey.size > 64 else (grey.min(), grey.max())
    if high - low < 20:
        low, high = grey.min(), grey.max()
    level = low + (high - low) * (between(rng, 0.42, 0.68) + bias)
    out = np.where(grey > level, np.float32(255), np.float32(0))[..., None]
    return np.repeat(out, image.shape[2], axis=2)


def _shaped(made: NDArray[Any], like: Picture) -> Picture:
    """OpenCV drops a channel axis of length one; here it comes back."""
    return np.asarray(made, np.float32).reshape(like.shape)


def _clean(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    return blur(image, em * between(rng, 0, 0.012)) if happens(rng, 0.3) else image


def _screen(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """A screenshot: crisp, saved as JPEG now and then, or scaled."""
    if happens(rng, 0.35) and em > 12:
        image = low_resolution(image, between(rng, 1.05, min(2.2, em / 10)), happens(rng, 0.5))
    return jpeg(image, int(between(rng, 35, 95))) if happens(rng, 0.6) else image


def _print(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """A good scan of a good print."""
    image = blur(image, em * between(rng, 0.005, 0.03))
    image = noise(image, rng, between(rng, 0.5, 4))
    return jpeg(image, int(between(rng, 70, 95))) if happens(rng, 0.4) else image


def _scan(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """An office scan: soft, noisy, lit from one side, saved small."""
    if happens(rng, 0.3):
        image = contrast(image, between(rng, 0.55, 1.0), between(rng, -25, 25))
    if happens(rng, 0.3):
        image = lighting(image, rng, between(rng, 0.05, 0.25))
    if em > 13 and happens(rng, 0.35):
        image = low_resolution(image, between(rng, 1.1, min(2.4, em / 11)))
        image = blur(image, em * between(rng, 0.005, 0.02))
    else:
        image = blur(image, em * between(rng, 0.01, 0.038))
    if happens(rng, 0.25):
        image = specks(image, rng, between(rng, 0.0005, 0.006), em)
    image = noise(image, rng, between(rng, 1, 10))
    return jpeg(image, int(between(rng, 25, 88))) if happens(rng, 0.75) else image


def _photo(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """A telephone's camera: uneven light, a little shake, noise that grows in the dark, strong JPEG."""
    image = lighting(image, rng, between(rng, 0.1, 0.5))
    if happens(rng, 0.35):
        image = motion_blur(image, 1 + em * between(rng, 0.02, 0.07), between(rng, 0, np.pi))
    image = blur(image, em * between(rng, 0.01, 0.035))
    image = image * np.float32(between(rng, 0.65, 1.1))
    image = noise(image, rng, between(rng, 1, 7), 0.7)
    if happens(rng, 0.3):  # the camera's own sharpening
        image = image + (image - blur(image, max(0.8, em * 0.04))) * np.float32(between(rng, 0.3, 1.0))
    return jpeg(np.clip(image, 0, 255), int(between(rng, 30, 90)))


def _copy(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """A copy of a copy: hard contrast, fat or thin strokes, dirt, streaks along the way of the paper."""
    image = blur(image, em * between(rng, 0.012, 0.035))
    image = contrast(image, between(rng, 1.5, 4), between(rng, -50, 60))
    image = specks(image, rng, between(rng, 0.001, 0.01), em)
    if happens(rng, 0.25):
        column = int(rng.random() * image.shape[1])
        image = image.copy()
        image[:, column : column + max(1, round(em * 0.04))] *= np.float32(between(rng, 0.3, 0.85))
    return noise(blur(image, em * 0.01), rng, between(rng, 0.5, 6))


def _fax(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """Black and white at few lines an inch; sometimes every second row only, sent twice."""
    height, width, channels = image.shape
    image = blur(image, em * between(rng, 0.006, 0.025))
    squeeze = between(rng, 1.3, 2.0) if em >= 20 and happens(rng, 0.5) else 1.0
    reduce = between(rng, 1.0, max(1.0, min(1.8, em / 15)))
    size = (max(8, round(width / reduce)), max(8, round(height / reduce / squeeze)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], channels)
    bits = binarise(noise(small, rng, between(rng, 2, 16), 0), rng)
    if happens(rng, 0.4):
        flips = rng.random(bits.shape[:2]) < between(rng, 0.0005, 0.008)
        bits[flips] = 255 - bits[flips]
    how = cv2.INTER_NEAREST if happens(rng, 0.5) else cv2.INTER_LINEAR
    return _shaped(cv2.resize(bits, (width, height), interpolation=how), image)


def _small(image: Picture, rng: np.random.Generator, em: float) -> Picture:
    """A thumbnail of a page: as few pixels as a person can still read."""
    image = low_resolution(image, max(1.0, em / between(rng, 8.5, 12)), happens(rng, 0.5))
    image = noise(image, rng, between(rng, 0, 4))
    return jpeg(image, int(between(rng, 45, 95))) if happens(rng, 0.6) else image


_HISTORIES: dict[str, Callable[[Picture, np.random.Generator, float], Picture]] = {
    "clean": _clean, "screen": _screen, "print": _print, "scan": _scan, "photo": _photo, "copy": _copy, "fax": _fax,
    "small": _small,
}  # fmt: skip
