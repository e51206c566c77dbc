"""The register of losses between two models, and the mean that they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor, nn

from sampan.training.registry import Registry

PAIR_LOSSES: Registry[Callable[..., nn.Module]] = Registry("loss")
register_pair_loss = PAIR_LOSSES.register
"""Makes a loss known to recipes (`distillation.losses[].loss`)."""

Reduction = Literal["batch", "positions", "entries"]


def one_of(name: str, value: str, kinds: object) -> str:
    """The value, if it is one of a `Literal`'s.

    Raises:
        ValueError: it is not.
    """
    if value not in get_args(kinds):
        raise ValueError(f"{name} = {value!r}: choose one of {', '.join(get_args(kinds))}")
    return value


def reduce(values: Tensor, reduction: str) -> Tensor:
    """The scalar of a divergence whose classes stand in the last dimension.

    Args:
        values: (B, …, C), terms of the sum over classes.
        reduction: a `Reduction`. `batch` divides the sum by B, so it grows with the length of a sequence, as
            PP-OCR's DML does; `positions` divides by B and all positions; `entries` by every entry, classes too.
    """
    total = values.sum()
    if reduction == "batch":
        return total / values.shape[0]
    if reduction == "positions":
        return total / values[..., 0].numel()
    return total / values.numel()
