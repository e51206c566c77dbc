"""Centre loss on the frames of a CTC recogniser: look-alike characters are kept apart (PP-OCRv2 §3.3).

For frame t with features f_t and best class ŷ_t = argmax of its logits (the blank included):
L = 1/N · Σ clip(‖f_t − c_ŷ‖², 1e-12, 1e12), N = B·T. The centres c are neither learned nor updated: they are measured
on the training set with a trained model (`center_extraction`); centres drawn at random do not help.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sampan.errors import OptionError


class CenterLoss(nn.Module):
    """Mean squared distance of each frame's features to the centre of the class that the frame is read as.

    Args:
        centers: (V, d) centres.
        known: (V,) which classes have a centre; frames of other classes count nothing. All, if None.
    """

    centers: Tensor
    known: Tensor

    def __init__(self, centers: Tensor, known: Tensor | None = None) -> None:
        super().__init__()
        if known is None:
            known = torch.ones(len(centers), dtype=torch.bool)
        # Not saved with the model: they are data, and have their own file.
        self.register_buffer("centers", centers.float(), persistent=False)
        self.register_buffer("known", known, persistent=False)

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """Scalar loss of features (B, T, d) whose logits are (B, T, V).

        Raises:
            OptionError: the centres are of other features or of another dictionary.
        """
        if features.shape[-1] != self.centers.shape[1] or logits.shape[-1] != len(self.centers):
            raise OptionError(
                f"centres {tuple(self.centers.shape)} do not fit {logits.shape[-1]} classes of "
                f"{features.shape[-1]} features: extract them again with this model"
            )
        read = logits.detach().argmax(-1).flatten()  # (N,)
        flat = features.float().flatten(0, 1)  # (N, d)
        distance = (flat - self.centers[read]).square().sum(1).clamp(1e-12, 1e12)
        return (distance * self.known[read]).sum() / len(flat)
