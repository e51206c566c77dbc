"""Times of several functions on a machine that does other things too: ratios instead of milliseconds.

Every round runs each function in turn, so that a disturbance meets all of them; a round's ratio is that of
neighbours in time, and the median over the rounds forgets the disturbed ones.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of one function."""

    rounds: list[float]
    """Fastest run of each round."""

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def times_faster_than(self, other: Timing) -> tuple[float, float, float]:
        """Median, lower and upper quartile over the rounds of `other` / this."""
        ratios = sorted(b / a for a, b in zip(self.rounds, other.rounds, strict=True))
        quarter = len(ratios) // 4
        return statistics.median(ratios), ratios[quarter], ratios[-1 - quarter]


def interleaved(
    functions: Mapping[str, Callable[[], object]], rounds: int = 30, repeats: int = 3
) -> dict[str, Timing]:
    """Run every function `repeats` times in each round, in turns; the first round warms up and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(rounds + 1):
        for name, function in functions.items():
            fastest = float("inf")
            for _ in range(repeats):
                start = time.perf_counter()
                function()
                fastest = min(fastest, time.perf_counter() - start)
            if number:
                times[name].append(fastest)
    return {name: Timing(values) for name, values in times.items()}
