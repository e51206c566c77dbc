"""A small task for the trainer's tests: points of two spirals, a net with batch norm and dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.utils.data import Dataset

from sampan.training import Task, register_task


class ToyModel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: int = 16
    dropout: float = 0.1


class ToyData(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: int = 96
    validation_items: int = 32
    noise: float = 0.05


class ToyOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    model: ToyModel = ToyModel()
    data: ToyData = ToyData()


class Net(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.ReLU())
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, 2)

    def forward(self, points: Tensor) -> dict[str, Tensor]:
        return {"logits": self.head(self.drop(self.body(points)))}  # (B, 2)


class Spirals(Dataset[dict[str, Any]]):
    def __init__(self, items: int, noise: float, seed: int) -> None:
        self.items, self.noise, self.seed, self.epoch = items, noise, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.items

    def __getitem__(self, index: int) -> dict[str, Any]:
        label = index % 2
        angle = torch.tensor(3.0 * (index + 1) / self.items)
        point = torch.stack([angle.cos(), angle.sin()]) * angle * (1 - 2 * label)
        generator = torch.Generator().manual_seed(self.seed + 1000 * self.epoch + index)
        return {"image": point + self.noise * torch.randn(2, generator=generator), "label": label}


class Accuracy:
    def __init__(self) -> None:
        self.right, self.all = 0, 0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        self.right += int((outputs["logits"].argmax(1) == batch["label"]).sum())
        self.all += len(batch["label"])

    def compute(self) -> dict[str, float]:
        return {"accuracy": self.right / self.all}

    def reset(self) -> None:
        self.right = self.all = 0


@register_task("toy")
class ToyTask(Task):
    Options = ToyOptions

    def __init__(self, options: ToyOptions | None = None) -> None:
        self.options = options or ToyOptions()

    def model(self) -> nn.Module:
        return Net(self.options.model.width, self.options.model.dropout)

    def train_data(self) -> Spirals:
        return Spirals(self.options.data.items, self.options.data.noise, seed=1)

    def validation_data(self) -> Spirals | None:
        items = self.options.data.validation_items
        return Spirals(items, self.options.data.noise, seed=2) if items else None

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"cross_entropy": nn.functional.cross_entropy(outputs["logits"], batch["label"])}

    def metrics(self) -> Accuracy:
        return Accuracy()
