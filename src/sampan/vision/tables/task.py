"""The task `table-structure`: SLANet with its tables, its loss and its figures, for the trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn
from torch.utils.data import Dataset

from sampan.training.registry import Registry
from sampan.training.task import Precision, Task, register_task
from sampan.vision.annotations.pubtabnet import read_pubtabnet
from sampan.vision.tables.dataset import TableData, collate
from sampan.vision.tables.export import export_table_reader
from sampan.vision.tables.given import start_from
from sampan.vision.tables.metrics import Similarity, StructureMetrics
from sampan.vision.tables.options import TableStructureOptions
from sampan.vision.tables.sla_head import TablePrediction
from sampan.vision.tables.slanet import SLANet
from sampan.vision.tables.structure_loss import PAPER, RELEASED, StructureLoss
from sampan.vision.tables.vocabulary import StructureVocabulary

SIMILARITIES: Registry[Callable[[str, str], float]] = Registry("similarity")
"""Of HTML tables; TEDS lives with the documents, above this room, so recipes name it by its import path."""

REDUCTION = 32


@register_task("table-structure")
class TableStructureTask(Task):
    """Trains SLANet on PubTabNet's files; a batch is what `dataset.collate` makes, outputs a `TablePrediction`."""

    Options = TableStructureOptions

    def __init__(self, options: TableStructureOptions) -> None:
        self.options = options
        self.vocabulary = StructureVocabulary.named(options.model.vocabulary, options.model.merged_cells)
        loss, preset = options.loss, PAPER if options.loss.preset == "paper" else RELEASED
        self._loss = StructureLoss(
            (
                preset[0] if loss.structure is None else loss.structure,
                preset[1] if loss.location is None else loss.location,
            )
        )

    def bare_model(self) -> SLANet:
        model = self.options.model
        places = None
        if model.locate == "after-loop":
            places = (-(-self.options.data.side // REDUCTION)) ** 2
        return SLANet(
            len(self.vocabulary),
            model.location,
            model.scale,
            model.neck_channels,
            model.hidden,
            model.max_tokens,
            places,
        )

    def model(self) -> SLANet:
        model = self.bare_model()
        if self.options.model.weights is not None:
            start_from(model, self.options.model.weights)
        return model

    def train_data(self) -> Dataset[dict[str, Any]]:
        data = self.options.data
        return self._data(data.train, data.train_split)

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        data = self.options.data
        return None if data.validation is None else self._data(data.validation, data.validation_split)

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return dict(collate(samples))

    def forward(self, model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Any]:
        """In training the true tokens stand before each step; in evaluation the model's own."""
        tokens = batch["tokens"] if model.training else None
        return dict(model(batch["image"], tokens))

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`structure` and `location`."""
        prediction = cast(TablePrediction, outputs)
        terms = self._loss(prediction, batch["targets"], batch["locations"], batch["located"])
        return cast(dict[str, Tensor], terms)

    def metrics(self) -> StructureMetrics:
        named = self.options.metric.similarity
        similarity: Similarity | None = None if named is None else SIMILARITIES.find(named)
        return StructureMetrics(self.vocabulary, similarity)

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:
        """In the form of the released models, which `sampan parse` reads."""
        assert isinstance(model, SLANet)
        report = export_table_reader(model, path, self.vocabulary, self.options.data.side, precision)
        return {"size": report.size, "difference": report.difference}

    def _data(self, file: Path, split: str | None) -> TableData:
        data, model = self.options.data, self.options.model
        return TableData(
            read_pubtabnet(file, split),
            data.images or file.parent,
            self.vocabulary,
            model.location,
            data.frame,
            model.max_tokens,
            data.side,
        )
