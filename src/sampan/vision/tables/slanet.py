"""SLANet: PP-LCNet → CSP-PAN → the 16×16 map as 256 vectors → SLAHead.

Source: PP-StructureV2, arXiv 2210.05391, §"Table recognition". Of the neck only its deepest map is read. Released
weights differ in their vocabulary (30 or 50 tokens) and in what they say of a cell (a box of 4 numbers or corners,
8 numbers); both are read from the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from torch import Tensor

from sampan.errors import WeightsError
from sampan.vision.backbones.pp_lcnet import PPLCNet
from sampan.vision.blocks import Fusable
from sampan.vision.detection.creation_order import convolutions, load_convolutions
from sampan.vision.detection.path_aggregation import CSPPAN
from sampan.vision.tables.sla_head import MAX_TOKENS, SLAHead, TablePrediction
from sampan.vision.weights.onnx_tensors import onnx_tensors
from sampan.vision.weights.public_layout import Layout, load_public, public_state

NECK_CHANNELS = 96


class SLANet(Fusable):
    """(B, 3, 488, 488), normalised BGR → `TablePrediction`; other sizes work as well."""

    def __init__(
        self,
        vocabulary: int = 50,
        location: int = 8,
        scale: float = 1.0,
        neck_channels: int = NECK_CHANNELS,
        hidden: int = 256,
        max_tokens: int = MAX_TOKENS,
        places: int | None = None,
    ) -> None:
        """`places`: see `SLAHead`; 256 for pictures of 488 × 488."""
        super().__init__()
        self.backbone = PPLCNet(scale, out_stages=(2, 3, 4, 5))
        self.neck = CSPPAN(self.backbone.channels, neck_channels, extra_level=False)
        self.head = SLAHead(neck_channels, vocabulary, hidden, location, max_tokens, places)

    def features(self, image: Tensor) -> Tensor:
        """(B, N, neck_channels), rows before columns."""
        deepest: Tensor = self.neck(self.backbone(image))[-1]
        return deepest.flatten(2).transpose(1, 2)

    def forward(self, image: Tensor, tokens: Tensor | None = None) -> TablePrediction:
        """tokens (B, T): teacher forcing; see `SLAHead.forward`."""
        prediction: TablePrediction = self.head(self.features(image), tokens)
        return prediction

    @classmethod
    def from_onnx(cls, path: Path | str) -> Self:
        """The model of a released file, its sizes read from the weights.

        Raises WeightsError if the file is no SLANet with PP-LCNet ×1.0.
        """
        tensors = onnx_tensors(path)
        missing = {"linear_4.b_0", "linear_6.b_0", "linear_0.w_0"} - tensors.keys()
        if missing:
            raise WeightsError(f"{Path(path).name} is no SLANet: it holds no tensor {min(missing)}")
        channels, hidden = tensors["linear_0.w_0"].shape
        model = cls(
            len(tensors["linear_4.b_0"]), len(tensors["linear_6.b_0"]), neck_channels=channels, hidden=hidden
        )
        parts = [model.backbone, *model.neck.creation_order()]
        load_convolutions(list(convolutions(parts)), tensors)
        model.head.load_constants(tensors)
        return model.eval()

    @classmethod
    def from_public(cls, state: Mapping[str, Tensor]) -> Self:
        """The model of tensors in the public layout, its sizes read from them.

        The public class has no location layers; without them (`head.location_generator.*`) those stay fresh.
        Raises WeightsError if tensors are missing, left over or of another shape.
        """
        missing = {_ATTEND, f"{_STRUCTURE}.bias"} - state.keys()
        if missing:
            raise WeightsError(f"the weights are no SLANet: they lack {min(missing)}")
        hidden, channels = state[_ATTEND].shape
        location = state.get(f"{_LOCATION}.fc2.bias")
        model = cls(
            len(state[f"{_STRUCTURE}.bias"]),
            8 if location is None else len(location),
            neck_channels=channels,
            hidden=hidden,
        )
        fresh = {f"head.location.{key}": value for key, value in model.head.location.state_dict().items()}
        load_public(model, {LAYOUT.public(key): value for key, value in fresh.items()} | dict(state), LAYOUT)
        return model.eval()

    def to_public(self) -> dict[str, Tensor]:
        """All tensors in the public layout, and the location layers as `head.location_generator.*`."""
        return public_state(self, LAYOUT)


_ATTEND = "head.structure_attention_cell.input_to_hidden.weight"
_STRUCTURE = "head.structure_generator.fc2"
_LOCATION = "head.location_generator"
_CSP = (
    ("conv2", "main"),
    ("conv1", "short"),
    ("conv3", "final"),
    ("bottlenecks.0.conv1", "inner"),
    ("bottlenecks.0.conv2.depthwise_convolution", "separable.depthwise"),
    ("bottlenecks.0.conv2.pointwise_convolution", "separable.pointwise"),
)
LAYOUT = PPLCNet.layout.under("backbone.vision_backbone", "backbone") + Layout(
    ("backbone.post_csp_pan.channel_projector", "neck.lateral"),
    ("backbone.post_csp_pan.downsamples.{}.depthwise_convolution", "neck.downsample.{}.depthwise"),
    ("backbone.post_csp_pan.downsamples.{}.pointwise_convolution", "neck.downsample.{}.pointwise"),
    *(
        (f"backbone.post_csp_pan.top_down_blocks.{{}}.{theirs}", f"neck.top_down.{{}}.{ours}")
        for theirs, ours in _CSP
    ),
    *(
        (f"backbone.post_csp_pan.bottom_up_blocks.{{}}.{theirs}", f"neck.bottom_up.{{}}.{ours}")
        for theirs, ours in _CSP
    ),
    ("head.structure_attention_cell.input_to_hidden", "head.attend_features"),
    ("head.structure_attention_cell.hidden_to_hidden", "head.attend_state"),
    ("head.structure_attention_cell.score", "head.attend"),
    ("head.structure_attention_cell.rnn", "head.cell"),
    ("head.structure_generator.fc1", "head.structure.0"),
    ("head.structure_generator.fc2", "head.structure.1"),
    (f"{_LOCATION}.fc1", "head.location.0"),
    (f"{_LOCATION}.fc2", "head.location.1"),
)
"""Hugging Face's `SLANetForTableRecognition`, and a place for the layers that it leaves out."""
