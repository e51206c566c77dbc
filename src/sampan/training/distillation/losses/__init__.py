"""Losses between two models' outputs. Each is an `nn.Module` called with (learner's, guide's, batch).

A room registers its own with `@register_pair_loss("name")`; settings of the recipe go to its constructor.
"""

from __future__ import annotations

from sampan.training.distillation.losses.feature import FeatureDistance
from sampan.training.distillation.losses.map_divergence import MapDivergence
from sampan.training.distillation.losses.pair_loss import PAIR_LOSSES, register_pair_loss
from sampan.training.distillation.losses.soft_cross_entropy import SoftCrossEntropy
from sampan.training.distillation.losses.symmetric_kl import SymmetricKL

__all__ = [
    "PAIR_LOSSES",
    "FeatureDistance",
    "MapDivergence",
    "SoftCrossEntropy",
    "SymmetricKL",
    "register_pair_loss",
]
