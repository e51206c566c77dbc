"""Batches of several sizes: heights 32, 48 and 64 (or widths) in turn, with the same number of pixels in each.

PP-OCRv4 … v6 train their recognisers so (MultiScaleSampler; PP-OCRv3 card §3.7): all lines of a batch share one height
and width, drawn for each batch, and a larger size has fewer lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sampan.errors import OptionError

ScaledIndex = tuple[int, int, int]
"""Number of a line, height and width of its batch."""


def multi_scale_batches(
    count: int, scales: Sequence[tuple[int, int]], batch_size: int, seed: int, epoch: int
) -> list[list[ScaledIndex]]:
    """Every line of an epoch once, in an order drawn from (seed, epoch), in batches of one size each.

    Args:
        count: number of lines.
        scales: (height, width) to draw from; `batch_size` lines are taken of the first, and of the others so many
            that the pixels are as many, at least one.

    Raises:
        OptionError: there is no scale, or one that the network cannot take.
    """
    if not scales:
        raise OptionError("no sizes to draw from: give at least one (height, width)")
    for height, width in scales:
        if height < 16 or width < 16 or height % 16 or width % 8:
            raise OptionError(
                f"size {height} × {width}: the height must be a multiple of 16, the width of 8, both at least 16"
            )
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(count).tolist()
    pixels = scales[0][0] * scales[0][1] * batch_size
    batches: list[list[ScaledIndex]] = []
    start = 0
    while start < count:
        height, width = scales[int(rng.integers(len(scales)))]
        size = max(1, pixels // (height * width))
        batches.append([(number, height, width) for number in order[start : start + size]])
        start += size
    # A last batch of a few lines would weigh as much as a full one, and break batch statistics.
    if len(batches) > 1 and len(batches[-1]) * 2 < max(1, pixels // (batches[-1][0][1] * batches[-1][0][2])):
        batches.pop()
    return batches
