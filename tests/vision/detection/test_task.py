"""The task `layout-detection`: data, batches, a few steps of training, distillation and the way out and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from sampan.errors import InputError, OptionError
from sampan.training.recipe import read_recipe
from sampan.vision.annotations.coco import BoxLabel, write_coco
from sampan.vision.detection import picodet as variants
from sampan.vision.detection.augmentation import Picture, flip, jitter_colours, random_crop, resize
from sampan.vision.detection.dataset import Changes, DetectionData, collate, multi_scale_batches
from sampan.vision.detection.given import start_from
from sampan.vision.detection.options import LayoutDetectionOptions
from sampan.vision.detection.picodet import PicoDet
from sampan.vision.detection.task import LayoutDetectionTask


def draw(random: np.random.Generator, size: int = 128) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Filled boxes (class 0) and discs (class 1), apart from each other."""
    image = np.full((size, size, 3), 230, np.uint8)
    boxes, classes = [], []
    for corner in ((0, 0), (size // 2, 0), (0, size // 2), (size // 2, size // 2)):
        if random.random() < 0.4:
            continue
        width, height = random.integers(24, size // 2 - 4, 2)
        x, y = (
            corner[0] + random.integers(0, size // 2 - width),
            corner[1] + random.integers(0, size // 2 - height),
        )
        label = int(random.integers(2))
        if label:
            centre, axes = (int(x + width // 2), int(y + height // 2)), (int(width // 2), int(height // 2))
            cv2.ellipse(image, centre, axes, 0, 0, 360, (40, 40, 200), -1)
        else:
            cv2.rectangle(
                image, (int(x), int(y)), (int(x + width - 1), int(y + height - 1)), (90, 30, 30), -1
            )
        boxes.append([x, y, x + width, y + height])
        classes.append(label)
    return image, np.array(boxes, np.float32).reshape(-1, 4), np.array(classes, np.int64)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    labels = []
    for number in range(8):
        image, boxes, classes = draw(random)
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
        labels.append(BoxLabel(f"{number}.png", 128, 128, boxes, classes))
    labels[1].crowds = np.ones(len(labels[1].boxes), bool)
    write_coco(["box", "disc"], labels, tmp_path / "labels.json")
    return tmp_path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that a test can train."""
    monkeypatch.setitem(
        variants.VARIANTS, "s", lambda classes: variants.paper(0.25, variants.RATIOS_S, 24, 1, classes)
    )


def options(scenes: Path, **changes: Any) -> LayoutDetectionOptions:
    data = {"train": scenes / "labels.json", "validation": scenes / "labels.json", "size": (128, 128)}
    return LayoutDetectionOptions.model_validate({"model": {"variant": "s"}, "data": data, **changes})


def test_boxes_follow_the_picture_through_every_change() -> None:
    """Each object has its own colour: after any change its pixels fill exactly its box."""
    random = np.random.default_rng(3)
    for seed in range(30):
        image = np.zeros((90, 120, 3), np.uint8)
        image[20:50, 10:40], image[40:80, 60:110] = (0, 0, 255), (255, 0, 0)
        boxes = np.array([[10, 20, 40, 50], [60, 40, 110, 80]], np.float32)
        picture = Picture(image, boxes, np.array([2, 0]))
        if seed % 2:
            picture = flip(picture)
        picture = random_crop(picture, random)
        picture = resize(picture, 160, 200, cv2.INTER_NEAREST)
        assert len(picture.boxes) >= 1
        for box, label in zip(picture.boxes, picture.classes, strict=True):
            rows, columns = np.nonzero(picture.image[..., label] == 255)
            seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert np.abs(box - seen).max() <= 1.5  # nearest-neighbour resizing rounds


def test_crops_cut_and_also_leave_whole() -> None:
    image, boxes, classes = draw(np.random.default_rng(4))
    shapes = {
        random_crop(Picture(image, boxes, classes), np.random.default_rng(s)).image.shape for s in range(40)
    }
    assert image.shape in shapes and len(shapes) > 10


def test_colours_change_and_boxes_do_not() -> None:
    image, boxes, classes = draw(np.random.default_rng(4))
    changed = jitter_colours(Picture(image, boxes, classes), np.random.default_rng(0))
    assert changed.image.dtype == np.uint8 and (changed.image != image).any()
    assert changed.boxes is boxes


def test_items_depend_on_seed_epoch_and_number_only(scenes: Path) -> None:
    task = LayoutDetectionTask(options(scenes))
    first, second = task.train_data(), task.train_data()
    np.random.seed(1)
    torch.manual_seed(1)
    for data in (first, second):
        data.set_epoch(3)  # type: ignore[attr-defined]
    late = [first[i]["image"] for i in (4, 2, 0)]
    assert all(torch.equal(image, second[i]["image"]) for image, i in zip(late, (4, 2, 0), strict=True))
    second.set_epoch(4)  # type: ignore[attr-defined]
    assert any(not torch.equal(image, second[i]["image"]) for image, i in zip(late, (4, 2, 0), strict=True))


def test_validation_items_are_the_pictures_themselves_without_crowds(scenes: Path) -> None:
    data = LayoutDetectionTask(options(scenes)).validation_data()
    assert data is not None
    item = data[0]
    bgr = cv2.imread(str(scenes / "0.png")).astype(np.float32)
    expected = (bgr[:, :, ::-1] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.allclose(item["image"].permute(1, 2, 0).numpy(), expected, atol=1e-5)
    assert item["original"].tolist() == [128, 128]
    assert len(data[1]["boxes"]) == 0  # the crowd


def test_batches_share_a_size_and_are_padded() -> None:
    batches = list(multi_scale_batches(23, 4, [(64, 96), (128, 64)], seed=1, epoch=2))
    assert batches == list(multi_scale_batches(23, 4, [(64, 96), (128, 64)], seed=1, epoch=2))
    assert batches != list(multi_scale_batches(23, 4, [(64, 96), (128, 64)], seed=1, epoch=3))
    assert len(batches) == 5 and all(len({size for _, size in batch}) == 1 for batch in batches)
    assert {size for batch in batches for _, size in batch} == {(64, 96), (128, 64)}
    assert len({number for batch in batches for number, _ in batch}) == 20

    def sample(boxes: int) -> dict[str, Tensor]:
        zero = torch.zeros(3, 8, 8)
        return {"image": zero, "boxes": torch.ones(boxes, 4), "classes": torch.ones(boxes).long(),
                "original": torch.tensor([8, 8]), "epoch": torch.tensor(0)}  # fmt: skip

    together = collate([sample(2), sample(0), sample(3)])
    assert together["classes"].tolist() == [[1, 1, -1], [-1, -1, -1], [1, 1, 1]]


@pytest.mark.parametrize("rule", ["paper", "release-2022"])
def test_steps_reduce_the_loss(scenes: Path, small: None, rule: str) -> None:
    task = LayoutDetectionTask(options(scenes, loss={"rule": rule, "switch_epoch": 0}))
    data = task.validation_data()
    assert data is not None
    torch.manual_seed(0)
    model = task.model()
    batch = task.collate([data[i] for i in (0, 2, 3, 4)])
    optimizer = torch.optim.SGD(task.parameter_groups(model, 0.02, 1e-4), momentum=0.9)
    totals = []
    for _ in range(20):
        terms = task.losses(task.forward(model, batch), batch)
        assert set(terms) == {"class", "box", "side"}
        total = torch.stack(list(terms.values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert np.mean(totals[-3:]) < 0.85 * np.mean(totals[:3])


def test_metrics_are_perfect_for_perfect_outputs(scenes: Path) -> None:
    task = LayoutDetectionTask(options(scenes))
    data = task.validation_data()
    assert data is not None
    batch = task.collate([data[i] for i in range(8)])
    boxes, classes = batch["boxes"], batch["classes"]
    points = (boxes[..., :2] + boxes[..., 2:]) / 2
    metrics = task.metrics()
    for i in range(8):  # the points differ from image to image
        reach = (boxes[i, :, 2:] - boxes[i, :, :2]) / 2 / 32
        sides = torch.cat([reach, reach], 1)
        bins = torch.arange(8.0)
        low = sides.floor()
        share = sides - low
        mass = (bins == low[..., None]) * (1 - share[..., None]) + (bins == low[..., None] + 1) * share[
            ..., None
        ]
        outputs = {
            "scores": torch.nn.functional.one_hot(classes[i].clamp(min=0), 2)[None]
            * (classes[i] >= 0)[None, :, None]
            * 0.9,
            "distances": mass.clamp(min=1e-12).log().flatten(1)[None],
            "points": points[i],
            "strides": torch.full((len(points[i]),), 32.0),
        }
        one = {key: value[i : i + 1] for key, value in batch.items()}
        metrics.update(outputs, one)
    assert metrics.compute()["mAP"] == pytest.approx(1.0, abs=1e-6)
    assert next(iter(metrics.compute())) == "mAP"


def test_a_recipe_distils_by_fgd(scenes: Path, small: None) -> None:
    recipe = read_recipe(
        {
            "task": "layout-detection",
            "model": {"variant": "s"},
            "data": {"train": str(scenes / "labels.json"), "size": [128, 128]},
            "train": {"epochs": 1},
            "distillation": {
                "models": {
                    "student": {"taps": {"neck": "neck"}},
                    "teacher": {"taps": {"neck": "neck"}, "frozen": True, "own": 0},
                },
                "losses": [
                    {"pair": ["student", "teacher"], "key": "neck", "loss": "fgd",
                     "settings": {"student_channels": 24, "teacher_channels": 24}}
                ],
                "deploy": "student",
            },
        }
    )[0]  # fmt: skip
    task = recipe.task()
    torch.manual_seed(0)
    container = task.model().train()
    data = task.train_data()
    batch = task.collate([data[i] for i in range(3)])  # type: ignore[index]
    terms = task.losses(task.forward(container, batch), batch)
    assert {name.rpartition(".")[2] for name in terms} >= {"foreground", "background", "attention", "global"}
    torch.stack(list(terms.values())).sum().backward()
    student, teacher = container.models["student"], container.models["teacher"]  # type: ignore[union-attr, index]
    assert all(p.grad is not None for p in student.neck.parameters())
    assert all(p.grad is None for p in teacher.parameters())


def test_wrong_options_are_refused(scenes: Path) -> None:
    with pytest.raises(ValueError, match="v2-xs"):
        options(scenes, model={"variant": "xxl"})
    with pytest.raises(ValueError, match="SimOTA"):
        options(scenes, loss={"rule": "release-2022", "cost": "entropy"})
    other = scenes / "other.json"
    write_coco(["box"], [], other)
    with pytest.raises(OptionError, match="same"):
        LayoutDetectionTask(
            options(scenes, data={"train": scenes / "labels.json", "validation": other})
        ).validation_data()
    (scenes / "3.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"3\.png"):
        DetectionData(LayoutDetectionTask(options(scenes)).truth.pictures, scenes, (64, 64), Changes())[3]


def test_weights_go_over_to_a_model_with_other_classes(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(0)
    source, target = (
        variants.paper(0.25, variants.RATIOS_S, 24, 1, 5),
        variants.paper(0.25, variants.RATIOS_S, 24, 1, 3),
    )
    save_file(source.state_dict(), tmp_path / "source.safetensors")
    before = target.head.outputs[0].weight[:3].clone()
    fresh = start_from(target, str(tmp_path / "source.safetensors"))
    assert fresh == [f"head.outputs.{i}.{kind}" for i in range(4) for kind in ("weight", "bias")]
    assert torch.equal(target.head.outputs[0].weight[:3], before)
    assert torch.equal(target.head.outputs[0].weight[3:], source.head.outputs[0].weight[5:])
    assert torch.equal(target.backbone.stem.convolution.weight, source.backbone.stem.convolution.weight)


@pytest.mark.slow
def test_export_is_read_by_the_runtime_at_any_size(scenes: Path, small: None, tmp_path: Path) -> None:
    task = LayoutDetectionTask(options(scenes))
    torch.manual_seed(0)
    model = task.model().eval()
    figures = task.export_onnx(model, tmp_path / "layout.onnx")
    assert figures["difference"] < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "layout.onnx", providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["character"] == "box\ndisc"
    image = torch.randn(2, 3, 96, 160)
    outputs = session.run(None, {"image": image.numpy()})
    with torch.no_grad():
        prediction = model(image)
    assert np.allclose(np.concatenate(outputs[:4], 1), prediction["scores"].numpy(), atol=1e-5)
    assert np.allclose(np.concatenate(outputs[4:], 1), prediction["distances"].numpy(), atol=1e-4)
    assert isinstance(model, PicoDet)
