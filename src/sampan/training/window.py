"""Means of the losses since the last log line, kept on the device so that steps need not wait for them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from sampan.errors import SampanError


class Window:
    """Gathers the losses of the steps between two log lines.

    Args:
        place: of this process; figures are means over all processes.
    """

    def __init__(self, place: Accelerator) -> None:
        self._place = place
        self.norm: Tensor | None = None
        """L2 norm of the last step's gradients before clipping."""
        self._clear()

    def add(self, loss: Tensor, terms: Mapping[str, Tensor], batch: Mapping[str, Any]) -> None:
        """Takes in one batch's loss."""
        for name, value in {"loss": loss, **terms}.items():
            value = value.detach().reshape(()).float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1
        self._items += next(
            (len(part) for part in batch.values() if isinstance(part, Tensor) and part.ndim), 1
        )

    def figures(self, step: int) -> dict[str, float]:
        """Mean loss and terms, items a second over all processes; begins anew.

        Raises:
            SampanError: the loss is not a finite number.
        """
        self.check(step)
        means = torch.stack([total / self._counts[name] for name, total in self._sums.items()])
        if self._place.num_processes > 1:
            means = self._place.reduce(means, "mean")
        figures = dict(zip(self._sums, means.tolist(), strict=True))
        if self.norm is not None:
            figures["gradient_norm"] = self.norm.item()
        seconds = time.monotonic() - self._begin
        figures["items_per_second"] = self._items * self._place.num_processes / max(seconds, 1e-9)
        self._clear()
        return figures

    def check(self, step: int) -> None:
        """Looks whether the losses since the last line are numbers; a checkpoint must not hold what is not.

        Raises:
            SampanError: they are not.
        """
        if "loss" not in self._sums or math.isfinite(self._sums["loss"].item()):
            return
        bad = [name for name, total in self._sums.items() if not math.isfinite(total.item())]
        raise SampanError(
            f"at step {step} these losses are not finite numbers: {', '.join(bad)}. Lower train.lr, warm up, "
            "or set train.clipping; the last checkpoint is from before"
        )

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Time that is not training: validation, checkpoints."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self._begin += time.monotonic() - begin

    def _clear(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._items = 0
        self._begin = time.monotonic()
