"""Training several models as one: a container, losses between its models, and the papers' settings as data."""

from __future__ import annotations

from sampan.training.distillation.container import ModelContainer
from sampan.training.distillation.options import DistillationOptions, PairLoss, SubModel, preset_names
from sampan.training.distillation.task import DistillationTask

__all__ = [
    "DistillationOptions",
    "DistillationTask",
    "ModelContainer",
    "PairLoss",
    "SubModel",
    "preset_names",
]
