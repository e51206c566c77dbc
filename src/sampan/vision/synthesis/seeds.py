"""Where all randomness of the synthetic data comes from: one generator for each (seed, purpose, index).

An item is drawn from its own generator, so it is the same whoever draws it, in whatever order and in however
many processes. NumPy promises the streams of PCG64 and SeedSequence; those of `Generator`'s distributions may
change between its feature releases.
"""

from __future__ import annotations

import zlib
from bisect import bisect
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def generator(seed: int, purpose: str, index: int) -> np.random.Generator:
    """The generator of item `index` ≥ 0 of the stream called `purpose`."""
    entropy = (seed & 0xFFFFFFFFFFFFFFFF, zlib.crc32(purpose.encode()), index)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """One of `items`, all alike; `Generator.choice` would cost fifty times as much."""
    return items[int(rng.random() * len(items))]


def pick_weighted(rng: np.random.Generator, items: Sequence[Item], sums: Sequence[float]) -> Item:
    """One of `items` whose weights have the running sums `sums`."""
    return items[min(bisect(sums, rng.random() * sums[-1]), len(items) - 1)]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Uniform in [low, high)."""
    return low + (high - low) * float(rng.random())


def happens(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)
