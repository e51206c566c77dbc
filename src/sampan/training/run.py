"""A run's folder: training a recipe in it, stage after stage, and taking the trained model out again.

runs/name/recipe.yaml           the recipe with all defaults, overrides put in
          model.safetensors     the best weights (averaged ones if the run averages)
          metrics.jsonl, curves.png, tensorboard/
          checkpoints/          to go on from
          summary.json          how it ended
runs/name/STAGE/…               the same for each stage, if there are several
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import nn

from sampan.errors import InputError, OptionError
from sampan.training import checkpoint as checkpoints
from sampan.training.recipe import Recipe, as_yaml, load_recipe
from sampan.training.start import MODEL, start_from
from sampan.training.trainer import CHECKPOINTS, Outcome, Trainer

RECIPE = "recipe.yaml"
SUMMARY = "summary.json"


def train(
    recipes: Sequence[Recipe],
    folder: Path,
    resume: bool = False,
    console: Console | None = None,
    cpu: bool = False,
    seconds: float | None = None,
    threads: int | None = None,
) -> Outcome:
    """Trains every stage in turn; each begins with the weights of the one before it.

    Args:
        recipes: one for each stage, of `load_recipe`.
        folder: of the run.
        resume: go on from what is in the folder; without it the folder must not hold a run.
        console: where progress goes; None is silent.
        cpu: stay on the CPU.
        seconds: stop with a checkpoint after so long.
        threads: of the CPU; None leaves them as they are.

    Returns:
        How the last stage that was trained ended.

    Raises:
        OptionError: the folder holds a run and `resume` is off.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if not resume:
        _refuse_old_run(recipes, folder)
    end = None if seconds is None else time.monotonic() + seconds
    before: Path | None = None
    outcome = Outcome(0, False)
    for recipe in recipes:
        place = folder / recipe.name if recipe.name else folder
        options = recipe.train
        if before is not None and options.start_from is None:
            options = options.model_copy(update={"start_from": before})
        if console is not None and recipe.name:
            console.print(f"stage {recipe.name}", highlight=False)
        left = None if end is None else max(end - time.monotonic(), 0.0)
        begin = time.monotonic()
        trainer = Trainer(recipe.task(), options, place, recipe.as_data(), console, cpu, left)
        if trainer.is_main_process:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / RECIPE).write_text(as_yaml(recipes), encoding="utf-8")
        outcome = trainer.fit()
        if trainer.is_main_process:
            _summarise(place, outcome, time.monotonic() - begin, trainer)
        if not outcome.finished:
            return outcome
        before = place
        if place != folder and trainer.is_main_process:
            shutil.copyfile(place / MODEL, folder / MODEL)
    return outcome


def trained_model(folder: Path, weights: Path | None = None) -> tuple[Recipe, nn.Module]:
    """The recipe of a run's last stage, and its model with the run's weights, in evaluation mode.

    Args:
        folder: of the run.
        weights: another safetensors file, or a checkpoint's folder, in the place of the run's best weights.

    Raises:
        InputError: the folder holds no run, or no weights yet.
    """
    path = folder / RECIPE
    if not path.is_file():
        raise InputError(f"{folder} holds no run: {path} does not exist")
    recipe = load_recipe(path)[-1]
    model = recipe.task().bare_model()
    start_from(model, weights or folder)
    return recipe, model.eval()


def deployed(model: nn.Module, name: str) -> nn.Module:
    """The part of a trained model that is used in the end.

    Args:
        model: of `trained_model`.
        name: of `Task.deploy`, or a path of a part of the model; "" is the whole.

    Raises:
        OptionError: there is no such part.
    """
    parts = dict(model.named_modules())
    found: nn.Module | None = parts.get(name, parts.get(f"models.{name}"))
    if found is None:
        models = [part.removeprefix("models.") for part in parts if part.startswith("models.")]
        tops = [part for part in models if "." not in part] or [name for name, _ in model.named_children()]
        raise OptionError(f"the run has no model {name!r}: there are {', '.join(tops)}")
    return found


def _refuse_old_run(recipes: Sequence[Recipe], folder: Path) -> None:
    for recipe in recipes:
        old = checkpoints.latest(folder / recipe.name / CHECKPOINTS)
        if old is not None:
            raise OptionError(
                f"{folder} holds a run already ({old.name}): add --resume, or name another folder"
            )


def _summarise(folder: Path, outcome: Outcome, seconds: float, trainer: Trainer) -> None:
    summary: dict[str, Any] = {
        "finished": outcome.finished,
        "step": outcome.step,
        "best_step": outcome.best_step,
        "figures": outcome.figures,
        "seconds_of_this_start": round(seconds, 1),
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "device": str(trainer.device),
        "torch": torch.__version__,
        "sampan": version("sampan"),
    }
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
