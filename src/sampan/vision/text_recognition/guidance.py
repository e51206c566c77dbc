"""Guided training of CTC: an attention decoder that teaches the backbone and is dropped afterwards (PP-OCRv3 §3.2).

The decoder reads the backbone's map with the text so far (teacher forcing), its cross-entropy is added to the CTC
loss, and only the CTC branch is exported. Both decoders (`nrtr`, `sar`) speak one language of tokens:
0 padding, 1 start, 2 end, and class c of the CTC head (c ≥ 1) is token c + 2. The official heads number them each in
its own way, which matters to nobody since they are never shipped.
"""

from __future__ import annotations

import torch
from torch import Tensor

PADDING, START, END = 0, 1, 2
OFFSET = 2


def token_count(classes: int) -> int:
    """Number of tokens for a CTC head of `classes`, the blank among them."""
    return classes + OFFSET


def guidance_tokens(labels: Tensor, lengths: Tensor) -> Tensor:
    """START, the characters, END, padding: (B, L + 2) from labels (B, L) with lengths (B,).

    `tokens[:, :-1]` is what the decoder reads, `tokens[:, 1:]` what it shall say.
    """
    batch, width = labels.shape
    place = torch.arange(width, device=labels.device)
    inside = place < lengths[:, None]
    tokens = labels.new_full((batch, width + 2), PADDING, dtype=torch.long)
    tokens[:, 0] = START
    tokens[:, 1:-1] = torch.where(inside, labels.long() + OFFSET, PADDING)
    tokens[torch.arange(batch, device=labels.device), lengths.long() + 1] = END
    return tokens
