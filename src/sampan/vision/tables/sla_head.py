"""SLAHead: a recurrent reader that says at every step the next structure token and where its cell is.

    e_n = vᵀ tanh(W_i f_n + W_h h + b);   a = softmax(e);   c = Σ a_n f_n
    h   = GRU([c, onehot(previous token)], h)
    token = W₂(W₁ h + b₁) + b₂;   location = σ(U₂(U₁ h + c₁) + c₂)

Token and box come from the same state, so they belong together by construction. Source: PP-StructureV2,
arXiv 2210.05391, §"SLAHead". The projection W_i f is the same at every step and is computed once.
"""

from __future__ import annotations

from typing import TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sampan.vision.detection.creation_order import Tensors, copy
from sampan.vision.tables.location_after_loop import LocationAfterLoop

MAX_TOKENS = 500


class TablePrediction(TypedDict):
    """What a table model says at each of T steps."""

    structure: Tensor
    """(B, T, V) logits of the token written at this step."""
    locations: Tensor
    """(B, T, 4 or 8) box or corners, fractions of the picture."""


class SLAHead(nn.Module):
    """Features (B, N, channels) → `TablePrediction`; with `tokens` by teacher forcing, without them greedily."""

    def __init__(
        self,
        channels: int,
        vocabulary: int,
        hidden: int = 256,
        location: int = 4,
        max_tokens: int = MAX_TOKENS,
        places: int | None = None,
    ) -> None:
        """`places`: number N of features, for the rival that locates after the loop; None locates in the loop."""
        super().__init__()
        self.vocabulary, self.hidden, self.max_tokens = vocabulary, hidden, max_tokens
        self.attend_features = nn.Linear(channels, hidden, bias=False)
        self.attend_state = nn.Linear(hidden, hidden)
        self.attend = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.GRUCell(channels + vocabulary, hidden)
        self.structure = nn.Sequential(nn.Linear(hidden, hidden), nn.Linear(hidden, vocabulary))
        self.location: nn.Sequential | LocationAfterLoop
        if places is None:
            self.location = nn.Sequential(nn.Linear(hidden, hidden), nn.Linear(hidden, location))
            generators = [*self.structure, *self.location]
        else:
            self.location = LocationAfterLoop(channels, hidden, location, places, max_tokens + 1)
            generators = [*self.structure, *self.location.generate]
        bound = hidden**-0.5
        for layer in generators:
            assert isinstance(layer, nn.Linear)
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.uniform_(layer.bias, -bound, bound)

    def forward(self, features: Tensor, tokens: Tensor | None = None) -> TablePrediction:
        """tokens: (B, T) what stands before each step, beginning with `sos`; T steps are made."""
        # Rounding would grow along hundreds of steps, so half precision ends here.
        with torch.autocast(features.device.type, enabled=False):
            features = features.float() if features.dtype != torch.float64 else features
            states = self._greedy(features) if tokens is None else self._forced(features, tokens)
            if isinstance(self.location, LocationAfterLoop):
                locations = self.location(states, features)
            else:
                locations = self.location(states)
            return {"structure": self.structure(states), "locations": locations.sigmoid()}

    def step(self, features: Tensor, keys: Tensor, token: Tensor, state: Tensor) -> Tensor:
        """The next state (B, H) from the previous token (B,) and state; `keys` is `attend_features(features)`."""
        energy = self.attend(torch.tanh(keys + self.attend_state(state)[:, None]))  # (B, N, 1)
        context = (energy.softmax(dim=1).transpose(1, 2) @ features).squeeze(1)  # (B, C)
        one_hot = F.one_hot(token, self.vocabulary).to(features.dtype)
        new: Tensor = self.cell(torch.cat([context, one_hot], dim=1), state)
        return new

    def _forced(self, features: Tensor, tokens: Tensor) -> Tensor:
        keys = self.attend_features(features)
        state = features.new_zeros(len(features), self.hidden)
        states = []
        for token in tokens.unbind(1):
            state = self.step(features, keys, token, state)
            states.append(state)
        return torch.stack(states, dim=1)  # (B, T, H)

    def _greedy(self, features: Tensor) -> Tensor:
        """Until every table of the batch has ended, `eos` being the last token, or `max_tokens` + 1 steps."""
        keys = self.attend_features(features)
        state = features.new_zeros(len(features), self.hidden)
        token = torch.zeros(len(features), dtype=torch.long, device=features.device)
        ended = torch.zeros_like(token, dtype=torch.bool)
        states = []
        for _ in range(self.max_tokens + 1):
            state = self.step(features, keys, token, state)
            states.append(state)
            token = self.structure(state).argmax(dim=1)
            ended |= token == self.vocabulary - 1
            if ended.all():
                break
        return torch.stack(states, dim=1)

    def load_constants(self, tensors: Tensors) -> None:
        """Copy the weights of a graph that Paddle exported (see `creation_order`); gates are ordered alike."""
        assert not isinstance(self.location, LocationAfterLoop)
        linears = {
            "linear_0": self.attend_features, "linear_1": self.attend_state, "linear_2": self.attend,
            "linear_3": self.structure[0], "linear_4": self.structure[1],
            "linear_5": self.location[0], "linear_6": self.location[1],
        }  # fmt: skip
        for name, layer in linears.items():
            assert isinstance(layer, nn.Linear)
            copy(layer.weight, tensors, f"{name}.w_0", transpose=True)
            if layer.bias is not None:
                copy(layer.bias, tensors, f"{name}.b_0")
        copy(self.cell.weight_ih, tensors, "gru_cell_0.w_0")
        copy(self.cell.weight_hh, tensors, "gru_cell_0.w_1")
        copy(self.cell.bias_ih, tensors, "gru_cell_0.b_0")
        copy(self.cell.bias_hh, tensors, "gru_cell_0.b_1")
