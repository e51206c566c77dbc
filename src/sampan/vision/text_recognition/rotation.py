"""TextRotNet: a backbone learns from lines without labels, by telling how they are turned (PP-OCRv3 §3.4).

Line pictures are turned by 0, 90, 180 or 270 degrees, brought into a strip of 48 × 320 and classified by the
backbone's last map, averaged. The task `text-rotation` trains that; a recogniser then starts from its backbone
(`model.backbone` of the recipe).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.training.options import Strict
from sampan.training.task import Task, register_task
from sampan.vision.backbones.backbone import Backbone
from sampan.vision.blocks import Fusable
from sampan.vision.text_recognition.augmentation import RecAug
from sampan.vision.text_recognition.chosen_sources import sources_of
from sampan.vision.text_recognition.models import text_recognizer
from sampan.vision.text_recognition.options import ChangeOptions, Scale, SourceOptions
from sampan.vision.text_recognition.sources import LineSource
from sampan.vision.text_recognition.strips import strip

TURNS = 4


class RotationNet(Fusable):
    """Backbone and a Linear on its averaged last map: (B, 3, H, W) → `turn` logits (B, 4), counter-clockwise."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.classify = nn.Linear(backbone.channels[-1], TURNS)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        features = cast(Tensor, self.backbone(image)[-1]).mean((2, 3))
        return {"turn": self.classify(features)}


class RotatedLines(Dataset[dict[str, Any]]):
    """Lines turned by a quarter, a half, three quarters or not; their texts are not looked at.

    An item is `image` (3, H, W) and `turn`, the number of quarter turns counter-clockwise. Everything random in item
    i comes from (seed, epoch, i); with `change` None each line has the same turn in every epoch.
    """

    def __init__(
        self, sources: Sequence[LineSource], size: tuple[int, int], change: RecAug | None, seed: int
    ) -> None:
        self.sources, self.size, self.change, self.seed, self.epoch = list(sources), size, change, seed, 0
        self._ends = np.cumsum([len(source) for source in self.sources])
        if not self.sources or not self._ends[-1]:
            raise InputError("there are no lines to turn: name a label file or a language to draw")

    def __len__(self) -> int:
        return int(self._ends[-1])

    def set_epoch(self, epoch: int) -> None:
        """Draws of the next items belong to this epoch."""
        self.epoch = epoch

    def __getitem__(self, number: int) -> dict[str, Any]:
        epoch = self.epoch if self.change is not None else 0
        rng = np.random.default_rng((self.seed, epoch, number))
        source = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[source - 1]) if source else 0
        image, _ = self.sources[source].line(number - before, epoch)
        if self.change is not None:
            image = self.change(image, rng)
        turn = int(rng.integers(TURNS))
        picture, _ = strip(np.ascontiguousarray(np.rot90(image, turn)), *self.size)
        return {"image": torch.from_numpy(picture), "turn": torch.tensor(turn)}


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
