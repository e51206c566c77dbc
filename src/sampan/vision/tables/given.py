"""Starting from given weights of a SLANet, also when the vocabulary or the kind of location is another."""

from __future__ import annotations

from pathlib import Path

import torch

from sampan.errors import WeightsError
from sampan.vision.tables.slanet import SLANet
from sampan.vision.weights.public_layout import read_safetensors
from sampan.weights import locate

BY_VOCABULARY = ("head.cell.weight_ih", "head.structure.1.", "head.location.")
"""Tensors whose shape the vocabulary or the kind of location decides."""


@torch.no_grad()
def start_from(model: SLANet, weights: str) -> list[str]:
    """Copy weights into `model` and return the names of tensors that stay fresh.

    weights: a name that `sampan weights list` shows, or the path of an ONNX or safetensors file (public layout).
    Of the recurrent cell the columns that read features are kept whatever the vocabulary.

    Raises:
        WeightsError: they belong to a SLANet of other widths.
    """
    path = Path(weights)
    if path.suffix not in (".onnx", ".safetensors"):
        path = locate(weights)
    if path.suffix == ".safetensors":
        source = SLANet.from_public(read_safetensors(path))
    else:
        source = SLANet.from_onnx(path)
    given, fresh = source.state_dict(), []
    for name, tensor in model.state_dict().items():
        if name in given and given[name].shape == tensor.shape:
            tensor.copy_(given[name])
        elif name.startswith(BY_VOCABULARY):
            fresh.append(name)
            if name == "head.cell.weight_ih" and len(tensor) == len(given[name]):
                features = model.head.attend_features.in_features
                tensor[:, :features].copy_(given[name][:, :features])
        else:
            raise WeightsError(f"{name} in {path.name} does not fit: the model has other widths")
    return fresh
