"""What a recipe of a text detector may say: the sections `model`, `data`, `loss` and `metric`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from sampan.training.options import Strict
from sampan.vision.synthesis.pages import PageOptions
from sampan.vision.synthesis.scenes import SceneOptions
from sampan.vision.text_detection.losses import MainLoss
from sampan.vision.text_detection.losses.db import AUXILIARY_WEIGHTS

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=32, multiple_of=32)]


class ModelOptions(Strict):
    """Which detector, from which weights."""

    name: str = "pp-ocrv6-tiny"
    """Of `models.VARIANTS`."""
    given: str | None = None
    """Weights to start from: a name that `sampan weights list` shows, or an ONNX or safetensors file."""
    form: Literal["train", "fused"] = "train"
    """fused: the cheap form, without normalisations. Good for short fine-tuning on a CPU; it needs `given`. Heads
    that only training uses keep theirs."""
    calibration: int = Field(default=32, ge=0)
    """Training pictures on which the statistics of folded normalisations are measured, in form `train`."""

    @model_validator(mode="after")
    def _fused_is_given(self) -> Self:
        if self.form == "fused" and self.given is None:
            raise ValueError(
                "form fused has no normalisation and trains only from given weights: give model.given"
            )
        return self


class DrawnScenes(SceneOptions):
    """Sparse text on clutter, drawn by `sampan.vision.synthesis.scenes`."""

    pictures: int = Field(10_000, ge=1)
    """In an epoch; every epoch draws others, in validation always the same."""


class DrawnPages(PageOptions):
    """Pages of print, drawn by `sampan.vision.synthesis.pages`."""

    pictures: int = Field(10_000, ge=1)
    """As of `DrawnScenes`."""


class SourceOptions(Strict):
    """One source of pictures: a label file or a generator."""

    labels: Path | None = None
    """PaddleOCR detection label file: path<TAB>JSON list of transcription and points."""
    root: Path | None = None
    """Folder of its pictures; that of the label file by default."""
    scenes: DrawnScenes | None = None
    pages: DrawnPages | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(source is not None for source in (self.labels, self.scenes, self.pages)) != 1:
            raise ValueError("give one of labels, scenes and pages")
        return self


class AugmentationOptions(Strict):
    """Probabilities and amounts; see `augmentation.Augmentation`. Defaults are PP-OCRv6's."""

    copy_paste: Share = 1.0
    color: Share = 1.0
    flip: Share = 0.5
    rotate: Share = 0.5
    degrees: tuple[float, float] = (-45.0, 45.0)
    fit: bool = True
    scales: tuple[float, float] = (0.1, 2.0)
    perspective: Share = 0.3
    crop: tuple[Side, Side] = (640, 640)

    @model_validator(mode="after")
    def _ranges_rise(self) -> Self:
        for name in ("degrees", "scales"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} = [{low}, {high}]: the first must not be above the second")
        if self.scales[0] <= 0:
            raise ValueError(f"scales = {list(self.scales)}: factors must be above 0")
        return self


class TargetOptions(Strict):
    """How regions become maps; see `targets.TargetRules`."""

    ratio: Annotated[float, Field(gt=0, lt=1)] = 0.4
    growing: bool = False
    """Let the ratio grow by 0.2 over `epochs` (PP-OCRv4 and later)."""
    epochs: int = Field(default=1, ge=1)
    """Length of the training; only `growing` needs it."""
    min_size: Weight = 8.0


class DataOptions(Strict):
    """Pictures for training and validation, and what happens to them."""

    train: list[SourceOptions] = Field(min_length=1)
    validation: list[SourceOptions] = Field(default_factory=list)
    augmentation: AugmentationOptions = AugmentationOptions()
    targets: TargetOptions = TargetOptions()
    longest_side: Side = 960
    """Of validation pictures; larger ones are made smaller."""
    seed: int = Field(default=0, ge=0)


class AuxiliaryOptions(Strict):
    """Weights of the auxiliary heads, where the model has them; 0 leaves one out."""

    aux_p2: Weight = AUXILIARY_WEIGHTS["aux_p2"]
    aux_p3: Weight = AUXILIARY_WEIGHTS["aux_p3"]
    aux_p4: Weight = AUXILIARY_WEIGHTS["aux_p4"]


class LossOptions(Strict):
    """See `losses.DBLoss`; defaults are PP-OCRv6's."""

    main: MainLoss = "dice-focal"
    alpha: Weight = 5.0
    beta: Weight = 10.0
    ohem_ratio: Weight = 3.0
    focal_alpha: Share = 0.25
    focal_gamma: Weight = 2.5
    auxiliary: AuxiliaryOptions = AuxiliaryOptions()


class MetricOptions(Strict):
    """How maps become lines, and when a line is found."""

    threshold: Share = 0.3
    box_threshold: Share = 0.6
    unclip_ratio: Weight = 1.5
    overlap: Share = 0.5


class TextDetectionOptions(BaseModel):
    """All sections of a recipe of the task `text-detection` besides `train`."""

    model_config = Strict.model_config

    model: ModelOptions = ModelOptions()
    data: DataOptions
    loss: LossOptions = LossOptions()
    metric: MetricOptions = MetricOptions()
