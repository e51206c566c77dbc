"""Recipes: one YAML file says what is trained, on what, and how.

    task: text-recognition
    model: {…}              # the task's own sections
    data: {…}
    train: {epochs: 20, lr: 1.0e-3, …}
    distillation: {preset: u-dml}       # if other models take part
    stages: [{name: distil}, {name: tune, train: {epochs: 2, lr: 1.0e-5}}]      # if one run follows another

A mistake is told with the file, its line, the key, the value and the nearest right name. `key=value` after the
recipe replaces single values: `train.lr=3e-4`, `stages.1.train.epochs=5`; the value is read as YAML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sampan.errors import OptionError
from sampan.training.distillation.options import DistillationOptions, with_preset
from sampan.training.distillation.task import DistillationTask
from sampan.training.options import TrainOptions
from sampan.training.recipe_errors import Source, explain
from sampan.training.task import TASKS, Task

OWN = ("task", "train", "distillation", "stages")
"""Keys that are not the task's."""


@dataclass(frozen=True)
class Recipe:
    """A validated recipe of one run (one stage)."""

    name: str
    """Of the stage; "" when there is only one."""
    task_name: str
    options: BaseModel
    """The task's sections."""
    train: TrainOptions
    distillation: DistillationOptions | None

    def task(self) -> Task:
        """The task that the recipe describes, several models in one container if it distils."""
        kind = TASKS.find(self.task_name)
        if self.distillation is None:
            return kind(self.options)
        return DistillationTask(kind, self.options, self.distillation)

    def as_data(self) -> dict[str, Any]:
        """The whole recipe with all defaults, as JSON can hold it."""
        data: dict[str, Any] = {"task": self.task_name, **self.options.model_dump(mode="json")}
        data["train"] = self.train.model_dump(mode="json")
        if self.distillation is not None:
            data["distillation"] = self.distillation.model_dump(mode="json")
        return data


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> list[Recipe]:
    """Reads a recipe file; gives one recipe a stage.

    Args:
        path: of the YAML file.
        overrides: texts of the form `key=value`.

    Raises:
        InputError: the file does not exist or is not YAML.
        OptionError: a key is not known or a value cannot be used.
    """
    source = Source(path)
    return read_recipe(source.data, overrides, source)


def read_recipe(
    data: Mapping[str, Any], overrides: Sequence[str] = (), source: Source | None = None
) -> list[Recipe]:
    """As `load_recipe`, from data that are in memory already."""
    source = source or Source(None, data)
    merged: dict[str, Any] = dict(data)
    # The preset first, so that the others can reach into what it fills in.
    for override in sorted(overrides, key=lambda text: not text.startswith("distillation.preset=")):
        if not override.startswith("distillation.preset=") and "distillation" in merged:
            merged["distillation"] = with_preset(merged["distillation"])
        merged = source.override(merged, override)
    stages = merged.pop("stages", None) or [{}]
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise OptionError(f"{source.place(('stages',))}: stages must be a list of sections")
    recipes = []
    for index, stage in enumerate(stages):
        changes = {key: value for key, value in stage.items() if key != "name"}
        name = str(stage.get("name", index + 1)) if len(stages) > 1 else ""
        recipes.append(_one(merge(merged, changes), name, source, ("stages", index) if changes else ()))
    names = [recipe.name for recipe in recipes]
    if len(set(names)) < len(names) or any("/" in name for name in names):
        raise OptionError(f"{source.place(('stages',))}: names of stages must differ and hold no /: {names}")
    return recipes


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the changes: sections are merged, all other values replaced."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merge(before, value) if both and before is not None else value
    return result


def as_yaml(recipes: Sequence[Recipe]) -> str:
    """The recipe with all its defaults, in a form that can be read again."""
    if len(recipes) == 1:
        return _dump(recipes[0].as_data())
    first, *_ = (recipe.as_data() for recipe in recipes)
    stages = [{"name": recipe.name, **_difference(first, recipe.as_data())} for recipe in recipes]
    return _dump({**first, "stages": stages})


def _one(data: dict[str, Any], name: str, source: Source, stage: tuple[str | int, ...]) -> Recipe:
    """Validates the sections of one stage."""
    task_name = data.get("task")
    if not isinstance(task_name, str):
        raise OptionError(
            f"{source.place(('task',))}: a recipe needs `task:`, one of {', '.join(TASKS.names())}"
        )
    kind = TASKS.find(task_name)
    own = {key: value for key, value in data.items() if key not in OWN}
    extra = tuple(name for name in OWN)
    train = data.get("train") or {}
    distillation = data.get("distillation")
    try:
        options = kind.Options.model_validate(own)
    except ValidationError as error:
        raise explain(error, kind.Options, (), source, stage, extra) from None
    try:
        trained = TrainOptions.model_validate(train)
    except ValidationError as error:
        raise explain(error, TrainOptions, ("train",), source, stage) from None
    if distillation is None:
        return Recipe(name, task_name, options, trained, None)
    try:
        distilled = DistillationOptions.model_validate(with_preset(distillation))
    except ValidationError as error:
        raise explain(error, DistillationOptions, ("distillation",), source, stage) from None
    return Recipe(name, task_name, options, trained, distilled)


def _difference(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What must be merged into `base` to make `other`."""
    changes: dict[str, Any] = {}
    for key in [*base, *(key for key in other if key not in base)]:
        before, after = base.get(key), other.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            inner = _difference(before, after)
            if inner:
                changes[key] = inner
        elif before != after:
            changes[key] = after
    return changes


def _dump(data: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=100)
    return text
