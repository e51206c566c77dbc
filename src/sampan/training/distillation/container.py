"""Several models that train as one: named, some frozen, with taps into their modules and losses between them.

It is an ordinary `nn.Module`, so that DDP, FSDP2, checkpoints and averages see one model; the losses that have
weights of their own (adapters) are part of it and train with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sampan.errors import OptionError
from sampan.training.distillation.options import PairLoss, SubModel
from sampan.training.registry import did_you_mean

Forward = Callable[[nn.Module, Mapping[str, Any]], dict[str, Any]]


class ModelContainer(nn.Module):
    """Runs every model on the same batch.

    Args:
        models: by name.
        options: of each model, by the same names.
        forwards: how each model takes a batch (`Task.forward` of its task).
        losses: between models, in the order of `modules`.
        modules: what computes each of them: `(first, second, batch) -> scalar or named scalars`.
        needed: models that run at validation; all run in training.

    Raises:
        OptionError: a tap names a module that is not there.
    """

    def __init__(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, SubModel],
        forwards: Mapping[str, Forward],
        losses: list[PairLoss],
        modules: list[nn.Module],
        needed: set[str],
    ) -> None:
        super().__init__()
        self.models = nn.ModuleDict(models)
        self.pair_losses = nn.ModuleList(modules)
        self._options, self._forwards = dict(options), dict(forwards)
        self._losses, self._needed = list(losses), needed
        self._seen: dict[str, dict[str, Any]] = {name: {} for name in models}
        for name, option in options.items():
            for tap, path in option.taps.items():
                self._add_tap(name, tap, path)
            if option.frozen:
                self.models[name].requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Frozen models stay in evaluation mode, but for batch norms that are to see the batch."""
        super().train(mode)
        for name, option in self._options.items():
            if option.frozen:
                self.models[name].eval()
                if option.batch_norm == "train":
                    for module in self.models[name].modules():
                        if isinstance(module, _BatchNorm):
                            # Without tracking, a batch norm in training mode reads no statistics and
                            # writes none: the teacher's own stay as they are.
                            module.training, module.track_running_stats = mode, not mode
        return self

    def forward(self, batch: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Outputs and taps by model; in training also `pairs`: weighted losses between models by name."""
        outputs: dict[str, dict[str, Any]] = {}
        for name, option in self._options.items():
            if self.training or name in self._needed:
                with torch.no_grad() if option.frozen else nullcontext():
                    result = self._forwards[name](self.models[name], batch)
                outputs[name] = {**result, **self._seen[name]}
                self._seen[name].clear()
        if self.training:
            outputs["pairs"] = self._pairs(outputs, batch)
        return outputs

    def _pairs(self, outputs: Mapping[str, Mapping[str, Any]], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        for loss, module in zip(self._losses, self.pair_losses, strict=True):
            first, second = (_output(outputs[name], name, loss.key) for name in loss.pair)
            value = module(first, second, batch)
            parts = value if isinstance(value, Mapping) else {"": value}
            for part, term in parts.items():
                name = f"{loss.name}.{part}" if part else loss.name
                while name in terms:  # two losses on one output of one pair
                    name += "'"
                terms[name] = loss.weight * term
        return terms

    def _add_tap(self, model: str, tap: str, path: str) -> None:
        found = re.fullmatch(r"(.*?)(?:\[([^\[\]]+)\])?", path)
        assert found is not None  # the pattern fits every text
        module_path, index = found[1], found[2]
        modules = dict(self.models[model].named_modules())
        if module_path not in modules:
            raise OptionError(
                f"distillation.models.{model}.taps.{tap}: there is no module {module_path!r}"
                f"{did_you_mean(module_path, [name for name in modules if name])}"
            )

        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            chosen = output
            if index is not None:
                chosen = output[int(index)] if re.fullmatch(r"-?\d+", index) else output[index]
            self._seen[model][tap] = chosen

        modules[module_path].register_forward_hook(keep)


def _output(outputs: Mapping[str, Any], model: str, key: str) -> Any:
    if key not in outputs:
        raise OptionError(
            f"distillation: the model {model!r} gives no output {key!r}{did_you_mean(key, sorted(outputs))}; "
            f"taps add outputs"
        )
    return outputs[key]
