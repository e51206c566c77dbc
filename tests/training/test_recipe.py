"""Recipes are read, checked, overridden and printed; every mistake names file, line, key, value and mend."""

from pathlib import Path

import pytest
import yaml
from tests.training import toy

from sampan.errors import InputError, OptionError, SampanError
from sampan.training.distillation import DistillationTask, preset_names
from sampan.training.recipe import as_yaml, load_recipe, read_recipe

RECIPE = """\
task: toy
model:
  width: 8
train:
  epochs: 3
  lr: 1e-2
  rules:
    - {match: "head.*", lr: 0.1}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(RECIPE)
    return path


def test_a_recipe_is_a_task_and_how_to_train_it(recipe: Path) -> None:
    (found,) = load_recipe(recipe)
    task = found.task()
    assert isinstance(task, toy.ToyTask)
    assert task.options.model.width == 8
    assert (found.train.epochs, found.train.lr) == (3, 0.01)  # YAML reads 1e-2 as a text
    assert found.train.rules[0].lr == 0.1


def test_overrides_reach_into_sections_and_lists(recipe: Path) -> None:
    (found,) = load_recipe(recipe, ["model.dropout=0.3", "train.rules.0.lr=0.5", "train.averaging.decay=0.9"])
    assert found.options.model.dropout == 0.3
    assert found.train.rules[0].lr == 0.5
    assert found.train.averaging.decay == 0.9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: {wdith: 8}", r"line 2: model\.wdith is not a known key: did you mean width\?"),
        ("model: {width: wide}", r"line 2: model\.width = 'wide': .*integer"),
        ("lr: 3", r"line 2: lr is not a known key: did you mean train\.lr\?"),
        ("trian: {epochs: 3}", r"line 2: trian is not a known key: did you mean train\?"),
        ("train: {epochs: 1, steps: 2}", r"line 2: train: give either epochs or steps"),
        ("train:\n  epochs: 1\n  schedule: {nane: cosine}", r"line 4: train\.schedule\.nane.*mean name\?"),
        ("train:\n  epochs: 1\n  lr: -1", r"line 4: train\.lr = -1: .*greater than 0"),
        (
            "train: {epochs: 1, rules: [{match: a, weight_dekay: 2}]}",
            r"train\.rules\.0\.weight_dekay .*did you mean weight_decay\?",
        ),
        ("train: {epochs: 1, clipping: {max_norn: 2}}", r"train\.clipping\.max_norn .*mean max_norm\?"),
        ("train: {epochs: .inf, lr: 0}", r"train\.epochs = inf.*\(and 1 more\)"),
        (
            "distillation: {preset: cmll}\ntrain: {epochs: 1}",
            r"preset = 'cmll' is not known: did you mean cml",
        ),
        ("stages: 3", r"line 2: stages must be a list"),
        ("stages: [{name: a/b}, {name: c}]\ntrain: {epochs: 1}", r"names of stages must differ"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"task: toy\n{text}\n")
    with pytest.raises(OptionError, match=said) as raised:
        load_recipe(path)
    assert str(path) in str(raised.value) or "preset" in said


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("train.lr=fast", r"override 'train\.lr=fast': train\.lr = 'fast': .*number"),
        ("train.rls=[]", r"override 'train\.rls=\[\]': train\.rls is not a known key: did you mean rules\?"),
        ("train.rules.3.lr=1", r"no entry 3 in a list of 1"),
        ("train", r"form key=value"),
        ("train.lr={", r"not YAML"),
        ("task=toi", r"task 'toi' is not known: did you mean toy\?"),
        ("task=no_such_module:Task", r"cannot be imported"),
        ("task=3", r"a recipe needs `task:`"),
    ],
)
def test_mistakes_in_overrides_are_told(recipe: Path, override: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        load_recipe(recipe, [override])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (": : :", "line 1: this is not YAML"),
        ("- a", "is a mapping"),
        (
            "task: toy\ntrain:\n  lr: 1\n  lr: 2",
            r"line 4: train\.lr stands here a second time \(first in line 3\)",
        ),
    ],
)
def test_files_that_are_no_recipes_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        load_recipe(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_recipe(tmp_path / "none.yaml")


def test_a_task_may_live_in_ones_own_module() -> None:
    (found,) = read_recipe({"task": "tests.training.toy:ToyTask", "train": {"steps": 1}})
    assert isinstance(found.task(), toy.ToyTask)


STAGES = {
    "task": "toy",
    "train": {"epochs": 4, "lr": 0.1},
    "stages": [{"name": "long"}, {"name": "tune", "train": {"lr": 0.001}, "model": {"dropout": 0.0}}],
}


def test_stages_change_what_they_name_and_nothing_else() -> None:
    long, tune = read_recipe(STAGES)
    assert (long.name, tune.name) == ("long", "tune")
    assert (long.train.lr, tune.train.lr, tune.train.epochs) == (0.1, 0.001, 4)
    assert (long.options.model.dropout, tune.options.model.dropout) == (0.1, 0.0)
    _, tune = read_recipe(STAGES, ["stages.1.train.lr=0.5"])
    assert tune.train.lr == 0.5


@pytest.mark.parametrize("data", [STAGES, yaml.safe_load(RECIPE)])
def test_what_is_printed_can_be_read_again(data: dict[str, object], tmp_path: Path) -> None:
    recipes = read_recipe(data)
    path = tmp_path / "printed.yaml"
    path.write_text(as_yaml(recipes))
    assert [one.as_data() for one in load_recipe(path)] == [one.as_data() for one in recipes]


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_is_valid_and_is_printed_whole(preset: str, tmp_path: Path) -> None:
    (found,) = read_recipe({"task": "toy", "train": {"epochs": 1}}, [f"distillation.preset={preset}"])
    assert found.distillation.deploy == "student"
    assert not found.distillation.models["student"].frozen
    path = tmp_path / "printed.yaml"
    path.write_text(as_yaml([found]))
    assert load_recipe(path)[0].as_data() == found.as_data()


def test_overrides_reach_into_a_preset() -> None:
    data = {"task": "toy", "train": {"epochs": 1}}
    (found,) = read_recipe(
        data,
        [
            "distillation.losses.0.weight=0.3",
            "distillation.models.teacher.model.width=32",
            "distillation.preset=ssld",
        ],
    )
    assert found.distillation.losses[0].weight == 0.3
    assert found.distillation.losses[0].loss == "symmetric-kl"
    assert found.distillation.models["teacher"].batch_norm == "train"
    task = found.task()
    assert isinstance(task, DistillationTask)
    assert task.model().models["teacher"].head.in_features == 32


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("distillation.models.teacher.frosen=1", r"distillation\.models\.teacher\.frosen .*mean frozen\?"),
        ("distillation.losses.0.pair=[student,teach]", r"no model 'teach': did you mean teacher\?"),
        ("distillation.deploy=teacher", r"'teacher' is frozen"),
        ("distillation.models.student.batch_norm=train", r"batch_norm is for frozen models"),
        ("distillation.losses.0.loss=symetric-kl", r"'symetric-kl' is not known: did you mean symmetric-kl"),
        ("distillation.losses.0.settings.form=round", r"form = 'round'|settings"),
        ("distillation.losses.0.settings.tau=2", r"losses\.0\.settings = .*do not fit symmetric-kl"),
        ("distillation.models.teacher.model.widht=2", r"distillation\.models\.teacher\.model\.widht"),
        ("distillation.models.student.taps.a=bodi", r"no module 'bodi': did you mean body\?"),
        ("distillation.unlabelled={}", r"at least one folder or manifest"),
    ],
)
def test_mistakes_in_distillation_are_told(override: str, said: str) -> None:
    data = {"task": "toy", "train": {"epochs": 1}, "distillation": {"preset": "ssld"}}
    with pytest.raises(SampanError, match=said):
        read_recipe(data, [override])[0].task().model()
