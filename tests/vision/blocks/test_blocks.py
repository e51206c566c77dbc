"""Blocks: the formulas, the exactness of `fuse()` and of `load_fused`, and normalisations brought back to life."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.vision.blocks.randomised import randomise, relative
from torch import nn
from torch.nn import functional

from sampan.vision.blocks import (
    ConvBN,
    DilatedReparam,
    RepConv,
    RepDepthwise,
    SqueezeExcitation,
    activation,
    fuse,
    make_divisible,
    restore_statistics,
)
from sampan.vision.blocks.fusion import spread

torch.set_num_threads(1)

BLOCKS = {
    "conv": lambda: ConvBN(8, 12, 3, 2, act="relu"),
    "conv with affine": lambda: ConvBN(8, 12, (3, 5), (2, 1), groups=4, act="hardswish", affine=True),
    "dilated conv": lambda: ConvBN(8, 8, 3, dilation=2),
    "rep depthwise": lambda: RepDepthwise(8),
    "rep conv, identity": lambda: RepConv(8, 8, 5, groups=8),
    "rep conv, stride": lambda: RepConv(8, 8, 3, 2, groups=8),
    "rep conv, stride of two numbers": lambda: RepConv(8, 8, 3, (2, 1), groups=8),
    "rep conv, 1x1": lambda: RepConv(8, 16, 1),
    "rep conv, groups of two": lambda: RepConv(8, 8, 3, groups=4, branches=2),
    **{f"dilated {k}": lambda k=k: DilatedReparam(8, k) for k in DilatedReparam.BRANCHES},
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", [(2, 8, 13, 17), (1, 8, 4, 30)])
def test_fusing_changes_the_form_and_not_the_function(name: str, size: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    block = randomise(BLOCKS[name]())
    x = torch.randn(size)
    expected = block(x)
    fused = copy.deepcopy(block).fuse()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fused.modules())
    assert sum(isinstance(module, nn.Conv2d) for module in fused.modules()) == 1
    assert relative(expected, fused(x)) < 1e-5  # float32 rounding of sums in another order
    assert relative(fused(x), fused.fuse()(x)) == 0


@pytest.mark.parametrize("name", BLOCKS)
def test_fused_block_can_still_be_trained(name: str) -> None:
    block = randomise(BLOCKS[name]()).fuse()
    block(torch.randn(2, 8, 9, 9)).square().sum().backward()
    trained = [p for p in block.parameters() if p.requires_grad]
    assert trained and all(p.grad is not None and p.grad.abs().max() > 0 for p in trained)


@pytest.mark.parametrize(
    "name", ["rep depthwise", "rep conv, identity", "rep conv, 1x1", "dilated 7", "conv"]
)
@pytest.mark.parametrize("fused", [False, True])
def test_released_convolutions_come_back_exactly_in_both_forms(name: str, fused: bool) -> None:
    torch.manual_seed(2)
    block = BLOCKS[name]().eval()
    layer = block if isinstance(block, ConvBN) else block.kernel_like()
    convolution = layer.convolution if isinstance(block, ConvBN) else None
    shape = convolution.weight.shape if convolution is not None else layer.shape
    weight, bias = torch.randn(shape), torch.randn(shape[0])
    if fused:
        block.fuse()
    block.load_fused(weight, bias)
    x = torch.randn(2, 8, 11, 10)
    groups = 8 // shape[1]
    stride = 2 if name == "conv" else 1
    expected = functional.conv2d(x, weight, bias, stride, shape[-1] // 2, groups=groups)
    expected = {"conv": functional.relu, "rep depthwise": lambda y: y, "dilated 7": lambda y: y}.get(
        name, functional.hardswish
    )(expected)
    assert relative(expected, block(x)) < 1e-5


def test_rep_depthwise_is_the_papers_sum() -> None:
    block = randomise(RepDepthwise(6))
    x = torch.randn(2, 6, 9, 8)
    large = functional.conv2d(x, block.large.convolution.weight, padding=1, groups=6)
    inner = functional.batch_norm(large, *_statistics(block.large.normalization))
    small = functional.conv2d(x, block.small.weight, block.small.bias, groups=6)
    expected = functional.batch_norm(inner + small + x, *_statistics(block.normalization))
    torch.testing.assert_close(block(x), expected)


def _statistics(norm: nn.BatchNorm2d) -> tuple[torch.Tensor | None, ...]:
    return norm.running_mean, norm.running_var, norm.weight, norm.bias


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (3, 2), (3, 4), (5, 2)])
def test_spread_kernel_equals_the_dilated_convolution(kernel: int, dilation: int) -> None:
    weight, x = torch.randn(4, 1, kernel, kernel), torch.randn(1, 4, 21, 20)
    expected = functional.conv2d(x, weight, dilation=dilation, groups=4)
    torch.testing.assert_close(functional.conv2d(x, spread(weight, dilation), groups=4), expected)


def test_squeeze_excitation_has_the_two_slopes_of_the_family() -> None:
    x = torch.randn(2, 8, 5, 6)
    for slope, hard in (("1/6", functional.hardsigmoid), ("0.2", lambda v: torch.clip(0.2 * v + 0.5, 0, 1))):
        block = SqueezeExcitation(8, slope=slope)
        with torch.no_grad():
            block.expand.weight.mul_(20)  # so that both ends of the clipping are met
        mean = functional.adaptive_avg_pool2d(x, 1)
        expected = x * hard(block.expand(torch.relu(block.reduce(mean))))
        torch.testing.assert_close(block(x), expected)
    with pytest.raises(ValueError, match="is unknown: the family uses"):
        SqueezeExcitation(8, slope="0.3")


def test_make_divisible_keeps_nine_tenths() -> None:
    assert [make_divisible(v) for v in (4, 11.2, 16, 22.4, 44.8, 89.6, 134)] == [8, 16, 16, 24, 48, 88, 136]
    assert [make_divisible(v * 0.95, 16) for v in (16, 32, 64, 128, 256, 512)] == [16, 32, 64, 128, 240, 480]
    for value in torch.linspace(1, 700, 1000).tolist():
        assert make_divisible(value) % 8 == 0 and make_divisible(value) >= 0.9 * value


def test_unknown_activation_names_the_choice() -> None:
    with pytest.raises(ValueError, match="'mish' is unknown: choose one of relu"):
        activation("mish")


def test_statistics_of_real_inputs_make_both_modes_agree() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(ConvBN(3, 8, 3, act="relu"), RepDepthwise(8), ConvBN(8, 8, 1), nn.Flatten(2))
    for block in list(model)[:3]:
        like = block.kernel_like() if isinstance(block, RepDepthwise) else block.convolution.weight
        block.load_fused(torch.randn_like(like), torch.randn(len(like)))
    model.add_module("norm", nn.BatchNorm1d(8))
    batches = [5 + 3 * torch.randn(16, 3, 24, 24) for _ in range(8)]
    before = model.eval()(batches[0])
    assert relative(before, copy.deepcopy(model).train()(batches[0])) > 0.3  # made-up statistics
    model.train()[2].normalization.eval()
    assert restore_statistics(model, batches) == 5
    assert model[0].training and not model[2].normalization.training, "modes must be left as they were"
    after = model.eval()(batches[0])
    assert relative(before, after) < 1e-5
    assert relative(after, model.train()(batches[0])) < 0.1  # one batch differs a little from all eight


def test_fuse_takes_any_module() -> None:
    model = randomise(nn.Sequential(ConvBN(3, 8, 3), nn.ReLU(), nn.ModuleDict({"a": RepDepthwise(8)})["a"]))
    x = torch.randn(1, 3, 8, 8)
    expected = model(x)
    assert fuse(model) is model and relative(expected, model(x)) < 1e-5
