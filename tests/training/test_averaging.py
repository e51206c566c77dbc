"""The moving average against torch's own, and against the formulas in float64."""

import math

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from sampan.training.averaging import MovingAverage
from sampan.training.options import AveragingOptions


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def shake(model: nn.Module) -> None:
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.randn_like(value))


@pytest.mark.parametrize("buffers", ["average", "copy"])
def test_a_constant_decay_is_torchs(buffers: str) -> None:
    torch.manual_seed(0)
    model = net()
    oracle = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=buffers == "average")
    oracle.update_parameters(model)  # its first update copies the weights
    average = MovingAverage(model, AveragingOptions(decay=0.9, buffers=buffers))
    for _ in range(7):
        shake(model)
        oracle.update_parameters(model)
        average.update()
    if buffers == "copy":
        assert "1.running_mean" not in average.average
    expected = oracle.module.state_dict()
    with average.applied():
        for name in average.average:
            torch.testing.assert_close(model.state_dict()[name], expected[name])


@pytest.mark.parametrize("kind", ["constant", "threshold", "exponential"])
def test_from_zero_it_is_the_weighted_mean_of_all_weights_seen(kind: str) -> None:
    torch.manual_seed(1)
    model = nn.Linear(2, 2).double()
    average = MovingAverage(model, AveragingOptions(decay=0.95, type=kind, gamma=20, start="zero"))
    seen, decays = [], []
    for t in range(40):
        shake(model)
        decays.append(
            {
                "constant": 0.95,
                "threshold": min(0.95, (1 + t) / (10 + t)),
                "exponential": 0.95 * (1 - math.exp(-(t + 1) / 20)),
            }[kind]
        )
        assert average.decay() == pytest.approx(decays[-1])
        average.update()
        seen.append(model.weight.detach().clone())
    weights = [(1 - d) * math.prod(decays[i + 1 :]) for i, d in enumerate(decays)]
    expected = sum(w * value for w, value in zip(weights, seen, strict=True)) / sum(weights)
    own = model.weight.detach().clone()
    with average.applied():
        torch.testing.assert_close(model.weight.detach(), expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(model.weight, own)


def test_with_a_constant_decay_the_correction_is_the_papers() -> None:
    model = nn.Linear(2, 1, bias=False)
    average = MovingAverage(model, AveragingOptions(decay=0.9, start="zero"))
    for _ in range(5):
        average.update()
    raw = average.average["weight"]
    with average.applied():
        torch.testing.assert_close(model.weight.detach(), raw / (1 - 0.9**5))


def test_a_cycle_forgets_what_was_before() -> None:
    torch.manual_seed(2)
    model = nn.Linear(2, 2)
    average = MovingAverage(model, AveragingOptions(decay=0.99, cycle_epochs=2))
    for epoch in range(1, 3):
        shake(model)
        average.update()
        average.end_epoch(epoch)
    own = model.weight.detach().clone()
    with average.applied():  # nothing to read yet: the model keeps its own weights
        assert torch.equal(model.weight, own)
    average.update()
    with average.applied():
        torch.testing.assert_close(model.weight.detach(), own)
    average.end_epoch(3)
    assert average.counters()["steps"] == 1


def test_frozen_parameters_and_their_statistics_are_left_out() -> None:
    model = net()
    model[0].requires_grad_(False)
    model[1].requires_grad_(False)
    assert set(MovingAverage(model, AveragingOptions()).average) == {"2.weight", "2.bias"}


def test_the_models_own_weights_come_back_after_an_error() -> None:
    model = nn.Linear(2, 2)
    average = MovingAverage(model, AveragingOptions(decay=0.5))
    shake(model)
    average.update()
    own = model.weight.detach().clone()
    with pytest.raises(RuntimeError, match="amid"), average.applied():
        assert not torch.equal(model.weight, own)
        raise RuntimeError("amid")
    assert torch.equal(model.weight, own)


def test_it_goes_on_from_what_was_written_down() -> None:
    torch.manual_seed(3)
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    options = AveragingOptions(decay=0.9, type="threshold", start="zero", cycle_epochs=3)
    one, other = MovingAverage(first, options), MovingAverage(second, options)
    one.update()
    one.end_epoch(3)
    one.update()
    other.restore(one.average, one.counters())
    second.load_state_dict(first.state_dict())
    one.update()
    other.update()
    assert one.counters() == other.counters()
    assert torch.equal(one.average["weight"], other.average["weight"])
