"""Recognisers in the public safetensors layout: that of the Hugging Face classes `PPOCRV{5,6}*ForTextRecognition`.

The public files hold LCNetV4's re-parameterised convolutions in fused form; loading puts them into the training form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from sampan.errors import WeightsError
from sampan.vision.text_recognition.heads import TinyHead
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.svtr import LightSVTR
from sampan.vision.weights.public_layout import Layout, load_public, public_state

_BLOCKS = (
    ("head.encoder.svtr_block.{}.layer_norm1", "neck.blocks.{}.norm1"),
    ("head.encoder.svtr_block.{}.layer_norm2", "neck.blocks.{}.norm2"),
    ("head.encoder.svtr_block.{}.self_attn.qkv", "neck.blocks.{}.qkv"),
    ("head.encoder.svtr_block.{}.self_attn.projection", "neck.blocks.{}.projection"),
    ("head.encoder.svtr_block.{}.mlp.fc1", "neck.blocks.{}.fc1"),
    ("head.encoder.svtr_block.{}.mlp.fc2", "neck.blocks.{}.fc2"),
    ("head.encoder.norm", "neck.norm"),
    ("head.head", "head.classify"),
)
_LIGHT = Layout(
    ("head.encoder.conv_block.0", "neck.skip"),
    ("head.encoder.conv_block.1", "neck.reduce"),
    ("head.encoder.conv_block.2", "neck.local"),
    *_BLOCKS,
)
_CONCATENATING = Layout(
    ("head.encoder.conv_block.0", "neck.reduce"),
    ("head.encoder.conv_block.1", "neck.embed"),
    ("head.encoder.conv_block.2", "neck.widen"),
    ("head.encoder.conv_block.3", "neck.join"),
    ("head.encoder.conv_block.4", "neck.out"),
    *_BLOCKS,
)
_TINY = Layout(
    ("head.conv1", "head.depthwise"),
    ("head.conv2", "head.pointwise"),
    ("head.fc1", "head.reduce"),
    ("head.fc2", "head.classify"),
)


def layout_of(model: TextRecognizer) -> Layout:
    """The table of names that belongs to this model's parts."""
    backbone: Any = model.backbone
    if not isinstance(getattr(backbone, "layout", None), Layout):
        raise WeightsError(
            f"{type(backbone).__name__} has no public layout: save the model's own state instead"
        )
    if isinstance(model.head, TinyHead):
        head = _TINY
    elif isinstance(model.neck, LightSVTR):
        head = _LIGHT
    else:
        head = _CONCATENATING
    named: Layout = head + backbone.layout.under("model.backbone", "backbone")
    return named


def from_public(model: TextRecognizer, state: Mapping[str, Tensor]) -> TextRecognizer:
    """Fills a model in training form with tensors in the public layout; a guide keeps its own weights.

    Raises:
        WeightsError: tensors are missing, left over or of other shapes.
    """
    guide, model.guide = model.guide, None
    try:
        load_public(model, state, layout_of(model))
    finally:
        model.guide = guide
    return model


def to_public(model: TextRecognizer) -> dict[str, Tensor]:
    """The model's tensors by public name, without the guide, which nobody needs after training."""
    guide, model.guide = model.guide, None
    try:
        return public_state(model, layout_of(model))
    finally:
        model.guide = guide


def classes_in(state: Mapping[str, Tensor]) -> int:
    """Number of classes of the recogniser whose tensors these are.

    Raises:
        WeightsError: they are no recogniser's.
    """
    for key in ("head.head.bias", "head.fc2.bias"):
        if key in state:
            return len(state[key])
    raise WeightsError("the tensors hold no CTC head (head.head or head.fc2): they are no recogniser's")
