"""The task: a model with its data, its loss and its metric, which the trainer runs without knowing any of them.

A task lives in the model's room and is registered under the name that recipes use:

    @register_task("text-recognition")
    class TextRecognitionTask(Task):
        Options = TextRecognitionOptions        # pydantic, extra="forbid"

        def __init__(self, options: TextRecognitionOptions) -> None: ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.utils.data import Dataset, Sampler, default_collate

from sampan.errors import OptionError
from sampan.training.registry import Registry

Precision = Literal["fp32", "fp16", "int8"]


@runtime_checkable
class Metrics(Protocol):
    """Figures gathered over the validation set; `torchmetrics` collections fit after naming their keys."""

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None: ...

    def compute(self) -> dict[str, float]:
        """The figures by name; the first one is watched for the best checkpoint and for early stop."""
        ...

    def reset(self) -> None: ...


class Task(ABC):
    """What the trainer needs to know of a model; models themselves know nothing of training.

    Subclasses take their validated options in `__init__` and name the options' class in `Options`.
    """

    Options: ClassVar[type[BaseModel]]
    """The pydantic model (`extra="forbid"`) of everything in a recipe besides `task` and `train`."""

    higher_is_better: bool = True
    """Whether the watched metric (the first of `Metrics.compute`) is better when larger."""

    deploy: str = ""
    """Name of the part of the model that is used after training; "" is the whole model."""

    def __init__(self, options: Any) -> None:
        """Takes validated `Options`; a subclass may do all its own."""
        self.options = options

    @abstractmethod
    def model(self) -> nn.Module:
        """A fresh model; the trainer has called `torch.manual_seed` just before."""

    def bare_model(self) -> nn.Module:
        """The model for weights that are about to be put into it, as `eval` and `export` do.

        A task whose `model` reads other weights or data to begin with leaves that out here.
        """
        return self.model()

    @abstractmethod
    def train_data(self) -> Dataset[dict[str, Any]]:
        """A map-style data set whose items are dicts of tensors or arrays.

        If it has `set_epoch(epoch: int)`, that is called before each epoch. All randomness of item `i`
        comes from (seed, epoch, i) and never from global state: so a resumed run sees the same items.
        """

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        """A map-style data set for validation, or None when there is none."""
        return None

    def unlabelled_data(self, files: Sequence[Path]) -> Dataset[dict[str, Any]]:
        """Items like those of `train_data`, augmented alike, of images without labels (distillation).

        What stands in the place of the label is never read.

        Raises:
            OptionError: the task cannot learn from images alone.
        """
        raise OptionError(f"{type(self).__name__} cannot read unlabelled images ({len(files)} were given)")

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        """One batch of the samples."""
        batch: dict[str, Any] = default_collate(samples)
        return batch

    def forward(self, model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The model's outputs for a batch, by name."""
        outputs: dict[str, Any] = model(batch["image"])
        return outputs

    @abstractmethod
    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Named, weighted scalar terms; the trainer adds them up."""

    @abstractmethod
    def metrics(self) -> Metrics:
        """A fresh gatherer of validation figures."""

    def parameter_groups(self, model: nn.Module, lr: float, weight_decay: float) -> list[dict[str, Any]]:
        """Groups for the optimizer; by default norms and biases have no weight decay."""
        return decay_groups(model, lr, weight_decay)

    def public_tensors(self, model: nn.Module) -> dict[str, Tensor]:
        """The deployed model's tensors as they are published: `model.to_public()` where there is one."""
        to_public = getattr(model, "to_public", None)
        tensors: dict[str, Tensor] = model.state_dict() if to_public is None else to_public()
        return tensors

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:  # noqa: ARG002
        """Writes the deployed model as ONNX, checks the file against the module, and tells what it found.

        Args:
            model: in evaluation mode; it is left as it is.
            path: of the file.
            precision: how weights are stored.

        Returns:
            Figures to show, such as `size` in bytes and `difference`.

        Raises:
            OptionError: the task has no ONNX form.
        """
        raise OptionError(f"{type(self).__name__} has no ONNX form: export to {path.stem}.safetensors")

    def batch_sampler(  # noqa: B027 - None is a fine answer
        self,
        dataset: Sized,
        batch_size: int,
        seed: int,
        epoch: int,
    ) -> Sampler[list[int]] | Iterable[list[int]] | None:
        """Lists of indices, one list a batch, for tasks that choose their batches (multi-scale training).

        None lets the trainer shuffle and cut the data set itself. The same (seed, epoch) gives the same
        batches; an index may be any object that the data set's `__getitem__` takes.
        """


def decay_groups(model: nn.Module, lr: float, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups of the trainable parameters: matrices with decay; norms, biases and other vectors without."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            (decayed if parameter.ndim > 1 else plain).append(parameter)
    groups = [
        {"params": decayed, "lr": lr, "weight_decay": weight_decay},
        {"params": plain, "lr": lr, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


TASKS: Registry[type[Task]] = Registry("task")
"""The tasks of every module imported so far."""

register_task = TASKS.register
"""Makes a task known to recipes under a name: lower case, words joined by hyphens."""


def total_loss(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms, in their order.

    Raises:
        OptionError: there is no term, which would train nothing.
    """
    if not terms:
        raise OptionError("the task gave no loss: at least one term must have a weight above 0")
    return torch.stack([term.reshape(()) for term in terms.values()]).sum()
