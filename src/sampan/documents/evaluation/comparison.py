"""Is one run better than another? Paired bootstrap over pages.

Pages are drawn with replacement; both runs keep the same pages in every draw, so that hard pages
cancel out (B. Efron, 1979; percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sampan.documents.evaluation.page import PageResult
from sampan.errors import InputError

METRICS: dict[str, Callable[[PageResult], float | None]] = {
    "text edit": lambda page: page.text_edit(),
    "strict text edit": lambda page: page.text_edit(strict=True),
    "formula edit": lambda page: page.formula_edit(),
    "TEDS": lambda page: page.teds(),
    "TEDS-S": lambda page: page.teds(structure=True),
    "order edit": lambda page: page.order(),
}


@dataclass(frozen=True)
class Difference:
    """Mean of one metric in both runs and of their difference (second − first) with its interval."""

    metric: str
    pages: int
    first: float
    second: float
    difference: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def compare_runs(
    first: Sequence[PageResult],
    second: Sequence[PageResult],
    draws: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Difference]:
    """Differences of all metrics that both runs have, over the pages that both have."""
    by_name = {page.name: page for page in second}
    pairs = [(page, by_name[page.name]) for page in first if page.name in by_name]
    if not pairs:
        raise InputError("the two runs have no page in common: compare runs over the same annotation")
    rng = np.random.default_rng(seed)
    result = []
    for name, metric in METRICS.items():
        both = [(a, b) for x, y in pairs if (a := metric(x)) is not None and (b := metric(y)) is not None]
        if not both:
            continue
        values = np.array(both)  # (pages, 2)
        delta = values[:, 1] - values[:, 0]
        means = np.array([delta[rng.integers(0, len(delta), len(delta))].mean() for _ in range(draws)])
        low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
        a, b = values.mean(axis=0)
        result.append(
            Difference(name, len(both), float(a), float(b), float(delta.mean()), float(low), float(high))
        )
    return result
