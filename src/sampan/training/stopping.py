"""Asks a run to end with a checkpoint: SIGTERM, the first SIGINT (Ctrl-C), or its time is over."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

import torch
from accelerate import Accelerator

AGREE_EVERY = 10
"""Steps between the moments at which several processes ask each other."""


class StopRequest:
    """A context manager that listens; a second Ctrl-C interrupts at once, as ever.

    Args:
        place: of this process; all processes stop at the same step.
        seconds: of time for this start of the run; None has no limit.
    """

    def __init__(self, place: Accelerator, seconds: float | None) -> None:
        self._place, self._asked = place, False
        self._end = None if seconds is None else time.monotonic() + seconds
        self._before: dict[signal.Signals, Any] = {}

    def asked(self, step: int) -> bool:
        """Whether the run should end after this step; every process must call it at every step."""
        mine = self._asked or (self._end is not None and time.monotonic() >= self._end)
        if self._place.num_processes == 1:
            return mine
        if step % AGREE_EVERY:
            return False
        votes = self._place.reduce(torch.tensor(float(mine), device=self._place.device), "sum")
        return bool(votes.item() > 0)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self._asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._asked = True

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
