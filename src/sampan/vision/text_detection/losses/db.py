"""The loss of differentiable binarisation, with PP-OCR's presets and PP-OCRv6's auxiliary heads.

    L = α · L_main(P) + β · L1(T) + L_B(B),   α = 5, β = 10

P is the probability of shrunk text, T the threshold, B = σ(k(P − T)). Presets of (L_main, L_B):

    dice           plain Dice, Dice        PP-OCRv2…v5 (their "balanced" Dice is plain Dice, see `balanced.py`)
    balanced-bce   BCE with OHEM 1:3, Dice the DB paper
    dice-focal     Dice + focal, the same  PP-OCRv6

Source: Liao et al. 2020 §3.5; PP-OCRv2 card §2.3; PP-OCRv6 card §3.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from sampan.vision.text_detection.losses.balanced import balanced, binary_cross_entropy
from sampan.vision.text_detection.losses.dice import dice
from sampan.vision.text_detection.losses.focal import masked_focal
from sampan.vision.text_detection.losses.masked_l1 import masked_l1

MainLoss = Literal["dice", "balanced-bce", "dice-focal"]

AUXILIARY_WEIGHTS = {"aux_p2": 0.4, "aux_p3": 0.3, "aux_p4": 0.2}
"""PP-OCRv6's weights of the auxiliary heads."""


class DBLoss(nn.Module):
    """Weighted terms of the DB loss by name; their sum is the loss.

    Args:
        main: what compares P with the shrunk text, see the module's text.
        alpha, beta: weights of the terms of P and of T.
        ohem_ratio: background pixels kept a text pixel (`balanced-bce`).
        focal_alpha, focal_gamma: of `dice-focal`.
        auxiliary: weight of each auxiliary head by its output's name; each is a full DB loss.
    """

    def __init__(
        self,
        main: MainLoss = "dice",
        alpha: float = 5.0,
        beta: float = 10.0,
        ohem_ratio: float = 3.0,
        focal_alpha: float = 0.25,
        focal_gamma: float = 2.5,
        auxiliary: Mapping[str, float] = AUXILIARY_WEIGHTS,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        if main not in ("dice", "balanced-bce", "dice-focal"):
            raise ValueError(f"main loss {main!r} is unknown: choose dice, balanced-bce or dice-focal")
        self.kind = main
        self.alpha = alpha
        self.beta = beta
        self.ohem_ratio = ohem_ratio
        self.focal_alpha = focal_alpha
        self.focal_gamma = focal_gamma
        self.auxiliary = dict(auxiliary)
        self.eps = eps

    def forward(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Terms `shrink`, `threshold`, `binary`, `coarse` (with PFHeadLocal) and one for each auxiliary head.

        Shapes: `outputs["maps"]` (B, 3, H, W) = [P, T, B], as are the auxiliary maps; with a local refinement P is
        the refined map and `outputs["coarse_binary"]` (B, 1, H, W) the binarised coarse one, which PP-OCRv5 also
        compares by the main loss. `targets`: `shrink_map`, `shrink_mask`, `threshold_map`, `threshold_mask`
        (B, H, W).
        """
        terms = self._terms(outputs["maps"], targets)
        if "coarse_binary" in outputs:
            coarse = outputs["coarse_binary"][:, 0].float()
            terms["coarse"] = self.main(coarse, targets["shrink_map"], targets["shrink_mask"])
        for name, weight in self.auxiliary.items():
            if name in outputs and weight > 0:
                terms[name] = weight * torch.stack(list(self._terms(outputs[name], targets).values())).sum()
        return terms

    def main(self, probability: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """L_main. Shapes: all (B, H, W)."""
        if self.kind == "balanced-bce":
            entropy = binary_cross_entropy(probability, target)
            return balanced(entropy, target, mask, self.ohem_ratio, self.eps)
        loss = dice(probability, target, mask, self.eps)
        if self.kind == "dice-focal":
            loss = loss + masked_focal(probability, target, mask, self.focal_alpha, self.focal_gamma)
        return loss

    def binary(self, binary: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """L_B. Shapes: all (B, H, W)."""
        if self.kind == "dice-focal":
            return self.main(binary, target, mask)
        return dice(binary, target, mask, self.eps)

    def _terms(self, maps: Tensor, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        # Sums over a million pixels and logarithms near 0 need float32, whatever the model ran in.
        probability, threshold, binary = maps.float().unbind(1)  # (B, H, W) each
        shrink, mask = targets["shrink_map"], targets["shrink_mask"]
        border = masked_l1(threshold, targets["threshold_map"], targets["threshold_mask"], self.eps)
        return {
            "shrink": self.alpha * self.main(probability, shrink, mask),
            "threshold": self.beta * border,
            "binary": self.binary(binary, shrink, mask),
        }
