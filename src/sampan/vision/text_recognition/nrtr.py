"""NRTR: a transformer decoder over the backbone's map (arXiv 1806.00926; PP-OCRv4 … v6's guide, PP-OCRv3 card §3.2).

Width 384 (medium v6: 512), width / 32 heads, four post-norm layers with ReLU of 4·width, sinusoidal places, token
embeddings scaled by √width. Trained with label smoothing 0.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sampan.vision.text_recognition.guidance import PADDING


class NRTRGuide(nn.Module):
    """Logits of the next token from the map and the tokens so far.

    Args:
        in_channels: C of the map.
        tokens: number of tokens (`guidance.token_count`).
    """

    def __init__(
        self, in_channels: int, tokens: int, width: int = 384, depth: int = 4, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.width = width
        self.project = nn.Linear(in_channels, width, bias=False)
        self.embed = nn.Embedding(tokens, width, padding_idx=PADDING)
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerDecoderLayer(
            width, max(1, width // 32), 4 * width, dropout, activation="relu", batch_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, depth)
        self.classify = nn.Linear(width, tokens, bias=False)
        nn.init.normal_(self.classify.weight, std=width**-0.5)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """Map (B, C, H, W) and tokens (B, L) → logits (B, L, tokens)."""
        memory = self.project(x.flatten(2).transpose(1, 2))  # (B, H·W, width)
        read = self.embed(tokens) * math.sqrt(self.width)
        read = self.dropout(read + sinusoid(tokens.shape[1], self.width, read))
        future = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool, device=x.device).triu(1)
        logits: Tensor = self.classify(self.decoder(read, memory, tgt_mask=future))
        return logits


def sinusoid(length: int, width: int, like: Tensor) -> Tensor:
    """(length, width) places of "Attention Is All You Need" §3.5: sines in even columns, cosines in odd ones."""
    place = torch.arange(length, device=like.device, dtype=torch.float32)[:, None]
    rate = torch.exp(
        torch.arange(0, width, 2, device=like.device, dtype=torch.float32) * (-math.log(10000.0) / width)
    )
    table = torch.zeros(length, width, device=like.device)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate)[:, : width // 2]
    return table.to(like.dtype)
