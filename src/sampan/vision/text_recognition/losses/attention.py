"""Cross-entropy of the attention branches that guide CTC (PP-OCRv3 §3.2): token by token, padding left out.

NRTR takes label smoothing 0.1: the truth has 1 − ε and the other V − 1 classes share ε. SAR takes none. The mean is
over all real tokens of the batch.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class GuidanceLoss(nn.Module):
    """Mean cross-entropy over the tokens that are not `padding`; `smoothing` is shared by the wrong classes."""

    def __init__(self, smoothing: float = 0.0, padding: int = 0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.padding = padding

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Scalar loss of logits (B, L, V) against the next tokens (B, L)."""
        flat, truth = logits.float().flatten(0, 1), targets.flatten()
        if not self.smoothing:
            return functional.cross_entropy(flat, truth, ignore_index=self.padding)
        logs = functional.log_softmax(flat, dim=1)
        right = logs.gather(1, truth[:, None]).squeeze(1)
        wrong = (logs.sum(1) - right) / (flat.shape[1] - 1)
        loss = -(1 - self.smoothing) * right - self.smoothing * wrong
        real = truth != self.padding
        return (loss * real).sum() / real.sum().clamp_min(1)
