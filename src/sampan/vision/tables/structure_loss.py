"""SLANet's loss: cross-entropy of the tokens and smooth L1 of the boxes of cells that have any.

    structure   mean over the real steps of the batch of −log p(token)
    location    Σ over cells and coordinates of smooth-L1 / number of cells

PP-StructureV2 (arXiv 2210.05391) weighs them 8 : 1; the released configuration 1 : 2 (`RELEASED`), its location
being normalised as here. In the official code padding counts as steps too; here it does not.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from sampan.vision.tables.sla_head import TablePrediction

PAPER, RELEASED = (8.0, 1.0), (1.0, 2.0)
IGNORED = -100
"""Target of steps after a table's end."""


class StructureLoss(nn.Module):
    """Call with a prediction by teacher forcing; returns the weighted terms `structure` and `location`."""

    def __init__(self, weights: tuple[float, float] = RELEASED) -> None:
        super().__init__()
        self.structure_weight, self.location_weight = weights

    def forward(
        self, prediction: TablePrediction, targets: Tensor, locations: Tensor, located: Tensor
    ) -> dict[str, Tensor]:
        """targets (B, T), −100 after the end; locations (B, T, 4 or 8); located (B, T) bool."""
        structure = F.cross_entropy(
            prediction["structure"].float().transpose(1, 2), targets, ignore_index=IGNORED
        )
        mask = located[..., None].float()
        distance = F.smooth_l1_loss(prediction["locations"].float() * mask, locations * mask, reduction="sum")
        return {
            "structure": self.structure_weight * structure,
            "location": self.location_weight * distance / located.sum().clamp(min=1),
        }
