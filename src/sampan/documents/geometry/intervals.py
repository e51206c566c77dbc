"""Intervals on one axis: overlaps of all pairs, and the gaps that nothing covers (projection profiles)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def pairwise_overlap(start: Floats, end: Floats) -> Floats:
    """Length that intervals i and j have in common, negative where they are apart. (N,), (N,) → (N, N)"""
    result: Floats = np.minimum(end[:, None], end[None]) - np.maximum(start[:, None], start[None])
    return result


def gaps(start: Floats, end: Floats, minimum: float = 0.0) -> Floats:
    """Stretches longer than `minimum` between the first start and the last end that no interval covers.

    Returns (G, 2) gap starts and ends in ascending order.
    """
    if len(start) < 2:
        return np.zeros((0, 2))
    order = np.argsort(start, kind="stable")
    covered = np.maximum.accumulate(end[order])[:-1]
    following = start[order][1:]
    free = following - covered > minimum
    return np.stack([covered[free], following[free]], axis=1)


def groups(start: Floats, end: Floats, minimum: float = 0.0) -> NDArray[np.intp]:
    """Number of the run of intervals, between two gaps, that each interval belongs to: (N,), counted from 0."""
    found = gaps(start, end, minimum)
    return np.searchsorted(found[:, 1], start, side="right")
