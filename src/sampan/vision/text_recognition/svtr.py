"""Necks that mix a line's columns with each other: the two SVTR encoders of PP-OCR.

`SVTREncoder` (PP-OCRv3 … v5: EncoderWithSVTR, arXiv 2206.03001 §3.1) works in a narrow width and joins its result to
its input by concatenation; `LightSVTR` (PP-OCRv6, arXiv 2606.13108) has one local convolution and a skip that is
added. Both take the pooled backbone map (B, C, 1, T) and give a sequence (B, T, d).

The flag `prenorm=False` of the official code is the usual pre-norm order, which is what stands here. The norms in
the blocks have ε = 1e-5 and the last one 1e-6 in the released graphs; transformers has 1e-6 everywhere, hence the
parameter `block_eps`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.errors import OptionError
from sampan.vision.blocks import ConvBN, Fusable


class SVTREncoder(Fusable):
    """Narrow → mix globally → widen → join with the input → narrow (PP-OCRv3 §3.1).

    Args:
        in_channels: C of the backbone's map.
        out_channels: width of the sequence: 64 in v3, 120 in v4 and v5.
        hidden: width inside the blocks.
        reduced: width of the first and the joining convolution: 64 in v3, C // 8 in v4 and v5.
        kernel_size: (3, 3) in v3, (1, 3) in v4 and v5.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 120,
        *,
        hidden: int = 120,
        reduced: int | None = None,
        kernel_size: tuple[int, int] = (1, 3),
        depth: int = 2,
        num_heads: int = 8,
        mlp_ratio: float = 2.0,
        dropout: float = 0.1,
        block_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        reduced = in_channels // 8 if reduced is None else reduced
        self.reduce = ConvBN(in_channels, reduced, kernel_size, act="swish")
        self.embed = ConvBN(reduced, hidden, 1, act="swish")
        self.blocks = nn.ModuleList(
            MixingBlock(hidden, num_heads, mlp_ratio, dropout, block_eps) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(hidden, eps=1e-6)
        self.widen = ConvBN(hidden, in_channels, 1, act="swish")
        self.join = ConvBN(2 * in_channels, reduced, kernel_size, act="swish")
        self.out = ConvBN(reduced, out_channels, 1, act="swish")
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, T) → (B, T, out_channels)."""
        mixed = _mix(self.embed(self.reduce(x)), self.blocks, self.norm)  # (B, hidden, 1, T)
        y = self.out(self.join(torch.cat([x, self.widen(mixed)], dim=1)))
        return _sequence(y)


class LightSVTR(Fusable):
    """skip(x) + mix( z + local(z) ), z = reduce(x): the neck of PP-OCRv6 small and medium.

    Args:
        in_channels: C of the backbone's map.
        out_channels: 120 (small) or 192 (medium).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 120,
        *,
        kernel_size: tuple[int, int] = (1, 7),
        depth: int = 2,
        num_heads: int = 8,
        mlp_ratio: float = 2.0,
        dropout: float = 0.1,
        block_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.skip = ConvBN(in_channels, out_channels, 1, act="swish")
        self.reduce = ConvBN(in_channels, out_channels, 1, act="swish")
        self.local = ConvBN(out_channels, out_channels, kernel_size, groups=out_channels, act="swish")
        self.blocks = nn.ModuleList(
            MixingBlock(out_channels, num_heads, mlp_ratio, dropout, block_eps) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(out_channels, eps=1e-6)
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, T) → (B, T, out_channels)."""
        z = self.reduce(x)
        z = z + self.local(z)
        return _sequence(_mix(z, self.blocks, self.norm) + self.skip(x))


class MixingBlock(nn.Module):
    """z + MHSA(LN(z)), then z + MLP(LN(z)) with a swish MLP: SVTR's global mixing (arXiv 2205.00159 §3.2).

    Shapes: (B, T, width) → the same.
    """

    def __init__(
        self, width: int, num_heads: int = 8, mlp_ratio: float = 2.0, dropout: float = 0.1, eps: float = 1e-5
    ) -> None:
        super().__init__()
        if width % num_heads:
            raise OptionError(f"a width of {width} cannot be shared by {num_heads} heads: choose a multiple")
        hidden = int(width * mlp_ratio)
        self.num_heads = num_heads
        self.dropout = dropout
        self.norm1 = nn.LayerNorm(width, eps=eps)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=eps)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, z: Tensor) -> Tensor:
        z = z + self._drop(self.projection(self._attend(self.norm1(z))))
        hidden = self._drop(functional.silu(self.fc1(self.norm2(z))))
        return z + self._drop(self.fc2(hidden))

    def _attend(self, z: Tensor) -> Tensor:
        batch, frames, width = z.shape
        qkv = self.qkv(z).view(batch, frames, 3, self.num_heads, width // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, T, width / heads)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.dropout if self.training else 0.0
        )
        return mixed.transpose(1, 2).reshape(batch, frames, width)

    def _drop(self, z: Tensor) -> Tensor:
        return functional.dropout(z, self.dropout, self.training)


def _mix(x: Tensor, blocks: nn.ModuleList, norm: nn.LayerNorm) -> Tensor:
    z = _sequence(x)
    for block in blocks:
        z = block(z)
    mixed: Tensor = norm(z)
    return mixed.transpose(1, 2).unsqueeze(2)  # (B, width, 1, T)


def _sequence(x: Tensor) -> Tensor:
    if x.shape[2] != 1:
        raise OptionError(f"the neck takes maps of one row, not {x.shape[2]}: pool the height away first")
    return x.squeeze(2).transpose(1, 2)
