"""`sampan train`, `eval`, `export` and `mine`, in this process, on a toy."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.cli.conftest import Result
from tests.training.toy import ToyTask

from sampan.cli import rooms
from sampan.training import checkpoint, trainer
from sampan.training.task import TASKS

RECIPE = """\
task: toy
data: {items: 48}
train: {epochs: 2, batch_size: 16, lr: 0.05, tensorboard: false}
"""
Sampan = Callable[..., Result]


@pytest.fixture(autouse=True)
def only_the_toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rooms, "ROOMS", ())
    monkeypatch.setattr(trainer, "draw_curves", lambda *_: None)
    monkeypatch.setattr(checkpoint, "_to_disk", lambda _: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "toy.yaml").write_text(RECIPE)


def test_a_recipe_is_trained_measured_and_taken_out(sampan: Sampan, tmp_path: Path) -> None:
    trained = sampan("train", "toy", "train.seed=3", "--cpu")
    assert trained.code == 0
    assert trained.out.startswith("runs/toy: trained at step 6  best: accuracy ")
    assert "step 6  validation: accuracy" in trained.err
    assert "seed: 3" in Path("runs/toy/recipe.yaml").read_text()
    summary = json.loads(Path("runs/toy/summary.json").read_text())
    assert summary["finished"] is True
    measured = sampan("eval", "runs/toy", "--cpu", "--json", "scores/toy.json")
    assert measured.code == 0
    scores = json.loads(Path("scores/toy.json").read_text())
    assert scores["accuracy"] == pytest.approx(summary["figures"]["accuracy"])
    by_recipe = sampan("eval", "toy", "--weights", "runs/toy/model.safetensors", "--cpu")
    assert f"{scores['accuracy']:.6g}" in by_recipe.out
    taken = sampan("export", "runs/toy", "-o", "out/toy.safetensors")
    assert taken.out == "out/toy.safetensors: 147 numbers in 9 tensors\n"
    model = load_file("runs/toy/model.safetensors")
    assert all(torch.equal(value, model[name]) for name, value in load_file("out/toy.safetensors").items())


def test_an_old_run_is_not_trained_over(sampan: Sampan) -> None:
    stopped = sampan("train", "toy", "--minutes", "0", "-q", "--cpu")
    assert stopped.out == "runs/toy: stopped; go on with --resume at step 1\n"
    assert stopped.err == ""
    refused = sampan("train", "toy", "-q", "--cpu")
    assert (refused.code, refused.out) == (2, "")
    assert "holds a run already (step-00000001): add --resume" in refused.err
    assert "trained at step 6" in sampan("train", "toy", "-q", "--cpu", "--resume").out


def test_the_recipe_is_printed_with_all_defaults(sampan: Sampan) -> None:
    printed = sampan("train", "toy", "--print-recipe", "distillation.preset=u-dml")
    assert printed.code == 0
    assert "keep_last: 2" in printed.out
    assert "loss: symmetric-kl" in printed.out
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train", "tuy"], 3, "there is no recipe tuy: did you mean toy?"),
        (["train", "toy", "train.lrr=1"], 2, "train.lrr is not a known key: did you mean lr?"),
        (["eval", "toy"], 2, "is a recipe and no run"),
        (["eval", "none", "--weights", "x"], 3, "there is no recipe none"),
        (["export", "none", "-o", "x.onnx"], 3, "none holds no run"),
        (["export", "none", "-o", "x.pt"], 2, "must end in .onnx or .safetensors"),
        (["export", "none", "-o", "x.safetensors", "--precision", "fp16"], 2, "is for .onnx"),
        (["mine", "none", "missing", "-o", "x.jsonl"], 3, "missing is not a folder"),
    ],
)
def test_mistakes_are_told_in_a_line(sampan: Sampan, arguments: list[str], code: int, said: str) -> None:
    result = sampan(*arguments)
    assert result.code == code
    assert said in result.err
    assert result.err.count("\n") == 1


def test_a_task_without_a_graph_says_so(sampan: Sampan) -> None:
    sampan("train", "toy", "-q", "--cpu")
    assert (
        "ToyTask has no ONNX form: export to toy.safetensors"
        in sampan("export", "runs/toy", "-o", "toy.onnx").err
    )


def test_one_model_of_two_is_taken_out(sampan: Sampan) -> None:
    preset = "distillation={models: {student: {}, peer: {}}, deploy: student}"
    assert sampan("train", "toy", preset, "-q", "--cpu").code == 0
    for part in ("student", "peer"):
        sampan("export", "runs/toy", "-o", f"{part}.safetensors", "--part", part)
    sampan("export", "runs/toy", "-o", "deployed.safetensors")
    student, peer, deployed = (load_file(f"{name}.safetensors") for name in ("student", "peer", "deployed"))
    assert torch.equal(student["head.weight"], deployed["head.weight"])
    assert not torch.equal(student["head.weight"], peer["head.weight"])


class Looking(ToyTask):
    def unlabelled_data(self, files: Sequence[Path]) -> Any:
        return [{"image": torch.tensor([float(i), 1.0]), "label": 0} for i in range(len(files))]


def test_images_are_mined(sampan: Sampan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS._things, "toy", Looking)
    sampan("train", "toy", "-q", "--cpu")
    for folder, seeds in (("pool", range(5)), ("held", [2])):
        Path(folder).mkdir()
        for seed in seeds:
            noise = np.random.default_rng(seed).integers(0, 256, (64, 64), np.uint8)
            cv2.imwrite(f"{folder}/{seed}.png", noise)
    mined = sampan("mine", "runs/toy", "pool", "-o", "mined.jsonl", "--held-out", "held", "--cpu")
    assert mined.code == 0, mined.err
    assert mined.out.startswith("mined.jsonl: 4 of 5 images, ")
    assert mined.out.endswith(" classes, 1 held out\n")
    names = {Path(json.loads(line)["path"]).name for line in Path("mined.jsonl").read_text().splitlines()}
    assert names == {"0.png", "1.png", "3.png", "4.png"}
