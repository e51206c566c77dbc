"""The container: who is trained, who is seen by whom, and what is left untouched."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.training.toy import ToyData, ToyOptions, ToyTask
from torch import Tensor

from sampan.errors import InputError, OptionError
from sampan.training.distillation import DistillationOptions, DistillationTask, ModelContainer
from sampan.training.distillation.options import with_preset
from sampan.training.options import TrainOptions
from sampan.training.recipe import read_recipe
from sampan.training.run import deployed, train, trained_model
from sampan.training.trainer import Trainer

PAIR = {"pair": ["student", "teacher"], "key": "logits", "loss": "symmetric-kl"}


def task(kind: type[ToyTask] = ToyTask, **section: Any) -> DistillationTask:
    return DistillationTask(
        kind,
        ToyOptions(data=ToyData(items=48)),
        DistillationOptions.model_validate(with_preset({"deploy": "student", **section})),
    )


def ssld(**teacher: Any) -> DistillationTask:
    return task(preset="ssld", models={"teacher": {"model": {"width": 24}, **teacher}})


def batch(of: DistillationTask, items: int = 16) -> dict[str, Any]:
    data = of.train_data()
    return of.collate([data[i] for i in range(items)])


def run(of: DistillationTask, model: ModelContainer, given: dict[str, Any]) -> dict[str, Tensor]:
    return of.losses(of.forward(model, given), given)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_teacher_is_not_touched_by_training(mode: str, tmp_path: Path) -> None:
    distilling = ssld(batch_norm=mode)
    torch.manual_seed(0)
    before = {name: value.clone() for name, value in distilling.model().state_dict().items()}
    options = TrainOptions(epochs=3, batch_size=16, lr=0.05, tensorboard=False, weight_decay=0.1)
    Trainer(distilling, options, tmp_path, cpu=True).fit()
    after = load_file(tmp_path / "checkpoints" / "step-00000009" / "model.safetensors")
    changed = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"student"}


def test_a_teachers_batch_norm_sees_the_batch_only_when_asked() -> None:
    given = batch(ssld())
    outputs = {}
    for mode in ("train", "eval"):
        distilling = ssld(batch_norm=mode)
        torch.manual_seed(0)
        model = distilling.model()
        model.train()
        outputs[mode] = distilling.forward(model, given)["teacher"]["logits"]
        teacher = model.models["teacher"]
        x = teacher.body[0](given["image"])
        norm = teacher.body[1]
        mean, var = x.mean(0), x.var(0, unbiased=False)
        if mode == "eval":
            mean, var = norm.running_mean, norm.running_var
        normal = (x - mean) / (var + norm.eps).sqrt() * norm.weight + norm.bias
        torch.testing.assert_close(outputs[mode], teacher.head(normal.relu()))
        model.eval()
        teacher_alone = teacher.eval()(given["image"])["logits"]
        with torch.no_grad():
            torch.testing.assert_close(distilling.forward(model, given)["teacher"]["logits"], teacher_alone)
    assert not torch.allclose(outputs["train"], outputs["eval"])


def test_no_gradient_reaches_a_frozen_model_and_labels_are_not_read() -> None:
    class Blind(ToyTask):
        def losses(self, outputs: Any, batch: Any) -> dict[str, Tensor]:
            raise AssertionError("labels were read")

    distilling = task(Blind, preset="ssld")
    model = distilling.model()
    model.train()
    terms = run(distilling, model, batch(distilling))
    assert list(terms) == ["student~teacher/logits"]
    terms["student~teacher/logits"].backward()
    assert all(value.grad is None for value in model.models["teacher"].parameters())
    assert all(value.grad is not None for value in model.models["student"].parameters())


def test_two_that_train_both_learn_and_do_not_start_alike() -> None:
    pair = {"pair": ["student", "peer"], "key": "logits", "loss": "symmetric-kl", "weight": 2.0}
    distilling = task(models={"student": {"own": 0}, "peer": {"own": 0}}, losses=[pair])
    model = distilling.model()
    model.train()
    one, other = model.models["student"].head.weight, model.models["peer"].head.weight
    assert not torch.equal(one, other)
    (loss,) = run(distilling, model, batch(distilling)).values()
    loss.backward()
    assert one.grad.abs().sum() > 0
    assert other.grad.abs().sum() > 0
    assert {id(p) for g in distilling.parameter_groups(model, 0.1, 0.1) for p in g["params"]} == {
        id(parameter) for parameter in model.parameters()
    }


def test_weights_of_own_losses_and_of_pairs() -> None:
    def terms(own: object, weight: float) -> dict[str, Tensor]:
        distilling = task(
            models={"student": {"own": own}, "teacher": {}}, losses=[{**PAIR, "weight": weight}]
        )
        torch.manual_seed(0)
        model = distilling.model()
        model.train()
        torch.manual_seed(1)
        return run(distilling, model, batch(distilling))

    plain, weighted = terms(1.0, 1.0), terms({"cross_entropy": 0.25}, 3.0)
    assert plain.keys() == {"student/cross_entropy", "teacher/cross_entropy", "student~teacher/logits"}
    assert weighted["student/cross_entropy"].item() == pytest.approx(
        0.25 * plain["student/cross_entropy"].item()
    )
    assert weighted["student~teacher/logits"].item() == pytest.approx(
        3 * plain["student~teacher/logits"].item()
    )
    with pytest.raises(OptionError, match=r"student\.own: the task has no loss 'cross': .*cross_entropy"):
        terms({"cross": 1.0}, 1.0)


def test_taps_give_what_modules_give() -> None:
    taps = {"hidden": "body", "first": "body.0", "item": "[logits]"}
    loss = {"pair": ["student", "peer"], "key": "hidden", "loss": "feature"}
    distilling = task(models={"student": {"taps": taps}, "peer": {"taps": taps}}, losses=[loss])
    model = distilling.model()
    model.train()
    given = batch(distilling)
    outputs = distilling.forward(model, given)
    student = model.models["student"]
    torch.testing.assert_close(outputs["student"]["first"], student.body[0](given["image"]))
    assert outputs["student"]["item"] is outputs["student"]["logits"]
    expected = (outputs["student"]["hidden"] - outputs["peer"]["hidden"]).square().mean()
    torch.testing.assert_close(outputs["pairs"]["student~peer/hidden"], expected)
    with pytest.raises(OptionError, match=r"gives no output 'hiden': did you mean hidden"):
        wrong = task(
            models={"student": {"taps": taps}, "peer": {"taps": taps}}, losses=[{**loss, "key": "hiden"}]
        )
        wrong.forward(wrong.model().train(), given)


def test_a_projection_between_widths_trains_and_is_left_behind(tmp_path: Path) -> None:
    loss = {
        "pair": ["student", "teacher"],
        "key": "hidden",
        "loss": "feature",
        "settings": {"channels": [16, 24]},
    }
    taps = {"hidden": "body"}
    models = {"student": {"taps": taps}, "teacher": {"taps": taps, "frozen": True, "model": {"width": 24}}}
    distilling = task(models=models, losses=[loss])
    options = TrainOptions(epochs=1, batch_size=16, lr=0.05, tensorboard=False)
    trainer = Trainer(distilling, options, tmp_path, cpu=True)
    before = trainer.model.pair_losses[0].projection.weight.detach().clone()
    trainer.fit()
    assert not torch.equal(before, trainer.model.pair_losses[0].projection.weight)


def test_figures_of_the_deployed_model_come_first() -> None:
    distilling = task(preset="ssld", models={"peer": {}}, deploy="peer")
    model = distilling.model().eval()
    given = batch(distilling)
    metrics = distilling.metrics()
    with torch.no_grad():
        outputs = distilling.forward(model, given)
    metrics.update(outputs, given)
    figures = metrics.compute()
    assert list(figures)[:2] == ["accuracy", "student/accuracy"]
    right = (outputs["peer"]["logits"].argmax(1) == given["label"]).float().mean().item()
    assert figures["accuracy"] == pytest.approx(right)
    student, teacher = (outputs[name]["logits"] for name in ("student", "teacher"))
    agree = (student.argmax(1) == teacher.argmax(1)).float().mean().item()
    assert figures["agreement/student~teacher"] == pytest.approx(agree)
    entropy = torch.distributions.Categorical(logits=student).entropy().mean().item()
    assert figures["entropy/student"] == pytest.approx(entropy, rel=1e-5)
    metrics.reset()
    metrics.update(outputs, given)
    assert metrics.compute() == figures


def test_one_model_comes_out_and_starts_a_run_of_one(tmp_path: Path) -> None:
    data = {
        "task": "toy",
        "data": {"items": 48},
        "train": {"epochs": 1, "batch_size": 16, "tensorboard": False},
        "distillation": {"preset": "ssld", "models": {"teacher": {"model": {"width": 24}}}},
        "stages": [{"name": "distil"}, {"name": "tune", "distillation": None, "train": {"lr": 1e-9}}],
    }
    train(read_recipe(data), tmp_path / "run", cpu=True)
    whole = load_file(tmp_path / "run" / "distil" / "model.safetensors")
    tuned = load_file(tmp_path / "run" / "model.safetensors")
    torch.testing.assert_close(tuned["head.weight"], whole["models.student.head.weight"])
    recipe, model = trained_model(tmp_path / "run")
    assert recipe.distillation is None
    assert torch.equal(model.head.weight, tuned["head.weight"])
    (only,) = read_recipe({**data, "stages": None})
    train([only], tmp_path / "pair", cpu=True)
    recipe, model = trained_model(tmp_path / "pair")
    student = deployed(model, recipe.task().deploy)
    assert student is model.models["student"]
    assert deployed(model, "teacher").head.in_features == 24
    with pytest.raises(OptionError, match="no model 'tacher': there are student, teacher"):
        deployed(model, "tacher")


def test_a_teacher_takes_the_weights_of_its_run(tmp_path: Path) -> None:
    alone = {"task": "toy", "model": {"width": 24}, "train": {"epochs": 1, "batch_size": 16}}
    train(read_recipe(alone), tmp_path / "teacher", cpu=True)
    model = ssld(weights=tmp_path / "teacher").model()
    expected = load_file(tmp_path / "teacher" / "model.safetensors")
    assert torch.equal(model.models["teacher"].head.weight, expected["head.weight"])
    with pytest.raises(InputError, match="does not exist"):
        ssld(weights=tmp_path / "none").model()
