"""Checkpoints are whole or not there, and damage is told."""

import json
from pathlib import Path

import pytest
import torch

from sampan.errors import InputError, OutputError
from sampan.training import checkpoint
from sampan.training.checkpoint import Checkpoint


def example(step: int = 12) -> Checkpoint:
    torch.manual_seed(step)
    weight = torch.randn(3, 4)
    return Checkpoint(
        step,
        {
            "model": {"weight": weight, "tied": weight, "part": weight[:, 1], "count": torch.tensor(7)},
            "optimizer": {"weight/exp_avg": torch.randn(3, 4).half()},
        },
        {"epoch": 2, "history": [{"step": 3, "figures": {"accuracy": 0.1 + 0.2}}]},
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    written = example()
    path = checkpoint.write(tmp_path, written)
    found = checkpoint.read(path)
    assert path == checkpoint.latest(tmp_path)
    assert found.step == 12
    assert found.state == written.state
    for stem, tensors in written.files.items():
        assert found.files[stem].keys() == tensors.keys()
        for name, value in tensors.items():
            assert found.files[stem][name].dtype == value.dtype
            assert torch.equal(found.files[stem][name], value)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "empty"])
def test_every_damage_is_refused_by_name(tmp_path: Path, name: str, damage: str) -> None:
    checkpoint.write(tmp_path, example(9))
    path = checkpoint.write(tmp_path, example(12)) / name
    data = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
    elif damage == "flip":
        place = data.index(b"0.3") if name == "state.json" else len(data) - 3
        data[place] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    with pytest.raises(InputError, match=rf"{name}.*remove .*step-00000012 to go on from step-00000009"):
        checkpoint.read(tmp_path / "step-00000012")


def test_the_only_checkpoint_says_begin_anew(tmp_path: Path) -> None:
    path = checkpoint.write(tmp_path, example())
    (path / "model.safetensors").unlink()
    with pytest.raises(InputError, match="start the run anew"):
        checkpoint.read(path)


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = checkpoint.write(tmp_path, example())
    whole = json.loads((path / "state.json").read_text())
    whole["body"]["version"] = 99
    whole["sum"] = checkpoint._sum_of(whole["body"])
    (path / "state.json").write_text(json.dumps(whole))
    with pytest.raises(InputError, match="version 99"):
        checkpoint.read(path)


def test_a_write_that_was_killed_is_not_seen(tmp_path: Path) -> None:
    kept = checkpoint.write(tmp_path, example(5))
    part = tmp_path / "step-00000009.part"
    part.mkdir()
    (part / "model.safetensors").write_bytes(b"half")
    assert checkpoint.latest(tmp_path) == kept
    assert not part.exists()


def test_a_failing_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OutputError, match=r"cannot be written: No space left"):
        checkpoint.write(tmp_path, example())
    assert list(tmp_path.iterdir()) == []


def test_only_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    for step in range(1, 8):
        checkpoint.write(tmp_path, example(step))
    checkpoint.prune(tmp_path, keep_last=2, best_steps=[3])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000003",
        "step-00000006",
        "step-00000007",
    ]


def test_writing_the_same_step_again_replaces_it(tmp_path: Path) -> None:
    checkpoint.write(tmp_path, example())
    again = example()
    again.state["epoch"] = 5
    assert checkpoint.read(checkpoint.write(tmp_path, again)).state["epoch"] == 5
