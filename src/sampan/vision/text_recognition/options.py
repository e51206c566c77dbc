"""What a recipe of a recogniser may say: the sections `model`, `data` and `loss`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from sampan.training.options import Strict
from sampan.vision.synthesis.lines import LineOptions

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Scale = tuple[Annotated[int, Field(ge=16, multiple_of=16)], Annotated[int, Field(ge=16, multiple_of=8)]]


class GivenOptions(Strict):
    """Weights to start from; the dictionary of the model is put in the place of theirs."""

    weights: str
    """A name that `sampan weights list` shows, or the path of an ONNX or safetensors file."""
    dictionary: Path | None = None
    """Of those weights; known ones have theirs."""
    calibration: int = Field(default=256, ge=0)
    """Lines on which the statistics of folded normalisations are measured before training; 0 leaves it out."""


class GuideOptions(Strict):
    """An attention decoder that is trained beside the CTC head and then dropped."""

    kind: Literal["nrtr", "sar"] = "nrtr"
    width: int | None = Field(default=None, ge=32)
    """384 for nrtr, 512 for sar by default."""
    detach: bool = False
    """Whether the backbone learns from the guide alone (PP-OCRv3 … v5) or from both (v6)."""


class ModelOptions(Strict):
    """Which recogniser, for which characters, from which weights."""

    name: str = "pp-ocrv6-tiny"
    dictionary: str = "latin"
    """Name of an alphabet (`alphabets`), or the path of a dictionary file."""
    space: bool = True
    """Whether the space is a character."""
    given: GivenOptions | None = None
    backbone: Path | None = None
    """A run of the task `text-rotation` (or its model.safetensors) whose backbone the model begins with."""
    guide: GuideOptions | None = None
    dropout: Share = 0.1

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if self.given is not None and self.backbone is not None:
            raise ValueError("given weights have a backbone of their own: give either given or backbone")
        return self


class DrawnOptions(LineOptions):
    """Lines drawn by `sampan.vision.synthesis`; `characters` are the dictionary's if not given."""

    lines: int = Field(100_000, ge=1)
    """In an epoch; every epoch draws others, in validation always the same."""


class SourceOptions(Strict):
    """One source of lines: a label file or a generator."""

    labels: Path | None = None
    """PaddleOCR recognition label file: path<TAB>text."""
    root: Path | None = None
    """Folder of its pictures; that of the label file by default."""
    drawn: DrawnOptions | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.labels is None) == (self.drawn is None):
            raise ValueError("give either labels or drawn")
        return self


class JoinOptions(Strict):
    """RecConAug; None in its place leaves it out."""

    probability: Share = 0.5
    extra: int = Field(default=2, ge=1)
    max_characters: int = Field(default=25, ge=2)
    max_ratio: float = Field(default=320 / 48, gt=0)
    gap: float = Field(default=0.0, ge=0)
    """Space between joined lines, in heights; 0 joins without a space (PP-OCR)."""


class ChangeOptions(Strict):
    """RecAug: probabilities and amounts; None in its place leaves it out."""

    bend: Share = 0.4
    cut: Share = 0.4
    blur: Share = 0.4
    brightness: Share = 0.4
    smear: Share = 0.4
    noise: Share = 0.4
    invert: Share = 0.4
    most_cut: Share = 0.12
    brightness_range: Share = 0.2
    noise_range: float = Field(default=10.0, ge=0)


class DataOptions(Strict):
    """Lines for training and validation, and what happens to them."""

    train: list[SourceOptions] = Field(min_length=1)
    validation: list[SourceOptions] = Field(default_factory=list)
    scales: list[Scale] = Field(default=[(48, 320)], min_length=1)
    """Heights and widths; more than one makes batches of several sizes with equally many pixels."""
    validation_width: int | None = Field(default=None, ge=16, multiple_of=8)
    """None: each line in its own width, padded to the widest of its batch."""
    max_characters: int = Field(default=80, ge=1)
    max_squeeze: float = Field(default=1.5, ge=1)
    """Lines longer than this many times the width are replaced by others."""
    drop_unknown: bool = False
    """Leave out characters that the dictionary lacks, and keep the line (PaddleOCR), instead of leaving it out."""
    join: JoinOptions | None = None
    change: ChangeOptions | None = None
    seed: int = 0


class CenterOptions(Strict):
    """Centre loss; the file is what `center_extraction` writes."""

    weight: Weight = 0.05
    centers: Path


class LossOptions(Strict):
    """Weights of the terms."""

    ctc: Weight = 1.0
    focal_gamma: Weight = 0.0
    """Of focal CTC; 2 in PP-OCRv2, 0 is plain CTC."""
    guide: Weight = 1.0
    smoothing: Share = 0.1
    """Label smoothing of the guide; SAR has 0 in PP-OCR."""
    ace: Weight = 0.0
    """0.1 in PP-OCRv2."""
    center: CenterOptions | None = None


class MetricOptions(Strict):
    """How readings are compared."""

    watch: Literal["accuracy", "character_accuracy", "edit_similarity"] = "accuracy"
    """The figure that chooses the best checkpoint."""
    ignore_spaces: bool = False


class TextRecognitionOptions(BaseModel):
    """All sections of a recipe of the task `text-recognition` besides `train`."""

    model_config = Strict.model_config

    model: ModelOptions = ModelOptions()
    data: DataOptions
    loss: LossOptions = LossOptions()
    metric: MetricOptions = MetricOptions()
