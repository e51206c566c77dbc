"""Losses against their formulas, written out in float64 numpy, pixel by pixel where that is the plainest."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from sampan.vision.text_detection.losses import (
    DBLoss,
    TeacherMapLoss,
    balanced,
    binary_cross_entropy,
    dice,
    dilate,
    masked_focal,
    masked_l1,
)

Map = NDArray[np.float64]


def maps(seed: int, shape: tuple[int, ...] = (2, 13, 17)) -> tuple[Map, Map, Map]:
    """Probabilities, targets of 0 and 1, masks."""
    rng = np.random.default_rng(seed)
    return (
        rng.random(shape),
        (rng.random(shape) < 0.2).astype(float),
        (rng.random(shape) < 0.85).astype(float),
    )


def tensors(*arrays: Map) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def dice64(p: Map, g: Map, m: Map) -> float:
    return float(1 - 2 * (p * g * m).sum() / ((p * m).sum() + (g * m).sum() + 1e-6))


def ohem64(p: Map, g: Map, m: Map, ratio: float) -> float:
    losses = -np.log(np.where(g > 0, p, 1 - p))
    positive, negative = losses[(g * m) > 0], np.sort(losses[((1 - g) * m) > 0])[::-1]
    kept = negative[: min(len(negative), int(len(positive) * ratio))]
    return float((positive.sum() + kept.sum()) / (len(positive) + len(kept) + 1e-6))


def focal64(p: Map, g: Map, m: Map, alpha: float, gamma: float) -> float:
    total = 0.0
    for probability, truth, known in zip(p.flat, g.flat, m.flat, strict=True):
        right = probability if truth else 1 - probability
        total -= known * (alpha if truth else 1 - alpha) * (1 - right) ** gamma * np.log(right)
    return total / (m.sum() + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_terms_equal_their_formulas(seed: int) -> None:
    p, g, m = maps(seed)
    assert float(dice(*tensors(p, g, m))) == pytest.approx(dice64(p, g, m), rel=1e-12)
    l1 = np.abs(p - g)[m > 0].sum() / (m.sum() + 1e-6)
    assert float(masked_l1(*tensors(p, g, m))) == pytest.approx(l1, rel=1e-12)
    assert float(masked_focal(*tensors(p, g, m))) == pytest.approx(focal64(p, g, m, 0.25, 2.5), rel=1e-9)
    probability, target, mask = tensors(p, g, m)
    entropy = binary_cross_entropy(probability, target)
    torch.testing.assert_close(
        entropy, functional.binary_cross_entropy(probability, target, reduction="none")
    )
    for ratio in (0.5, 3.0, 100.0):
        assert float(balanced(entropy, target, mask, ratio)) == pytest.approx(
            ohem64(p, g, m, ratio), rel=1e-9
        )


def test_balanced_dice_is_dice() -> None:
    """A scalar loss is the same for every pixel, so that mining does not change it (PP-OCR's preset)."""
    probability, target, mask = tensors(*maps(7))
    scalar = dice(probability, target, mask)
    torch.testing.assert_close(balanced(scalar.expand_as(target), target, mask), scalar, rtol=1e-6, atol=0)


@pytest.mark.parametrize("function", [dice, masked_focal, masked_l1])
def test_gradients(function) -> None:
    p, g, m = tensors(*maps(3, (1, 4, 5)))
    assert torch.autograd.gradcheck(lambda x: function(x, g, m), p.clamp(0.05, 0.95).requires_grad_())


def test_extreme_probabilities_give_finite_losses_and_gradients() -> None:
    target = torch.tensor([[[0.0, 1.0, 0.0, 1.0]]])
    for values in ([1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]):
        p = torch.tensor([[values]], requires_grad=True)
        mask = torch.ones_like(target)
        loss = masked_focal(p, target, mask) + balanced(binary_cross_entropy(p, target), target, mask)
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(p.grad).all()


def test_nothing_to_find() -> None:
    p, _, m = tensors(*maps(1))
    nothing = torch.zeros_like(p)
    assert float(dice(p, nothing, m)) == pytest.approx(1.0)
    assert float(balanced(binary_cross_entropy(p, nothing), nothing, m)) == 0.0
    assert float(dice(p, nothing, nothing)) == pytest.approx(1.0)


def batch(seed: int) -> tuple[torch.Tensor, dict[str, torch.Tensor], dict[str, Map]]:
    rng = np.random.default_rng(seed)
    outputs = rng.random((2, 3, 9, 11))
    targets = {
        "shrink_map": (rng.random((2, 9, 11)) < 0.3).astype(float),
        "shrink_mask": (rng.random((2, 9, 11)) < 0.9).astype(float),
        "threshold_map": rng.uniform(0.3, 0.7, (2, 9, 11)),
        "threshold_mask": (rng.random((2, 9, 11)) < 0.5).astype(float),
    }
    return (
        torch.from_numpy(outputs),
        {k: torch.from_numpy(v) for k, v in targets.items()},
        {"maps": outputs, **targets},
    )


@pytest.mark.parametrize("main", ["dice", "balanced-bce", "dice-focal"])
def test_db_loss_is_the_weighted_sum_of_its_terms(main) -> None:
    outputs, targets, arrays = batch(4)
    auxiliary = torch.rand_like(outputs)
    given = DBLoss(main)({"maps": outputs, "aux_p3": auxiliary}, targets)
    p, t, b = (arrays["maps"][:, index].astype(np.float32).astype(float) for index in range(3))
    g, m = arrays["shrink_map"], arrays["shrink_mask"]
    first = {
        "dice": lambda x: dice64(x, g, m),
        "balanced-bce": lambda x: ohem64(x, g, m, 3.0),
        "dice-focal": lambda x: dice64(x, g, m) + focal64(x, g, m, 0.25, 2.5),
    }[main]
    expected = {
        "shrink": 5 * first(p),
        "threshold": 10
        * (np.abs(t - arrays["threshold_map"]) * arrays["threshold_mask"]).sum()
        / (arrays["threshold_mask"].sum() + 1e-6),
        "binary": first(b) if main == "dice-focal" else dice64(b, g, m),
    }
    for name, value in expected.items():
        assert float(given[name]) == pytest.approx(value, rel=1e-5), name
    alone = DBLoss(main)({"maps": auxiliary}, targets)
    assert float(given["aux_p3"]) == pytest.approx(0.3 * float(sum(alone.values())), rel=1e-6)
    assert set(given) == {"shrink", "threshold", "binary", "aux_p3"}


def test_a_coarse_map_has_its_own_term() -> None:
    outputs, targets, arrays = batch(5)
    given = DBLoss("dice")({"maps": outputs, "coarse_binary": outputs[:, 2:]}, targets)
    binary = arrays["maps"][:, 2]
    assert float(given["coarse"]) == pytest.approx(
        dice64(binary, arrays["shrink_map"], arrays["shrink_mask"]), rel=1e-5
    )


def test_an_unknown_main_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="dice-focal"):
        DBLoss("bce")


@pytest.mark.parametrize("seed", range(5))
def test_dilation_equals_opencv(seed: int) -> None:
    mask = (np.random.default_rng(seed).random((3, 20, 30)) < 0.1).astype(np.uint8)
    expected = np.stack([cv2.dilate(one, np.ones((2, 2), np.uint8)) for one in mask])
    np.testing.assert_array_equal(dilate(torch.from_numpy(mask).float()).numpy(), expected)


def test_teacher_maps_teach_fatter_text() -> None:
    outputs, targets, arrays = batch(6)
    teacher = torch.from_numpy(np.random.default_rng(8).random((2, 1, 9, 11)))
    hard = (teacher[:, 0].numpy() > 0.3).astype(np.uint8)
    fat = np.stack([cv2.dilate(one, np.ones((2, 2), np.uint8)) for one in hard]).astype(float)
    m = arrays["shrink_mask"]
    expected = 5 * dice64(arrays["maps"][:, 0], fat, m) + dice64(arrays["maps"][:, 2], fat, m)
    teacher.requires_grad_()
    given = TeacherMapLoss()(outputs.requires_grad_(), teacher, targets)
    assert float(given.detach()) == pytest.approx(expected, rel=1e-5)
    given.backward()
    assert teacher.grad is None and outputs.grad.abs().sum() > 0
