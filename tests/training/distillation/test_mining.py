"""The pool of images without labels: what is chosen, what is kept away, and how it is trained on."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from tests.training.toy import Spirals, ToyOptions, ToyTask

from sampan.errors import InputError, OptionError
from sampan.training.distillation import DistillationOptions, DistillationTask
from sampan.training.distillation.mining import (
    HeldOut,
    Scored,
    mine,
    score,
    top_per_class,
    write_manifest,
)
from sampan.training.distillation.options import UnlabelledPool, with_preset
from sampan.training.distillation.pool import pool_files


def picture(seed: int, size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """Blobs and lines that keypoints can hold on to."""
    rng = np.random.default_rng(seed)
    image = np.full((*size, 3), 128, np.uint8)
    for _ in range(40):
        x, y = (int(rng.integers(0, side)) for side in size[::-1])
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        cv2.rectangle(image, (x, y), (x + int(rng.integers(4, 30)), y + int(rng.integers(4, 30))), colour, -1)
    return image


@pytest.mark.parametrize("count", [1, 3, 100])
def test_the_best_of_each_class_are_those_of_sorting(count: int) -> None:
    rng = random.Random(count)
    scored = [Scored(round(rng.random(), 2), f"{i:03}.png", rng.randrange(5)) for i in range(200)]
    expected = [
        one
        for label in range(5)
        for one in sorted((s for s in scored if s.label == label), reverse=True)[:count]
    ]
    assert top_per_class(iter(scored), count) == expected
    rng.shuffle(scored)
    assert top_per_class(iter(scored), count) == expected


class Pictures(ToyTask):
    """Reads a picture's mean red and green as a point."""

    def unlabelled_data(self, files: Sequence[Path]) -> torch.utils.data.Dataset:
        class Read(torch.utils.data.Dataset):
            def __len__(self) -> int:
                return len(files)

            def __getitem__(self, index: int) -> dict[str, Any]:
                mean = cv2.imread(str(files[index])).reshape(-1, 3).mean(0)
                return {"image": torch.tensor(mean[1:] / 64 - 2, dtype=torch.float32), "label": 0}

        return Read()


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    folder = tmp_path / "pool"
    (folder / "inner").mkdir(parents=True)
    for i in range(6):
        cv2.imwrite(str(folder / ("inner" if i % 2 else ".") / f"{i}.png"), picture(i))
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_scores_are_the_teachers(pool: Path) -> None:
    task = Pictures()
    torch.manual_seed(0)
    teacher = task.model()
    files = pool_files(UnlabelledPool(folders=[pool]))
    scored = list(score(task, teacher, files, batch_size=4))
    assert [one.path for one in scored] == [str(file) for file in files]
    points = torch.stack([task.unlabelled_data(files)[i]["image"] for i in range(len(files))])
    with torch.no_grad():
        expected = teacher.eval()(points)["logits"].softmax(1).max(1)
    assert [one.score for one in scored] == pytest.approx(expected.values.tolist(), rel=1e-5)
    assert [one.label for one in scored] == expected.indices.tolist()


@pytest.mark.parametrize("change", ["same", "jpeg", "small", "bright"])
def test_copies_of_held_out_pictures_are_found(tmp_path: Path, change: str) -> None:
    for seed in range(4):
        cv2.imwrite(str(tmp_path / f"held{seed}.png"), picture(seed))
    held = HeldOut(sorted(tmp_path.glob("held*.png")))
    copy, path = picture(2), tmp_path / "copy.png"
    if change == "jpeg":
        path = tmp_path / "copy.jpg"
        cv2.imwrite(str(path), copy, [cv2.IMWRITE_JPEG_QUALITY, 40])
    elif change == "small":
        cv2.imwrite(str(path), cv2.resize(copy, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA))
    else:
        cv2.imwrite(str(path), copy if change == "same" else cv2.convertScaleAbs(copy, alpha=0.9, beta=12))
    assert held.has(path)
    for seed in range(10, 30):
        cv2.imwrite(str(path), picture(seed))
        assert not held.has(path)


def test_pictures_without_keypoints_are_compared_by_their_points(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (64, 1))
    cv2.imwrite(str(tmp_path / "held.png"), ramp)
    held = HeldOut([tmp_path / "held.png"])
    cv2.imwrite(str(tmp_path / "other.png"), ramp // 2)  # the same hash, another picture
    assert held.has(tmp_path / "held.png")
    assert not held.has(tmp_path / "other.png")


def test_what_is_mined_is_written_and_trained_on(pool: Path, tmp_path: Path) -> None:
    files = pool_files(UnlabelledPool(folders=[pool]))
    left_out: list[str] = []
    scored = [Scored(0.5 + i / 100, str(file), i % 2) for i, file in enumerate(files)]
    chosen = mine(scored, 2, HeldOut(files[5:]), left_out.append)
    assert left_out == [str(files[5])]
    assert [one.path for one in chosen] == [str(files[i]) for i in (4, 2, 3, 1)]
    manifest = tmp_path / "mined.jsonl"
    assert write_manifest(manifest, chosen) == 4
    first = json.loads(manifest.read_text().splitlines()[0])
    assert first == {"path": str(files[4]), "score": 0.54, "label": 0}
    section = {"preset": "ssld", "unlabelled": {"manifests": [manifest], "limit": 3}}
    task = DistillationTask(Pictures, ToyOptions(), DistillationOptions.model_validate(with_preset(section)))
    data = task.train_data()
    assert len(data) == 96 + 3
    assert torch.equal(data[97]["image"], Pictures().unlabelled_data(files)[2]["image"])
    data.set_epoch(5)
    expected = Spirals(96, 0.05, seed=1)
    expected.set_epoch(5)
    assert torch.equal(data[7]["image"], expected[7]["image"])


def test_pools_that_are_no_pools_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        pool_files(UnlabelledPool(folders=[tmp_path / "none"]))
    with pytest.raises(InputError, match="there is no picture in"):
        pool_files(UnlabelledPool(folders=[tmp_path]))
    (tmp_path / "bad.jsonl").write_text('{"path": "a.png"}\n{"file": 1}\n')
    with pytest.raises(InputError, match=r"bad\.jsonl, line 2: expected"):
        pool_files(UnlabelledPool(manifests=[tmp_path / "bad.jsonl"]))
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"x\.png is not a picture"):
        HeldOut([tmp_path / "x.png"])
    with pytest.raises(OptionError, match="ToyTask cannot read unlabelled images"):
        ToyTask().unlabelled_data([tmp_path / "x.png"])
