"""The orientation task: what its labels mean, what is random in its items, and that it learns."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from sampan.errors import InputError, WeightsError
from sampan.vision.classification import PPLCNetClassifier
from sampan.vision.classification.task import OrientationOptions, OrientationTask
from sampan.vision.classification.turned import PictureFiles, TurnedPictures, changed, page_view
from sampan.vision.weights.public_layout import write_safetensors
from sampan.weights import locate

torch.set_num_threads(1)
EXAMPLES = Path(__file__).parents[3] / "examples"


def _arrows(folder: Path, count: int) -> Path:
    """Pictures of arrows that point up, on grounds of different shades."""
    for number in range(count):
        rng = np.random.default_rng(number)
        picture = np.full((100, 100, 3), int(rng.integers(150, 255)), np.uint8)
        x, size = int(rng.integers(35, 65)), int(rng.integers(15, 30))
        cv2.fillPoly(
            picture, [np.array([(x, 15), (x - size, 60), (x + size, 60)])], (20, 20, int(rng.integers(120)))
        )
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


def _task(folder: Path, **model: object) -> OrientationTask:
    data = {"train": {"files": [folder]}, "validation": {"files": [folder]}}
    return OrientationTask(
        OrientationOptions.model_validate({"model": {"scale": 0.25, **model}, "data": data})
    )


def test_label_turns_the_picture_upright_counter_clockwise(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    items = TurnedPictures([PictureFiles([tmp_path])], "page", 0, training=False)
    assert [int(item["turn"]) for item in (items[i] for i in range(len(items)))] == [0, 1, 2, 3]
    upright = items[0]["image"].numpy().transpose(1, 2, 0)
    for number in range(4):
        turned = items[number]["image"].numpy().transpose(1, 2, 0)
        np.testing.assert_allclose(
            np.rot90(turned, number), upright, atol=0.05
        )  # resizing is not quite symmetric


def test_labels_agree_with_the_released_model() -> None:
    try:
        model = PPLCNetClassifier.from_onnx(locate("pp-lcnet-doc-orientation"))
    except WeightsError as error:
        pytest.skip(str(error))
    items = TurnedPictures([PictureFiles([EXAMPLES / "photo.jpg"])], "page", 0, training=False)
    images = torch.stack([items[i]["image"] for i in range(4)])
    with torch.no_grad():
        assert model(images)["logits"].argmax(1).tolist() == [0, 1, 2, 3]


def test_items_depend_on_seed_epoch_and_number_only(tmp_path: Path) -> None:
    folder = _arrows(tmp_path, 3)
    first, second, other = (
        TurnedPictures([PictureFiles([folder])], "page", s, training=True) for s in (1, 1, 2)
    )
    a = [first[i] for i in (0, 1, 2)]
    np.random.default_rng().random()
    b = [second[i] for i in (2, 0, 1)]
    for x, y in zip(a, (b[1], b[2], b[0]), strict=True):
        assert torch.equal(x["image"], y["image"]) and x["turn"] == y["turn"]
    assert not torch.equal(other[0]["image"], a[0]["image"])
    second.set_epoch(1)
    assert not torch.equal(second[0]["image"], a[0]["image"])
    assert {int(first[i % 3]["turn"]) for i in range(3)} <= {0, 1, 2, 3}


def test_view_is_the_centre_of_the_picture_or_a_part_of_it() -> None:
    picture = np.zeros((300, 900, 3), np.uint8)
    picture[:, 440:460] = 255
    view = page_view(picture)
    assert view.shape == (224, 224, 3) and view[:, 105:119].mean() > 200 and view[:, :90].max() == 0
    cut = page_view(picture, np.random.default_rng(0))
    assert cut.shape == (224, 224, 3)
    shaken = changed(picture, np.random.default_rng(0))
    assert shaken.shape == picture.shape and shaken.dtype == np.uint8 and not np.array_equal(shaken, picture)


def test_classifier_learns_which_way_arrows_point(tmp_path: Path) -> None:
    task = _task(_arrows(tmp_path, 4))
    torch.manual_seed(0)
    model = task.model().train()
    data = task.validation_data()
    batch = task.collate([data[i] for i in range(len(data))])
    batch["image"] = torch.nn.functional.interpolate(batch["image"], size=(48, 48), mode="area")
    optimizer = torch.optim.AdamW(task.parameter_groups(model, 3e-3, 1e-4))
    for _ in range(15):
        optimizer.zero_grad()
        sum(task.losses(task.forward(model, batch), batch).values()).backward()
        optimizer.step()
    metrics = task.metrics()
    metrics.update(task.forward(model, batch), batch)
    assert metrics.compute()["accuracy"] > 0.9  # by chance 0.25


def test_stages_learn_at_their_own_rates(tmp_path: Path) -> None:
    task = _task(_arrows(tmp_path, 1), stage_rates=[0, 0.1, 0.2, 0.3, 0.4, 0.5])
    model = task.model()
    groups = task.parameter_groups(model, 1.0, 1e-4)
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert len(rates) == len(list(model.parameters()))
    assert rates[id(model.backbone.stem.convolution.weight)] == 0
    assert rates[id(model.backbone.stages[4][1].se.expand.weight)] == 0.5 and rates[id(model.head.bias)] == 1
    undecayed = {id(p) for group in groups if group["weight_decay"] == 0 for p in group["params"]}
    assert id(model.backbone.stem.normalization.weight) in undecayed
    assert id(model.head.weight) not in undecayed


def test_given_weights_are_those_of_the_backbone(tmp_path: Path) -> None:
    given = PPLCNetClassifier(7, 0.25)
    write_safetensors(given.to_public(), tmp_path / "given.safetensors")
    model = _task(_arrows(tmp_path, 1), weights=tmp_path / "given.safetensors", kind="line").model()
    assert model.head.out_features == 2 and model.backbone.width_strides == [2]
    assert torch.equal(model.last.weight, given.last.weight)


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        PictureFiles([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="no pictures in"):
        PictureFiles([tmp_path])
    with pytest.raises(ValidationError, match="give files"):
        OrientationOptions.model_validate({"data": {"train": {}}})
