"""Checkpoints: a folder of safetensors files and one JSON, written whole or not at all, checked when read.

    checkpoints/step-00001200/model.safetensors      weights, by parameter name
                              optimizer.safetensors  "name/exp_avg" and the like
                              average.safetensors    moving average, when there is one
                              random-0.safetensors   generators of process 0, and so on
                              state.json             counters, figures, and the sha256 of each file

A folder gets its name only when everything in it is on the disk, so a run that is killed at any moment
leaves either a whole checkpoint or a `.part` folder that nobody reads. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sampan.errors import InputError, OutputError

VERSION = 1
STATE = "state.json"


@dataclass
class Checkpoint:
    """What a run needs to go on: tensors in named files, and everything else as JSON."""

    step: int
    files: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    """Tensors by file stem ("model", "optimizer", …) and name."""
    state: dict[str, Any] = field(default_factory=dict)


def write(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes a checkpoint under `folder` and returns its own folder.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    target = folder / f"step-{checkpoint.step:08d}"
    part = folder / f"step-{checkpoint.step:08d}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        sums = {}
        for stem, tensors in checkpoint.files.items():
            path = part / f"{stem}.safetensors"
            save_file({name: value.contiguous() for name, value in _unshared(tensors).items()}, path)
            sums[path.name] = digest(path)
        body = {"version": VERSION, "step": checkpoint.step, "sha256": sums, **checkpoint.state}
        text = json.dumps({"sum": _sum_of(body), "body": body}, indent=1)
        (part / STATE).write_text(text, encoding="utf-8")
        for path in [*part.iterdir(), part]:
            _to_disk(path)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        _to_disk(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise OutputError(f"{part}: the checkpoint cannot be written: {error.strerror or error}") from error
    return target


def read(folder: Path) -> Checkpoint:
    """Reads one checkpoint's folder and checks every file against its sum.

    Raises:
        InputError: a file is missing, cut short, changed, or from a later version.
    """
    state = _state(folder)
    files = {}
    for name, expected in state.pop("sha256").items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path} is missing: {_mend(folder)}")
        found = digest(path)
        if found != expected:
            raise InputError(
                f"{path} is damaged (sha256 {found[:12]}…, written as {expected[:12]}…): {_mend(folder)}"
            )
        try:
            files[path.stem] = load_file(path)
        except SafetensorError as error:  # pragma: no cover - the sum would have to be wrong too
            raise InputError(f"{path} is not a safetensors file ({error}): {_mend(folder)}") from error
    return Checkpoint(int(state.pop("step")), files, state)


def latest(folder: Path) -> Path | None:
    """The checkpoint of the highest step under `folder`, or None; left-overs of killed writes are removed."""
    for part in folder.glob("step-*.part"):
        shutil.rmtree(part, ignore_errors=True)
    return max(_all(folder), default=None)


def prune(folder: Path, keep_last: int, best_steps: list[int]) -> None:
    """Removes all checkpoints but the last ones and those of `best_steps`."""
    present = _all(folder)
    kept = {*present[-keep_last:], *(folder / f"step-{step:08d}" for step in best_steps)}
    for path in present:
        if path not in kept:
            # Renamed first: a kill in the middle of removing must not leave half a checkpoint with a name.
            doomed = path.with_name(f"{path.name}.part")
            path.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*") if path.is_dir() and path.suffix != ".part")


def _state(folder: Path) -> dict[str, Any]:
    path = folder / STATE
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        state: dict[str, Any] = whole["body"]
        if whole["sum"] != _sum_of(state):
            raise ValueError("it is not as it was written")
        version = state.pop("version")
    except FileNotFoundError:
        raise InputError(f"{path} is missing: {_mend(folder)}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}): {_mend(folder)}") from error
    if version != VERSION:
        raise InputError(f"{path} has version {version}, and this program reads version {VERSION}")
    return state


def _sum_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _mend(folder: Path) -> str:
    others = [path for path in _all(folder.parent) if path < folder]
    if others:
        return f"remove {folder} to go on from {others[-1].name}"
    return f"remove {folder} and start the run anew"


def _unshared(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors on the CPU with memory of their own, which the file format asks for."""
    seen: set[int] = set()
    result = {}
    for name, value in tensors.items():
        value = value.detach().cpu()
        if value.untyped_storage().data_ptr() in seen:
            value = value.clone()
        seen.add(value.untyped_storage().data_ptr())
        result[name] = value
    return result


def _to_disk(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be flushed there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
