"""Suppression against a plain double loop."""

from __future__ import annotations

import pytest
import torch

from sampan.vision.ops.boxes import overlaps
from sampan.vision.ops.nms import nms


def brute_force(
    boxes: torch.Tensor, scores: torch.Tensor, threshold: float, classes: torch.Tensor | None
) -> list[int]:
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i].item(), i))
    kept: list[int] = []
    for i in order:
        rivals = [k for k in kept if classes is None or classes[k] == classes[i]]
        if all(overlaps(boxes[i], boxes[k]) <= threshold for k in rivals):
            kept.append(i)
    return kept


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_equals_the_double_loop(seed: int, threshold: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(60, 2, generator=generator) * 40
    boxes = torch.cat([corner, corner + 5 + torch.rand(60, 2, generator=generator) * 30], 1)
    scores = (torch.rand(60, generator=generator) * 12).round() / 12  # many equal scores
    classes = torch.randint(0, 3, (60,), generator=generator)
    assert nms(boxes, scores, threshold).tolist() == brute_force(boxes, scores, threshold, None)
    assert nms(boxes, scores, threshold, classes).tolist() == brute_force(boxes, scores, threshold, classes)


def test_no_boxes_give_no_boxes() -> None:
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []
