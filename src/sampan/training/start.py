"""Weights for a model that is about to be trained, tested or exported: from a run or from a safetensors file.

A run's `model.safetensors` says in its metadata which part of the model is the one to use (`deploy`): a run of
several models can so start a run of one, and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from sampan.errors import InputError
from sampan.training import state

MODEL = "model.safetensors"
DEPLOY = "deploy"


def start_from(model: nn.Module, origin: Path) -> None:
    """Copies weights into the whole model, or the used part of a run of several models into a single one.

    Args:
        model: not yet sharded.
        origin: a run's folder, or a safetensors file with the model's own names.

    Raises:
        InputError: there is no such file, it is damaged, or it does not fit.
    """
    tensors, deploy = read_weights(origin)
    own = model.state_dict().keys()
    prefix = f"{deploy}."
    if deploy and not any(name.startswith(prefix) for name in own):
        tensors = {name.removeprefix(prefix): v for name, v in tensors.items() if name.startswith(prefix)}
    state.put_model(model, tensors, origin)


def read_weights(origin: Path) -> tuple[dict[str, Tensor], str]:
    """All tensors of a run or file, and the name of the part to use ("" when the file is of one model)."""
    path = origin / MODEL if origin.is_dir() else origin
    if not path.is_file():
        known = f"a run's folder has {MODEL} once it has validated or ended" if origin.is_dir() else "no file"
        raise InputError(f"{path} does not exist ({known})")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            return {name: file.get_tensor(name) for name in file.keys()}, metadata.get(DEPLOY, "")  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a safetensors file: {error}") from error


def write_weights(path: Path, tensors: Mapping[str, Tensor], deploy: str = "") -> None:
    """Writes `model.safetensors` in one go: a reader sees the old file or the new one."""
    part = path.with_suffix(".part")
    whole = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    save_file(whole, part, {DEPLOY: deploy})
    part.replace(path)
