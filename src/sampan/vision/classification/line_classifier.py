"""The small text-line classifier of PP-OCR (arXiv 2009.09941, §2.2): is a line upside down?

MobileNetV3-small at scale 0.35 with strides that keep columns apart, a 2×2 max pooling, the mean, and a Linear layer:
0.13 million parameters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.backbones.mobilenet_v3 import MobileNetV3
from sampan.vision.blocks.fusion import Fusable
from sampan.vision.weights.onnx_layers import load_onnx


class LineClassifier(Fusable):
    """(B, 3, 48, 192), BGR, (x / 255 − 0.5) / 0.5 → {"logits": (B, 2)} for 0 and 180 degrees; other sizes work."""

    def __init__(self, classes: int = 2, scale: float = 0.35) -> None:
        super().__init__()
        self.backbone = MobileNetV3("small", scale, stride=(2, 1), out_stages=(5,))
        self.head = nn.Linear(self.backbone.channels[-1], classes)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = functional.max_pool2d(self.backbone(image)[-1], 2)  # (B, C, H / 64, W / 4)
        return {"logits": self.head(x.mean((2, 3)))}

    @classmethod
    def from_onnx(cls, path: Path | str) -> Self:
        """The classifier with the weights of the released file. Raises WeightsError if it is another model."""
        model = cls()
        load_onnx(model, path)
        return model.eval()
