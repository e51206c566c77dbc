"""From a clean sheet to a picture of it: turned, laid on a desk, photographed, and worn as `degradation` says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.backgrounds import background
from sampan.vision.synthesis.geometry import Matrix, rotation, warp
from sampan.vision.synthesis.seeds import between, happens
from sampan.vision.synthesis.sheet import Block, PageField, PageLine, PageTable, Sheet


@dataclass
class DrawnPage:
    """A picture with its truth; all places in pixels of the picture."""

    image: NDArray[np.uint8]
    """(h, w, 3), blue-green-red."""
    lines: list[PageLine]
    blocks: list[Block]
    tables: list[PageTable]
    fields: list[PageField]
    language: str
    degradation: str
    matrix: Matrix
    """Homography from the clean sheet to the picture, in edges of pixels."""
    fonts: list[str]


def finish(
    sheet: Sheet,
    rng: np.random.Generator,
    profile: str,
    em: float,
    language: str,
    fonts: list[str],
) -> DrawnPage:
    """The sheet seen through the history called `profile`; `em` is the size of its running text."""
    matrix = _geometry(rng, sheet.width, sheet.height, profile)
    pixels = sheet.pixels
    if not np.allclose(matrix, np.eye(3)):
        pixels = _lay(rng, pixels, matrix, desk=profile == "photo")
    image = degradation.apply(pixels, profile, rng, em)
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    moved = sheet.moved(matrix)
    return DrawnPage(
        image=np.ascontiguousarray(image),
        lines=moved.lines,
        blocks=moved.blocks,
        tables=moved.tables,
        fields=moved.fields,
        language=language,
        degradation=profile,
        matrix=matrix,
        fonts=fonts,
    )


def _geometry(rng: np.random.Generator, width: int, height: int, profile: str) -> Matrix:
    """Scans lie a little askew, photographs are seen from a corner; screens and prints stay as they are."""
    if profile in ("clean", "screen", "print", "small"):
        return np.eye(3)
    if profile != "photo":
        angle = np.deg2rad(float(np.clip(rng.normal(0, 0.9), -3, 3)))
        return rotation(angle, width / 2, height / 2)
    tilt = between(rng, 0.01, 0.07)
    margin = between(rng, 0.0, 0.06)
    base = np.array([[margin, margin], [1 - margin, margin], [1 - margin, 1 - margin], [margin, 1 - margin]])
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * rng.random((4, 2)) * tilt
    target = np.clip(base + inward, 0.0, 1.0) * [width, height]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    return homography(source, target) @ (
        rotation(np.deg2rad(between(rng, -2.0, 2.0)), width / 2, height / 2)
        if happens(rng, 0.4)
        else np.eye(3)
    )


def homography(source: NDArray[np.float64], target: NDArray[np.float64]) -> Matrix:
    """The homography that takes four points (4, 2) to four others."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]]
    system = np.array(rows)
    solved = np.linalg.solve(system[:, :8], system[:, 8])
    return np.append(solved, 1.0).reshape(3, 3)


def _lay(
    rng: np.random.Generator, pixels: NDArray[np.float32], matrix: Matrix, desk: bool
) -> NDArray[np.float32]:
    """The page on what lies under it: a desk, or the white or black lid of a scanner."""
    height, width, channels = pixels.shape
    if desk:
        under = background(rng, height, width, channels == 3, dark=happens(rng, 0.5), kind="clutter")
    else:
        under = np.full_like(pixels, 255 if happens(rng, 0.75) else between(rng, 0, 60))
    page = warp(pixels, matrix, width, height, None)
    mask = warp(np.ones((height, width), np.float32), matrix, width, height, 0.0)[..., None]
    return np.asarray(under + (page - under) * mask, np.float32)
