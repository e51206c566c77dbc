"""Everything that a recipe's `train` section may say: one class a thing, defaults of an ordinary run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Strict(BaseModel):
    """Options refuse keys that they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class WarmUp(Strict):
    """A straight rise of the learning rate from `start` times its base to its base."""

    epochs: NotNegative | None = None
    steps: int | None = Field(default=None, ge=0)
    start: Annotated[float, Field(ge=0, le=1)] = 0.0
    then: Literal["fit", "shift"] = "fit"
    """fit: the schedule spans the steps that are left (PP-LCNet, PP-PicoDet); shift: it starts at the end of
    the warm-up with its full length, so that its tail is cut off (PP-OCR)."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        return self


class ScheduleOptions(Strict):
    """How the learning rate goes over the run."""

    name: Literal["constant", "cosine", "piecewise", "polynomial"] = "cosine"
    warm_up: WarmUp | None = None
    floor: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Cosine and polynomial end at this part of the base rate."""
    power: Positive = 1.0
    """Of the polynomial; 1 is a straight line."""
    boundaries: list[Positive] = []
    """Piecewise: epochs at which the rate changes, rising."""
    factors: list[NotNegative] = []
    """Piecewise: part of the base rate before the first boundary, after it, …: one more than boundaries."""

    @model_validator(mode="after")
    def _pieces_fit(self) -> Self:
        if self.name == "piecewise":
            if len(self.factors) != len(self.boundaries) + 1:
                raise ValueError(
                    f"piecewise needs one factor more than boundaries, not {len(self.factors)} factors "
                    f"and {len(self.boundaries)} boundaries"
                )
            if sorted(set(self.boundaries)) != self.boundaries:
                raise ValueError(f"boundaries must rise: {self.boundaries}")
        elif self.boundaries or self.factors:
            raise ValueError(f"boundaries and factors belong to piecewise, not to {self.name}")
        return self


class OptimizerOptions(Strict):
    """Which `torch.optim` class steps the weights."""

    name: Literal["sgd", "adam", "adamw"] = "adamw"
    momentum: Fraction = 0.9
    """Of SGD."""
    nesterov: bool = False
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """Of Adam and AdamW."""
    eps: Positive = 1e-8


class ParameterRule(Strict):
    """Another learning rate or decay for the parameters whose name fits a pattern.

    Rules are tried in their order and the first that fits is taken. `match: "backbone.stages.0.*"`.
    """

    match: str
    lr: NotNegative = 1.0
    """Multiplies the rate of the group."""
    weight_decay: NotNegative | None = None
    """Replaces the group's decay."""


class ClippingOptions(Strict):
    """What is done to gradients before the step; further rules register themselves by name."""

    name: str = "global-norm"
    max_norm: Positive = 1.0
    settings: dict[str, float] = {}
    """Further numbers for rules other than the global norm."""


class AveragingOptions(Strict):
    """Exponential moving average of the weights, used for validation and export."""

    decay: Fraction = 0.9998
    type: Literal["constant", "threshold", "exponential"] = "constant"
    """threshold: min(decay, (1 + t) / (10 + t)); exponential: decay · (1 - exp(-(t + 1) / gamma))."""
    gamma: Positive = 2000.0
    start: Literal["weights", "zero"] = "weights"
    """weights: the average starts at the weights; zero: it starts at zero and is corrected when read."""
    cycle_epochs: int = Field(default=0, ge=0)
    """Starts the average anew every so many epochs (PP-PicoDet: 40); 0 never."""
    buffers: Literal["average", "copy"] = "average"
    """Whether running statistics are averaged too."""


class EarlyStop(Strict):
    """Ends the run when the watched metric has not become better."""

    patience: int = Field(ge=1)
    """Validations without a gain."""
    min_gain: NotNegative = 0.0


class TrainOptions(Strict):
    """The `train` section of a recipe."""

    epochs: Positive | None = None
    steps: int | None = Field(default=None, ge=1)
    """Length of the run in optimizer steps; give this or `epochs`."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    batch_size: int = Field(default=32, ge=1)
    """Items a process takes at once; an optimizer step sees batch_size · accumulate · processes."""
    accumulate: int = Field(default=1, ge=1)
    validation_batch_size: int | None = Field(default=None, ge=1)
    workers: int = Field(default=0, ge=0)
    """Processes that read data, for each training process."""
    lr: Positive = 1e-3
    weight_decay: NotNegative = 0.0
    optimizer: OptimizerOptions = OptimizerOptions()
    rules: list[ParameterRule] = []
    schedule: ScheduleOptions = ScheduleOptions()
    clipping: ClippingOptions | None = None
    averaging: AveragingOptions | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    sharding: Literal["none", "fsdp2"] = "none"
    shard_modules: list[str] = []
    """Module name patterns that fsdp2 gathers one at a time; empty: the model's direct children."""
    sync_batch_norm: bool = False
    find_unused_parameters: bool = False
    deterministic: bool = False
    """Refuses operations whose result differs from run to run (on a GPU; a CPU repeats itself anyway)."""
    start_from: Path | None = None
    """A run's folder or a safetensors file to take the first weights from."""
    freeze: list[str] = []
    """Parameter name patterns that are not trained."""
    validate_epochs: Positive | None = 1.0
    """Epochs between validations; None validates only by steps, or at the end."""
    validate_steps: int | None = Field(default=None, ge=1)
    checkpoint_steps: int | None = Field(default=None, ge=1)
    """Steps between checkpoints besides those at validations and at the end."""
    keep_last: int = Field(default=2, ge=1)
    keep_best: int = Field(default=1, ge=0)
    early_stop: EarlyStop | None = None
    log_steps: int = Field(default=10, ge=1)
    tensorboard: bool = True

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        return self
