"""Papers, screens and surfaces made by us: what text is printed on.

A background is float32, (h, w, 1) grey or (h, w, 3) blue-green-red, 0 to 255. Large soft shapes are drawn on a
coarse grid and stretched, which costs next to nothing.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.synthesis.seeds import between, happens, pick_weighted

Surface = NDArray[np.float32]

KINDS: dict[str, float] = {
    "plain": 40.0, "grain": 22.0, "slope": 10.0, "stained": 8.0, "fibres": 6.0, "ruled": 5.0,
    "clutter": 6.0, "band": 3.0,
}  # fmt: skip
"""Kinds of background and how often each is drawn."""

_NAMES = list(KINDS)
_SUMS = list(accumulate(KINDS.values()))


def background(
    rng: np.random.Generator,
    height: int,
    width: int,
    colour: bool,
    dark: bool = False,
    kind: str | None = None,
) -> Surface:
    """A surface to print on: mostly light paper, or with `dark` one for light ink."""
    kind = kind or pick_weighted(rng, _NAMES, _SUMS)
    level = between(rng, 8, 95) if dark else 255 - 75 * float(rng.random()) ** 2.2
    tone = np.full((1, 1, 3 if colour else 1), level, np.float32)
    if colour:
        spread = 55 if happens(rng, 0.25) else 12
        tone = tone + (rng.random((1, 1, 3), np.float32) - 0.6) * spread
        tone = np.clip(tone, 0, 255).astype(np.float32)
    surface = np.empty((height, width, tone.shape[2]), np.float32)
    surface[:] = tone
    if kind == "plain":
        return surface
    if kind == "grain":
        surface += rng.standard_normal((height, width, 1), np.float32) * between(rng, 1, 5)
        surface += soft_noise(rng, height, width, 3) * between(rng, 1, 4)
    elif kind == "slope":
        surface *= slope(rng, height, width, between(rng, 0.05, 0.35))
    elif kind == "stained":
        surface -= np.maximum(soft_noise(rng, height, width, max(8, height // 2)) - 0.3, 0) * between(
            rng, 8, 30
        )
        surface += soft_noise(rng, height, width, 4) * 2
    elif kind == "fibres":
        surface += _fibres(rng, height, width) * between(rng, 4, 14)
    elif kind == "ruled":
        _rule(rng, surface, dark)
    elif kind == "clutter":
        for size in (max(6, height // 2), max(4, height // 5)):
            surface += soft_noise(rng, height, width, size, surface.shape[2]) * between(rng, 3, 16)
    elif kind == "band":
        edge = int(between(rng, 0.2, 0.8) * (height if happens(rng, 0.5) else width))
        part = surface[edge:] if happens(rng, 0.5) else surface[:, edge:]
        part *= between(rng, 0.8, 0.95) if not dark else between(rng, 1.05, 1.3)
    return np.clip(surface, 0, 255, out=surface)


def soft_noise(rng: np.random.Generator, height: int, width: int, grain: int, channels: int = 1) -> Surface:
    """Normal noise of spots about `grain` pixels wide, (h, w, channels)."""
    rows, columns = height // grain + 2, width // grain + 2
    coarse = rng.standard_normal((rows, columns, channels), np.float32)
    fine: NDArray[Any] = cv2.resize(coarse, (columns * grain, rows * grain), interpolation=cv2.INTER_LINEAR)
    y, x = int(rng.random() * grain), int(rng.random() * grain)
    whole = fine.reshape(rows * grain, columns * grain, channels)
    return np.asarray(whole[y : y + height, x : x + width], np.float32)


def slope(rng: np.random.Generator, height: int, width: int, depth: float) -> Surface:
    """Light that falls off in one direction: factors from 1 down to 1 − depth, (h, w, 1)."""
    angle = between(rng, 0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    ramp = across[None, :] + down[:, None]
    span = float(ramp.max() - ramp.min()) or 1.0
    return np.asarray((1 - depth * (ramp - ramp.min()) / span)[..., None], np.float32)


def _fibres(rng: np.random.Generator, height: int, width: int) -> Surface:
    """Threads along one direction, as in recycled paper, cloth or wood."""
    noise = rng.standard_normal((height, width), np.float32)
    length = 3 + int(rng.random() * 20)
    size = (length, 1) if happens(rng, 0.6) else (1, length)
    return np.asarray(cv2.blur(noise, size), np.float32).reshape(height, width, 1)


def _rule(rng: np.random.Generator, surface: Surface, dark: bool) -> None:
    """Lines or squares of an exercise book, drawn into the surface."""
    height, width = surface.shape[:2]
    step = max(6, int(between(rng, 0.35, 1.1) * height))
    change = between(rng, 15, 70) * (1 if dark else -1)
    for row in range(int(rng.random() * step), height, step):
        surface[row : row + 1] += change
    if happens(rng, 0.4):
        for column in range(int(rng.random() * step), width, step):
            surface[:, column : column + 1] += change
