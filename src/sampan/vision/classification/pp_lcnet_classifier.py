"""PP-LCNet as a classifier (arXiv 2109.15099, Figure 2): pages by orientation, text lines by direction, tables by kind.

The vector of the last stage goes through a 1×1 convolution to 1280 channels without normalisation and bias, h-swish,
dropout and a Linear layer. The 1280 are not scaled with the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.errors import WeightsError
from sampan.vision.backbones.backbone import Stride
from sampan.vision.backbones.pp_lcnet import SCALES, SQUARE_STRIDES, PPLCNet
from sampan.vision.blocks.conv import make_divisible
from sampan.vision.blocks.fusion import Fusable
from sampan.vision.weights.onnx_layers import load_onnx
from sampan.vision.weights.onnx_tensors import onnx_tensors
from sampan.vision.weights.public_layout import Layout, load_public, public_state

_WIDEST = "encoder.blocks.4.layers.1.pointwise_convolution.convolution.weight"


class PPLCNetClassifier(Fusable):
    """(B, 3, H, W), RGB, ImageNet-normalised → {"logits": (B, classes)}.

    Args:
        classes: number of classes.
        scale: width of the network, one of `pp_lcnet.SCALES`.
        strides: of the stem and of the first blocks of stages 2 to 5.
        dropout: probability with which one of the 1280 values is dropped in training.
        expand: width before the last layer.
        rescale_in_training: False is how the published weights were trained: nothing is rescaled in training and
            everything multiplied by 1 − p in evaluation. True is PyTorch's own convention.
    """

    layout: ClassVar[Layout] = PPLCNet.layout.under("", "backbone") + Layout(("last_convolution", "last"))

    def __init__(
        self,
        classes: int,
        scale: float = 1.0,
        strides: Sequence[Stride] = SQUARE_STRIDES,
        *,
        dropout: float = 0.2,
        expand: int = 1280,
        rescale_in_training: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = PPLCNet(scale, strides, out_stages=(5,))
        self.last = nn.Conv2d(self.backbone.channels[-1], expand, 1, bias=False)
        nn.init.kaiming_normal_(self.last.weight, nonlinearity="relu")
        self.head = nn.Linear(expand, classes)
        self.dropout = dropout
        self.rescale_in_training = rescale_in_training

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = self.backbone(image)[-1].mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        x = functional.hardswish(self.last(x)).flatten(1)  # (B, 1280)
        if self.rescale_in_training:
            x = functional.dropout(x, self.dropout, self.training)
        elif self.training:
            x = x * (torch.rand_like(x) >= self.dropout)
        else:
            x = x * (1 - self.dropout)
        return {"logits": self.head(x)}

    @classmethod
    def from_onnx(cls, path: Path | str) -> Self:
        """The classifier of a released file of scale 1 with square strides, such as the page orientation model.

        Raises WeightsError if the file is of another model.
        """
        matrices = [tensor for tensor in onnx_tensors(path).values() if tensor.ndim == 2]
        model = cls(matrices[-1].shape[1] if matrices else 1)
        load_onnx(model, path)
        return model.eval()

    @classmethod
    def from_public(cls, state: Mapping[str, Tensor], strides: Sequence[Stride] = SQUARE_STRIDES) -> Self:
        """The classifier of a state in the public layout (`PPLCNetForImageClassification`), its sizes read from it.

        Strides are not in the weights: text lines need `pp_lcnet.LINE_STRIDES`. Raises WeightsError on misfit.
        """
        missing = {_WIDEST, "head.weight"} - state.keys()
        if missing:
            raise WeightsError(f"the weights are no PP-LCNet classifier: they lack {min(missing)}")
        width = state[_WIDEST].shape[0]
        scale = next((scale for scale in SCALES if make_divisible(512 * scale) == width), width / 512)
        classes, expand = state["head.weight"].shape
        model = cls(classes, scale, strides, expand=expand)
        load_public(model, state, cls.layout)
        return model.eval()

    def to_public(self) -> dict[str, Tensor]:
        """The weights in the layout of `PPLCNetForImageClassification`."""
        return public_state(self, self.layout)
