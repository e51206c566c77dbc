"""A run that is killed at random steps and goes on ends with the very bits of an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.training.killed_run import DISTILLED, RECIPE, run
from torch import Tensor

ROOT = Path(__file__).parents[2]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.killed_run", str(folder), *more],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, recipe: dict[str, object], capsys: pytest.CaptureFixture[str]) -> list[int]:
    """Runs to the end in this process; the steps that it did."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the process that is killed: the number changes the last bits of sums
    capsys.readouterr()
    try:
        assert run(folder, recipe).finished
    finally:
        torch.set_num_threads(threads)
    return [int(line.split()[1]) for line in capsys.readouterr().out.splitlines() if line.startswith("step")]


def kill_at(folder: Path, step: int, delay: float, *more: str) -> None:
    """Kills the run, without a chance to tidy up, `delay` seconds after it has done a step."""
    process = start(folder, *more)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == f"step {step}":
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() in (-signal.SIGKILL, 0)


def bits(folder: Path) -> dict[str, Tensor]:
    """Every tensor of the last checkpoint and of the model for use."""
    last = max((folder / "checkpoints").glob("step-*[0-9]"))
    files = [*last.glob("*.safetensors"), folder / "model.safetensors"]
    return {f"{path.stem}/{name}": value for path in files for name, value in load_file(path).items()}


def record(folder: Path) -> list[dict[str, object]]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{key: value for key, value in line.items() if key != "items_per_second"} for line in lines]


def assert_same(one: Path, other: Path) -> None:
    first, second = bits(one), bits(other)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name].numpy().tobytes() != second[name].numpy().tobytes()] == []
    assert record(one) == record(other)


def test_one_kill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert finish(tmp_path / "whole", RECIPE, capsys) == list(range(1, 25))
    kill_at(tmp_path / "killed", 11, 0.0)
    done = finish(tmp_path / "killed", RECIPE, capsys)
    assert done[0] in (9, 11)  # from the checkpoint of step 8 or 10, in the middle of an epoch of four steps
    assert done[-1] == 24
    assert_same(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("plain", 0), ("plain", 1), ("distilled", 2)])
def test_many_kills(tmp_path: Path, seed: int, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = DISTILLED if kind == "distilled" else RECIPE
    finish(tmp_path / "whole", recipe, capsys)
    rng = random.Random(seed)
    step, kills = 0, 0
    while (step := step + rng.randint(1, 7)) < 24:
        # Some kills come while a checkpoint is written, which takes some milliseconds.
        kill_at(tmp_path / "killed", step, rng.choice([0.0, rng.uniform(0, 0.08)]), kind)
        kills += 1
    finish(tmp_path / "killed", recipe, capsys)
    assert kills >= 3
    assert_same(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
def test_a_polite_stop_leaves_a_checkpoint_of_that_very_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = start(tmp_path / "stopped")
    assert process.stdout is not None
    steps = []
    for line in process.stdout:
        if line.startswith("step"):
            steps.append(int(line.split()[1]))
            if steps[-1] == 7:
                process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert finish(tmp_path / "stopped", RECIPE, capsys)[0] == steps[-1] + 1 <= 10
    finish(tmp_path / "whole", RECIPE, capsys)
    assert_same(tmp_path / "whole", tmp_path / "stopped")
