"""The task `text-detection`: a detector with its pictures, its losses and its figures, for the trainer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from sampan.training.task import Precision, Task, register_task
from sampan.vision.blocks.statistics import restore_statistics
from sampan.vision.synthesis.pages import PageSynthesizer
from sampan.vision.synthesis.scenes import SceneSynthesizer
from sampan.vision.text_detection.augmentation import Augmentation
from sampan.vision.text_detection.boxes import BoxRules
from sampan.vision.text_detection.dataset import (
    EvaluationSize,
    TrainingPictures,
    WholePictures,
    collate_pictures,
)
from sampan.vision.text_detection.given import given_detector
from sampan.vision.text_detection.losses import DBLoss
from sampan.vision.text_detection.metrics import DetectionMetrics
from sampan.vision.text_detection.models import TextDetector, text_detector
from sampan.vision.text_detection.options import SourceOptions, TextDetectionOptions
from sampan.vision.text_detection.sources import Drawn, LabelFile, Pictures, PictureSource
from sampan.vision.text_detection.targets import TargetRules
from sampan.vision.weights.export import ExportForm, export_onnx

_CALIBRATION_BATCH = 4


@register_task("text-detection")
class TextDetectionTask(Task):
    """Trains any detector of `models`.

    Outputs are those of `TextDetector`: distillation compares `maps`. A training batch has `image` and the four maps
    of `targets.DBTargets`.
    """

    Options = TextDetectionOptions

    def __init__(self, options: TextDetectionOptions) -> None:
        self.options = options
        self._loss = DBLoss(**options.loss.model_dump())

    def bare_model(self) -> TextDetector:
        model = text_detector(self.options.model.name)
        return model.fuse_reading() if self.options.model.form == "fused" else model

    def model(self) -> TextDetector:
        """The detector in training form, or fused; from given weights if the recipe says so."""
        chosen = self.options.model
        if chosen.given is None:
            return self.bare_model()
        model = given_detector(chosen.given, chosen.name)
        if chosen.form == "fused":
            return model.fuse_reading()
        if chosen.calibration:
            restore_statistics(model, self._calibration_images(chosen.calibration))
        return model

    def train_data(self) -> TrainingPictures:
        return self._training(_sources(self.options.data.train))

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        data = self.options.data
        if not data.validation:
            return None
        return WholePictures(_sources(data.validation, fixed=True), EvaluationSize(data.longest_side))

    def unlabelled_data(self, files: Sequence[Path]) -> Dataset[dict[str, Any]]:
        """Pictures augmented as those of training; nothing is pasted, since no region is known."""
        return self._training([Pictures(files)], paste=False)

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return collate_pictures(samples)

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`shrink`, `threshold`, `binary`, and those of auxiliary heads and local refinement where there are any."""
        return self._loss(outputs, batch)  # type: ignore[no-any-return]

    def metrics(self) -> DetectionMetrics:
        metric = self.options.metric
        rules = BoxRules(metric.threshold, metric.box_threshold, metric.unclip_ratio)
        return DetectionMetrics(rules, metric.overlap)

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:
        """A graph with one output, the probability map; any batch, height and width in multiples of 32."""
        form = ExportForm((3, 160, 160), {"maps": lambda outputs: outputs["maps"]})
        report = export_onnx(model, path, form, precision=precision)
        return {"size": report.size, "difference": report.difference}

    def _training(self, sources: Sequence[PictureSource], paste: bool = True) -> TrainingPictures:
        data = self.options.data
        targets = data.targets.model_dump()
        epochs = targets.pop("epochs")
        return TrainingPictures(
            sources,
            Augmentation(**data.augmentation.model_dump()),
            TargetRules(**targets),
            epochs=epochs,
            seed=data.seed,
            paste=paste,
        )

    def _calibration_images(self, pictures: int) -> Iterator[Tensor]:
        dataset = self.train_data()
        count = min(pictures, len(dataset))
        for start in range(0, count, _CALIBRATION_BATCH):
            images = [dataset[n]["image"] for n in range(start, min(start + _CALIBRATION_BATCH, count))]
            yield torch.stack([torch.from_numpy(image) for image in images])


def _sources(chosen: Sequence[SourceOptions], fixed: bool = False) -> list[PictureSource]:
    return [_source(options, fixed) for options in chosen]


def _source(options: SourceOptions, fixed: bool) -> PictureSource:
    if options.scenes is not None:
        return Drawn(SceneSynthesizer(options.scenes), options.scenes.pictures, fixed)
    if options.pages is not None:
        return Drawn(PageSynthesizer(options.pages), options.pages.pictures, fixed)
    assert options.labels is not None
    return LabelFile(options.labels, options.root)
