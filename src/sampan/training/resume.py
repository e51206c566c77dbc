"""What of a run goes into a checkpoint, and how it is put back so that the run goes on bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR

from sampan.errors import InputError, OptionError
from sampan.training import state
from sampan.training.averaging import MovingAverage
from sampan.training.checkpoint import Checkpoint
from sampan.training.clipping import Clipping, Remembering, whole

FREE = {
    "train.workers", "train.log_steps", "train.tensorboard", "train.keep_last", "train.keep_best",
    "train.checkpoint_steps", "train.validation_batch_size",
}  # fmt: skip
"""Keys that may differ between the parts of one run: they do not change its weights."""


@dataclass
class Parts:
    """The things of a run that have a state."""

    model: nn.Module
    """Unwrapped, perhaps sharded."""
    optimizer: optim.Optimizer
    schedule: LambdaLR
    average: MovingAverage | None
    clipping: Clipping | None
    place: Accelerator


def gather(parts: Parts, step: int, counters: dict[str, Any]) -> Checkpoint:
    """The whole state; every process must call it, and the first writes what it gets.

    Args:
        parts: of the run.
        step: optimizer steps done.
        counters: further numbers, texts and lists, kept as they are.
    """
    files = {
        "model": state.model_tensors(parts.model),
        "optimizer": state.optimizer_tensors(parts.optimizer, parts.model),
    }
    numbers: dict[str, Any] = {
        "processes": parts.place.num_processes,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "schedule": {
            key: value
            for key, value in parts.schedule.state_dict().items()
            if isinstance(value, (int, float, list)) and key != "lr_lambdas"
        },
    }
    if parts.average is not None:
        files["average"] = {name: whole(value) for name, value in parts.average.average.items()}
        numbers["average"] = parts.average.counters()
    if isinstance(parts.clipping, Remembering):
        files["clipping"] = dict(parts.clipping.state_dict())
    if parts.place.scaler is not None:
        numbers["scaler"] = parts.place.scaler.state_dict()
    for rank, tensors in enumerate(gather_object([state.random_tensors()])):
        files[f"random-{rank}"] = tensors
    return Checkpoint(step, files, {**counters, **numbers})


def put_back(parts: Parts, checkpoint: Checkpoint, origin: Path, recipe: Mapping[str, Any]) -> None:
    """Makes the parts what they were.

    Args:
        parts: of a run that was set up by the same recipe.
        checkpoint: of `checkpoint.read`.
        origin: its folder, for messages.
        recipe: of the present run, compared with the checkpoint's.

    Raises:
        OptionError: the recipe or the number of processes is another.
        InputError: a part is missing from the checkpoint.
    """
    kept = checkpoint.state
    _same_recipe(kept.get("recipe", {}), recipe, origin)
    if kept["processes"] != parts.place.num_processes:
        raise OptionError(
            f"{origin} was written by {kept['processes']} processes, and this run has "
            f"{parts.place.num_processes}: start as many, or begin a new run with "
            f"train.start_from={origin.parent.parent}"
        )
    try:
        state.put_model(parts.model, checkpoint.files["model"], origin)
        state.put_optimizer(parts.optimizer, parts.model, checkpoint.files["optimizer"])
        # The functions themselves come from the recipe.
        functions = [None] * len(parts.optimizer.param_groups)
        parts.schedule.load_state_dict({**kept["schedule"], "lr_lambdas": functions})
        for group, lr in zip(parts.optimizer.param_groups, kept["schedule"]["_last_lr"], strict=True):
            group["lr"] = lr
        if parts.average is not None:
            parts.average.restore(checkpoint.files["average"], kept["average"])
        if isinstance(parts.clipping, Remembering):
            parts.clipping.load_state_dict(checkpoint.files["clipping"])
        if parts.place.scaler is not None:
            parts.place.scaler.load_state_dict(kept["scaler"])
        state.put_random(checkpoint.files[f"random-{parts.place.process_index}"])
    except (KeyError, ValueError) as error:
        raise InputError(f"{origin} is not a checkpoint of this recipe: {error}") from error


def _same_recipe(old: Mapping[str, Any], new: Mapping[str, Any], origin: Path) -> None:
    before, now = dict(_leaves(old)), dict(_leaves(new))
    for key in [*now, *before]:
        if key not in FREE and before.get(key) != now.get(key):
            raise OptionError(
                f"{origin} was trained with {key} = {before.get(key)!r}, and the recipe now says "
                f"{now.get(key)!r}: put it back, or begin a new run in another folder with "
                f"train.start_from={origin.parent.parent}"
            )


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, part in value.items():
        if isinstance(part, Mapping) and part:
            yield from _leaves(part, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", part
