"""Non-maximum suppression: of boxes that overlap more than a threshold, the one with the best score stays.

Greedy, as everywhere: boxes by falling score (equal scores: the earlier one first); a box is dropped if a kept
box overlaps it by more than `iou_threshold`. With classes, boxes of different classes never suppress each other.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sampan.vision.ops.boxes import pairwise_overlaps


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, classes: Tensor | None = None) -> Tensor:
    """Indices (K,) of the kept boxes by falling score.

    boxes: (N, 4) in any unit; scores: (N,); classes: (N,) integers. The overlaps take N² memory, so let
    `N` be what survived a score threshold and a top-k.
    """
    order = torch.argsort(scores, descending=True, stable=True)  # (N,)
    boxes = boxes[order]
    beaten_by = pairwise_overlaps(boxes, boxes) > iou_threshold  # (N, N)
    if classes is not None:
        classes = classes[order]
        beaten_by &= classes[:, None] == classes[None]
    # The decision about a box needs those about all better ones: a loop, on the host where it is cheapest.
    beats = beaten_by.triu(diagonal=1).cpu().numpy()
    kept = np.ones(len(beats), bool)
    for i in range(len(kept)):
        if kept[i]:
            kept &= ~beats[i]
    return order[torch.from_numpy(kept).to(order.device)]
