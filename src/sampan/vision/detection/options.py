"""What a recipe of a detector may say: the sections `model`, `data`, `loss` and `metric`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from sampan.training.options import Strict
from sampan.vision.detection.picodet import VARIANTS

Side = Annotated[int, Field(ge=64, multiple_of=32)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class ModelOptions(Strict):
    """Which detector, from which weights."""

    variant: str = "layout"
    """See `sampan.vision.detection.picodet`."""
    weights: str | None = None
    """To start from: `picodet-layout-cdla`, or the path of an ONNX or safetensors file. Class outputs are taken
    over where the number of classes agrees, everything else always."""

    @field_validator("variant")
    @classmethod
    def _known(cls, variant: str) -> str:
        if variant not in VARIANTS:
            raise ValueError(f"choose one of {', '.join(VARIANTS)}")
        return variant


class DataOptions(Strict):
    """COCO files and how their pictures are shown."""

    train: Path
    """COCO's JSON of boxes."""
    validation: Path | None = None
    images: Path | None = None
    """Folder of the pictures; by default that of the JSON file."""
    classes: list[str] | None = None
    """Names in the order of the scores; by default those of `train`, which then must be there to export a model."""
    size: tuple[Side, Side] = (800, 608)
    """Height and width at validation."""
    sizes: list[tuple[Side, Side]] = Field(default_factory=list)
    """Heights and widths from which each training batch takes one; `size` alone if there are none."""
    crop: bool = True
    flip: Share = 0.5
    colours: Share = 0.4
    any_interpolation: bool = True
    seed: int = Field(default=0, ge=0)


class LossOptions(Strict):
    """How points are assigned, and how the terms weigh; None takes the rule's own weight."""

    rule: Literal["paper", "release-2022"] = "paper"
    """`paper`: SimOTA, weights 1, 2 and 0.25. `release-2022`: ATSS, then TAL, weights 1, 2.5 and 0.5."""
    cost: Literal["varifocal", "entropy"] = "varifocal"
    """SimOTA's cost."""
    assigner: Literal["simota", "atss", "task-aligned"] | None = None
    """Another assigner than the rule's."""
    switch_epoch: int = Field(default=100, ge=0)
    """Of `release-2022`: the first epoch of TAL."""
    class_weight: Weight | None = None
    box_weight: Weight | None = None
    side_weight: Weight | None = None


class MetricOptions(Strict):
    """Which detections count."""

    score_threshold: Share = 0.025
    iou_threshold: Share = 0.6
    keep: int = Field(default=100, ge=1)


class LayoutDetectionOptions(Strict):
    """A recipe of the task `layout-detection`; it trains any PicoDet on any COCO boxes."""

    model: ModelOptions = ModelOptions()
    data: DataOptions
    loss: LossOptions = LossOptions()
    metric: MetricOptions = MetricOptions()

    @model_validator(mode="after")
    def _rule_fits(self) -> Self:
        if self.loss.rule == "release-2022" and self.loss.cost != "varifocal":
            raise ValueError("loss.cost is SimOTA's: with rule release-2022 it has no meaning")
        return self
