"""Validation figures of several models: the deployed one's first, the others' with their names before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from sampan.training.task import Metrics


class DistillationMetrics:
    """`accuracy`, `peer/accuracy`, …, and for pairs that are compared `agreement` and `entropy`.

    Args:
        metrics: of each trained model.
        deploy: the model whose figures come first, without its name.
        pairs: models whose predictions are compared.
        key: of the output that is compared, classes last; None compares nothing.
    """

    def __init__(
        self, metrics: Mapping[str, Metrics], deploy: str, pairs: Sequence[tuple[str, str]], key: str | None
    ) -> None:
        self._metrics = {deploy: metrics[deploy], **metrics}
        self._deploy, self._pairs, self._key = deploy, list(pairs), key
        self._equal = dict.fromkeys(self._pairs, 0)
        self._entropy = {first: 0.0 for first, _ in self._pairs}
        self._places = 0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        for name, metrics in self._metrics.items():
            metrics.update(outputs[name], batch)
        if self._key is None or not self._pairs:
            return
        for first, second in self._pairs:
            mine, theirs = outputs[first][self._key], outputs[second][self._key]
            self._equal[first, second] += int((mine.argmax(-1) == theirs.argmax(-1)).sum())
        for name in self._entropy:
            self._entropy[name] += _entropy(outputs[name][self._key])
        self._places += outputs[self._pairs[0][0]][self._key][..., 0].numel()

    def compute(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        for name, metrics in self._metrics.items():
            prefix = "" if name == self._deploy else f"{name}/"
            figures.update({f"{prefix}{key}": value for key, value in metrics.compute().items()})
        for first, second in self._pairs if self._places else ():
            figures[f"agreement/{first}~{second}"] = self._equal[first, second] / self._places
        for name, total in self._entropy.items() if self._places else ():
            figures[f"entropy/{name}"] = total / self._places
        return figures

    def reset(self) -> None:
        for metrics in self._metrics.values():
            metrics.reset()
        self._equal = dict.fromkeys(self._pairs, 0)
        self._entropy = dict.fromkeys(self._entropy, 0.0)
        self._places = 0


def _entropy(logits: Tensor) -> float:
    """Σ over all positions of the entropy of the softmax, in nats."""
    log_p = logits.detach().float().log_softmax(-1)
    return float(-(log_p.exp() * log_p).sum())
