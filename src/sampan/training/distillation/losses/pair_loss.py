"""The register of losses between two models, and the mean that they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from sampan.training.registry import Registry

PAIR_LOSSES: Registry[Callable[..., nn.Module]] = Registry("loss")
register_pair_loss = PAIR_LOSSES.register
"""Makes a loss known to recipes (`distillation.losses[].loss`)."""

Reduction = Literal["batch", "positions", "entries"]


def reduce(values: Tensor, reduction: Reduction) -> Tensor:
    """The scalar of a divergence whose classes stand in the last dimension.

    Args:
        values: (B, …, C), terms of the sum over classes.
        reduction: `batch` divides the sum by B (so it grows with the length of a sequence, as PP-OCR's DML does);
            `positions` by B and all positions; `entries` by every entry, classes too.
    """
    total = values.sum()
    if reduction == "batch":
        return total / values.shape[0]
    if reduction == "positions":
        return total / values[..., 0].numel()
    return total / values.numel()
