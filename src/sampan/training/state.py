"""The state of a run as named tensors and plain numbers, which safetensors and JSON can hold.

Sharded tensors are put together on every process when they are taken, and cut again when they are put back;
so a checkpoint does not depend on the number of processes (its random generators do).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.distributed.tensor import DTensor, distribute_tensor

from sampan.errors import InputError
from sampan.training.clipping import whole


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, whole."""
    return {name: whole(value.detach()) for name, value in model.state_dict().items()}


def put_model(model: nn.Module, tensors: Mapping[str, Tensor], origin: object) -> None:
    """Copies weights into the model.

    Raises:
        InputError: names or shapes differ; `origin` says where the weights come from.
    """
    own = model.state_dict()
    missing = sorted(own.keys() - tensors.keys())
    surplus = sorted(tensors.keys() - own.keys())
    if missing or surplus:
        raise InputError(
            f"{origin} does not fit the model: it lacks {len(missing)} tensors{_some(missing)} "
            f"and has {len(surplus)} that the model has not{_some(surplus)}"
        )
    for name, value in own.items():
        put(value, tensors[name], f"{origin}: {name}")


def optimizer_tensors(optimizer: optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """What the optimizer remembers of each parameter: "name/exp_avg", "name/step", …"""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    return {
        f"{names[parameter]}/{key}": whole(value.detach())
        for parameter, memory in optimizer.state.items()
        for key, value in memory.items()
        if isinstance(value, Tensor)
    }


def put_optimizer(optimizer: optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Puts back what `optimizer_tensors` gave, onto each parameter's device and shards."""
    names = dict(model.named_parameters())
    for name, value in tensors.items():
        owner, _, key = name.rpartition("/")
        parameter = names[owner]
        if value.ndim == 0:  # step counts, which torch keeps on the CPU
            optimizer.state[parameter][key] = value.clone()
            continue
        memory = torch.empty_like(parameter, dtype=value.dtype)
        put(memory, value, name)
        optimizer.state[parameter][key] = memory


def put(target: Tensor, value: Tensor, name: str) -> None:
    """Copies a whole tensor into a plain or sharded one of the same shape.

    Raises:
        InputError: the shapes differ.
    """
    if target.shape != value.shape:
        raise InputError(
            f"{name} has the shape {tuple(value.shape)}, and the model's is {tuple(target.shape)}"
        )
    with torch.no_grad():
        if isinstance(target, DTensor):
            target.copy_(distribute_tensor(value.to(target.device), target.device_mesh, target.placements))
        else:
            target.copy_(value)


def seed_all(seed: int) -> None:
    """Seeds the global generators of Python, numpy and torch; what they draw does not go together."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def random_tensors() -> dict[str, Tensor]:
    """The states of Python's, numpy's and torch's global generators, on all devices of this process."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    assert version == 3
    assert name == "MT19937"
    tensors = {
        "python": torch.tensor(words, dtype=torch.int64),
        "python_gauss": torch.tensor([] if gauss is None else [gauss], dtype=torch.float64),
        "numpy": torch.from_numpy(np.asarray(keys, np.int64)),
        "numpy_place": torch.tensor([position, has_gauss], dtype=torch.int64),
        "numpy_gauss": torch.tensor([cached], dtype=torch.float64),
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        tensors["cuda"] = torch.cuda.get_rng_state()
    return tensors


def put_random(tensors: Mapping[str, Tensor]) -> None:
    """Puts back what `random_tensors` gave."""
    gauss = tensors["python_gauss"].tolist()
    random.setstate((3, tuple(tensors["python"].tolist()), gauss[0] if gauss else None))
    position, has_gauss = tensors["numpy_place"].tolist()
    keys = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, position, has_gauss, tensors["numpy_gauss"].item()))
    torch.set_rng_state(tensors["torch"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])


def to_device(value: Any, device: torch.device) -> Any:
    """A batch with its tensors on the device; everything else as it is."""
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {key: to_device(part, device) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(to_device(part, device) for part in value)
    return value


def _some(names: list[str]) -> str:
    if not names:
        return ""
    return f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
