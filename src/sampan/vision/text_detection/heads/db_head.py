"""The head of differentiable binarisation: probability P, threshold T, and B = σ(k(P − T)).

Only P is needed to read a picture; T and B teach P where lines end. Source: DB (Liao et al. 2020, §3.2–3.3, k = 50);
the auxiliary heads on the neck's top-down levels are PP-OCRv6's (arXiv 2606.13108, card of PaddleOCR 3.0 §3.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.blocks.conv import ConvBN
from sampan.vision.blocks.fusion import Fusable, norm_scale_and_shift
from sampan.vision.text_detection.necks.pyramid import Fused

TEXT_IS_RARE = 0.12
"""Where fresh probability maps start. PP-OCR's start at one half and spend their first hundred steps on learning that
most of a picture is no text; the prior of RetinaNet (arXiv 1708.02002, §4.1) spares them that."""


class MapBranch(Fusable):
    """k×k to a quarter of the channels, two transposed 2×2 convolutions of stride 2, sigmoid.

    Shapes: (B, C, H/4, W/4) → map (B, 1, H, W) in (0, 1) and features (B, C/4, H/2, W/2). A fresh branch gives about
    `start` everywhere.
    """

    def __init__(self, in_channels: int, kernel_size: int = 3, start: float = 0.5) -> None:
        super().__init__()
        inner = in_channels // 4
        self.reduce = ConvBN(in_channels, inner, kernel_size, act="relu")
        self.enlarge = nn.ConvTranspose2d(inner, inner, 2, stride=2)
        self.normalization: nn.Module = nn.BatchNorm2d(inner)
        self.final = nn.ConvTranspose2d(inner, 1, 2, stride=2)
        for module in [self.reduce.normalization, self.normalization]:
            assert isinstance(module, nn.BatchNorm2d)
            nn.init.constant_(module.bias, 1e-4)
        for transposed in (self.enlarge, self.final):
            nn.init.kaiming_uniform_(transposed.weight, nonlinearity="relu")
        assert self.final.bias is not None
        nn.init.constant_(self.final.bias, math.log(start / (1 - start)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = functional.relu(self.normalization(self.enlarge(self.reduce(x))))  # (B, C/4, H/2, W/2)
        return torch.sigmoid(self.final(features)), features

    @torch.no_grad()
    def fuse_branches(self) -> None:
        if not isinstance(self.normalization, nn.BatchNorm2d):
            return
        scale, shift = norm_scale_and_shift(self.normalization)
        assert self.enlarge.bias is not None
        # A transposed convolution keeps its output channels in the second dimension.
        self.enlarge.weight.copy_(self.enlarge.weight.double() * scale[None, :, None, None])
        self.enlarge.bias.copy_(self.enlarge.bias.double() * scale + shift)
        self.normalization = nn.Identity()


class DBHead(Fusable):
    """P at full resolution; in training [P, T, B] of the fused map and of every auxiliary level.

    Args:
        in_channels: of the neck's fused map.
        kernel_size: of the first convolution: 3, or 7 for PP-OCRv3's teacher.
        auxiliary_channels: of the neck's top-down levels; 0 means no auxiliary heads.
        steepness: k of the binarisation.
    """

    LEVELS = ("aux_p2", "aux_p3", "aux_p4")
    """Names of the auxiliary outputs, for the levels of stride 4, 8 and 16."""

    def __init__(
        self, in_channels: int, kernel_size: int = 3, auxiliary_channels: int = 0, steepness: float = 50.0
    ) -> None:
        super().__init__()
        self.probability = MapBranch(in_channels, kernel_size, TEXT_IS_RARE)
        self.threshold = MapBranch(in_channels, kernel_size)
        self.auxiliary = nn.ModuleDict()
        if auxiliary_channels:
            for name in self.LEVELS:
                self.auxiliary[f"{name}_probability"] = MapBranch(
                    auxiliary_channels, kernel_size, TEXT_IS_RARE
                )
                self.auxiliary[f"{name}_threshold"] = MapBranch(auxiliary_channels, kernel_size)
        self.steepness = steepness

    def forward(self, fused: Fused) -> dict[str, Tensor]:
        """`maps` (B, 1, H, W), in training (B, 3, H, W), and then `aux_p2`, `aux_p3`, `aux_p4` of the same shape."""
        probability, _ = self.probability(fused.features)
        if not self.training:
            return {"maps": probability}
        threshold, _ = self.threshold(fused.features)
        return {"maps": self.stack(probability, threshold), **self.auxiliary_maps(fused.top_down)}

    def stack(self, probability: Tensor, threshold: Tensor) -> Tensor:
        """[P, T, B] (B, 3, H, W) of two (B, 1, H, W)."""
        return torch.cat([probability, threshold, self.binarize(probability, threshold)], dim=1)

    def binarize(self, probability: Tensor, threshold: Tensor) -> Tensor:
        """B = σ(k(P − T)). Shapes: any, equal."""
        return torch.sigmoid(self.steepness * (probability - threshold))

    def auxiliary_maps(self, levels: Sequence[Tensor]) -> dict[str, Tensor]:
        """[P, T, B] of each auxiliary level, which is first brought to stride 4."""
        outputs: dict[str, Tensor] = {}
        if not self.auxiliary:
            return outputs
        for power, (name, level) in enumerate(zip(self.LEVELS, levels, strict=False)):
            if power:
                level = functional.interpolate(
                    level, scale_factor=float(2**power), mode="bilinear", align_corners=False
                )
            probability, _ = self.auxiliary[f"{name}_probability"](level)
            threshold, _ = self.auxiliary[f"{name}_threshold"](level)
            outputs[name] = self.stack(probability, threshold)
        return outputs
