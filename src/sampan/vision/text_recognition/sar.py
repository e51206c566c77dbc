"""SAR: an LSTM decoder with attention over the whole map (arXiv 1811.00751; PP-OCRv3's guide, card §3.2).

Encoder: the map's columns (max over height) through two LSTM layers; the state at the last valid column is the
line's holistic feature g. Decoder: an LSTM reads g and then the tokens; each state y looks at the map,
a = softmax( w·tanh( U·y + conv3×3(map) ) ), and [y, Σ a·map, g] names the next token. Columns right of the text
(`valid_ratio`) are looked at by neither.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.vision.text_recognition.guidance import PADDING


class SARGuide(nn.Module):
    """Logits of the next token from the map and the tokens so far.

    Args:
        in_channels: C of the map.
        tokens: number of tokens (`guidance.token_count`).
        width: of the LSTMs, 512 in PP-OCRv3.
        attention: width in which states and places are compared.
    """

    def __init__(self, in_channels: int, tokens: int, width: int = 512, attention: int = 512) -> None:
        super().__init__()
        self.encoder = nn.LSTM(in_channels, width, num_layers=2, batch_first=True, dropout=0.1)
        self.holistic = nn.Linear(width, width)
        self.embed = nn.Embedding(tokens, width, padding_idx=PADDING)
        self.decoder = nn.LSTM(width, width, num_layers=2, batch_first=True)
        self.query = nn.Linear(width, attention)
        self.key = nn.Conv2d(in_channels, attention, 3, padding=1)
        self.score = nn.Linear(attention, 1)
        self.classify = nn.Linear(2 * width + in_channels, tokens)

    def forward(self, x: Tensor, tokens: Tensor, valid_ratio: Tensor | None = None) -> Tensor:
        """Map (B, C, H, W), tokens (B, L), valid share of the width (B,) → logits (B, L, tokens)."""
        batch, _, _, columns = x.shape
        if valid_ratio is None:
            valid_ratio = x.new_ones(batch)
        valid = (valid_ratio * columns).ceil().long().clamp(1, columns)  # (B,)
        holistic = self._encode(x, valid)  # (B, width)

        # The first step reads the line itself, as a token before all others; its answer is not asked for.
        read = torch.cat([holistic[:, None], self.embed(tokens)], dim=1)
        states = self.decoder(read)[0][:, 1:]  # (B, L, width)
        glimpses = self._look(x, states, valid)  # (B, L, C)
        whole = holistic[:, None].expand(-1, states.shape[1], -1)
        logits: Tensor = self.classify(torch.cat([states, glimpses, whole], dim=2))
        return logits

    def _encode(self, x: Tensor, valid: Tensor) -> Tensor:
        columns = x.amax(2).transpose(1, 2)  # (B, W, C)
        states = self.encoder(columns)[0]
        last: Tensor = self.holistic(states[torch.arange(len(x), device=x.device), valid - 1])
        return last

    def _look(self, x: Tensor, states: Tensor, valid: Tensor) -> Tensor:
        keys = self.key(x).flatten(2).transpose(1, 2)  # (B, H·W, attention)
        # One state at a time would save memory; all at once is what makes teacher forcing parallel.
        compared = torch.tanh(self.query(states)[:, :, None] + keys[:, None])  # (B, L, H·W, attention)
        scores = self.score(compared).squeeze(-1)
        outside = torch.arange(x.shape[3], device=x.device) >= valid[:, None]  # (B, W)
        outside = outside[:, None].expand(-1, x.shape[2], -1).flatten(1)  # (B, H·W)
        weights = functional.softmax(scores.masked_fill(outside[:, None], -torch.inf), dim=2)
        return weights @ x.flatten(2).transpose(1, 2)
