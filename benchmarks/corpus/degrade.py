"""What scanners, fax machines and cameras do to a page. Each gives the picture and the homography to it.

The homography maps pixels of the clean upright rendering to pixels of the degraded picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "dev": {
        "skew": (0.3, 3.0), "noise": (2.5, 8.0), "blur": (0.35, 0.85), "paper": (228, 250), "ink": (15, 60),
        "quality": (55, 85), "tilt": (0.02, 0.07), "shadow": (0.25, 0.5),
    },
    "test": {
        "skew": (0.4, 2.8), "noise": (3.0, 9.0), "blur": (0.4, 0.9), "paper": (224, 246), "ink": (20, 66),
        "quality": (50, 82), "tilt": (0.025, 0.075), "shadow": (0.2, 0.55),
    },
}  # fmt: skip


@dataclass
class Degraded:
    image: Image
    matrix: Matrix
    suffix: str = ".png"
    params: list[int] = field(default_factory=list)
    """Parameters of the encoder."""
    skew: float = 0.0
    """Degrees, clockwise positive, by which the page was turned."""


def degrade(image: Image, how: str, rotation: int, split: str, rng: np.random.Generator) -> Degraded:
    """`rotation`: degrees clockwise by which a reader must turn the result to have it upright."""
    draw = {name: float(rng.uniform(*bounds)) for name, bounds in RANGES[split].items()}
    signed = draw["skew"] * float(rng.choice([-1.0, 1.0]))
    done: Degraded = _HOW[how](image, {**draw, "skew": signed}, rng)
    if rotation:
        height, width = done.image.shape[:2]
        code, turn = {
            90: (cv2.ROTATE_90_COUNTERCLOCKWISE, [[0, 1, 0], [-1, 0, width - 1], [0, 0, 1]]),
            180: (cv2.ROTATE_180, [[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1]]),
            270: (cv2.ROTATE_90_CLOCKWISE, [[0, -1, height - 1], [1, 0, 0], [0, 0, 1]]),
        }[rotation]
        done.image = np.ascontiguousarray(cv2.rotate(done.image, code))
        done.matrix = np.array(turn, float) @ done.matrix
    return done


def _clean(image: Image, _draw: dict[str, float], _rng: np.random.Generator) -> Degraded:
    return Degraded(image, np.eye(3), params=[cv2.IMWRITE_PNG_COMPRESSION, 6])


def _noisy(image: NDArray[Any], sigma: float, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    tile = rng.normal(0, sigma, (height // 2 + 64, width // 2 + 64)).astype(np.float32)
    grain = cv2.resize(tile, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)[:height, :width]
    fine = rng.normal(0, sigma * 0.7, 1 << 20).astype(np.float32)
    fine = np.resize(fine, (height, width))
    noise = grain + fine
    out = image.astype(np.float32) + (noise[..., None] if image.ndim == 3 else noise)
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def _scan(image: Image, draw: dict[str, float], rng: np.random.Generator) -> Degraded:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -draw["skew"], 1.0)
    matrix = np.vstack([turn, [0, 0, 1]])
    warped = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    gray = bool(rng.random() < 0.5)
    out: NDArray[Any] = warped.astype(np.float32)
    if gray:
        out = cv2.cvtColor(warped, cv2.COLOR_BGR2GRAY).astype(np.float32)
    out = draw["ink"] + out * ((draw["paper"] - draw["ink"]) / 255)
    if not gray:
        out *= np.array([rng.uniform(0.93, 0.98), 0.985, 1.0], np.float32)
    fall = 1 - 0.05 * np.linspace(0, 1, width, dtype=np.float32) * float(rng.choice([-1, 1]))
    out *= fall[None, :, None] if not gray else fall[None, :]
    out = cv2.GaussianBlur(out, (0, 0), draw["blur"])
    return Degraded(
        _noisy(out, draw["noise"], rng),
        matrix,
        ".jpg",
        [cv2.IMWRITE_JPEG_QUALITY, int(draw["quality"])],
        draw["skew"],
    )


def _fax(image: Image, draw: dict[str, float], rng: np.random.Generator) -> Degraded:
    """204 × 98 lines per inch (standard resolution), every row sent twice; `image` was rendered at 204 dpi."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -draw["skew"] / 3, 1.0)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    gray = cv2.warpAffine(gray, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    rows = round(height * 98 / 204)
    coarse = cv2.resize(gray, (width, rows), interpolation=cv2.INTER_AREA)
    bits = (_noisy(coarse, draw["noise"], rng) > 150).astype(np.uint8) * 255
    specks = rng.random(bits.shape) < 0.0004
    bits[specks] = 255 - bits[specks]
    doubled = np.repeat(bits, 2, axis=0)
    scale = np.diag([1.0, rows * 2 / height, 1.0])
    return Degraded(
        doubled, scale @ np.vstack([turn, [0, 0, 1]]), ".png", [cv2.IMWRITE_PNG_BILEVEL, 1], draw["skew"] / 3
    )


def _photo(image: Image, draw: dict[str, float], rng: np.random.Generator) -> Degraded:
    height, width = image.shape[:2]
    margin = 0.06
    out_w, out_h = int(width * (1 + 2 * margin)), int(height * (1 + 2 * margin))
    tilt = draw["tilt"]
    base = np.array([[margin, margin], [1 - margin, margin], [1 - margin, 1 - margin], [margin, 1 - margin]])
    corners = (base + rng.uniform(-tilt, tilt, (4, 2)) * 0.6) * [out_w, out_h]
    corners = np.clip(corners, 4, [out_w - 5, out_h - 5])
    source = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    wood = (
        rng.normal(0, 9, (1, out_w)).astype(np.float32)
        + 6 * np.sin(np.arange(out_w) / rng.uniform(15, 60))[None, :]
    )
    desk = np.clip(np.array(rng.uniform([40, 60, 80], [90, 110, 140])) + wood[..., None], 0, 255)
    desk = np.repeat(desk, out_h, axis=0).astype(np.uint8)
    page = cv2.warpPerspective(image, matrix, (out_w, out_h), flags=cv2.INTER_CUBIC)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (out_w, out_h))
    paper = draw["ink"] * 0.6 + page.astype(np.float32) * ((draw["paper"] - draw["ink"] * 0.6) / 255)
    weight = (mask.astype(np.float32) / 255)[..., None]
    out = paper * weight + desk * (1 - weight)
    ys, xs = np.mgrid[0:64, 0:48].astype(np.float32) / [[[64.0]], [[48.0]]]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (xs - 0.5) * np.cos(angle) + (ys - 0.5) * np.sin(angle)
    edge = rng.uniform(-0.2, 0.2)
    light = (
        1 - draw["shadow"] * 0.5 * (ramp + 0.5) - draw["shadow"] * 0.35 / (1 + np.exp((ramp - edge) * -14))
    )
    light = cv2.resize(light.astype(np.float32), (out_w, out_h), interpolation=cv2.INTER_LINEAR)
    out *= light[..., None] * np.array([rng.uniform(0.88, 0.97), 0.97, 1.0], np.float32)
    out = cv2.GaussianBlur(out, (0, 0), draw["blur"] * 1.1)
    return Degraded(
        _noisy(out, draw["noise"] * 0.6, rng),
        matrix,
        ".jpg",
        [cv2.IMWRITE_JPEG_QUALITY, int(draw["quality"]) + 8],
    )


_HOW = {"clean": _clean, "scan": _scan, "fax": _fax, "photo": _photo}
