"""The classifier that TextRotNet trains: a recogniser's backbone and one Linear."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from sampan.vision.backbones.backbone import Backbone
from sampan.vision.blocks import Fusable

TURNS = 4


class RotationNet(Fusable):
    """Backbone and a Linear on its averaged last map: (B, 3, H, W) → `turn` logits (B, 4), counter-clockwise."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.classify = nn.Linear(backbone.channels[-1], TURNS)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        features = cast(Tensor, self.backbone(image)[-1]).mean((2, 3))
        return {"turn": self.classify(features)}
