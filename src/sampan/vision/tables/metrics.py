"""How well tables are read: exact structures, boxes of cells, and TEDS by a function that is passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from sampan.vision.ops.boxes import overlaps
from sampan.vision.tables.vocabulary import StructureVocabulary

Similarity = Callable[[str, str], float]
"""Of two HTML tables, predicted and true, in [0, 1]."""


class StructureMetrics:
    """`structure_accuracy`: share of tables whose tokens are all right (first, watched); `cell_iou`: mean IoU of the
    boxes of their cells, with rightly read structures only; `teds` if a similarity is given."""

    def __init__(self, vocabulary: StructureVocabulary, similarity: Similarity | None = None) -> None:
        self.vocabulary, self.similarity = vocabulary, similarity
        self.reset()

    def reset(self) -> None:
        self.tables = self.right = self.cells = 0
        self.overlap = self.resemblance = 0.0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        found = outputs["structure"].argmax(-1)
        for i in range(len(found)):
            true = batch["targets"][i]
            true = true[(true >= 0) & (true != self.vocabulary.end)]
            mine = self._until_end(found[i])
            self.tables += 1
            if self.similarity is not None:
                self.resemblance += self.similarity(
                    self.vocabulary.html(mine.tolist()), self.vocabulary.html(true.tolist())
                )
            if torch.equal(mine, true):
                self.right += 1
                located = batch["located"][i, : len(true)]
                boxes = _boxes(outputs["locations"][i, : len(true)][located])
                truth = _boxes(batch["locations"][i, : len(true)][located])
                self.cells += len(truth)
                self.overlap += float(overlaps(boxes.float(), truth.float()).sum())

    def compute(self) -> dict[str, float]:
        figures = {
            "structure_accuracy": self.right / max(self.tables, 1),
            "cell_iou": self.overlap / max(self.cells, 1),
        }
        if self.similarity is not None:
            figures["teds"] = self.resemblance / max(self.tables, 1)
        return figures

    def merge(self, others: list[StructureMetrics]) -> None:
        """Take in what other processes gathered."""
        for other in others:
            self.tables, self.right, self.cells = (
                self.tables + other.tables,
                self.right + other.right,
                self.cells + other.cells,
            )
            self.overlap, self.resemblance = (
                self.overlap + other.overlap,
                self.resemblance + other.resemblance,
            )

    def _until_end(self, tokens: Tensor) -> Tensor:
        ends = (tokens == self.vocabulary.end).nonzero()
        return tokens[: int(ends[0])] if len(ends) else tokens


def _boxes(locations: Tensor) -> Tensor:
    """(N, 4) boxes, around the corners if those are given (N, 8)."""
    if locations.shape[-1] == 4:
        return locations
    points = locations.view(-1, 4, 2)
    return torch.cat([points.amin(1), points.amax(1)], dim=1)
