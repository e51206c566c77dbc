"""Losses against float64 formulas, against `transformers` where it has them, and with checked gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.vision.detection.scenes import scene
from torch import Tensor, nn

from sampan.vision.detection.assignment import SwitchingAssigner
from sampan.vision.detection.atss import ATSS
from sampan.vision.detection.dense import DensePrediction, expected_distances
from sampan.vision.detection.dense_loss import DenseLoss, pico_loss
from sampan.vision.detection.distribution_focal import distribution_focal_loss
from sampan.vision.detection.simota import SimOTA
from sampan.vision.detection.task_aligned import TaskAligned
from sampan.vision.detection.varifocal import varifocal_loss
from sampan.vision.ops.boxes import boxes_from_distances


def varifocal(p: float, q: float) -> float:
    if q > 0:
        return -q * (q * math.log(p) + (1 - q) * math.log(1 - p))
    return -0.75 * p**2 * math.log(1 - p)


def test_varifocal_is_its_formula_from_scores_and_from_logits() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, generator=generator, dtype=torch.float64) * 3
    targets = torch.rand(6, 5, generator=generator, dtype=torch.float64)
    targets[targets < 0.6] = 0
    expected = [
        varifocal(p, q)
        for p, q in zip(logits.sigmoid().ravel().tolist(), targets.ravel().tolist(), strict=True)
    ]
    scores = logits.sigmoid()
    assert varifocal_loss(scores, targets).ravel().numpy() == pytest.approx(expected, abs=1e-12)
    assert varifocal_loss(scores, targets, logits).ravel().numpy() == pytest.approx(expected, abs=1e-12)


def test_varifocal_gradient_is_right() -> None:
    logits = torch.randn(
        12, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True
    )
    targets = torch.tensor([0, 0.3, 0.9, 1, 0, 0, 0.5, 0, 1e-3, 0, 0.7, 0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: varifocal_loss(x.sigmoid(), targets), (logits,))
    assert torch.autograd.gradcheck(lambda x: varifocal_loss(x.sigmoid(), targets, x), (logits,))


def test_varifocal_is_finite_where_scores_are_saturated() -> None:
    logits = torch.tensor([-200.0, 200.0, 0.0], requires_grad=True)
    loss = varifocal_loss(logits.sigmoid(), torch.tensor([0.8, 0.0, 0.5]), logits)
    loss.sum().backward()
    assert loss.isfinite().all() and logits.grad is not None and logits.grad.isfinite().all()


def test_varifocal_equals_transformers_rt_detr() -> None:
    """Its weight is α p^γ (1 − one-hot) + q, the same for q > 0 and for true background."""
    loss = pytest.importorskip("transformers.loss.loss_rt_detr")
    generator = torch.Generator().manual_seed(2)
    boxes = torch.rand(1, 9, 4, generator=generator) * 0.2 + 0.3
    logits = torch.randn(1, 9, 4, generator=generator)
    target = {
        "boxes": torch.rand(3, 4, generator=generator) * 0.2 + 0.3,
        "class_labels": torch.tensor([2, 0, 3]),
    }

    class Fixed(nn.Module):
        def forward(self, *_: object) -> list[tuple[Tensor, Tensor]]:
            return [(torch.tensor([1, 4, 7]), torch.tensor([0, 1, 2]))]

    class Config:
        num_labels, matcher_alpha, matcher_gamma = 4, 0.75, 2.0
        weight_loss_vfl, weight_loss_bbox, weight_loss_giou = 1, 5, 2
        eos_coefficient, focal_loss_alpha, focal_loss_gamma = 1e-4, 0.75, 2.0
        matcher_class_cost, matcher_bbox_cost, matcher_giou_cost = 2, 5, 2
        use_focal_loss = True

    theirs = loss.RTDetrLoss(Config())
    got = theirs.loss_labels_vfl(
        {"pred_boxes": boxes, "logits": logits}, [target], Fixed()(None), num_boxes=3
    )["loss_vfl"]
    matched, truth = boxes[0, [1, 4, 7]], target["boxes"]
    from sampan.vision.ops.boxes import overlaps

    def corners(b: Tensor) -> Tensor:
        return torch.cat([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2], 1)

    targets = torch.zeros_like(logits)
    targets[0, [1, 4, 7], target["class_labels"]] = overlaps(corners(matched), corners(truth))
    assert (targets[0, [1, 4, 7]].sum(1) > 0).all()  # else the two formulas differ by design
    ours = varifocal_loss(logits.sigmoid(), targets, logits).sum() / 3
    assert got.item() == pytest.approx(ours.item(), rel=1e-5)  # float32 sums


def test_distribution_focal_is_its_formula_and_clips() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(5, 32, generator=generator, dtype=torch.float64)
    distances = torch.tensor([[0.0, 1.5, 6.9, 3.2]] * 5, dtype=torch.float64)
    distances[1] = torch.tensor([-2.0, 7.0, 50.0, 6.95])
    got = distribution_focal_loss(logits, distances).numpy()
    mass = np.exp(logits.view(5, 4, 8).numpy())
    mass /= mass.sum(-1, keepdims=True)
    for n in range(5):
        for side in range(4):
            y = min(max(float(distances[n, side]), 0), 6.9)
            i = math.floor(y)
            want = -(i + 1 - y) * math.log(mass[n, side, i]) - (y - i) * math.log(mass[n, side, i + 1])
            assert got[n, side] == pytest.approx(want, abs=1e-12)


def test_distribution_focal_pulls_the_expectation_to_the_target() -> None:
    logits = torch.zeros(1, 32, requires_grad=True)
    target = torch.tensor([[0.4, 2.5, 5.0, 6.3]])
    optimizer = torch.optim.Adam([logits], 0.3)
    for _ in range(100):
        optimizer.zero_grad()
        distribution_focal_loss(logits, target).sum().backward()
        optimizer.step()
    assert torch.allclose(expected_distances(logits), target, atol=0.05)


def expected_loss(
    prediction: DensePrediction, boxes: Tensor, classes: Tensor, loss: DenseLoss
) -> dict[str, float]:
    """The paper's sums written as loops over images and points."""
    sides = expected_distances(prediction["distances"]) * prediction["strides"][:, None]
    found = boxes_from_distances(prediction["points"], sides)
    class_sum = box_sum = side_sum = weights = count = 0.0
    for b in range(len(boxes)):
        real = classes[b] >= 0
        assigned = loss.assigner(
            prediction["scores"][b],
            found[b],
            prediction["points"],
            prediction["strides"],
            boxes[b][real],
            classes[b][real],
        )
        for i, k in enumerate(assigned.objects.tolist()):
            for c, p in enumerate(prediction["scores"][b, i].tolist()):
                q = assigned.quality[i].item() if k >= 0 and classes[b][real][k] == c else 0.0
                class_sum += varifocal(p, q)
            if k < 0:
                continue
            count += 1
            weight = (
                assigned.quality[i].item()
                if loss.weigh_by_quality
                else prediction["scores"][b, i].max().item()
            )
            weights += weight
            box, truth = found[b, i], boxes[b][real][k]
            low, high = torch.maximum(box[:2], truth[:2]), torch.minimum(box[2:], truth[2:])
            common = (high - low).clamp(min=0).prod()
            union = (box[2:] - box[:2]).prod() + (truth[2:] - truth[:2]).prod() - common
            hull = (torch.maximum(box[2:], truth[2:]) - torch.minimum(box[:2], truth[:2])).prod()
            box_sum += weight * (1 - (common / union - (hull - union) / hull)).item()
            point, stride = prediction["points"][i], prediction["strides"][i]
            distances = torch.cat([point - truth[:2], truth[2:] - point]) / stride
            for side in range(4):
                mass = F.softmax(prediction["distances"][b, i].view(4, 8)[side], 0)
                y = min(max(distances[side].item(), 0), 6.9)
                left = math.floor(y)
                entropy = -(left + 1 - y) * mass[left].log() - (y - left) * mass[left + 1].log()
                side_sum += weight * entropy.item() / 4
    by_box = max(weights, 1)
    by_class = by_box if loss.weigh_by_quality else max(count, 1)
    return {
        "class": loss.class_weight * class_sum / by_class,
        "box": loss.box_weight * box_sum / by_box,
        "side": loss.side_weight * side_sum / by_box,
    }


def batch(*objects: int) -> tuple[DensePrediction, Tensor, Tensor]:
    """Scenes of so many objects, padded with boxes that must not matter."""
    scenes = [scene(10 + i, count) for i, count in enumerate(objects)]
    most = max(objects)
    boxes, classes = (
        torch.full((len(objects), most, 4), 7.0, dtype=torch.float64),
        torch.full((len(objects), most), -1),
    )
    for i, data in enumerate(scenes):
        boxes[i, : objects[i]], classes[i, : objects[i]] = data.truth, data.classes
    first = scenes[0].prediction
    prediction: DensePrediction = {
        "class_logits": torch.cat([s.prediction["class_logits"] for s in scenes]),
        "scores": torch.cat([s.prediction["scores"] for s in scenes]),
        "distances": torch.cat([s.prediction["distances"] for s in scenes]),
        "points": first["points"],
        "strides": first["strides"],
    }
    return prediction, boxes, classes


@pytest.mark.parametrize(
    "loss",
    [
        pico_loss(),
        pico_loss("entropy"),
        DenseLoss(TaskAligned(), box_weight=2.5, side_weight=0.5, weigh_by_quality=True),
        DenseLoss(SwitchingAssigner(ATSS(), TaskAligned(), 1), weigh_by_quality=True),
    ],
)
def test_the_whole_loss_equals_loops(loss: DenseLoss) -> None:
    prediction, boxes, classes = batch(4, 0, 2)
    got = loss(prediction, boxes, classes)
    want = expected_loss(prediction, boxes, classes, loss)
    # Float64 sums in another order.
    assert {k: v.item() for k, v in got.items()} == {k: pytest.approx(v, rel=1e-9) for k, v in want.items()}


def test_a_single_weak_positive_is_not_blown_up() -> None:
    """Its weight is far below 1, and the normaliser is 1 all the same."""
    prediction, boxes, classes = batch(1)
    prediction["class_logits"] = prediction["class_logits"] - 6
    prediction["scores"] = prediction["class_logits"].sigmoid()
    loss = pico_loss()
    want = expected_loss(prediction, boxes, classes, loss)
    got = loss(prediction, boxes, classes)
    assert {k: v.item() for k, v in got.items()} == {k: pytest.approx(v, rel=1e-9) for k, v in want.items()}
    assert got["box"].item() < 0.1


def test_a_batch_without_objects_trains_the_scores_only_and_keeps_the_graph() -> None:
    prediction, boxes, classes = batch(0, 0)
    for key in ("class_logits", "distances"):
        prediction[key] = prediction[key].clone().requires_grad_()  # type: ignore[literal-required]
    prediction["scores"] = prediction["class_logits"].sigmoid()
    terms = pico_loss()(prediction, boxes, classes)
    sum(terms.values()).backward()  # type: ignore[union-attr]
    assert terms["box"].item() == terms["side"].item() == 0
    logits, distances = prediction["class_logits"].grad, prediction["distances"].grad
    assert logits is not None and (logits > 0).all()
    assert distances is not None and (distances == 0).all()


def test_gradients_reach_scores_and_sides_of_the_positives() -> None:
    data = scene(3, 4)
    distances = data.prediction["distances"].clone().requires_grad_()
    prediction = data.prediction.copy()
    prediction["distances"] = distances
    terms = pico_loss()(prediction, data.truth[None], data.classes[None])
    (terms["box"] + terms["side"]).backward()
    found = boxes_from_distances(
        prediction["points"], expected_distances(distances.detach()[0]) * prediction["strides"][:, None]
    )
    positive = SimOTA()(
        prediction["scores"][0], found, prediction["points"], prediction["strides"], data.truth, data.classes
    ).positive
    assert distances.grad is not None
    assert torch.equal(distances.grad[0].abs().sum(1) > 0, positive)
