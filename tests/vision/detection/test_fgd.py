"""FGD's terms against NumPy loops written from the paper, and their gradients against differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from sampan.vision.detection.fgd import ContextBlock, FGDLoss, attention, region_scales

SIZE = (48, 64)
BOXES = torch.tensor(
    [
        [[0.0, 0, 20, 20], [8, 8, 15, 14], [40, 30, 90, 60]],  # one inside another, one over the edge
        [[5.0, 3, 9, 9], [0, 0, 0, 0], [0, 0, 0, 0]],
    ],
    dtype=torch.float64,
)
PRESENT = torch.tensor([[True, True, True], [True, False, False]])


def maps(student_channels: int = 3, teacher_channels: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(2, student_channels, 6, 8, generator=generator, dtype=torch.float64)
    return student, torch.randn(2, teacher_channels, 6, 8, generator=generator, dtype=torch.float64)


def softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def numpy_terms(student: np.ndarray, teacher: np.ndarray, loss: FGDLoss) -> dict[str, float]:
    """Adapted student and teacher maps (B, C, H, W)."""
    totals = dict.fromkeys(("foreground", "background", "attention", "global"), 0.0)
    images, channels, height, width = teacher.shape
    for b in range(images):
        spatial, channel = [], []
        for feature in (teacher[b], student[b]):
            spatial.append(
                height * width * softmax(np.abs(feature).mean(0).ravel() / 0.5).reshape(height, width)
            )
            channel.append(channels * softmax(np.abs(feature).mean((1, 2)) / 0.5))
        totals["attention"] += loss.gamma * (
            np.abs(spatial[0] - spatial[1]).sum() + np.abs(channel[0] - channel[1]).sum()
        )
        area = np.full((height, width), math.inf)
        for box, present in zip(BOXES[b].numpy(), PRESENT[b].tolist(), strict=True):
            if present:
                x0, x1 = max(math.floor(box[0] / SIZE[1] * width), 0), math.ceil(box[2] / SIZE[1] * width)
                y0, y1 = max(math.floor(box[1] / SIZE[0] * height), 0), math.ceil(box[3] / SIZE[0] * height)
                for y in range(y0, min(y1, height - 1) + 1):
                    for x in range(x0, min(x1, width - 1) + 1):
                        area[y, x] = min(area[y, x], (x1 - x0 + 1) * (y1 - y0 + 1))
        empty = int(np.isinf(area).sum())
        for y in range(height):
            for x in range(width):
                for c in range(channels):
                    error = (
                        (teacher[b, c, y, x] - student[b, c, y, x]) ** 2 * spatial[0][y, x] * channel[0][c]
                    )
                    if np.isinf(area[y, x]):
                        totals["background"] += loss.beta * error / empty
                    else:
                        totals["foreground"] += loss.alpha * error / area[y, x]
        related = []
        for feature, block in ((teacher[b], loss.teacher_context), (student[b], loss.student_context)):
            w = {name: value.detach().numpy() for name, value in block.named_parameters()}
            flat = feature.reshape(channels, -1)
            weights = softmax(w["attend.weight"][0, :, 0, 0] @ flat + w["attend.bias"][0])
            hidden = w["reduce.weight"][:, :, 0, 0] @ (flat @ weights) + w["reduce.bias"]
            hidden = (hidden - hidden.mean()) / np.sqrt(hidden.var() + 1e-5)
            hidden = hidden * w["normalise.weight"][:, 0, 0] + w["normalise.bias"][:, 0, 0]
            context = w["expand.weight"][:, :, 0, 0] @ np.maximum(hidden, 0) + w["expand.bias"]
            related.append(feature + context[:, None, None])
        totals["global"] += loss.lambda_ * ((related[0] - related[1]) ** 2).sum()
    return {name: value / images for name, value in totals.items()}


@pytest.mark.parametrize("student_channels", [3, 4])
def test_every_term_equals_its_formula(student_channels: int) -> None:
    torch.manual_seed(1)
    loss = FGDLoss(student_channels, 4).double()
    for block in (loss.student_context, loss.teacher_context):
        torch.nn.init.normal_(block.expand.weight)
        torch.nn.init.normal_(block.expand.bias)
    student, teacher = maps(student_channels)
    got = {name: term.item() for name, term in loss(student, teacher, BOXES, PRESENT, SIZE).items()}
    adapted = loss.adapter(student).detach().numpy()
    want = numpy_terms(adapted, teacher.numpy(), loss)
    assert got == {name: pytest.approx(value, rel=1e-9) for name, value in want.items()}
    assert all(value > 0 for value in want.values())


def test_gradients_are_right_and_the_teacher_has_none() -> None:
    torch.manual_seed(2)
    loss = FGDLoss(3, 4).double()
    torch.nn.init.normal_(loss.student_context.expand.weight)
    student, teacher = maps()
    student.requires_grad_()
    teacher.requires_grad_()

    def total(x: Tensor) -> Tensor:
        return sum(loss(x, teacher, BOXES, PRESENT, SIZE).values())  # type: ignore[return-value]

    assert torch.autograd.gradcheck(total, (student,), atol=1e-6)
    total(student).backward()
    assert teacher.grad is None
    assert all(parameter.grad is not None for parameter in loss.adapter.parameters())


def test_equal_maps_have_no_loss_at_the_start() -> None:
    _, teacher = maps()
    terms = FGDLoss(4, 4).double()(teacher, teacher, BOXES, PRESENT, SIZE)
    assert all(term.item() == 0 for term in terms.values())


def test_attentions_have_mean_one() -> None:
    spatial, channel = attention(maps()[1], 0.5)
    assert torch.allclose(spatial.mean((1, 2)), torch.ones(2).double())
    assert torch.allclose(channel.mean(1), torch.ones(2).double())


def test_scales_of_images_without_objects_are_background_only() -> None:
    inner, outer = region_scales(BOXES[:, :0], PRESENT[:, :0], torch.Size((6, 8)), SIZE)
    assert (inner == 0).all() and torch.allclose(outer.sum((1, 2)), torch.ones(2).double())


def test_a_context_block_starts_as_the_identity() -> None:
    x = torch.randn(2, 8, 3, 5)
    assert torch.equal(ContextBlock(8)(x), x)
