"""Where a run computes: one CPU or GPU, several processes side by side (DDP), or shards of the model (FSDP2).

Started by `torchrun` or `accelerate launch`, each process finds its place in the environment; started plainly,
a run has one process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, PartialState
from accelerate.state import AcceleratorState
from torch import nn
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

from sampan.errors import OptionError
from sampan.training.options import TrainOptions

MIXED = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def accelerator(options: TrainOptions, cpu: bool = False) -> Accelerator:
    """The accelerator of this process.

    Args:
        options: precision and how processes share the work.
        cpu: stay on the CPU even where there is a GPU.

    Raises:
        OptionError: the precision or the sharding does not exist on this machine.
    """
    if options.precision == "fp16" and (cpu or not torch.cuda.is_available()):
        raise OptionError("train.precision = 'fp16' needs a GPU, and none is used: choose bf16 or fp32")
    if AcceleratorState._shared_state:
        # One process may train one thing after another, with another precision; the group of processes stays.
        AcceleratorState._reset_state(reset_partial_state=PartialState().num_processes == 1)
    made = Accelerator(
        mixed_precision=MIXED[options.precision],
        cpu=cpu,
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=options.find_unused_parameters)
        ],
    )
    if options.sharding == "fsdp2" and made.num_processes == 1:
        raise OptionError(
            "train.sharding = 'fsdp2' needs several processes: start with torchrun --nproc-per-node N, "
            "or choose none"
        )
    return made


def distribute(model: nn.Module, options: TrainOptions, place: Accelerator) -> nn.Module:
    """The model on its device, wrapped or sharded for the run. Call it before making the optimizer."""
    if options.sync_batch_norm and place.num_processes > 1:
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
    if options.sharding == "none":
        return cast(nn.Module, place.prepare_model(model))
    model = model.to(place.device)
    policy = MixedPrecisionPolicy()
    if options.precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    for module in _units(model, options.shard_modules):
        fully_shard(module, mp_policy=policy)
    fully_shard(model, mp_policy=policy)
    # In evaluation mode accelerate puts its autocast around the model and does not wrap it a second time.
    return cast(nn.Module, place.prepare_model(model, evaluation_mode=True))


@contextmanager
def without_synchronising(model: nn.Module, place: Accelerator, skip: bool) -> Iterator[None]:
    """Gradients stay on each process inside the block if `skip`: all but the last batch of a step."""
    if not skip:
        yield
    elif isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(False)
        try:
            yield
        finally:
            model.set_requires_gradient_sync(True)
    else:
        with place.no_sync(model):
            yield


def _units(model: nn.Module, patterns: Sequence[str]) -> list[nn.Module]:
    """The modules that are gathered one at a time."""
    if not patterns:
        return [child for child in model.children() if any(True for _ in child.parameters())]
    units = [
        module
        for name, module in model.named_modules()
        if name and any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    if not units:
        names = ", ".join(name for name, _ in model.named_children())
        raise OptionError(
            f"train.shard_modules = {list(patterns)} fits no module; the model's children: {names}"
        )
    return units
