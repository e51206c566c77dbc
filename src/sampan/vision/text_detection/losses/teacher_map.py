"""Distillation of detection maps: a student against its teacher's text, the second part of CML.

The teacher's probability map is made hard and slightly fatter, T̂ = dilate₂ₓ₂(P_T > 0.3), so that students learn fuller
regions than the shrunk ground truth; the student then has the DB terms of P and B against it:

    L = α · L_main(P, T̂, m) + L_B(B, T̂, m)

The third part, two students against each other, is `sampan.training.distillation.losses.MapDivergence`.
Source: PP-OCRv2 (arXiv 2109.03144, §2.1, CML), card §2.4.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.text_detection.losses.db import DBLoss, MainLoss


def dilate(mask: Tensor) -> Tensor:
    """Dilation of a (B, H, W) mask by 2×2 ones: out(y, x) = max over (y−1..y, x−1..x), as cv2.dilate anchors it."""
    padded = functional.pad(
        mask.unsqueeze(1), (1, 0, 1, 0)
    )  # (B, 1, H+1, W+1); zeros never win against a mask
    return functional.max_pool2d(padded, kernel_size=2, stride=1).squeeze(1)


class TeacherMapLoss(nn.Module):
    """The DB terms of a student against the dilated text of a frozen teacher.

    Args:
        threshold: the teacher's probability above which a pixel is text.
        main, alpha: as of `DBLoss`.
    """

    def __init__(self, threshold: float = 0.3, main: MainLoss = "dice", alpha: float = 5.0) -> None:
        super().__init__()
        self.threshold = threshold
        self.loss = DBLoss(main, alpha=alpha)

    def forward(self, student: Tensor, teacher: Tensor, targets: Mapping[str, Tensor]) -> Tensor:
        """Scalar. Shapes: `student` (B, 3, H, W); `teacher` (B, ≥1, H, W), its first map is P; `targets` has
        `shrink_mask` (B, H, W)."""
        with torch.no_grad():
            text = dilate((teacher[:, 0].float() > self.threshold).float())
        mask = targets["shrink_mask"]
        probability, binary = student[:, 0].float(), student[:, 2].float()
        return self.loss.alpha * self.loss.main(probability, text, mask) + self.loss.binary(
            binary, text, mask
        )
