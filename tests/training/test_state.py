"""The state of a run as tensors, there and back."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from sampan.errors import InputError
from sampan.training import state


@pytest.mark.parametrize("draws", [0, 1, 623, 1000])
def test_all_generators_go_on_where_they_were(draws: int) -> None:
    for _ in range(draws):
        random.gauss(0, 1), np.random.standard_normal(), torch.randn(1)
    kept = state.random_tensors()

    def draw() -> list[float]:
        return [random.gauss(0, 1), random.random(), np.random.standard_normal(), torch.randn(1).item()]

    expected = [draw() for _ in range(3)]
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    state.put_random(kept)
    assert [draw() for _ in range(3)] == expected


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_an_optimizer_goes_on_where_it_was(kind: type[torch.optim.Optimizer]) -> None:
    def made() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        options = {"momentum": 0.9} if kind is torch.optim.SGD else {}
        return model, kind(model.parameters(), lr=0.1, **options)

    def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        model(torch.ones(2, 3)).square().sum().backward()
        optimizer.step()

    model, optimizer = made()
    step(model, optimizer)
    again, other = made()
    state.put_model(again, state.model_tensors(model), "the first")
    state.put_optimizer(other, again, state.optimizer_tensors(optimizer, model))
    for _ in range(2):
        step(model, optimizer)
        step(again, other)
    for one, two in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


def test_weights_that_do_not_fit_are_named() -> None:
    with pytest.raises(
        InputError, match=r"x\.safetensors does not fit.*lacks 1 tensors \(bias\).*1.*\(more\)"
    ):
        state.put_model(
            nn.Linear(2, 1), {"weight": torch.zeros(1, 2), "more": torch.zeros(1)}, "x.safetensors"
        )
    with pytest.raises(InputError, match=r"weight has the shape \(2, 2\), and the model's is \(1, 2\)"):
        state.put_model(nn.Linear(2, 1, bias=False), {"weight": torch.zeros(2, 2)}, "x")
