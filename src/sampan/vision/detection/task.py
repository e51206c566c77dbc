"""The task `layout-detection`: a PicoDet with its pictures, its loss and its average precision, for the trainer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn
from torch.utils.data import Dataset

from sampan.errors import OptionError
from sampan.training.task import Precision, Task, register_task
from sampan.vision.annotations.coco import BoxLabels, read_coco
from sampan.vision.detection.assignment import Assigner, SwitchingAssigner
from sampan.vision.detection.atss import ATSS
from sampan.vision.detection.average_precision import AveragePrecision
from sampan.vision.detection.dataset import Changes, DetectionData, collate, multi_scale_batches
from sampan.vision.detection.decoding import detections
from sampan.vision.detection.dense import DensePrediction
from sampan.vision.detection.dense_loss import DenseLoss
from sampan.vision.detection.export import export_detector
from sampan.vision.detection.fgd import FGDLevels
from sampan.vision.detection.given import start_from
from sampan.vision.detection.options import LayoutDetectionOptions, LossOptions, MetricOptions
from sampan.vision.detection.picodet import PicoDet, picodet
from sampan.vision.detection.simota import SimOTA
from sampan.vision.detection.task_aligned import TaskAligned


@register_task("layout-detection")
class LayoutDetectionTask(Task):
    """Trains any PicoDet on COCO boxes.

    A batch is what `dataset.collate` makes; outputs are a `DensePrediction`. Distillation taps `neck` (a list of
    maps) for `fgd`.
    """

    pair_losses = (FGDLevels,)
    """Losses between two detectors that recipes know when this task is known."""

    Options = LayoutDetectionOptions

    def __init__(self, options: LayoutDetectionOptions) -> None:
        self.options = options
        self._loss = dense_loss(options.loss)

    @cached_property
    def truth(self) -> BoxLabels:
        """The training file."""
        return read_coco(self.options.data.train)

    @property
    def classes(self) -> list[str]:
        """Names in the order of the scores."""
        return self.options.data.classes or self.truth.names

    def bare_model(self) -> PicoDet:
        return picodet(self.options.model.variant, len(self.classes))

    def model(self) -> PicoDet:
        model = self.bare_model()
        if self.options.model.weights is not None:
            start_from(model, self.options.model.weights)
        return model

    def train_data(self) -> Dataset[dict[str, Any]]:
        data = self.options.data
        _same_classes(self.classes, self.truth, "train")
        changes = Changes(data.crop, data.flip, data.colours, data.any_interpolation)
        return DetectionData(self.truth.pictures, self._folder(data.train), data.size, changes, data.seed)

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        data = self.options.data
        if data.validation is None:
            return None
        truth = read_coco(data.validation)
        _same_classes(self.classes, truth, "validation")
        return DetectionData(truth.pictures, self._folder(data.validation), data.size)

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return dict(collate(samples))

    def batch_sampler(
        self, dataset: Sized, batch_size: int, seed: int, epoch: int
    ) -> Iterable[list[int]] | None:
        """Batches of several sizes if the recipe has any; else the trainer's own."""
        sizes = self.options.data.sizes
        if not sizes:
            return None
        return cast(Iterable[list[int]], multi_scale_batches(len(dataset), batch_size, sizes, seed, epoch))

    def forward(self, model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Any]:
        return dict(model(batch["image"]))

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`class`, `box` and `side`."""
        self._loss.set_epoch(int(batch["epoch"][0]))
        return cast(
            dict[str, Tensor], self._loss(cast(DensePrediction, outputs), batch["boxes"], batch["classes"])
        )

    def metrics(self) -> DetectionMetrics:
        return DetectionMetrics(self.options.metric)

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:
        """In the form of the released layout models, which `sampan parse` reads."""
        assert isinstance(model, PicoDet)
        report = export_detector(model, path, self.classes, self.options.data.size, precision)
        return {"size": report.size, "difference": report.difference}

    def _folder(self, labels: Path) -> Path:
        return self.options.data.images or labels.parent


class DetectionMetrics:
    """mAP first; see `AveragePrecision`."""

    def __init__(self, options: MetricOptions) -> None:
        self._options, self._precision = options, AveragePrecision()

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        options, size = self._options, batch["image"].shape[-2:]
        found = detections(
            cast(DensePrediction, outputs),
            options.score_threshold,
            options.iou_threshold,
            keep=options.keep,
            size=(size[0], size[1]),
        )
        for i, image in enumerate(found):
            real = batch["classes"][i] >= 0
            # IoU does not change when both axes are scaled back to the original picture.
            self._precision.update(image, batch["boxes"][i][real], batch["classes"][i][real])

    def compute(self) -> dict[str, float]:
        return self._precision.compute()

    def reset(self) -> None:
        self._precision.reset()

    def merge(self, others: list[DetectionMetrics]) -> None:
        """Take in what other processes gathered."""
        self._precision.merge([other._precision for other in others])


def dense_loss(options: LossOptions) -> DenseLoss:
    """The loss that a recipe describes."""
    modern = options.rule == "release-2022"
    assigners: dict[str, Assigner] = {
        "simota": SimOTA(options.cost),
        "atss": ATSS(),
        "task-aligned": TaskAligned(),
    }
    assigner = assigners["simota"]
    if options.assigner is not None:
        assigner = assigners[options.assigner]
    elif modern:
        assigner = SwitchingAssigner(assigners["atss"], assigners["task-aligned"], options.switch_epoch)
    ours = (1.0, 2.5, 0.5) if modern else (1.0, 2.0, 0.25)
    named = (options.class_weight, options.box_weight, options.side_weight)
    by_class, box, side = (rule if given is None else given for rule, given in zip(ours, named, strict=True))
    return DenseLoss(assigner, by_class, box, side, weigh_by_quality=modern)


def _same_classes(names: list[str], labels: BoxLabels, key: str) -> None:
    if labels.names != names:
        raise OptionError(f"data.{key} has the classes {labels.names}, not {names}: they must be the same")
