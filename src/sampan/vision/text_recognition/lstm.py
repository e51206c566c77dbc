"""PP-OCRv2's neck: two bidirectional LSTM layers over the columns of the pooled map (PP-OCRv2 §3.1)."""

from __future__ import annotations

from torch import Tensor, nn

from sampan.errors import OptionError


class BiLSTMNeck(nn.Module):
    """(B, in_channels, 1, T) → (B, T, 2·hidden)."""

    def __init__(self, in_channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.lstm = nn.LSTM(in_channels, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.out_channels = 2 * hidden

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] != 1:
            raise OptionError(f"the neck takes maps of one row, not {x.shape[2]}: pool the height away first")
        sequence: Tensor = self.lstm(x.squeeze(2).transpose(1, 2))[0]
        return sequence
