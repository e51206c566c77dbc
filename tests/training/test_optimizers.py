"""Groups, rules, frozen parameters and clipping."""

import pytest
import torch
from tests.training.toy import Net
from torch import Tensor, nn

from sampan.errors import OptionError
from sampan.training.clipping import RULES, clipping, register_clipping
from sampan.training.optimizers import freeze, optimizer, split_groups
from sampan.training.options import ClippingOptions, OptimizerOptions, ParameterRule
from sampan.training.task import decay_groups


def names_of(model: nn.Module, group: dict[str, object]) -> set[str]:
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {names[parameter] for parameter in group["params"]}


def test_norms_and_biases_do_not_decay() -> None:
    model = Net(4, 0.0)
    decayed, plain = decay_groups(model, 0.1, 0.01)
    assert names_of(model, decayed) == {"body.0.weight", "head.weight"}
    assert names_of(model, plain) == {"body.0.bias", "body.1.weight", "body.1.bias", "head.bias"}
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.01, 0.0)


def test_the_first_rule_that_fits_decides() -> None:
    model = Net(4, 0.0)
    rules = [ParameterRule(match="head.weight", weight_decay=0.5), ParameterRule(match="head.*", lr=0.1)]
    groups = split_groups(decay_groups(model, 0.2, 0.01), model, rules)
    found = {name: (g["lr"], g["weight_decay"]) for g in groups for name in names_of(model, g)}
    assert found["head.weight"] == (0.2, 0.5)
    assert found["head.bias"] == pytest.approx((0.02, 0.0))
    assert found["body.0.weight"] == (0.2, 0.01)
    assert sum(len(group["params"]) for group in groups) == 6


def test_a_rule_that_fits_nothing_is_a_slip() -> None:
    model = Net(4, 0.0)
    with pytest.raises(OptionError, match=r"'haed\.\*' fits no trainable parameter.*body\.0\.weight"):
        split_groups(decay_groups(model, 0.1, 0), model, [ParameterRule(match="haed.*")])


def test_frozen_parameters_are_not_stepped() -> None:
    model = Net(4, 0.0)
    freeze(model, ["body.*"])
    assert {name for name, value in model.named_parameters() if value.requires_grad} == {
        "head.weight",
        "head.bias",
    }
    assert sum(len(group["params"]) for group in decay_groups(model, 0.1, 0.1)) == 2
    with pytest.raises(OptionError, match=r"train\.freeze: 'nothing'"):
        freeze(model, ["nothing"])


@pytest.mark.parametrize(("name", "kind"), [("sgd", "SGD"), ("adam", "Adam"), ("adamw", "AdamW")])
def test_the_named_optimizer_steps(name: str, kind: str) -> None:
    model = nn.Linear(2, 1)
    made = optimizer(OptimizerOptions(name=name), decay_groups(model, 0.1, 0.0), 0.1)
    assert type(made).__name__ == kind
    before = model.weight.detach().clone()
    model(torch.ones(1, 2)).sum().backward()
    made.step()
    assert not torch.equal(before, model.weight)


def test_the_global_norm_is_torchs() -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    for model in (ours, theirs):
        (100 * model(torch.ones(2, 5)).square().sum()).backward()
    norm = clipping(ClippingOptions(max_norm=0.5)).clip(ours.parameters())
    expected = nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    assert norm == expected > 0.5
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)


def test_a_rule_of_ones_own_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RULES, "_things", dict(RULES._things))

    @register_clipping("by-sign")
    class BySign:
        def __init__(self, options: ClippingOptions) -> None:
            self.size = options.settings["size"]

        def clip(self, parameters: list[nn.Parameter]) -> Tensor:
            for parameter in parameters:
                parameter.grad = self.size * parameter.grad.sign()
            return torch.tensor(1.0)

    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([3.0, -0.1])
    clipping(ClippingOptions(name="by-sign", settings={"size": 0.5})).clip([parameter])
    assert parameter.grad.tolist() == [0.5, -0.5]
    with pytest.raises(OptionError, match="'by-sing' is not known: did you mean by-sign"):
        clipping(ClippingOptions(name="by-sing"))
