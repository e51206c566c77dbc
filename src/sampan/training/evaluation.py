"""Validation: the task's metrics over its validation data, with averaged weights where there are any."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, Self, runtime_checkable

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, gather_object
from torch import nn
from torch.utils.data import Dataset

from sampan.errors import SampanError
from sampan.training.sampling import validation_batches
from sampan.training.state import to_device
from sampan.training.task import Metrics, Task


@runtime_checkable
class Mergeable(Protocol):
    """Metrics that can take in what other processes gathered; without it every process validates everything."""

    def merge(self, others: list[Self]) -> None: ...


def evaluate(
    task: Task,
    model: nn.Module,
    dataset: Dataset[Any],
    place: Accelerator,
    batch_size: int,
    workers: int = 0,
    weights: AbstractContextManager[None] | None = None,
) -> dict[str, float]:
    """The task's figures; the first is the one to watch.

    Args:
        task: says how to run the model and what to measure.
        model: as `distribute` gave it; its mode (train or eval) is put back afterwards.
        dataset: of `task.validation_data()`.
        place: this process's accelerator.
        batch_size: items at once.
        workers: reading processes.
        weights: a context in which the model holds other weights (`MovingAverage.applied`).

    Raises:
        SampanError: the metrics gave no figures.
    """
    metrics: Metrics = task.metrics()
    shared = place.num_processes > 1 and isinstance(metrics, Mergeable)
    rank, world = (place.process_index, place.num_processes) if shared else (0, 1)
    was_training = model.training
    model.eval()
    try:
        # Forked generators: however often a run validates, its training draws the same numbers.
        devices = [place.device] if place.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.no_grad(), weights or nullcontext():
            for batch in validation_batches(task, dataset, batch_size, workers, rank, world):
                batch = to_device(batch, place.device)
                metrics.update(task.forward(model, batch), batch)
    finally:
        model.train(was_training)
    if shared:
        first, *others = gather_object([metrics])
        first.merge(others)
        metrics = first
    figures = {name: float(value) for name, value in metrics.compute().items()}
    if place.num_processes > 1:
        # Running statistics may differ between processes, and all must draw the same conclusions.
        figures = broadcast_object_list([figures])[0]
    if not figures:
        raise SampanError(f"{type(task).__name__}: the metrics gave no figures over the validation data")
    return figures
