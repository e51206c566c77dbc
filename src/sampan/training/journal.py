"""The record of a run: `metrics.jsonl` for programs, TensorBoard for those who have it, `curves.png` for all.

Each line of `metrics.jsonl` is one event: {"kind": "train" | "validation", "step": …, "epoch": …, figures}.
When a run goes on from a checkpoint, lines after that checkpoint are dropped: they will be written again.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

METRICS = "metrics.jsonl"


class Journal:
    """Writes events of a run's folder; a context manager.

    Args:
        folder: of the run; must exist.
        step: events after it are from a future that a kill has undone.
        tensorboard: whether to write event files too.
    """

    def __init__(self, folder: Path, step: int, tensorboard: bool) -> None:
        path = folder / METRICS
        kept = [event for event in read_events(path) if event["step"] <= step]
        part = path.with_suffix(".part")
        part.write_text("".join(json.dumps(event) + "\n" for event in kept), encoding="utf-8")
        part.replace(path)
        self._lines = path.open("a", encoding="utf-8")
        self._board: SummaryWriter | None = None
        if tensorboard:
            from torch.utils.tensorboard.writer import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, kind: str, step: int, epoch: float, figures: dict[str, float]) -> None:
        """Adds one event and flushes it to the file."""
        event = {"kind": kind, "step": step, "epoch": round(epoch, 4), **figures}
        self._lines.write(json.dumps(event) + "\n")
        self._lines.flush()
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        if self._board is not None:
            self._board.close()


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a `metrics.jsonl`; a last line that a kill has cut short is left out."""
    if not path.is_file():
        return []
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            break
    return events
