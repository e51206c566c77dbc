"""PFHeadLocal: the DB head with a local refinement of its probability map.

    s, f = DB branch (map, features at half resolution)
    c = σ(1×1(CBR 3×3([s, up₂(f)]))),     output ½(s + c)

In training the refined map c is compared with the shrunk text, and the binarised coarse map B = σ(k(s − T)) as well.
Source: official code of PP-OCRv4/v5 server, card of PaddleOCR 3.0 (arXiv 2507.05595) §2.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.blocks.conv import ConvBN
from sampan.vision.text_detection.heads.db_head import DBHead
from sampan.vision.text_detection.necks.pyramid import Fused


class LocalRefinement(nn.Module):
    """Logits (B, 1, H, W) of a refined map from a map (B, 1, H, W) and features (B, C, H, W)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.mix = ConvBN(channels + 1, width, 3, act="relu")
        self.final = nn.Conv2d(width, 1, 1)

    def forward(self, coarse: Tensor, features: Tensor) -> Tensor:
        logits: Tensor = self.final(self.mix(torch.cat([coarse, features], dim=1)))
        return logits


class PFHeadLocal(DBHead):
    """`DBHead` whose map is averaged with a refined one; `large` refines with C/4 channels, `small` with C/8."""

    def __init__(
        self,
        in_channels: int,
        kernel_size: int = 3,
        mode: Literal["large", "small"] = "large",
        steepness: float = 50.0,
    ) -> None:
        super().__init__(in_channels, kernel_size, steepness=steepness)
        self.refinement = LocalRefinement(in_channels // 4, in_channels // (4 if mode == "large" else 8))

    def forward(self, fused: Fused) -> dict[str, Tensor]:
        """`maps` (B, 1, H, W); in training [C, T, B] (B, 3, H, W) and `coarse_binary` B (B, 1, H, W)."""
        coarse, features = self.probability(fused.features)
        refined = torch.sigmoid(self.refinement(coarse, functional.interpolate(features, scale_factor=2.0)))
        if not self.training:
            return {"maps": 0.5 * (coarse + refined)}
        threshold, _ = self.threshold(fused.features)
        binary = self.binarize(coarse, threshold)
        return {"maps": torch.cat([refined, threshold, binary], dim=1), "coarse_binary": binary}
