"""Where a recipe's values come from, and what to say when one is wrong: file, line, key, value, right name."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from sampan.errors import InputError, OptionError
from sampan.training.options import TrainOptions
from sampan.training.registry import did_you_mean

Key = tuple[str | int, ...]


class Source:
    """A recipe's text with the line of each key, and the overrides that came after it.

    Args:
        path: of the YAML file; None when the data are in memory.
        data: the data in memory.

    Raises:
        InputError: no such file, not YAML, not a mapping, a key twice.
    """

    def __init__(self, path: Path | None, data: Mapping[str, Any] | None = None) -> None:
        self._path = path
        self._lines: dict[Key, int] = {}
        self._overrides: dict[Key, str] = {}
        self.data: dict[str, Any] = dict(data or {})
        if path is not None:
            self.data = self._read(path)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise InputError(f"{path}: the recipe cannot be read: {reason}") from error
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            data = yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else "?"
            raise InputError(f"{path}, line {line}: this is not YAML: {error.problem}") from error
        if not isinstance(data, dict):
            raise InputError(f"{path}: a recipe is a mapping of keys to values, beginning with `task: NAME`")
        self._note_lines(node, ())
        return data

    def _note_lines(self, node: Any, at: Key) -> None:
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                key = (*at, name.value)
                line = name.start_mark.line + 1
                if key in self._lines:
                    raise InputError(
                        f"{self._path}, line {line}: {dotted(key)} stands here a second time "
                        f"(first in line {self._lines[key]})"
                    )
                self._lines[key] = line
                self._note_lines(value, key)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._lines[(*at, index)] = value.start_mark.line + 1
                self._note_lines(value, (*at, index))

    def override(self, data: Mapping[str, Any], text: str) -> dict[str, Any]:
        """The data with one `key=value` put in.

        Raises:
            OptionError: it has no such form, or the value is not YAML.
        """
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise OptionError(f"{text!r}: overrides have the form key=value, as in train.lr=3e-4")
        key: Key = tuple(int(part) if part.isdigit() else part for part in name.strip().split("."))
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise OptionError(f"{text!r}: the value is not YAML") from error
        self._overrides[key] = text
        changed: dict[str, Any] = _put(data, key, parsed, text)
        return changed

    def place(self, key: Key) -> str:
        """Where a key stands: "recipes/x.yaml, line 12", or the override that gave it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self._overrides:
                return f"override {self._overrides[key[:length]]!r}"
        name = str(self._path) if self._path is not None else "the recipe"
        for length in range(len(key), 0, -1):
            if key[:length] in self._lines:
                return f"{name}, line {self._lines[key[:length]]}"
        return name


def explain(
    error: ValidationError,
    model: type[BaseModel],
    prefix: Key,
    source: Source,
    stage: Key,
    extra: Sequence[str] = (),
) -> OptionError:
    """The error to raise for a section that does not validate.

    Args:
        error: pydantic's.
        model: of the section.
        prefix: the section's key.
        source: of the recipe.
        stage: key of the stage whose changes may have brought the value.
        extra: names that are right beside the model's own.
    """
    first, *others = error.errors()
    inner: Key = tuple(part for part in first["loc"])
    key = (*prefix, *inner)
    place = source.place((*stage, *key)) if stage else source.place(key)
    if stage and place == source.place(stage):
        place = source.place(key)
    name = dotted(key)
    if first["type"] == "extra_forbidden":
        siblings = _fields(model, inner[:-1])
        known = [*siblings, *(extra if len(inner) == 1 else ())]
        hint = did_you_mean(str(inner[-1]), known)
        if not prefix and len(inner) == 1 and inner[0] in TrainOptions.model_fields:
            hint = f": did you mean train.{inner[0]}?"
        text = f"{name} is not a known key{hint}"
    elif first["type"] == "missing":
        text = f"{name} is missing"
    else:
        value = first["input"] if inner else None
        message = first["msg"].removeprefix("Value error, ")
        shown = f" = {value!r}" if inner and not isinstance(value, (dict, BaseModel)) else ""
        text = f"{name or 'recipe'}{shown}: {message[:1].lower()}{message[1:]}"
    more = f" (and {len(others)} more)" if others else ""
    return OptionError(f"{place}: {text}{more}")


def dotted(key: Key) -> str:
    """ "train.rules.0.lr" """
    return ".".join(map(str, key))


def _fields(model: type[BaseModel], inner: Key) -> list[str]:
    """Names of the fields of the (nested) model at a place inside `model`."""
    models = [model]
    for part in inner:
        deeper = [
            found
            for one in models
            if isinstance(part, str) and part in one.model_fields
            for found in _models_in(one.model_fields[part].annotation)
        ]
        models = deeper or models  # a key of a dict, an index of a list, the tag of a union
    return [name for one in models for name in one.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """All pydantic models in an annotation such as `list[Rule] | None`."""
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType, list, tuple, dict):
        return [found for part in get_args(annotation) for found in _models_in(part)]
    return []


def _put(data: Any, key: Key, value: Any, text: str) -> Any:
    """A copy of nested dicts and lists with one value replaced; missing sections are made."""
    if not key:
        return value
    first, rest = key[0], key[1:]
    if isinstance(data, list):
        if not isinstance(first, int) or first >= len(data):
            raise OptionError(f"{text!r}: there is no entry {first} in a list of {len(data)}")
        return [_put(old, rest, value, text) if i == first else old for i, old in enumerate(data)]
    section = dict(data) if isinstance(data, Mapping) else {}
    section[str(first)] = _put(section.get(str(first)), rest, value, text)
    return section
