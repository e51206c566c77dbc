"""Losses between models against torch's functions, float64 formulas and gradients."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from sampan.errors import OptionError
from sampan.training.distillation.losses import (
    PAIR_LOSSES,
    FeatureDistance,
    MapDivergence,
    SoftCrossEntropy,
    SymmetricKL,
    register_pair_loss,
)

SHAPES = [(4, 7), (3, 5, 11), (1, 2)]


def logits(shape: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first, second = (3 * torch.randn(shape, generator=generator) for _ in range(2))
    return first.requires_grad_(), second.requires_grad_()


def kl(target: Tensor, given: Tensor) -> Tensor:
    """torch's KL(target‖given) of logits, batchmean."""
    return functional.kl_div(
        given.log_softmax(-1), target.log_softmax(-1), reduction="batchmean", log_target=True
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_symmetric_divergence_is_torchs_both_ways(shape: tuple[int, ...]) -> None:
    p, q = logits(shape, 1)
    found = SymmetricKL()(p, q)
    expected = 0.5 * (kl(p, q) + kl(q, p))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    ours = torch.autograd.grad(found, (p, q))
    theirs = torch.autograd.grad(expected, (p, q))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_sided_forms_are_torchs(shape: tuple[int, ...]) -> None:
    p, q = logits(shape, 2)
    torch.testing.assert_close(SymmetricKL("forward")(p, q), kl(q, p), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(SymmetricKL("reverse")(p, q), kl(p, q), rtol=1e-5, atol=1e-6)


def test_the_published_formula_with_its_epsilon() -> None:
    """SSLD's code: mean over batch and classes of C · ½ [p log((p+ε)/(q+ε)) + q log((q+ε)/(p+ε))]."""
    first, second = logits((6, 9), 3)
    p, q = first.double().softmax(-1), second.double().softmax(-1)
    eps = 1e-12
    terms = p * ((p + eps) / (q + eps)).log() + q * ((q + eps) / (p + eps)).log()
    expected = (9 * 0.5 * terms).mean()
    torch.testing.assert_close(SymmetricKL()(first, second).double(), expected, rtol=1e-6, atol=1e-6)
    summed = (9 * 0.5 * terms).sum(-1).mean()  # "sum_across_class_dim" keeps the factor
    found = SymmetricKL(times_classes=True)(first, second).double()
    torch.testing.assert_close(found, summed, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("form", ["symmetric", "forward", "reverse", "jensen-shannon"])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_equal_predictions_cost_nothing(form: str, activation: str) -> None:
    p, _ = logits((3, 5), 4)
    loss = SymmetricKL(form, activation)
    assert loss(p, p.detach().clone()).abs() < 1e-6
    assert torch.autograd.grad(loss(p, p.detach().clone()), p)[0].abs().max() < 1e-6


def test_jensen_shannon_is_bounded_and_is_its_formula() -> None:
    p, q = logits((5, 4), 5)
    a, b = p.double().softmax(-1), q.double().softmax(-1)
    m = (a + b) / 2
    expected = 0.5 * ((a * (a / m).log()).sum() + (b * (b / m).log()).sum()) / 5
    torch.testing.assert_close(SymmetricKL("jensen-shannon")(p, q).double(), expected, rtol=1e-5, atol=1e-6)
    far = torch.tensor([[200.0, -200.0]]), torch.tensor([[-200.0, 200.0]])
    assert SymmetricKL("jensen-shannon")(*far).item() == pytest.approx(math.log(2))


def test_labels_that_do_not_exclude_each_other() -> None:
    p, q = logits((4, 6), 6)
    a = torch.distributions.Bernoulli(logits=p)
    b = torch.distributions.Bernoulli(logits=q)
    kl_of = torch.distributions.kl_divergence
    expected = 0.5 * (kl_of(a, b) + kl_of(b, a)).sum() / 4
    torch.testing.assert_close(SymmetricKL(activation="sigmoid")(p, q), expected, rtol=1e-4, atol=1e-5)


def test_probabilities_may_be_given_as_they_are() -> None:
    p, q = logits((4, 6), 7)
    given = SymmetricKL(activation="none")(p.softmax(-1), q.softmax(-1))
    torch.testing.assert_close(given, SymmetricKL()(p, q), rtol=1e-5, atol=1e-6)


def test_reductions_differ_by_their_counts() -> None:
    p, q = logits((3, 5, 11), 8)
    batch, positions, entries = (
        SymmetricKL(reduction=name)(p, q).item() for name in ("batch", "positions", "entries")
    )
    assert batch == pytest.approx(5 * positions) == pytest.approx(5 * 11 * entries)


def test_half_precision_and_far_logits_stay_finite() -> None:
    p = torch.tensor([[60.0, -60.0, 0.0]], dtype=torch.half, requires_grad=True)
    q = torch.tensor([[-60.0, 60.0, 0.0]], dtype=torch.half)
    value = SymmetricKL()(p, q)
    assert value.item() == pytest.approx(120, rel=1e-3)
    assert torch.autograd.grad(value, p)[0].isfinite().all()


def test_temperature_divides_logits_and_keeps_the_size_of_gradients() -> None:
    p, q = logits((4, 6), 9)
    torch.testing.assert_close(SymmetricKL(temperature=3.0)(p, q), 9 * SymmetricKL()(p / 3, q / 3))


def test_soft_cross_entropy_is_torchs_and_teaches_one_side() -> None:
    p, q = logits((4, 6), 10)
    found = SoftCrossEntropy()(p, q)
    torch.testing.assert_close(found, functional.cross_entropy(p, q.softmax(-1).detach()))
    found.backward()
    assert p.grad is not None
    assert q.grad is None
    # Its gradient is that of KL(q‖p).
    (other,) = torch.autograd.grad(SymmetricKL("forward", reduction="positions")(p, q.detach()), p)
    torch.testing.assert_close(p.grad, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 5), (2, 4, 3, 6)])
def test_feature_distances_are_torchs(shape: tuple[int, ...]) -> None:
    a, b = logits(shape, 11)
    assert FeatureDistance()(a, b).item() == pytest.approx(functional.mse_loss(a, b).item())
    assert FeatureDistance("l1")(a, b).item() == pytest.approx(functional.l1_loss(a, b).item())
    assert FeatureDistance("smooth-l1")(a, b).item() == pytest.approx(functional.smooth_l1_loss(a, b).item())
    cosine = 1 - functional.cosine_similarity(a, b, dim=1).mean()
    assert FeatureDistance("cosine")(a, b).item() == pytest.approx(cosine.item())


def test_other_channels_are_projected_by_weights_that_train() -> None:
    a, b = torch.randn(2, 3, 4, 4), torch.randn(2, 5, 4, 4)
    with pytest.raises(OptionError, match=r"\(2, 3, 4, 4\) and \(2, 5, 4, 4\).*channels: \[3, 5\]"):
        FeatureDistance()(a, b)
    loss = FeatureDistance(channels=(3, 5))
    conv = nn.Conv2d(3, 5, 1)
    with torch.no_grad():
        conv.weight.copy_(loss.projection.weight.unsqueeze(-1))
        conv.bias.copy_(loss.projection.bias)
    torch.testing.assert_close(loss(a, b), functional.mse_loss(conv(a), b))
    assert sum(parameter.numel() for parameter in loss.parameters()) == 20


@pytest.mark.parametrize("stable", [False, True])
def test_map_divergence_is_its_formula_and_teaches_both(stable: bool) -> None:
    a, b = (value.detach().sigmoid().requires_grad_() for value in logits((2, 3, 6, 5), 12))
    p, q, eps = a[:, 0].double(), b[:, 0].double(), 1e-5
    inner = 0 if stable else eps
    expected = (
        0.5 * (q * ((q + eps) / (p + eps) + inner).log() + p * ((p + eps) / (q + eps) + inner).log()).mean()
    )
    found = MapDivergence(stable=stable)(a, b)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-7)
    found.backward()
    for value in (a, b):
        assert value.grad[:, 0].abs().sum() > 0
        assert value.grad[:, 1:].abs().sum() == 0  # threshold and binary maps are not compared


@pytest.mark.parametrize("wrong", [{"form": "round"}, {"activation": "tanh"}, {"reduction": "sum"}])
def test_settings_that_do_not_exist_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="choose one of"):
        SymmetricKL(**wrong)


def test_a_room_registers_a_loss_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAIR_LOSSES, "_things", dict(PAIR_LOSSES._things))

    @register_pair_loss("by-hand")
    class ByHand(nn.Module):
        pass

    assert PAIR_LOSSES.find("by-hand") is ByHand
    assert PAIR_LOSSES.find("torch.nn:MSELoss") is nn.MSELoss
    with pytest.raises(ValueError, match="registered twice"):
        register_pair_loss("by-hand")(nn.Identity)
