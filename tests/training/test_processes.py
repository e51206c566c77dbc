"""Two processes train what one does with the same items in a step: side by side (DDP) and in shards (FSDP2)."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.training.processes import run

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def two_processes(folder: Path, sharding: str, **environment: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.processes", str(folder), sharding, str(rank), port],
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        for rank in range(2)
    ]
    assert [process.wait(300) for process in started] == [0, 0]


@pytest.mark.parametrize("sharding", ["none", "fsdp2"])
def test_two_are_one(tmp_path: Path, sharding: str) -> None:
    two_processes(tmp_path / "two", sharding)
    # Batches of 4 in turn to two processes, two a step: the 16 items of four batches in one process.
    run(tmp_path / "one", 4, accumulate=4)
    for name in ("model", "average", "optimizer"):
        one, two = (
            load_file(tmp_path / count / "checkpoints" / "step-00000012" / f"{name}.safetensors")
            for count in ("one", "two")
        )
        assert one.keys() == two.keys()
        for key, value in one.items():
            # The order of additions differs, so the last bits do.
            torch.testing.assert_close(
                two[key], value, rtol=1e-4, atol=1e-6, msg=lambda text, key=key: f"{key}: {text}"
            )


@pytest.mark.parametrize("sharding", ["none", "fsdp2"])
def test_two_go_on_where_they_were(tmp_path: Path, sharding: str) -> None:
    two_processes(tmp_path / "whole", sharding)
    two_processes(tmp_path / "parts", sharding, STOP="1")  # they agree to stop at their tenth step
    assert not (tmp_path / "parts" / "checkpoints" / "step-00000012").exists()
    two_processes(tmp_path / "parts", sharding)
    for name in ("model", "average", "optimizer", "random-0", "random-1"):
        one, two = (
            load_file(tmp_path / count / "checkpoints" / "step-00000012" / f"{name}.safetensors")
            for count in ("whole", "parts")
        )
        assert [key for key in one if not torch.equal(one[key], two[key])] == []
