"""What a person sees of a run: a bar with loss, throughput and time left; plain lines where nobody watches."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class RunProgress:
    """A context manager around a run.

    Args:
        total: optimizer steps of the whole run.
        done: steps that were done before.
        console: where to; None is silent (all processes but the first).
    """

    def __init__(self, total: int, done: int, console: Console | None) -> None:
        self._total, self._done, self._console = total, done, console
        self._begin = time.monotonic()
        self._bar: Progress | None = None
        if console is not None and console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]:.2f}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("loss {task.fields[loss]:.4g}  {task.fields[rate]:.1f} items/s"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
            )
            self._task = self._bar.add_task(
                "", total=total, completed=done, epoch=0.0, loss=float("nan"), rate=0.0
            )

    def step(self, step: int) -> None:
        """One more step is done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step)

    def figures(self, step: int, epoch: float, loss: float, rate: float) -> None:
        """New figures of the training: mean loss since the last, items a second."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step, epoch=epoch, loss=loss, rate=rate)
        elif self._console is not None:
            left = (time.monotonic() - self._begin) / max(step - self._done, 1) * (self._total - step)
            self._console.print(
                f"step {step}/{self._total}  epoch {epoch:.2f}  loss {loss:.4g}  {rate:.1f} items/s  "
                f"left {duration(left)}",
                highlight=False,
                soft_wrap=True,
            )

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._console is not None:
            self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: "1:02:03"."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
