"""Pictures bent by moving control points: moving least squares with similarities (Schaefer et al. 2006, §2.2).

In complex numbers: with points p that q shall move to, a pixel v of the result comes from
f(v) = p* + (v − q*)·Σ wᵢ p̂ᵢ·conj(q̂ᵢ) / Σ wᵢ |q̂ᵢ|², wᵢ = 1/|qᵢ − v|², stars being weighted means and hats differences
from them. It is computed on a grid and interpolated between.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_recognition.strips import Image

_STEP = 8
"""Pixels between the points of the grid."""


def warp_by_points(image: Image, points: NDArray[np.float64], moved: NDArray[np.float64]) -> Image:
    """The (h, w, 3) picture in which `points` (N, 2), as x and y, have come to lie at `moved`; edges are continued."""
    height, width = image.shape[:2]
    across = np.linspace(0, width - 1, max(2, width // _STEP + 1))
    down = np.linspace(0, height - 1, max(2, height // _STEP + 1))
    source = _sources(across[None, :] + 1j * down[:, None], _complex(points), _complex(moved))
    # To every pixel. cv2's own interpolation counts in 1/32 of a step of the grid, which is too coarse here.
    grid = np.stack([source.real, source.imag])  # (2, rows, columns)
    dense = _spread(len(down), height) @ grid @ _spread(len(across), width).T
    to_column, to_row = np.ascontiguousarray(dense, np.float32)
    bent = cv2.remap(image, to_column, to_row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.uint8)


def _sources(
    places: NDArray[np.complex128], points: NDArray[np.complex128], moved: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Where in the old picture each place (rows, columns) of the new one comes from."""
    offset = moved - places[..., None]  # (rows, columns, N)
    weights = 1 / np.maximum(np.abs(offset) ** 2, 1e-9)
    total = weights.sum(-1)
    new_mean = (weights * moved).sum(-1) / total
    old_mean = (weights * points).sum(-1) / total
    new, old = moved - new_mean[..., None], points - old_mean[..., None]
    turn = (weights * old * new.conj()).sum(-1) / np.maximum((weights * np.abs(new) ** 2).sum(-1), 1e-9)
    return np.asarray(old_mean + (places - new_mean) * turn, np.complex128)


def _spread(points: int, pixels: int) -> NDArray[np.float64]:
    """(pixels, points) weights of linear interpolation between evenly spaced points, the ends on the ends."""
    place = np.linspace(0, points - 1, pixels)[:, None]
    return np.asarray(np.maximum(0, 1 - np.abs(place - np.arange(points))), np.float64)


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1], np.complex128)
