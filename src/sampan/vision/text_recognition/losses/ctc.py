"""CTC loss as Paddle computes it, with the focal weight of PP-OCRv2 (card §3.3, §6a).

Per line L = −log p(text | frames), the blank being class 0. The mean is over the lines only: torch's own
`reduction="mean"` divides each line's loss by its length first, which makes long lines count less.
Focal CTC (arXiv 1812.02872 in its CTC form) weighs a line by α·(1 − e^{−L})^γ: easy lines count less.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class CTCLoss(nn.Module):
    """Mean over the batch of the CTC loss; with `focal_gamma` the focal form (γ = 2, α = 1 in PP-OCRv2).

    A line that needs more frames than there are (repeated characters need a blank between) has no alignment: its
    loss and gradient are zero.
    """

    def __init__(self, focal_gamma: float = 0.0, focal_alpha: float = 1.0) -> None:
        super().__init__()
        self.focal_gamma = focal_gamma
        self.focal_alpha = focal_alpha

    def forward(
        self, logits: Tensor, labels: Tensor, lengths: Tensor, frames: Tensor | None = None
    ) -> Tensor:
        """Scalar loss.

        Args:
            logits: (B, T, V).
            labels: (B, L) class numbers, rows padded with anything behind `lengths`.
            lengths: (B,) characters of each line.
            frames: (B,) frames of each line that count; all T if None.
        """
        batch, total, _ = logits.shape
        if frames is None:
            frames = torch.full((batch,), total, dtype=torch.long, device=logits.device)
        loss = functional.ctc_loss(
            functional.log_softmax(logits.float(), dim=2).transpose(0, 1),  # (T, B, V)
            labels,
            frames,
            lengths,
            blank=0,
            reduction="none",
            zero_infinity=True,
        )
        if self.focal_gamma:
            loss = loss * self.focal_alpha * (1 - torch.exp(-loss)) ** self.focal_gamma
        return loss.mean()
