"""Exponential moving average of weights, with the warm-ups and the cycle of the group's detectors.

    e_0 = θ_0 (`start: weights`) or 0 (`start: zero`);   e_{t+1} = d_t · e_t + (1 - d_t) · θ_{t+1}
    constant     d_t = d
    threshold    d_t = min(d, (1 + t) / (10 + t))
    exponential  d_t = d · (1 - exp(-(t + 1) / γ))
    read         e_t, for `start: zero` divided by 1 - Π d_i (1 - d^t for a constant d)
    cycle        every `cycle_epochs` epochs the average starts anew: t = 0, e = 0, corrected when read

Source: PP-PicoDet (arXiv 2111.00902, §3.6, "Cycle-EMA"). The correction uses the true product of the
decays; dividing by 1 - d_t^t, as is usual, agrees with it to about 1e-4 once `threshold` has warmed up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sampan.training.options import AveragingOptions
from sampan.training.state import put


class MovingAverage:
    """Averages what is trained in `model`: parameters with gradients and the buffers beside them.

    Works on sharded parameters (`DTensor`) as well; every process averages its own shards.

    Args:
        model: whose weights are averaged; frozen parameters are left out, and so are buffers of modules
            whose parameters are all frozen.
        options: decay, type, start, cycle.
    """

    def __init__(self, model: nn.Module, options: AveragingOptions) -> None:
        self._model = model
        self._options = options
        self._from_zero = options.start == "zero"
        self._steps = 0
        self._remains = 1.0  # Π d_i: the weight that the start still has in the average
        self._cycle = 0
        self.average: dict[str, Tensor] = {
            name: torch.zeros_like(value) if self._from_zero else value.clone()
            for name, value in self._averaged()
        }

    def decay(self) -> float:
        """d_t of the coming update."""
        options, steps = self._options, self._steps
        if options.type == "threshold":
            return min(options.decay, (1 + steps) / (10 + steps))
        if options.type == "exponential":
            return options.decay * (1 - math.exp(-(steps + 1) / options.gamma))
        return options.decay

    @torch.no_grad()
    def update(self) -> None:
        """Takes the model's present weights into the average; call it after each optimizer step."""
        decay = self.decay()
        for name, value in self._averaged():
            self.average[name].lerp_(value, 1 - decay)
        self._steps += 1
        self._remains *= decay

    def end_epoch(self, epochs_done: float) -> None:
        """Starts a new cycle when one is full; call it after each epoch."""
        length = self._options.cycle_epochs
        if length and int(epochs_done // length) > self._cycle:
            self._cycle = int(epochs_done // length)
            self._steps, self._remains, self._from_zero = 0, 1.0, True
            for value in self.average.values():
                value.zero_()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model holds the averaged weights inside the block and its own after it.

        Before the first update of a cycle there is nothing to read, and the model keeps its own weights.
        """
        if self._from_zero and self._steps == 0:
            yield
            return
        scale = 1 / (1 - self._remains) if self._from_zero else 1.0
        own = {name: value.clone() for name, value in self._averaged()}
        try:
            with torch.no_grad():
                for name, value in self._averaged():
                    value.copy_(self.average[name] * scale)
            yield
        finally:
            with torch.no_grad():
                for name, value in self._averaged():
                    value.copy_(own[name])

    def counters(self) -> dict[str, float]:
        """What a checkpoint must hold besides `average`."""
        return {
            "steps": self._steps,
            "remains": self._remains,
            "cycle": self._cycle,
            "from_zero": float(self._from_zero),
        }

    def restore(self, average: Mapping[str, Tensor], counters: Mapping[str, float]) -> None:
        """Puts back what `average` and `counters` gave; tensors are copied into place."""
        for name, value in self.average.items():
            put(value, average[name], name)
        self._steps, self._cycle = int(counters["steps"]), int(counters["cycle"])
        self._remains, self._from_zero = counters["remains"], bool(counters["from_zero"])

    def _averaged(self) -> Iterator[tuple[str, Tensor]]:
        for prefix, module in self._model.named_modules():
            parameters = list(module.named_parameters(recurse=False))
            for name, parameter in parameters:
                if parameter.requires_grad:
                    yield _join(prefix, name), parameter.detach()
            if self._options.buffers == "average" and any(value.requires_grad for _, value in parameters):
                for name, buffer in module.named_buffers(recurse=False):
                    if buffer.is_floating_point():
                        yield _join(prefix, name), buffer


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
