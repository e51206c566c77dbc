"""The loss of a dense detector: varifocal for the classes, GIoU and distribution focal for the sides.

PicoDet (arXiv 2111.00902, §3.3; official code), per batch, positives p with their object g:

    class    1    · Σ VFL(s, q) / N              q_p = IoU(b_p, g), N: number of positives
    box      2    · Σ w_p (1 − GIoU(b_p, g)) / Σ w
    side     0.25 · Σ w_p mean₄ DFL / Σ w        w_p: the point's highest class score, without gradient

The release of 2022 takes the assigner's quality for q and w, Σ q for both normalisers, and weights 1, 2.5, 0.5.
Normalisers are means over ranks and at least 1. Without any object the class term stands alone; the others are
zeros that still belong to the graph.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn

from sampan.vision.detection.assignment import Assigner, Assignment, SwitchingAssigner
from sampan.vision.detection.dense import DensePrediction, predicted_boxes, wide
from sampan.vision.detection.distribution_focal import distribution_focal_loss
from sampan.vision.detection.simota import Cost, SimOTA
from sampan.vision.detection.varifocal import varifocal_loss
from sampan.vision.ops.boxes import distances_to_sides, generalized_overlaps


class DenseLoss(nn.Module):
    """Call with a prediction and the padded truth; returns the weighted terms `class`, `box` and `side`."""

    def __init__(
        self,
        assigner: Assigner,
        class_weight: float = 1.0,
        box_weight: float = 2.0,
        side_weight: float = 0.25,
        weigh_by_quality: bool = False,
    ) -> None:
        """`weigh_by_quality` chooses the rules of 2022; see the file's head."""
        super().__init__()
        self.assigner = assigner
        self.class_weight, self.box_weight, self.side_weight = class_weight, box_weight, side_weight
        self.weigh_by_quality = weigh_by_quality

    def forward(self, prediction: DensePrediction, boxes: Tensor, classes: Tensor) -> dict[str, Tensor]:
        """boxes: (B, G, 4) in pixels of the network's input; classes: (B, G), −1 pads."""
        scores, logits = wide(prediction["scores"]), prediction.get("class_logits")
        points, strides = prediction["points"], prediction["strides"]
        found = predicted_boxes(prediction)  # (B, P, 4)
        targets = torch.zeros_like(scores)
        image, point, truth, quality = self._match(scores, found, points, strides, boxes, classes)
        true_boxes = boxes[image, truth]
        targets[image, point, classes[image, truth]] = quality

        class_terms = varifocal_loss(scores, targets, None if logits is None else wide(logits))
        if self.weigh_by_quality:
            weight = quality
            box_norm = class_norm = _over_ranks(quality.sum())
        else:
            weight = scores.detach()[image, point].amax(-1) if len(point) else quality
            class_norm = _over_ranks(scores.new_tensor(float(len(point))))
            box_norm = _over_ranks(weight.sum())
        terms = {"class": self.class_weight * class_terms.sum() / class_norm}
        if not len(point):
            zero = prediction["distances"].sum() * 0
            return terms | {"box": zero, "side": zero}

        box_terms = 1 - generalized_overlaps(found[image, point], true_boxes)
        sides = distances_to_sides(points[point], true_boxes) / strides[point, None]
        side_terms = distribution_focal_loss(wide(prediction["distances"][image, point]), sides).mean(-1)
        terms["box"] = self.box_weight * (weight * box_terms).sum() / box_norm
        terms["side"] = self.side_weight * (weight * side_terms).sum() / box_norm
        return terms

    def set_epoch(self, epoch: int) -> None:
        """Tell an assigner that switches which epoch it is."""
        if isinstance(self.assigner, SwitchingAssigner):
            self.assigner.set_epoch(epoch)

    @torch.no_grad()
    def _match(
        self, scores: Tensor, found: Tensor, points: Tensor, strides: Tensor, boxes: Tensor, classes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Image, point, object and quality of all positives of the batch, (N,) each."""
        images, positives, objects, qualities = [], [], [], []
        for i in range(len(scores)):
            real = (classes[i] >= 0).nonzero().squeeze(1)
            assigned: Assignment = self.assigner(
                scores[i], found[i], points, strides, boxes[i, real], classes[i, real]
            )
            positive = assigned.positive.nonzero().squeeze(1)
            images.append(torch.full_like(positive, i))
            positives.append(positive)
            objects.append(real[assigned.objects[positive]])
            qualities.append(assigned.quality[positive])
        return torch.cat(images), torch.cat(positives), torch.cat(objects), torch.cat(qualities)


def pico_loss(cost: Cost = "varifocal") -> DenseLoss:
    """PicoDet's loss as in the paper."""
    return DenseLoss(SimOTA(cost))


def _over_ranks(value: Tensor) -> Tensor:
    """Mean over the processes of a distributed run, at least 1."""
    value = value.detach().clone()
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(value)
        value = value / dist.get_world_size()
    return value.clamp(min=1)
