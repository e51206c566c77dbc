"""Starting from given weights, of a release or of an earlier run, also when the classes are others."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from sampan.errors import WeightsError
from sampan.vision.detection.pico_head import PicoHead
from sampan.vision.detection.picodet import PicoDet
from sampan.vision.weights.public_layout import read_safetensors
from sampan.weights import locate


@torch.no_grad()
def start_from(model: PicoDet, weights: str) -> list[str]:
    """Copy weights into `model` and return the names of tensors that stay fresh: class outputs of other classes.

    weights: a name that `sampan weights list` shows, or the path of an ONNX or safetensors file.

    Raises:
        WeightsError: they belong to another variant.
    """
    path = Path(weights)
    if path.suffix not in (".onnx", ".safetensors"):
        path = locate(weights)
    if path.suffix == ".safetensors":
        given = read_safetensors(path)
    else:
        given = dict(PicoDet.from_onnx(path).state_dict())
    own = model.state_dict()
    fresh = []
    for name, tensor in own.items():
        if name.endswith("num_batches_tracked"):
            continue
        if name not in given:
            raise WeightsError(f"{path.name} lacks {name}: it holds another variant of PicoDet")
        if given[name].shape == tensor.shape:
            tensor.copy_(given[name])
        elif name.startswith(("head.outputs.", "head.classes.")):
            if isinstance(model.head, PicoHead):
                _copy_sides(tensor, given[name], 4 * (model.head.reg_max + 1))
            fresh.append(name)
        else:
            raise WeightsError(
                f"{name} has shape {tuple(given[name].shape)} in {path.name} and {tuple(tensor.shape)} in the "
                "model: choose the variant that the weights belong to"
            )
    return fresh


def _copy_sides(tensor: Tensor, given: Tensor, sides: int) -> None:
    """The outputs of the four sides stand behind those of the classes and do not depend on them."""
    tensor[-sides:].copy_(given[-sides:])
