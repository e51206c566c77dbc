"""The rival of SLAHead's in-loop location: all boxes at once when the tokens have been read.

    b_t = σ(W₂(W₁ [h_t, (P fᵀ)_t]))   with P from the N places of the picture to the steps

Source: the table head before PP-StructureV2 (PaddleOCR's TableAttentionHead), which SLAHead was compared with. The
projection ties the model to one size of picture and one largest number of steps.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LocationAfterLoop(nn.Module):
    """States (B, T, hidden) and features (B, places, channels) → logits of locations (B, T, location)."""

    def __init__(self, channels: int, hidden: int, location: int, places: int, steps: int) -> None:
        super().__init__()
        self.to_steps = nn.Linear(places, steps)
        self.generate = nn.Sequential(nn.Linear(hidden + channels, hidden), nn.Linear(hidden, location))

    def forward(self, states: Tensor, features: Tensor) -> Tensor:
        spread = self.to_steps(features.transpose(1, 2)).transpose(1, 2)  # (B, steps, C)
        y: Tensor = self.generate(torch.cat([states, spread[:, : states.shape[1]]], dim=-1))
        return y
