"""The task `text-rotation`: TextRotNet for the trainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from sampan.training.options import Strict
from sampan.training.task import Task, register_task
from sampan.vision.text_recognition.augmentation import RecAug
from sampan.vision.text_recognition.chosen_sources import sources_of
from sampan.vision.text_recognition.models import text_recognizer
from sampan.vision.text_recognition.options import ChangeOptions, Scale, SourceOptions
from sampan.vision.text_recognition.rotation.dataset import RotatedLines
from sampan.vision.text_recognition.rotation.network import RotationNet


class RotationData(Strict):
    """Lines, whose texts are not needed."""

    train: list[SourceOptions] = Field(min_length=1)
    validation: list[SourceOptions] = Field(default_factory=list)
    size: Scale = (48, 320)
    change: ChangeOptions | None = ChangeOptions(invert=0.0)
    seed: int = 0


class RotationModel(Strict):
    """Which recogniser's backbone."""

    name: str = "pp-ocrv6-tiny"


class TextRotationOptions(BaseModel):
    """All sections of a recipe of the task `text-rotation` besides `train`."""

    model_config = Strict.model_config

    model: RotationModel = RotationModel()
    data: RotationData


class RotationAccuracy:
    """Share of lines whose turn was told right."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._right = self._lines = 0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        self._right += int((outputs["turn"].argmax(1) == batch["turn"]).sum())
        self._lines += len(batch["turn"])

    def compute(self) -> dict[str, float]:
        return {"accuracy": self._right / max(self._lines, 1)}


@register_task("text-rotation")
class TextRotationTask(Task):
    """Pre-trains the backbone of a recogniser on lines without labels."""

    Options = TextRotationOptions

    def __init__(self, options: TextRotationOptions) -> None:
        self.options = options

    def model(self) -> RotationNet:
        return RotationNet(text_recognizer(self.options.model.name, classes=2).backbone)

    def train_data(self) -> Dataset[dict[str, Any]]:
        data = self.options.data
        change = RecAug(**data.change.model_dump()) if data.change else RecAug(0, 0, 0, 0, 0, 0, 0)
        return RotatedLines(sources_of(data.train), data.size, change, data.seed)

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        data = self.options.data
        if not data.validation:
            return None
        return RotatedLines(sources_of(data.validation, fixed=True), data.size, None, data.seed)

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"turn": functional.cross_entropy(outputs["turn"], batch["turn"])}

    def metrics(self) -> RotationAccuracy:
        return RotationAccuracy()
