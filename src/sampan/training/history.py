"""The validations of a run: which was best, and whether there has been no gain for too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sampan.training.options import EarlyStop


@dataclass(frozen=True)
class Validation:
    """Figures at a step; the first is the one that is watched."""

    step: int
    figures: dict[str, float]

    @property
    def watched(self) -> float:
        return next(iter(self.figures.values()))


class History:
    """All validations so far.

    Args:
        higher_is_better: of the watched figure.
        early_stop: when to give up; None never.
    """

    def __init__(self, higher_is_better: bool, early_stop: EarlyStop | None = None) -> None:
        self._sign = 1 if higher_is_better else -1
        self._early_stop = early_stop
        self._past: list[Validation] = []

    def add(self, step: int, figures: dict[str, float]) -> bool:
        """Records a validation; True when it is better than all before it."""
        before = self.best
        now = Validation(step, figures)
        self._past.append(now)
        return before is None or self._goodness(now) > self._goodness(before)

    @property
    def best(self) -> Validation | None:
        """The best validation, the earlier one of equals."""
        return max(self._past, key=self._goodness, default=None)

    def best_steps(self, count: int) -> list[int]:
        """Steps of the `count` best validations."""
        ranked = sorted(self._past, key=self._goodness, reverse=True)
        return [one.step for one in ranked[:count]]

    @property
    def stalled(self) -> bool:
        """Whether the last `patience` validations gained nothing over those before them."""
        rule = self._early_stop
        if rule is None or len(self._past) <= rule.patience:
            return False
        before = max(map(self._goodness, self._past[: -rule.patience]))
        return max(map(self._goodness, self._past[-rule.patience :])) <= before + rule.min_gain

    def as_data(self) -> list[dict[str, Any]]:
        """What a checkpoint keeps."""
        return [{"step": one.step, "figures": one.figures} for one in self._past]

    def restore(self, data: Sequence[dict[str, Any]]) -> None:
        """Puts back what `as_data` gave."""
        self._past = [Validation(int(one["step"]), dict(one["figures"])) for one in data]

    def _goodness(self, one: Validation) -> float:
        value = self._sign * one.watched
        return value if value == value else float("-inf")  # not a number is worse than anything
