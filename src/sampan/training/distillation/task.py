"""A task of several models, made from a task of one: so that any task can be distilled without knowing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from torch import Tensor, nn
from torch.utils.data import Dataset, Sampler

from sampan.errors import OptionError
from sampan.training.distillation.container import ModelContainer
from sampan.training.distillation.losses import PAIR_LOSSES
from sampan.training.distillation.metrics import DistillationMetrics
from sampan.training.distillation.options import DistillationOptions
from sampan.training.distillation.pool import WithUnlabelled, pool_files
from sampan.training.registry import did_you_mean
from sampan.training.start import start_from
from sampan.training.task import Metrics, Precision, Task, decay_groups


class DistillationTask(Task):
    """Models, data and figures of `kind`, once for each model of the container.

    Args:
        kind: the task of one model.
        options: of that task; a model's own `model` section replaces the one in it.
        distillation: models and losses.

    Raises:
        OptionError: a model's section does not fit the task, or a loss is not known.
    """

    def __init__(self, kind: type[Task], options: BaseModel, distillation: DistillationOptions) -> None:
        self.options = distillation
        self._tasks: dict[str, Task] = {
            name: kind(options if sub.model is None else _with_model(options, name, sub.model))
            for name, sub in distillation.models.items()
        }
        self._base = self._tasks[distillation.deploy]
        self._trained = [name for name, sub in distillation.models.items() if not sub.frozen]
        self.deploy = ".".join(filter(None, ("models", distillation.deploy, self._base.deploy)))
        self.higher_is_better = self._base.higher_is_better

    def model(self) -> ModelContainer:
        models: dict[str, nn.Module] = {}
        for name, sub in self.options.models.items():
            # Built one after the other from one stream of random numbers: no two start alike.
            models[name] = self._tasks[name].model()
            if sub.weights is not None:
                start_from(models[name], sub.weights)
        return self._container(models)

    def bare_model(self) -> ModelContainer:
        return self._container({name: task.bare_model() for name, task in self._tasks.items()})

    def _container(self, models: dict[str, nn.Module]) -> ModelContainer:
        needed = set(self._trained)
        if self.options.agreement is not None:
            needed.update(name for loss in self.options.losses for name in loss.pair)
        return ModelContainer(
            models,
            self.options.models,
            {name: task.forward for name, task in self._tasks.items()},
            self.options.losses,
            [self._pair_loss(index) for index in range(len(self.options.losses))],
            needed,
        )

    def train_data(self) -> Dataset[dict[str, Any]]:
        labelled = self._base.train_data()
        if self.options.unlabelled is None:
            return labelled
        files = pool_files(self.options.unlabelled)
        return WithUnlabelled(labelled, self._base.unlabelled_data(files))

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        return self._base.validation_data()

    def unlabelled_data(self, files: Sequence[Path]) -> Dataset[dict[str, Any]]:
        return self._base.unlabelled_data(files)

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return self._base.collate(samples)

    def forward(self, model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Any]:
        outputs: dict[str, Any] = model(batch)
        return outputs

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """The task's own terms of each trained model, weighted ("student/ctc"), and those between models."""
        terms: dict[str, Tensor] = {}
        for name in self._trained:
            own = self.options.models[name].own
            if own == 0:
                continue
            found = self._tasks[name].losses(outputs[name], batch)
            if isinstance(own, dict):
                for term in own:
                    if term not in found:
                        raise OptionError(
                            f"distillation.models.{name}.own: the task has no loss {term!r}"
                            f"{did_you_mean(term, list(found))}"
                        )
            for term, value in found.items():
                weight = own.get(term, 0.0) if isinstance(own, dict) else own
                if weight > 0:
                    terms[f"{name}/{term}"] = weight * value
        return {**terms, **outputs["pairs"]}

    def metrics(self) -> Metrics:
        return DistillationMetrics(
            {name: self._tasks[name].metrics() for name in self._trained},
            self.options.deploy,
            [loss.pair for loss in self.options.losses if loss.key == self.options.agreement],
            self.options.agreement,
        )

    def parameter_groups(self, model: nn.Module, lr: float, weight_decay: float) -> list[dict[str, Any]]:
        assert isinstance(model, ModelContainer)
        groups = [
            group
            for name in self._trained
            for group in self._tasks[name].parameter_groups(model.models[name], lr, weight_decay)
        ]
        return groups + decay_groups(model.pair_losses, lr, weight_decay)

    def public_tensors(self, model: nn.Module) -> dict[str, Tensor]:
        return self._base.public_tensors(model)

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:
        return self._base.export_onnx(model, path, precision)

    def batch_sampler(
        self, dataset: Sized, batch_size: int, seed: int, epoch: int
    ) -> Sampler[list[int]] | Iterable[list[int]] | None:
        return self._base.batch_sampler(dataset, batch_size, seed, epoch)

    def _pair_loss(self, index: int) -> nn.Module:
        loss = self.options.losses[index]
        make = PAIR_LOSSES.find(loss.loss)
        try:
            return make(**loss.settings)
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"distillation.losses.{index}.settings = {loss.settings!r} do not fit {loss.loss}: {error}"
            ) from error


def _with_model(options: BaseModel, name: str, section: dict[str, Any]) -> BaseModel:
    """The task's options with another `model` section."""
    data = {key: getattr(options, key) for key in options.model_fields_set}
    try:
        return type(options).model_validate({**data, "model": section})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, ("distillation", "models", name, *first["loc"])))
        raise OptionError(f"{key}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
