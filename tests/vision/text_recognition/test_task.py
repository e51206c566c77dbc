"""The task as the trainer uses it: recipes, batches, losses, checkpoints, ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.vision.text_recognition.lines import label_file, picture

from sampan.errors import OptionError, SampanError
from sampan.training.recipe import load_recipe, read_recipe
from sampan.training.start import read_weights, start_from
from sampan.training.trainer import Trainer
from sampan.vision.text_recognition.alphabets import alphabet
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.export import export_recognizer
from sampan.vision.text_recognition.models import attach_guide, text_recognizer
from sampan.vision.text_recognition.rotation.task import TextRotationTask
from sampan.vision.text_recognition.strips import strip
from sampan.vision.text_recognition.task import TextRecognitionTask
from sampan.weights import locate

RECIPES = Path(__file__).parents[3] / "recipes"


def _recipe(labels: Path, **sections: Any) -> dict[str, Any]:
    model = {"name": "pp-ocrv6-tiny", "dictionary": str(labels.parent / "dictionary.txt")}
    return {
        "task": "text-recognition",
        "model": model | sections.pop("model", {}),
        "data": {"train": [{"labels": str(labels)}], "scales": [(48, 96)]} | sections.pop("data", {}),
        "train": {"steps": 2, "batch_size": 4} | sections.pop("train", {}),
        **sections,
    }


def _task(*arguments: Any, **sections: Any) -> TextRecognitionTask:
    task = read_recipe(_recipe(*arguments, **sections))[0].task()
    assert isinstance(task, TextRecognitionTask)
    return task


def _batch(task: TextRecognitionTask, count: int = 6) -> dict[str, Any]:
    data: Any = task.train_data()
    return task.collate([data[number] for number in range(count)])


def test_a_few_steps_learn_to_read_a_handful_of_lines(tmp_path: Path) -> None:
    labels = label_file(tmp_path, 8, longest=2)
    task = _task(
        labels,
        model={"guide": {"kind": "nrtr", "width": 32}},
        data={"scales": [(48, 64)]},
        loss={"ace": 0.1},
    )
    torch.manual_seed(0)
    model, batch = task.model().train(), _batch(task, 8)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(30):
        terms = task.losses(task.forward(model, batch), batch)
        assert terms.keys() == {"ctc", "guide", "ace"}
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
        losses.append(terms["ctc"].item())
    assert losses[-1] < 0.2 * losses[0]
    metrics = task.metrics()
    with torch.no_grad():
        metrics.update(task.forward(model, batch), batch)  # batch statistics of the very batch
    assert metrics.compute()["character_accuracy"] > 0.8
    model.eval()
    assert "guide" not in task.forward(model, batch)


def test_the_trainer_runs_it_and_its_best_weights_come_back(tmp_path: Path) -> None:
    labels = label_file(tmp_path / "data", 24)
    recipe = read_recipe(
        _recipe(
            labels,
            data={"validation": [{"labels": str(labels)}], "scales": [(48, 96), (32, 96)], "join": {}},
            train={"steps": 3, "tensorboard": False, "validate_steps": 3},
        )
    )[0]
    outcome = Trainer(recipe.task(), recipe.train, tmp_path / "run", recipe.as_data(), cpu=True).fit()
    assert outcome.finished and set(outcome.figures) == {
        "accuracy",
        "character_accuracy",
        "edit_similarity",
    }
    task = recipe.task()
    model = task.bare_model()
    start_from(model, tmp_path / "run")
    public = task.public_tensors(model)
    assert "head.fc2.weight" in public and not any("guide" in name for name in public)


def test_validation_lines_are_sorted_by_width_and_whole(tmp_path: Path) -> None:
    labels = label_file(tmp_path, 10)
    task = _task(labels, data={"validation": [{"labels": str(labels)}]})
    data: Any = task.validation_data()
    widths = [data[number]["image"].shape[2] for number in range(10)]
    assert widths == sorted(widths) and len(set(widths)) > 1
    wanted = {line.split("\t")[1] for line in labels.read_text(encoding="utf-8").splitlines()}
    assert {data[number]["text"] for number in range(10)} == wanted
    assert _task(labels).validation_data() is None


def test_two_recognisers_teach_each_other_and_learn_from_lines_without_texts(tmp_path: Path) -> None:
    labels = label_file(tmp_path / "data", 8)
    label_file(tmp_path / "pool", 6, seed=9)
    distillation = {"preset": "u-dml-guided", "unlabelled": {"folders": [str(tmp_path / "pool")]}}
    recipe = read_recipe(
        _recipe(
            labels,
            model={"guide": {"kind": "nrtr", "width": 32}},
            data={"validation": [{"labels": str(labels)}], "scales": [(48, 64)]},
            train={"steps": 2, "batch_size": 7, "tensorboard": False},
            distillation=distillation,
        )
    )[0]
    task = recipe.task()
    data: Any = task.train_data()
    assert len(data) == 14 and data[10]["image"].shape == (3, 48, 64)
    batch = task.collate([data[number] for number in (0, 1, 9)])
    model = task.model().train()
    terms = task.losses(task.forward(model, batch), batch)
    assert {"student/ctc", "student/guide", "peer/ctc", "peer/guide"} < terms.keys() and len(terms) == 7
    assert all(torch.isfinite(term) for term in terms.values())
    base = _task(labels, data={"scales": [(48, 64)]}).losses
    outputs = {"ctc": torch.randn(3, 8, 10)}
    known = {key: value[:2] for key, value in batch.items()}
    assert base(outputs, batch)["ctc"] == base({"ctc": outputs["ctc"][:2]}, known)["ctc"]
    assert base({"ctc": outputs["ctc"][2:]}, {key: value[2:] for key, value in batch.items()})["ctc"] == 0
    assert Trainer(task, recipe.train, tmp_path / "run", recipe.as_data(), cpu=True).fit().finished


def test_given_weights_get_the_new_dictionary_and_live_statistics(tmp_path: Path) -> None:
    try:
        locate("pp-ocrv6-tiny-rec"), locate("pp-ocrv6-tiny-dict")
    except SampanError as error:
        pytest.skip(str(error))
    labels = label_file(tmp_path, 16)
    given = {"weights": "pp-ocrv6-tiny-rec", "calibration": 16}
    task = _task(labels, model={"given": given})
    torch.manual_seed(1)
    model, batch = task.model(), _batch(task, 16)
    assert model.classes == 10
    with torch.no_grad():
        model.eval()
        metrics = task.metrics()
        metrics.update(task.forward(model, batch), batch)
        loss = task.losses(task.forward(model, batch), batch)["ctc"]
        # Capitals are read before any training, in both modes.
        assert metrics.compute()["character_accuracy"] > 0.9
        assert task.losses(task.forward(model.train(), batch), batch)["ctc"] < loss + 1
        raw = _task(labels, model={"given": given | {"calibration": 0}}).model().train()
        assert task.losses(task.forward(raw, batch), batch)["ctc"] > loss + 5


def test_a_backbone_can_come_from_turned_lines(tmp_path: Path) -> None:
    labels = label_file(tmp_path / "data", 16)
    recipe = read_recipe(
        {
            "task": "text-rotation",
            "model": {"name": "pp-ocrv6-tiny"},
            "data": {
                "train": [{"labels": str(labels)}],
                "validation": [{"labels": str(labels)}],
                "size": (48, 96),
            },
            "train": {"steps": 2, "batch_size": 4, "tensorboard": False},
        }
    )[0]
    task = recipe.task()
    assert isinstance(task, TextRotationTask)
    data: Any = task.train_data()
    turned = [data[number] for number in range(16)]
    assert {int(item["turn"]) for item in turned} == {0, 1, 2, 3}
    assert all(item["image"].shape == (3, 48, 96) for item in turned)
    fixed: Any = task.validation_data()
    first = fixed[3]
    fixed.set_epoch(5)
    assert torch.equal(first["image"], fixed[3]["image"]) and first["turn"] == fixed[3]["turn"]
    turn, upright = int(first["turn"]), strip(np.rot90(picture_of(labels, 3), int(first["turn"])), 48, 96)[0]
    assert np.array_equal(first["image"].numpy(), upright), turn

    assert Trainer(task, recipe.train, tmp_path / "run", recipe.as_data(), cpu=True).fit().finished
    reader = _task(labels, model={"backbone": str(tmp_path / "run")}).model()
    tensors, _ = read_weights(tmp_path / "run")
    weight = reader.backbone.stem.conv1.convolution.weight
    assert torch.equal(weight, tensors["backbone.stem.conv1.convolution.weight"])
    with pytest.raises(SampanError, match=r"same model\.name"):
        _task(labels, model={"name": "pp-ocrv6-small", "backbone": str(tmp_path / "run")}).model()


def picture_of(labels: Path, number: int) -> np.ndarray:
    from sampan.vision.text_recognition.sources import LabelFile

    return LabelFile(labels).line(number, 0)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pp-ocrv6-tiny", "pp-ocrv6-small"])
def test_exported_graphs_read_any_width_and_carry_their_characters(name: str, tmp_path: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    dictionary = alphabet("latin-capitals")
    model = attach_guide(text_recognizer(name, len(dictionary)), "nrtr", 32)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            module.momentum = 1.0  # statistics that keep the activations of random weights in bounds
    model.train()(torch.randn(8, 3, 48, 96))
    model.eval()
    report = export_recognizer(model, dictionary, tmp_path / "reader.onnx")
    assert report.difference < 1e-4 and model.guide is not None
    session = ort.InferenceSession(str(tmp_path / "reader.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["character"].split("\n") == list(dictionary.characters)
    for shape in ((1, 3, 48, 56), (5, 3, 48, 200)):
        image = torch.randn(shape)
        found = session.run(None, {"x": image.numpy()})[0]
        assert np.abs(found - model.probabilities(image).numpy()).max() < 1e-4
    assert CharacterDictionary.from_file(tmp_path / "reader.txt") == dictionary
    with pytest.raises(OptionError, match="export it with its own"):
        export_recognizer(model, alphabet("latin"), tmp_path / "other.onnx")


def test_an_exported_reader_is_one_that_parse_can_load(tmp_path: Path) -> None:
    from sampan.documents.ocr.ctc import decode
    from sampan.documents.ocr.vocabulary import load_vocabulary
    from sampan.runtime import Model
    from sampan.runtime.graph import without_final_softmax

    try:
        locate("pp-ocrv6-tiny-rec"), locate("pp-ocrv6-tiny-dict")
    except SampanError as error:
        pytest.skip(str(error))
    labels = label_file(tmp_path, 4)
    task = _task(labels, model={"given": {"weights": "pp-ocrv6-tiny-rec", "calibration": 0}})
    figures = task.export_onnx(task.model().eval(), tmp_path / "reader.onnx", "fp16")
    assert figures["characters"] == 8 and figures["size"] < 1_500_000
    whole = (tmp_path / "reader.onnx").read_bytes()
    without = without_final_softmax(whole)
    assert len(without) < len(whole)
    reader = Model(without)
    vocabulary = load_vocabulary(reader)
    assert vocabulary == task.dictionary.names
    for text in ("ACE", "HEAD"):
        logits = reader(strip(picture(text, 5))[0][None])[0][0]
        assert decode(logits, vocabulary).text == text


def test_mistakes_in_recipes_are_named(tmp_path: Path) -> None:
    labels = label_file(tmp_path, 4)
    with pytest.raises(OptionError, match="did you mean dictionary"):
        _task(labels, model={"dictionry": "latin"})
    with pytest.raises(OptionError, match="either labels or drawn"):
        _task(labels, data={"train": [{}]})
    with pytest.raises(OptionError, match="either given or backbone"):
        _task(labels, model={"given": {"weights": "x"}, "backbone": "y"})
    with pytest.raises(SampanError, match="cannot read the dictionary"):
        _task(labels, model={"dictionary": "cyrilic"})


@pytest.mark.parametrize("path", sorted(RECIPES.glob("text-r*.yaml")), ids=lambda path: path.stem)
def test_our_recipes_are_valid(path: Path) -> None:
    import sampan.vision.text_recognition.rotation.task  # noqa: F401

    assert load_recipe(path)[0].task() is not None
