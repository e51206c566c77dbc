"""The optimizer of a run: the task's groups, split by the recipe's rules, in a `torch.optim` class."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn, optim

from sampan.errors import OptionError
from sampan.training.options import OptimizerOptions, ParameterRule


def optimizer(options: OptimizerOptions, groups: list[dict[str, Any]], lr: float) -> optim.Optimizer:
    """An optimizer over the groups.

    Args:
        options: which one and its constants.
        groups: as `torch.optim` takes them; each names its own `lr` and `weight_decay`.
        lr: base rate for groups that name none.
    """
    if options.name == "sgd":
        return optim.SGD(groups, lr=lr, momentum=options.momentum, nesterov=options.nesterov)
    kind = optim.Adam if options.name == "adam" else optim.AdamW
    return kind(groups, lr=lr, betas=options.betas, eps=options.eps)


def split_groups(
    groups: list[dict[str, Any]], model: nn.Module, rules: Sequence[ParameterRule]
) -> list[dict[str, Any]]:
    """The groups with parameters that a rule fits moved to groups of their own.

    Raises:
        OptionError: a rule fits no trainable parameter, so it is a slip of the pen.
    """
    names = {parameter: name for name, parameter in model.named_parameters()}
    used: set[int] = set()
    split: list[dict[str, Any]] = []
    for group in groups:
        parts: dict[int, list[nn.Parameter]] = {}
        for parameter in group["params"]:
            fits = (i for i, rule in enumerate(rules) if fnmatchcase(names[parameter], rule.match))
            parts.setdefault(next(fits, -1), []).append(parameter)
        used.update(parts)
        for index, parameters in sorted(parts.items()):
            part = {**group, "params": parameters}
            if index >= 0:
                rule = rules[index]
                part["lr"] = group["lr"] * rule.lr
                if rule.weight_decay is not None:
                    part["weight_decay"] = rule.weight_decay
            split.append(part)
    for index, rule in enumerate(rules):
        if index not in used:
            example = next(iter(names.values()), "none")
            raise OptionError(
                f"train.rules: {rule.match!r} fits no trainable parameter that an earlier rule has left; "
                f"names look like {example!r}"
            )
    return split


def freeze(model: nn.Module, patterns: Sequence[str]) -> None:
    """Takes the parameters that fit a pattern out of training.

    Raises:
        OptionError: a pattern fits none.
    """
    for pattern in patterns:
        fitting = [value for name, value in model.named_parameters() if fnmatchcase(name, pattern)]
        if not fitting:
            example = next((name for name, _ in model.named_parameters()), "none")
            raise OptionError(f"train.freeze: {pattern!r} fits no parameter; names look like {example!r}")
        for parameter in fitting:
            parameter.requires_grad_(False)
