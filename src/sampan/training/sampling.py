"""Which items make which batch: a function of (seed, epoch), so that a resumed run goes on where it was.

An epoch is a list of batches, the same on every process; process r of w takes batches r, r + w, …; the
batches that do not fill a round of all processes are left out. `accumulate` batches make one optimizer
step; the last step of an epoch may have fewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset

from sampan.errors import InputError
from sampan.training.task import Task

Batch = dict[str, Any]


class TrainingData:
    """The training batches of one process, epoch by epoch.

    Args:
        task: gives the data set, its batches and how they are collated.
        batch_size: items in a batch.
        accumulate: batches in an optimizer step.
        seed: of the shuffling.
        workers: reading processes.
        rank, world: this process and the number of processes.
        pin: page-locked memory, for copies to a GPU.

    Raises:
        InputError: the data set has fewer items than one step of all processes needs.
    """

    def __init__(
        self,
        task: Task,
        batch_size: int,
        accumulate: int,
        seed: int,
        workers: int = 0,
        rank: int = 0,
        world: int = 1,
        pin: bool = False,
    ) -> None:
        self._task, self._dataset = task, task.train_data()
        self._batch_size, self._accumulate, self._seed = batch_size, accumulate, seed
        self._workers, self._rank, self._world, self._pin = workers, rank, world, pin
        self._steps_in: dict[int, int] = {}
        self.steps_per_epoch = self.steps_in(0)
        if self.steps_per_epoch == 0:
            raise InputError(
                f"the training data have {len(cast(Sized, self._dataset))} items, which is not one batch of "
                f"{batch_size} for each of {world} processes: lower train.batch_size or give more data"
            )

    def steps(self, epoch: int, start: int) -> Iterator[list[Batch]]:
        """The batches of each optimizer step of an epoch, from step `start` on."""
        set_epoch(self._dataset, epoch)
        left = self._plan(epoch)[start * self._accumulate :]
        if not left:
            return
        # Its own generator: making an iterator draws a number, and the global state must not notice.
        loader = DataLoader(
            self._dataset,
            batch_sampler=left,
            num_workers=self._workers,
            collate_fn=self._task.collate,
            pin_memory=self._pin,
            generator=torch.Generator().manual_seed(self._seed + epoch),
        )
        step: list[Batch] = []
        for batch in loader:
            step.append(batch)
            if len(step) == self._accumulate:
                yield step
                step = []
        if step:
            yield step

    def steps_in(self, epoch: int) -> int:
        """Optimizer steps in an epoch; task-made batches may make epochs of unlike length."""
        if epoch not in self._steps_in:  # a plan of a million items is not made at every step
            self._steps_in[epoch] = -(-len(self._plan(epoch)) // self._accumulate)
        return self._steps_in[epoch]

    def _plan(self, epoch: int) -> list[list[int]]:
        """This process's batches in an epoch, as lists of indices."""
        dataset = cast(Sized, self._dataset)
        made = self._task.batch_sampler(dataset, self._batch_size, self._seed, epoch)
        batches = list(made) if made is not None else self._shuffled(len(dataset), epoch)
        rounds = len(batches) // self._world
        return batches[self._rank : rounds * self._world : self._world]

    def _shuffled(self, count: int, epoch: int) -> list[list[int]]:
        order = torch.randperm(count, generator=_generator(self._seed, epoch)).tolist()
        size = self._batch_size
        whole = len(order) - len(order) % size
        return [order[start : start + size] for start in range(0, whole, size)]


def validation_batches(
    task: Task, dataset: Dataset[Any], batch_size: int, workers: int, rank: int = 0, world: int = 1
) -> DataLoader[Any]:
    """Every item once and in order; process r of w takes items r, r + w, …"""
    set_epoch(dataset, 0)
    mine: Sequence[int] = range(rank, len(cast(Sized, dataset)), world)
    return DataLoader(
        dataset,
        batch_sampler=[list(mine[start : start + batch_size]) for start in range(0, len(mine), batch_size)],
        num_workers=workers,
        collate_fn=task.collate,
        generator=torch.Generator().manual_seed(0),
    )


def set_epoch(dataset: object, epoch: int) -> None:
    """Tells a data set which epoch it is, if it wants to know."""
    tell = getattr(dataset, "set_epoch", None)
    if tell is not None:
        tell(epoch)


def _generator(seed: int, epoch: int) -> torch.Generator:
    # Mixed, because neighbouring (seed, epoch) pairs must not share an order.
    return torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
