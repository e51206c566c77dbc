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
    # From the grid to every pixel.
    to_column, to_row = np.meshgrid(
        np.linspace(0, len(across) - 1, width, dtype=np.float32),
        np.linspace(0, len(down) - 1, height, dtype=np.float32),
    )
    grid = np.stack([source.real, source.imag], axis=2).astype(np.float32)
    dense = cv2.remap(grid, to_column, to_row, cv2.INTER_LINEAR)
    bent = cv2.remap(image, dense, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
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


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1], np.complex128)
