"""The trainer does what a plain loop does, and what it says besides."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.training.toy import ToyData, ToyModel, ToyOptions, ToyTask
from torch import Tensor, nn

from sampan.errors import InputError, OptionError, SampanError
from sampan.training.options import (
    AveragingOptions,
    ClippingOptions,
    EarlyStop,
    OptimizerOptions,
    ScheduleOptions,
    TrainOptions,
    WarmUp,
)
from sampan.training.sampling import TrainingData
from sampan.training.trainer import Trainer


def options(**changes: Any) -> TrainOptions:
    return TrainOptions.model_validate(
        {"epochs": 2, "batch_size": 16, "lr": 0.01, "tensorboard": False, **changes}
    )


def task(dropout: float = 0.0, **data: Any) -> ToyTask:
    return ToyTask(ToyOptions(model=ToyModel(dropout=dropout), data=ToyData(**data)))


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [event for event in lines if event["kind"] == kind]


def test_it_is_a_plain_loop_of_torch(tmp_path: Path) -> None:
    """Adam, cosine with warm-up, clipping, weight decay and averaging, against the same written out."""
    chosen = options(
        optimizer=OptimizerOptions(name="adam"),
        weight_decay=0.02,
        schedule=ScheduleOptions(warm_up=WarmUp(steps=3)),
        clipping=ClippingOptions(max_norm=0.3),
        averaging=AveragingOptions(decay=0.8),
        seed=5,
        accumulate=2,
    )
    Trainer(task(), chosen, tmp_path, cpu=True).fit()
    torch.manual_seed(5)
    model = task().model()
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8), use_buffers=True
    )
    average.update_parameters(model)
    heavy = [value for value in model.parameters() if value.ndim > 1]
    light = [value for value in model.parameters() if value.ndim == 1]
    adam = torch.optim.Adam([{"params": heavy, "weight_decay": 0.02}, {"params": light}], lr=0.01)
    data = TrainingData(task(), 16, 1, 5)
    rise = torch.optim.lr_scheduler.LinearLR(adam, start_factor=1e-12, total_iters=3)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 3)
    sequence = torch.optim.lr_scheduler.SequentialLR(adam, [rise, fall], [3])
    model.train()
    for epoch in range(2):
        batches = [step[0] for step in data.steps(epoch, 0)]
        for pair in zip(batches[::2], batches[1::2], strict=True):
            for batch in pair:
                logits = model(batch["image"])["logits"]
                (nn.functional.cross_entropy(logits, batch["label"]) / 2).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.3)
            adam.step()
            adam.zero_grad()
            sequence.step()
            average.update_parameters(model)
    found = load_file(tmp_path / "checkpoints" / "step-00000006" / "model.safetensors")
    for name, value in model.state_dict().items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)
    averaged = load_file(tmp_path / "checkpoints" / "step-00000006" / "average.safetensors")
    for name, value in average.module.state_dict().items():
        if name in averaged:
            torch.testing.assert_close(averaged[name], value, rtol=1e-5, atol=1e-6)


def test_it_learns_and_keeps_the_record_of_it(tmp_path: Path) -> None:
    outcome = Trainer(task(), options(epochs=12, tensorboard=True), tmp_path, {"a": 1}, cpu=True).fit()
    assert outcome.finished
    assert outcome.step == 72
    assert outcome.figures["accuracy"] > 0.9
    train, validation = events(tmp_path, "train"), events(tmp_path, "validation")
    assert train[-1]["loss"] < 0.6 * train[0]["loss"]
    assert train[-1]["step"] == 72
    assert {"loss", "cross_entropy", "lr", "items_per_second"} <= train[0].keys()
    assert [event["step"] for event in validation] == list(range(6, 73, 6))
    assert validation[2]["epoch"] == 3
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "tensorboard").glob("events*"))
    best = max(validation, key=lambda event: event["accuracy"])
    assert (outcome.best_step, outcome.figures["accuracy"]) == (best["step"], best["accuracy"])
    assert (tmp_path / "checkpoints" / f"step-{best['step']:08d}").is_dir()
    kept = load_file(tmp_path / "checkpoints" / f"step-{best['step']:08d}" / "model.safetensors")
    model = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(kept[name], model[name]) for name in kept)


def test_validating_more_often_does_not_change_what_is_learnt(tmp_path: Path) -> None:
    for folder, often in (("a", {}), ("b", {"validate_steps": 2})):
        Trainer(task(dropout=0.5), options(**often), tmp_path / folder, cpu=True).fit()
    one, other = (
        load_file(tmp_path / name / "checkpoints" / "step-00000012" / "model.safetensors") for name in "ab"
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_without_validation_the_last_averaged_weights_are_for_use(tmp_path: Path) -> None:
    chosen = options(averaging=AveragingOptions(decay=0.7))
    outcome = Trainer(task(validation_items=0), chosen, tmp_path, cpu=True).fit()
    assert outcome.best_step is None
    averaged = load_file(tmp_path / "checkpoints" / "step-00000012" / "average.safetensors")
    model = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(model[name], value) for name, value in averaged.items())


def test_it_stops_early_when_nothing_is_gained(tmp_path: Path) -> None:
    chosen = options(epochs=9, lr=1e-9, early_stop=EarlyStop(patience=3))
    outcome = Trainer(task(), chosen, tmp_path, cpu=True).fit()
    assert outcome.finished
    assert outcome.step == 24  # the first validation, and three that are no better
    again = Trainer(task(), chosen, tmp_path, cpu=True).fit()
    assert (again.step, again.finished) == (24, True)


def test_a_loss_that_is_no_number_ends_the_run_and_is_not_kept(tmp_path: Path) -> None:
    class Broken(ToyTask):
        def losses(self, outputs: Any, batch: Any) -> dict[str, Tensor]:
            bad = outputs["logits"].sum() * (float("nan") if trainer.step >= 7 else 0.0)
            return {**super().losses(outputs, batch), "bad": bad}

    trainer = Trainer(Broken(), options(log_steps=50), tmp_path, cpu=True)
    with pytest.raises(SampanError, match=r"at step 12 .*: loss, cross_entropy, bad\. Lower train\.lr"):
        trainer.fit()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000006"]


def test_time_that_is_over_leaves_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    first = Trainer(task(dropout=0.4), options(), tmp_path / "a", cpu=True, seconds=0).fit()
    assert (first.finished, first.step) == (False, 1)
    last = Trainer(task(dropout=0.4), options(), tmp_path / "a", cpu=True).fit()
    whole = Trainer(task(dropout=0.4), options(), tmp_path / "b", cpu=True).fit()
    assert (last.finished, last.step) == (whole.finished, whole.step) == (True, 12)
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_another_recipe_does_not_go_on(tmp_path: Path) -> None:
    Trainer(task(), options(), tmp_path, {"train": {"lr": 0.1, "workers": 0}}, cpu=True).fit()
    changed = {"train": {"lr": 0.2, "workers": 2}}
    with pytest.raises(
        OptionError, match=r"train\.lr = 0\.1, and the recipe now says 0\.2.*train\.start_from="
    ):
        Trainer(task(), options(), tmp_path, changed, cpu=True).fit()
    Trainer(task(), options(), tmp_path, {"train": {"lr": 0.1, "workers": 2}}, cpu=True).fit()


def test_a_run_starts_from_the_weights_of_another(tmp_path: Path) -> None:
    Trainer(task(), options(), tmp_path / "a", cpu=True).fit()
    chosen = options(steps=1, epochs=None, lr=1e-12, start_from=tmp_path / "a")
    Trainer(task(validation_items=0), chosen, tmp_path / "b", cpu=True).fit()
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    torch.testing.assert_close(one["head.weight"], other["head.weight"])
    with pytest.raises(InputError, match="does not exist"):
        Trainer(task(), options(start_from=tmp_path / "none"), tmp_path / "c", cpu=True)


def test_bf16_trains_too(tmp_path: Path) -> None:
    outcome = Trainer(task(), options(epochs=4, precision="bf16"), tmp_path, cpu=True).fit()
    assert outcome.figures["accuracy"] > 0.6


def test_what_this_machine_cannot_do_is_told(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"fp16' needs a GPU.*bf16"):
        Trainer(task(), options(precision="fp16"), tmp_path, cpu=True)
    with pytest.raises(OptionError, match=r"fsdp2' needs several processes: .*torchrun"):
        Trainer(task(), options(sharding="fsdp2"), tmp_path, cpu=True)
