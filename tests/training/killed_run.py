"""A run for `test_resume` to kill: dropout, batch norm, averaging with a cycle, accumulation, clipping, all at once.

python -m tests.training.killed_run FOLDER      prints each step as soon as it is done
"""

from __future__ import annotations

import sys
from pathlib import Path

import tests.training.toy  # noqa: F401 - registers the task
import torch

from sampan.training import trainer
from sampan.training.recipe import read_recipe

RECIPE = {
    "task": "toy",
    "model": {"width": 12, "dropout": 0.3},
    "data": {"items": 100, "validation_items": 16, "noise": 0.2},
    "train": {
        "epochs": 6,
        "batch_size": 8,
        "accumulate": 3,
        "lr": 0.01,
        "seed": 4,
        "optimizer": {"name": "adamw"},
        "weight_decay": 0.01,
        "clipping": {"max_norm": 0.5},
        "averaging": {"decay": 0.9, "type": "threshold", "start": "zero", "cycle_epochs": 2},
        "schedule": {"warm_up": {"steps": 4}},
        "checkpoint_steps": 2,
        "log_steps": 1,
        "tensorboard": False,
    },
}
DISTILLED = {
    **RECIPE,
    "distillation": {
        "preset": "ssld",
        "models": {
            "teacher": {"model": {"width": 24, "dropout": 0.0}},
            "student": {"own": 0.5, "taps": {"features": "body"}},
            "peer": {"taps": {"features": "body"}},
        },
        "losses": [
            {"pair": ["student", "teacher"], "key": "logits", "loss": "symmetric-kl"},
            {"pair": ["student", "peer"], "key": "features", "loss": "feature"},
        ],
    },
}


class Slow(trainer.Trainer):
    """Says each step aloud, at the moment when the weights have changed and nothing is written yet."""

    def _train(self, batches: list[dict[str, object]]) -> None:
        super()._train(batches)
        print(f"step {self.step}", flush=True)


def run(folder: Path, recipe: dict[str, object] = RECIPE) -> trainer.Outcome:
    (read,) = read_recipe(recipe)
    return Slow(read.task(), read.train, folder, read.as_data(), cpu=True).fit()


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Path(sys.argv[1]), DISTILLED if "distilled" in sys.argv else RECIPE)
