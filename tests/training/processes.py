"""A run of two processes for `test_processes`: python -m tests.training.processes FOLDER SHARDING RANK PORT [STEPS]"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from tests.training.toy import Spirals, ToyTask
from torch import nn

from sampan.training.options import TrainOptions
from sampan.training.trainer import Trainer


class Plain(nn.Module):
    """Without batch norm, so that two halves of a batch give the gradient of the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 16), nn.ReLU())
        self.head = nn.Linear(16, 2)

    def forward(self, points: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.head(self.body(points))}


class PlainTask(ToyTask):
    def model(self) -> nn.Module:
        return Plain()

    def train_data(self) -> Spirals:
        return Spirals(64, 0.05, seed=1)


def run(folder: Path, batch_size: int, accumulate: int = 1, **changes: Any) -> None:
    chosen = TrainOptions.model_validate(
        {
            "epochs": 3,
            "batch_size": batch_size,
            "accumulate": accumulate,
            "lr": 0.01,
            "clipping": {"max_norm": 0.05},
            "averaging": {"decay": 0.8},
            "weight_decay": 0.1,
            "tensorboard": False,
            "checkpoint_steps": 3,
            "log_steps": 4,
            **changes,
        }
    )
    seconds = 0.0 if os.environ.get("STOP") else None
    Trainer(PlainTask(), chosen, folder, {}, cpu=True, seconds=seconds).fit()


if __name__ == "__main__":
    torch.set_num_threads(1)
    name, sharding, rank, port = sys.argv[1:5]
    os.environ.update(
        RANK=rank,
        LOCAL_RANK=rank,
        WORLD_SIZE="2",
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=port,
        OMP_NUM_THREADS="1",
    )
    run(Path(name), 4, accumulate=2, sharding=sharding)
