"""What is done to gradients between the backward pass and the step: a rule with one method.

    @register_clipping("my-rule")
    class MyRule:
        def __init__(self, options: ClippingOptions) -> None: ...
        def clip(self, parameters: Iterable[nn.Parameter]) -> Tensor: ...

A rule that remembers something between steps also has `state_dict` and `load_state_dict` with numbers and
tensors by name, which go into the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_norm_

from sampan.training.options import ClippingOptions
from sampan.training.registry import Registry


class Clipping(Protocol):
    """Changes gradients in place."""

    def clip(self, parameters: Iterable[nn.Parameter]) -> Tensor:
        """Returns the global L2 norm of the gradients before the change, a scalar."""
        ...


@runtime_checkable
class Remembering(Clipping, Protocol):
    """A rule with a memory that a checkpoint must keep."""

    def state_dict(self) -> Mapping[str, Tensor]: ...

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None: ...


RULES: Registry[Callable[[ClippingOptions], Clipping]] = Registry("clipping rule")
register_clipping = RULES.register
"""Makes a rule known to recipes (`train.clipping.name`)."""


def clipping(options: ClippingOptions) -> Clipping:
    """The rule that the options name.

    Raises:
        OptionError: there is no such rule.
    """
    return RULES.find(options.name)(options)


@register_clipping("global-norm")
class GlobalNorm:
    """Scales all gradients together so that their L2 norm is at most `max_norm`."""

    def __init__(self, options: ClippingOptions) -> None:
        self._max_norm = options.max_norm

    def clip(self, parameters: Iterable[nn.Parameter]) -> Tensor:
        return whole(clip_grad_norm_(list(parameters), self._max_norm))


def whole(value: Tensor) -> Tensor:
    """A sharded tensor put together on every process; a plain one as it is."""
    if isinstance(value, DTensor):
        full: Tensor = value.full_tensor()
        return full
    return value
