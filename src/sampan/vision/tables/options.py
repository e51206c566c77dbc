"""What a recipe of a table reader may say: the sections `model`, `data`, `loss` and `metric`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sampan.training.options import Strict
from sampan.vision.tables.picture import SIDE, Frame

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelOptions(Strict):
    """Which SLANet, from which weights."""

    vocabulary: str = "chinese"
    """`english` (spans to 10) or `chinese` (spans to 20)."""
    merged_cells: bool = True
    """Whether a plain cell is one token."""
    location: Literal[4, 8] = 8
    """A box, or four corners."""
    locate: Literal["in-loop", "after-loop"] = "in-loop"
    """`after-loop` is the rival of PP-StructureV2's ablation; it fits one size of picture."""
    scale: float = Field(default=1.0, gt=0, le=4)
    """Of PP-LCNet's widths."""
    neck_channels: int = Field(default=96, ge=8, multiple_of=2)
    hidden: int = Field(default=256, ge=8)
    max_tokens: int = Field(default=500, ge=1)
    weights: str | None = None
    """To start from: `slanet-plus`, `slanet-1m`, or the path of an ONNX or safetensors file."""


class DataOptions(Strict):
    """PubTabNet files and how their pictures are shown."""

    train: Path
    """JSON lines in PubTabNet's format."""
    train_split: str | None = "train"
    """Only tables of this split; null takes all."""
    validation: Path | None = None
    """The same file or another."""
    validation_split: str | None = "val"
    """Only tables of this split; null takes all."""
    images: Path | None = None
    """Folder of the pictures; by default that of the file."""
    side: int = Field(default=SIDE, ge=64)
    """Of the square in pixels."""
    frame: Frame = "square"
    """Of what locations are fractions: `square` (SLANet-plus) or `picture` (SLANet-1m)."""


class LossOptions(Strict):
    """How the terms weigh."""

    preset: Literal["released", "paper"] = "released"
    """Structure to location 1 : 2 (the released configuration) or 8 : 1 (PP-StructureV2's text)."""
    structure: Weight | None = None
    location: Weight | None = None


class MetricOptions(Strict):
    """Figures beside exact structures."""

    similarity: str | None = None
    """Of two HTML tables, as an import path: `sampan.documents.evaluation.teds:teds`."""


class TableStructureOptions(Strict):
    """A recipe of the task `table-structure`."""

    model: ModelOptions = ModelOptions()
    data: DataOptions
    loss: LossOptions = LossOptions()
    metric: MetricOptions = MetricOptions()
