"""The task: data sets that repeat themselves, training that learns, distillation presets, and export into the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from sampan.documents.ocr.detection import OFFICIAL, TextDetector
from sampan.errors import InputError, OptionError, WeightsError
from sampan.runtime import Model
from sampan.training.recipe import load_recipe, read_recipe
from sampan.training.run import train, trained_model
from sampan.training.task import total_loss
from sampan.vision.annotations.text_detection import DetectionLabel, TextRegion, write_detection_labels
from sampan.vision.text_detection.boxes import BoxRules
from sampan.vision.text_detection.dataset import collate_pictures
from sampan.vision.text_detection.given import given_detector
from sampan.vision.text_detection.metrics import DetectionMetrics
from sampan.vision.text_detection.models import text_detector
from sampan.vision.text_detection.normalize import MEAN, STD
from sampan.vision.text_detection.options import TextDetectionOptions
from sampan.vision.text_detection.task import TextDetectionTask

ROOT = Path(__file__).parents[3]


def write_pictures(folder: Path, count: int, seed: int = 0) -> Path:
    """Pictures of letters on grey with their label file; one region of each is unreadable."""
    rng = np.random.default_rng(seed)
    labels = []
    for number in range(count):
        image = np.full((192, 288, 3), int(rng.integers(150, 256)), np.uint8)
        regions = []
        for row in range(4):
            x, y, scale = int(rng.integers(8, 90)), 40 + 44 * row, float(rng.uniform(0.8, 1.1))
            text = "".join(rng.choice(list("ABCDEFGHKLMNPRSTXYZ23456789"), int(rng.integers(3, 8))))
            (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 2)
            cv2.putText(
                image,
                text,
                (x, y),
                cv2.FONT_HERSHEY_DUPLEX,
                scale,
                [int(v) for v in rng.integers(0, 90, 3)],
                2,
            )
            box = [[x, y - height - 2], [x + width, y - height - 2], [x + width, y + 3], [x, y + 3]]
            regions.append(TextRegion("###" if row == 3 and number % 2 else text, np.array(box, np.float32)))
        cv2.imwrite(str(folder / f"{number}.png"), image)
        labels.append(DetectionLabel(f"{number}.png", regions))
    write_detection_labels(labels, folder / "labels.txt")
    return folder / "labels.txt"


def recipe(labels: Path, **sections: Any) -> dict[str, Any]:
    steps = {
        "crop": [160, 160],
        "scales": [0.8, 1.3],
        "degrees": [-3.0, 3.0],
        "perspective": 0.0,
        "flip": 0.0,
    }
    return {
        "task": "text-detection",
        "model": {"name": "lcnet-0.25"},
        "data": {
            "train": [{"labels": str(labels)}],
            "validation": [{"labels": str(labels)}],
            "augmentation": steps,
        },
        **sections,
    }


def task_of(data: dict[str, Any]) -> TextDetectionTask:
    return TextDetectionTask(
        TextDetectionOptions.model_validate({k: v for k, v in data.items() if k not in ("task", "train")})
    )


def test_items_depend_on_seed_epoch_and_number_alone(tmp_path: Path) -> None:
    task = task_of(recipe(write_pictures(tmp_path, 4)))
    one, two = task.train_data(), task.train_data()
    np.random.seed(1)
    first = one[2]
    two[0]
    np.random.seed(2)
    for name, value in two[2].items():
        np.testing.assert_array_equal(value, first[name])
    two.set_epoch(1)
    assert not np.array_equal(two[2]["image"], first["image"])
    assert {name: value.shape for name, value in first.items()} == {
        "image": (3, 160, 160),
        **dict.fromkeys(("shrink_map", "shrink_mask", "threshold_map", "threshold_mask"), (160, 160)),
    }
    assert all(value.dtype == np.float32 for value in first.values())
    batch = task.collate([one[0], one[1]])
    assert batch["image"].shape == (2, 3, 160, 160) and batch["shrink_map"].dtype == torch.float32


def test_shrunk_text_grows_over_the_epochs(tmp_path: Path) -> None:
    data = recipe(write_pictures(tmp_path, 1))
    data["data"]["targets"] = {"growing": True, "epochs": 10}
    data["data"]["augmentation"] = {
        "copy_paste": 0,
        "rotate": 0,
        "perspective": 0,
        "color": 0,
        "flip": 0,
        "scales": [1, 1],
        "crop": [192, 288],
    }
    pictures = task_of(data).train_data()
    sums = []
    for epoch in (0, 5, 10):
        pictures.set_epoch(epoch)
        pictures.seed = -epoch % 7  # any crop will do
        item = pictures[0]
        sums.append(item["shrink_map"].sum() / max(item["threshold_mask"].sum(), 1))
    assert sums[0] < sums[1] < sums[2]


def test_whole_pictures_keep_their_regions(tmp_path: Path) -> None:
    data = recipe(write_pictures(tmp_path, 2))
    data["data"]["longest_side"] = 160
    task = task_of(data)
    pictures = task.validation_data()
    assert pictures is not None
    samples = [pictures[0], pictures[1]]
    assert samples[0]["image"].shape == (3, 96, 160)  # 192 × 288 by 5/9, to multiples of 32
    assert samples[1]["ignored"].tolist() == [False, False, False, True]
    corner = samples[0]["polygons"][0]
    assert corner[:, 0].max() <= 160 and corner[:, 1].max() <= 96
    samples[1]["image"] = samples[1]["image"][:, :64, :128]
    batch = collate_pictures(samples)
    assert batch["image"].shape == (2, 3, 96, 160) and batch["sizes"] == [(96, 160), (64, 128)]
    assert batch["image"][1, :, 64:].abs().sum() == 0


def test_pictures_are_normalised_in_bgr_order(tmp_path: Path) -> None:
    labels = write_pictures(tmp_path, 1)
    cv2.imwrite(str(tmp_path / "0.png"), np.full((32, 32, 3), (10, 120, 230), np.uint8))
    item = task_of(recipe(labels)).validation_data()[0]  # type: ignore[index]
    expected = (np.array([10, 120, 230]) / 255 - MEAN) / STD
    np.testing.assert_allclose(item["image"][:, 5, 5], expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["lcnet-0.25", "pp-ocrv6-tiny"])
@pytest.mark.parametrize("main", ["dice", "balanced-bce", "dice-focal"])
def test_every_loss_reaches_every_parameter(tmp_path: Path, name: str, main: str) -> None:
    data = recipe(write_pictures(tmp_path, 2), model={"name": name}, loss={"main": main})
    task = task_of(data)
    torch.manual_seed(0)
    model = task.model().train()
    batch = task.collate([task.train_data()[n] for n in range(2)])
    terms = task.losses(task.forward(model, batch), batch)
    names = {"shrink", "threshold", "binary"} | ({"aux_p2", "aux_p3", "aux_p4"} if "v6" in name else set())
    assert set(terms) == names
    total_loss(terms).backward()
    without = [
        key for key, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()
    ]
    assert not without


def test_local_refinement_has_its_term() -> None:
    model = text_detector("pp-ocrv5-server").train()
    outputs = model.head(type("F", (), {"features": torch.randn(1, 256, 8, 8), "top_down": []})())
    assert outputs["maps"].shape == (1, 3, 32, 32) and outputs["coarse_binary"].shape == (1, 1, 32, 32)
    torch.testing.assert_close(outputs["maps"][:, 2:], outputs["coarse_binary"])


def test_a_run_of_the_trainer_lowers_the_loss(tmp_path: Path) -> None:
    run = {
        "steps": 12,
        "batch_size": 4,
        "lr": 4e-3,
        "validate_epochs": None,
        "tensorboard": False,
        "log_steps": 1,
    }
    data = recipe(write_pictures(tmp_path, 4), train=run, loss={"main": "dice"})
    data["data"]["augmentation"] |= {"crop": [96, 96], "copy_paste": 0.0}
    train(read_recipe(data), tmp_path / "run", cpu=True, threads=1)
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines if "loss" in json.loads(line)]
    assert np.mean(losses[-3:]) < 0.92 * losses[0]
    kept, model = trained_model(tmp_path / "run")
    assert not model.training and kept.task().public_tensors(model)


@pytest.mark.slow
def test_a_detector_learns_its_pictures(tmp_path: Path) -> None:
    """A hundred steps on eight pictures: far from trained, but what it learns are the letters."""
    run = {
        "steps": 100,
        "batch_size": 4,
        "lr": 4e-3,
        "validate_epochs": None,
        "tensorboard": False,
        "seed": 1,
    }
    run["schedule"] = {"name": "constant"}
    data = recipe(write_pictures(tmp_path, 8), model={"name": "lcnet-0.5"}, train=run)
    train(read_recipe(data), tmp_path / "run", cpu=True, threads=1)
    kept, model = trained_model(tmp_path / "run")
    task = kept.task()
    pictures = task.validation_data()
    lines = DetectionMetrics(BoxRules(box_threshold=0.4))
    with torch.no_grad():
        for index in range(8):
            batch = task.collate([pictures[index]])  # type: ignore[index]
            lines.update(task.forward(model, batch), batch)
    assert lines.compute()["hmean"] > 0.6


def test_drawn_pictures_are_others_in_every_epoch_and_fixed_in_validation(tmp_path: Path) -> None:
    data = recipe(tmp_path / "none.txt")
    drawn = {"side": [200, 260], "texts": [2, 3], "pictures": 2}
    data["data"] |= {"train": [{"scenes": drawn}], "validation": [{"scenes": {**drawn, "seed": 5}}]}
    try:
        task = task_of(data)
        pictures, held = task.train_data(), task.validation_data()
    except InputError as error:
        pytest.skip(str(error))
    assert held is not None and len(pictures) == len(held) == 2  # type: ignore[arg-type]
    first = pictures.sources.picture(0, 0)
    np.testing.assert_array_equal(first.image, pictures.sources.picture(0, 0).image)
    assert (
        first.image.shape != pictures.sources.picture(0, 1).image.shape
        or (first.image != pictures.sources.picture(0, 1).image).any()
    )
    np.testing.assert_array_equal(held[1]["image"], held[1]["image"])
    assert len(first.polygons) >= 1
    assert pictures[0]["image"].shape == (3, 160, 160)


@pytest.mark.parametrize("preset", ["dml", "cml"])
def test_distillation_presets_take_detectors(tmp_path: Path, preset: str) -> None:
    run = {"steps": 2, "batch_size": 2, "validate_epochs": None, "tensorboard": False}
    data = recipe(
        write_pictures(tmp_path, 2), train=run, distillation={"preset": preset}, loss={"main": "dice"}
    )
    (read,) = read_recipe(data)
    task = read.task()
    torch.manual_seed(0)
    model = task.model().train()
    batch = task.collate([task.train_data()[n] for n in range(2)])
    terms = task.losses(task.forward(model, batch), batch)
    between = {name for name in terms if "~" in name}
    assert between == (
        {"student~peer/maps"}
        if preset == "dml"
        else {"student~teacher/maps", "peer~teacher/maps", "student~peer/maps"}
    )
    total_loss(terms).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == (".teacher." in name or not parameter.requires_grad), name


def test_unlabelled_pictures_have_no_regions(tmp_path: Path) -> None:
    task = task_of(recipe(write_pictures(tmp_path, 2)))
    item = task.unlabelled_data([tmp_path / "0.png"])[0]
    assert item["shrink_map"].sum() == 0 and item["shrink_mask"].all()
    assert set(item) == set(task.train_data()[0])


@pytest.mark.slow
def test_an_exported_detector_reads_pages(tmp_path: Path) -> None:
    try:
        model = given_detector("pp-ocrv6-tiny-det").eval()
    except WeightsError:
        pytest.skip("weights pp-ocrv6-tiny-det are not installed: sampan weights install")
    task = task_of(recipe(write_pictures(tmp_path, 1)))
    report = task.export_onnx(model, tmp_path / "detector.onnx")
    assert report["difference"] <= 1e-4
    reader = TextDetector(Model(tmp_path / "detector.onnx"), OFFICIAL)
    given = reader.detect(cv2.imread(str(tmp_path / "0.png")))
    metrics = DetectionMetrics(overlap=0.4)
    sample = task.train_data().sources.picture(0, 0)
    metrics.count(list(given.quads), sample.polygons, sample.ignored)
    assert metrics.compute()["recall"] == 1.0


def test_fused_detectors_train_from_given_weights_only(tmp_path: Path) -> None:
    labels = write_pictures(tmp_path, 1)
    with pytest.raises(ValueError, match=r"model\.given"):
        task_of(recipe(labels, model={"name": "pp-ocrv6-tiny", "form": "fused"}))
    try:
        task = task_of(
            recipe(labels, model={"name": "pp-ocrv6-tiny", "form": "fused", "given": "pp-ocrv6-tiny-det"})
        )
        model = task.model().train()
    except WeightsError:
        pytest.skip("weights pp-ocrv6-tiny-det are not installed: sampan weights install")
    batch = task.collate([task.train_data()[0]])
    assert model(batch["image"])["maps"].shape == (1, 3, 160, 160)
    with pytest.raises(WeightsError, match="fused"):
        model.fuse().to_public()


def test_calibrated_detectors_start_where_the_given_one_was(tmp_path: Path) -> None:
    """Folded normalisations get the statistics of the pictures: the map stays, also in training mode."""
    labels = write_pictures(tmp_path, 4)
    try:
        plain = given_detector("pp-ocrv6-tiny-det").eval()
    except WeightsError:
        pytest.skip("weights pp-ocrv6-tiny-det are not installed: sampan weights install")
    chosen = {"name": "pp-ocrv6-tiny", "given": "pp-ocrv6-tiny-det", "calibration": 4}
    task = task_of(recipe(labels, model=chosen))
    model = task.model()
    batch = task.collate([task.train_data()[n] for n in range(4)])
    with torch.no_grad():
        expected = plain(batch["image"])["maps"]
        torch.testing.assert_close(model.eval()(batch["image"])["maps"], expected, atol=2e-3, rtol=0)
        trained = model.train()(batch["image"])["maps"][:, :1]
    assert float((trained - expected).abs().mean()) < 0.02


def test_wrong_choices_are_told(tmp_path: Path) -> None:
    labels = write_pictures(tmp_path, 1)
    with pytest.raises(OptionError, match="pp-ocrv6-tiny"):
        task_of(recipe(labels, model={"name": "pp-ocrv7"})).model()
    with pytest.raises(OptionError, match="no text detector"):
        given_detector("pp-ocrv6-tiny-rec")
    with pytest.raises(WeightsError, match="no weights"):
        given_detector("nothing.onnx")
    with pytest.raises(InputError):
        task_of(recipe(tmp_path / "none.txt")).train_data()
    (tmp_path / "0.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="no picture"):
        task_of(recipe(labels)).train_data()[0]
    with pytest.raises(OptionError, match="copy_paste"):
        read_recipe(
            {
                **recipe(labels, train={"steps": 1}),
                "data": {"train": [{"labels": str(labels)}], "augmentation": {"copy_past": 1}},
            }
        )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "recipes").glob("text-detection-*.yaml")), ids=lambda path: path.stem
)
def test_recipes_can_be_read_and_built(path: Path) -> None:
    (read,) = load_recipe(path)
    task = read.task()
    try:
        model = task.bare_model()
    except WeightsError as error:
        pytest.skip(str(error))
    assert isinstance(task.metrics(), DetectionMetrics) or read.distillation is not None
    assert read.train.averaging is None or read.train.averaging.type == "threshold"
    assert sum(p.numel() for p in model.parameters()) > 0
