"""The task `orientation`: PP-LCNet learns which way up a page or a line is (arXiv 2109.15099; PULC recipes)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from sampan.training.options import Strict
from sampan.training.task import Precision, Task, decay_groups, register_task
from sampan.vision.backbones.pp_lcnet import LINE_STRIDES, SQUARE_STRIDES
from sampan.vision.classification.pp_lcnet_classifier import PPLCNetClassifier
from sampan.vision.classification.turned import (
    LINE_SIZE,
    SIDE,
    TURNS,
    Kind,
    PictureFiles,
    Pictures,
    TurnedPictures,
)
from sampan.vision.text_recognition.chosen_sources import sources_of
from sampan.vision.text_recognition.options import SourceOptions
from sampan.vision.weights.export import ExportForm, export_onnx
from sampan.vision.weights.public_layout import read_safetensors

Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OrientationModel(Strict):
    """Which PP-LCNet, from which weights."""

    kind: Kind = "page"
    scale: Annotated[float, Field(gt=0)] = 1.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    weights: Path | None = None
    """Backbone to start from: safetensors in the public layout, or a released ONNX file; the last layer is fresh."""
    stage_rates: tuple[Rate, Rate, Rate, Rate, Rate, Rate] = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    """Factors of the learning rate: stem and stages 1 to 5. The classifier always has 1."""


class PicturesOptions(Strict):
    """Upright pictures from files, and lines from label files or drawn."""

    files: list[Path] = Field(default_factory=list)
    lines: list[SourceOptions] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.files and not self.lines:
            raise ValueError("give files (pictures or folders of them) or lines")
        return self


class OrientationData(Strict):
    train: PicturesOptions
    validation: PicturesOptions | None = None
    seed: int = 0


class OrientationOptions(BaseModel):
    """All sections of a recipe of the task `orientation` besides `train`."""

    model_config = Strict.model_config

    model: OrientationModel = OrientationModel()
    data: OrientationData
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1


class OrientationAccuracy:
    """Share of pictures whose turn was told right."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._right = self._pictures = 0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        self._right += int((outputs["logits"].argmax(1) == batch["turn"]).sum())
        self._pictures += len(batch["turn"])

    def compute(self) -> dict[str, float]:
        return {"accuracy": self._right / max(self._pictures, 1)}


@register_task("orientation")
class OrientationTask(Task):
    """Trains a classifier of page or line orientation."""

    Options = OrientationOptions

    def __init__(self, options: OrientationOptions) -> None:
        self.options = options

    def model(self) -> PPLCNetClassifier:
        chosen = self.options.model
        strides = SQUARE_STRIDES if chosen.kind == "page" else LINE_STRIDES
        model = PPLCNetClassifier(len(TURNS[chosen.kind]), chosen.scale, strides, dropout=chosen.dropout)
        if chosen.weights is not None:
            given = (
                PPLCNetClassifier.from_onnx(chosen.weights)
                if chosen.weights.suffix == ".onnx"
                else PPLCNetClassifier.from_public(read_safetensors(chosen.weights), strides)
            )
            model.backbone.load_state_dict(given.backbone.state_dict())
            model.last.load_state_dict(given.last.state_dict())
        return model

    def train_data(self) -> Dataset[dict[str, Any]]:
        return self._pictures(self.options.data.train, training=True)

    def validation_data(self) -> Dataset[dict[str, Any]] | None:
        chosen = self.options.data.validation
        return None if chosen is None else self._pictures(chosen, training=False)

    def _pictures(self, chosen: PicturesOptions, *, training: bool) -> TurnedPictures:
        sources: list[Pictures] = [*sources_of(chosen.lines, fixed=not training)]
        if chosen.files:
            sources.insert(0, PictureFiles(chosen.files))
        return TurnedPictures(sources, self.options.model.kind, self.options.data.seed, training=training)

    def losses(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Tensor]:
        smoothing = self.options.label_smoothing
        return {"turn": functional.cross_entropy(outputs["logits"], batch["turn"], label_smoothing=smoothing)}

    def metrics(self) -> OrientationAccuracy:
        return OrientationAccuracy()

    def parameter_groups(self, model: nn.Module, lr: float, weight_decay: float) -> list[dict[str, Any]]:
        """One pair of groups (with and without decay) for each part, at its own rate; the rest at `lr`."""
        assert isinstance(model, PPLCNetClassifier)
        parts: list[nn.Module] = [
            model.backbone.stem,
            *model.backbone.stages,
            nn.ModuleList([model.last, model.head]),
        ]
        rates = (*self.options.model.stage_rates, 1.0)
        return [
            group
            for part, rate in zip(parts, rates, strict=True)
            for group in decay_groups(part, lr * rate, weight_decay)
        ]

    def export_onnx(self, model: nn.Module, path: Path, precision: Precision = "fp32") -> Mapping[str, Any]:
        """A graph like the released ones: `x` (B, 3, H, W) → probabilities (B, classes), degrees in `character`."""
        kind = self.options.model.kind
        size = (SIDE, SIDE) if kind == "page" else LINE_SIZE
        form = ExportForm((3, *size), {"fetch_name_0": lambda outputs: outputs["logits"].softmax(1)})
        degrees = "\n".join(str(90 * turns) for turns in TURNS[kind])
        report = export_onnx(model, path, form, metadata={"character": degrees}, precision=precision)
        return {"size": report.size, "difference": f"{report.difference:.2g}"}
