"""The schedules give the rates of torch's own classes, and of the formulas where torch has none."""

import math

import pytest
import torch
from torch.optim import SGD
from torch.optim import lr_scheduler as oracle

from sampan.training.options import ScheduleOptions, WarmUp
from sampan.training.schedules import schedule

STEPS = 60


def optimizer() -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)


def rates_of(scheduler: oracle.LRScheduler, stepper: SGD, steps: int = STEPS) -> list[float]:
    rates = []
    for _ in range(steps):
        rates.append(stepper.param_groups[0]["lr"])
        stepper.step()
        scheduler.step()
    return rates


def ours(options: ScheduleOptions, steps: int = STEPS, per_epoch: int = 10) -> list[float]:
    stepper = optimizer()
    return rates_of(oracle.LambdaLR(stepper, schedule(options, steps, per_epoch)), stepper, steps)


def test_cosine_is_torchs() -> None:
    stepper = optimizer()
    expected = rates_of(oracle.CosineAnnealingLR(stepper, STEPS, eta_min=0.04), stepper)
    # torch's recursion gathers rounding errors over the steps
    assert ours(ScheduleOptions(name="cosine", floor=0.1)) == pytest.approx(expected, rel=1e-9)


def test_cosine_after_a_warm_up_that_fits_is_torchs_sequence() -> None:
    stepper = optimizer()
    rise = oracle.LinearLR(stepper, start_factor=0.1, total_iters=7)
    fall = oracle.CosineAnnealingLR(stepper, STEPS - 7)
    expected = rates_of(oracle.SequentialLR(stepper, [rise, fall], [7]), stepper)
    found = ours(ScheduleOptions(name="cosine", warm_up=WarmUp(steps=7, start=0.1)))
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_shifted_cosine_keeps_its_full_length() -> None:
    options = ScheduleOptions(name="cosine", warm_up=WarmUp(epochs=1, then="shift"))
    found = ours(options)
    assert found[:10] == pytest.approx([0.4 * t / 10 for t in range(10)])
    assert found[10:] == pytest.approx([0.2 * (1 + math.cos(math.pi * t / STEPS)) for t in range(STEPS - 10)])
    assert found[-1] > 0.02  # its tail is cut off


def test_piecewise_is_torchs() -> None:
    stepper = optimizer()
    expected = rates_of(oracle.MultiStepLR(stepper, [20, 45], gamma=0.1), stepper)
    options = ScheduleOptions(name="piecewise", boundaries=[2, 4.5], factors=[1, 0.1, 0.01])
    assert ours(options) == pytest.approx(expected)


def test_a_shifted_piecewise_counts_from_the_end_of_the_warm_up() -> None:
    options = ScheduleOptions(
        name="piecewise", boundaries=[2], factors=[1, 0.1], warm_up=WarmUp(steps=5, then="shift")
    )
    found = ours(options)
    assert found[24] == pytest.approx(0.4)
    assert found[25] == pytest.approx(0.04)


def test_polynomial_is_torchs() -> None:
    stepper = optimizer()
    expected = rates_of(oracle.PolynomialLR(stepper, STEPS, power=0.9), stepper)
    assert ours(ScheduleOptions(name="polynomial", power=0.9)) == pytest.approx(expected, rel=1e-9)


def test_constant_after_a_warm_up() -> None:
    found = ours(ScheduleOptions(name="constant", warm_up=WarmUp(steps=4)))
    assert found == pytest.approx([0, 0.1, 0.2, 0.3] + [0.4] * (STEPS - 4))


def test_steps_beyond_the_end_do_not_rise_again() -> None:
    factor = schedule(ScheduleOptions(name="cosine", floor=0.2), 10, 5)
    assert factor(10) == factor(25) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "piecewise", "boundaries": [1], "factors": [1]},
        {"name": "piecewise", "boundaries": [2, 1], "factors": [1, 1, 1]},
        {"name": "cosine", "boundaries": [2]},
        {"warm_up": {"epochs": 1, "steps": 3}},
        {"warm_up": {}},
    ],
)
def test_schedules_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"piecewise|boundaries|either"):
        ScheduleOptions.model_validate(wrong)
