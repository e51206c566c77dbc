"""Losses against their definitions written out, in float64, and against torch's own functions."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from torch.nn import functional

from sampan.errors import OptionError
from sampan.vision.text_recognition.guidance import END, PADDING, START, guidance_tokens
from sampan.vision.text_recognition.losses import ACELoss, CenterLoss, CTCLoss, GuidanceLoss


def _ctc_by_alignments(logits: torch.Tensor, label: list[int]) -> float:
    """−log of the summed probability of all frame sequences that collapse to the label."""
    probabilities = logits.double().softmax(1).numpy()
    total = 0.0
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        merged = [c for t, c in enumerate(path) if t == 0 or c != path[t - 1]]
        if [c for c in merged if c] == label:
            total += np.prod(probabilities[np.arange(len(path)), path])
    return -np.log(total)


def test_ctc_is_the_mean_over_lines_of_all_alignments() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 5, 4) * 2
    labels = torch.tensor([[1, 2, 0], [3, 3, 0], [2, 1, 3]])
    lengths = torch.tensor([2, 2, 3])
    each = [
        _ctc_by_alignments(line, label[:length].tolist())
        for line, label, length in zip(logits, labels, lengths, strict=True)
    ]
    # float32 recursion against float64 enumeration
    assert CTCLoss()(logits, labels, lengths).item() == pytest.approx(np.mean(each), rel=1e-5)
    # What lies behind a label's length, and frames that do not count, say nothing.
    changed = labels.masked_fill(torch.arange(3) >= lengths[:, None], 1)
    assert CTCLoss()(logits, changed, lengths).item() == pytest.approx(np.mean(each), rel=1e-5)
    longer = torch.cat([logits, torch.randn(3, 4, 4)], dim=1)
    frames = torch.tensor([5, 5, 5])
    assert CTCLoss()(longer, labels, lengths, frames).item() == pytest.approx(np.mean(each), rel=1e-5)
    focal = [1.5 * (1 - np.exp(-loss)) ** 2 * loss for loss in each]
    assert CTCLoss(2, 1.5)(logits, labels, lengths).item() == pytest.approx(np.mean(focal), rel=1e-5)


def test_a_label_that_needs_more_frames_has_no_loss_and_no_gradient() -> None:
    logits = torch.randn(2, 3, 4, requires_grad=True)
    loss = CTCLoss(focal_gamma=2)(logits, torch.tensor([[1, 1], [1, 2]]), torch.tensor([2, 2]))
    alone = CTCLoss(focal_gamma=2)(logits[1:], torch.tensor([[1, 2]]), torch.tensor([2]))
    assert torch.isfinite(loss)
    # "aa" fits three frames, so make it not fit.
    loss = CTCLoss()(logits[:1, :2], torch.tensor([[1, 1]]), torch.tensor([2]))
    loss.backward()
    assert loss == 0 and logits.grad is not None and not logits.grad.any()
    assert torch.isfinite(alone)


def test_ace_compares_shares_of_characters() -> None:
    torch.manual_seed(1)
    logits = torch.randn(2, 6, 4)
    labels, lengths = torch.tensor([[1, 1, 3, 2], [2, 0, 0, 0]]), torch.tensor([3, 1])
    shares = logits.double().softmax(2).numpy().mean(1)
    expected = []
    for line in range(2):
        counts = Counter(labels[line, : lengths[line]].tolist())
        counts[0] = 6 - int(lengths[line])
        expected.append(-sum(count / 6 * np.log(shares[line, c]) for c, count in counts.items()))
    assert ACELoss()(logits, labels, lengths).item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_center_loss_measures_to_the_centre_of_the_class_that_is_read() -> None:
    torch.manual_seed(2)
    centers, features, logits = (
        torch.randn(4, 5),
        torch.randn(2, 3, 5, requires_grad=True),
        torch.randn(2, 3, 4),
    )
    known = torch.tensor([True, True, True, False])
    expected = 0.0
    for line, frame in itertools.product(range(2), range(3)):
        read = int(logits[line, frame].argmax())
        if known[read]:
            expected += float((features[line, frame] - centers[read]).detach().square().sum())
    loss = CenterLoss(centers, known)(features, logits.requires_grad_())
    assert loss.item() == pytest.approx(expected / 6, rel=1e-5)
    loss.backward()
    assert features.grad is not None and features.grad.any()
    assert logits.grad is None  # the choice of the class has no gradient
    with pytest.raises(OptionError, match="extract them again"):
        CenterLoss(centers)(features[..., :3], logits)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_guidance_is_smoothed_cross_entropy_over_real_tokens(smoothing: float) -> None:
    torch.manual_seed(3)
    logits = torch.randn(3, 4, 7, requires_grad=True)
    targets = torch.tensor([[3, 4, END, PADDING], [5, END, PADDING, PADDING], [6, 3, 4, END]])
    real = targets != PADDING
    # torch shares ε among all classes, the truth among them; PaddleOCR among the wrong ones.
    expected = functional.cross_entropy(
        logits[real].double(), targets[real], label_smoothing=smoothing * 7 / 6
    )
    loss = GuidanceLoss(smoothing)(logits, targets)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    loss.backward()
    assert logits.grad is not None and not logits.grad[~real].any()


def test_tokens_begin_and_end_each_line() -> None:
    tokens = guidance_tokens(torch.tensor([[7, 5, 9], [4, 9, 9]]), torch.tensor([3, 1]))
    assert tokens.tolist() == [
        [START, 9, 7, 11, END],
        [START, 6, END, PADDING, PADDING],
    ]
