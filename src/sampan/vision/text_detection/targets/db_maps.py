"""The four target maps of a picture, and how the shrink ratio grows over the epochs.

From PP-OCRv4 on r = 0.4 + 0.2 · epoch / epochs for both maps: first small kernels that are easy to tell apart, then
fuller ones that are easier to grow back to whole lines (PP-OCRv2 card §2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from sampan.vision.text_detection.polygons import Points
from sampan.vision.text_detection.targets.shrink_map import shrink_map
from sampan.vision.text_detection.targets.threshold_map import threshold_map


class DBTargets(TypedDict):
    """(H, W) float32 maps."""

    shrink_map: NDArray[np.float32]
    shrink_mask: NDArray[np.float32]
    threshold_map: NDArray[np.float32]
    threshold_mask: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TargetRules:
    """How polygons become maps; defaults are PP-OCR's."""

    ratio: float = 0.4
    growing: bool = False
    """Let r grow by 0.2 over the epochs (PP-OCRv4 and later)."""
    min_size: float = 8.0
    low: float = 0.3
    high: float = 0.7


def shrink_ratio(rules: TargetRules, epoch: int, epochs: int) -> float:
    """r of an epoch counted from 0; `epochs` is the length of the whole training."""
    return rules.ratio + 0.2 * epoch / max(epochs, 1) if rules.growing else rules.ratio


def db_targets(
    polygons: Sequence[Points],
    ignored: Sequence[bool] | NDArray[np.bool_],
    height: int,
    width: int,
    ratio: float = 0.4,
    rules: TargetRules | None = None,
) -> DBTargets:
    """The maps of a picture of that size. `ratio` is that of the epoch, see `shrink_ratio`."""
    rules = rules or TargetRules()
    shrunk, mask = shrink_map(polygons, ignored, height, width, ratio, rules.min_size)
    threshold, band = threshold_map(polygons, ignored, height, width, ratio, rules.low, rules.high)
    return {"shrink_map": shrunk, "shrink_mask": mask, "threshold_map": threshold, "threshold_mask": band}
