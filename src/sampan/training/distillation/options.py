"""What a recipe's `distillation` section may say: the models, and the losses between them, as data.

distillation:
  preset: u-dml                      # the papers' settings; every key below replaces a part of it
  models:
    student: {}
    teacher: {model: {…}, weights: runs/teacher, frozen: true}
  losses:
    - {pair: [student, teacher], key: logits, loss: symmetric-kl, weight: 1.0}
  deploy: student
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, field_validator, model_validator

from sampan.errors import OptionError
from sampan.training.options import NotNegative, Strict
from sampan.training.registry import did_you_mean

PRESETS = "presets"


class SubModel(Strict):
    """One model of the container."""

    model: dict[str, Any] | None = None
    """Stands in the place of the recipe's `model` section; None takes that section."""
    weights: Path | None = None
    """A run's folder or a safetensors file to take the first weights from."""
    frozen: bool = False
    """Not trained, no gradients, in evaluation mode."""
    batch_norm: Literal["eval", "train"] = "eval"
    """Of a frozen model while others train: `train` normalises by each batch's own statistics and writes
    none of them down (SSLD's teachers)."""
    taps: dict[str, str] = Field(default_factory=dict)
    """Further outputs: name → path of a module inside the model, such as "backbone.stages.3" or, for a module
    that gives a list or a dict, "backbone[-1]" or "neck[p3]"."""
    own: NotNegative | dict[str, NotNegative] = 1.0
    """Weight of the task's own losses, all or by name; 0 does not compute them, and labels are not read."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.batch_norm == "train" and not self.frozen:
            raise ValueError("batch_norm is for frozen models; others train theirs anyway")
        return self


class PairLoss(Strict):
    """A loss between the same output of two models."""

    pair: tuple[str, str]
    """The one that learns and the one that guides; two that train both receive gradients."""
    key: str
    """Name of an output or of a tap."""
    loss: str
    """A registered name, or an import path "package.module:Name"."""
    weight: NotNegative = 1.0
    settings: dict[str, Any] = Field(default_factory=dict)
    """Of the loss."""

    @property
    def name(self) -> str:
        """How the term is called in the record of the run."""
        return f"{self.pair[0]}~{self.pair[1]}/{self.key}"


class UnlabelledPool(Strict):
    """Images without labels that are trained on beside the task's own."""

    folders: list[Path] = Field(default_factory=list)
    """Every picture in them and below, in the order of their names."""
    manifests: list[Path] = Field(default_factory=list)
    """Files of `sampan.training.distillation.mining`, one JSON object with a `path` a line."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many, the first of them."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.folders and not self.manifests:
            raise ValueError("name at least one folder or manifest")
        return self


class DistillationOptions(Strict):
    """Named models, the losses between them, and which model is used in the end."""

    preset: str | None = None
    models: dict[str, SubModel]
    losses: list[PairLoss] = Field(default_factory=list)
    deploy: str
    agreement: str | None = None
    """An output whose largest entry is compared between the pairs at validation, with its entropy."""
    unlabelled: UnlabelledPool | None = None

    @field_validator("models")
    @classmethod
    def _names_are_plain(cls, models: dict[str, SubModel]) -> dict[str, SubModel]:
        for name in models:
            if not name.isidentifier():
                raise ValueError(f"the model name {name!r} must be a word of letters, digits and _")
        return models

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        known = list(self.models)
        for name in [self.deploy, *(name for loss in self.losses for name in loss.pair)]:
            if name not in self.models:
                raise ValueError(f"there is no model {name!r}{did_you_mean(name, known)}")
        if self.models[self.deploy].frozen:
            raise ValueError(f"deploy = {self.deploy!r} is frozen: name a model that is trained")
        for loss in self.losses:
            if all(self.models[name].frozen for name in loss.pair):
                raise ValueError(f"both models of the loss {loss.name} are frozen: it would train nothing")
        return self


def preset_names() -> list[str]:
    """Names that `distillation.preset` may have."""
    files = resources.files(__package__).joinpath(PRESETS).iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def with_preset(section: object) -> object:
    """A `distillation` section with the preset that it names filled in; sections are merged, lists replaced.

    Raises:
        OptionError: there is no such preset.
    """
    if not isinstance(section, Mapping) or not isinstance(section.get("preset"), str):
        return section
    name = section["preset"]
    if name not in preset_names():
        raise OptionError(f"distillation.preset = {name!r} is not known{did_you_mean(name, preset_names())}")
    file = resources.files(__package__).joinpath(PRESETS, f"{name}.yaml")
    return _filled(yaml.safe_load(file.read_text(encoding="utf-8")), section)


def _filled(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    filled = dict(base)
    for key, value in changes.items():
        before = filled.get(key)
        deeper = isinstance(before, Mapping) and isinstance(value, Mapping)
        filled[key] = _filled(before, value) if deeper and before is not None else value
    return filled
