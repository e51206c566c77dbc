"""Necks and heads on their own: shapes, what IntraCL and the large kernels are, and `fuse()` exact and cheaper."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from sampan.errors import WeightsError
from sampan.vision.text_detection.heads import DBHead, PFHeadLocal
from sampan.vision.text_detection.models import VARIANTS, text_detector
from sampan.vision.text_detection.necks import DBFPN, LKPAN, RSEFPN, Fused, IntraCL, RepLKFPN, RepLKPAN
from sampan.vision.text_detection.necks.lk_pan import SeparableLargeKernel
from sampan.vision.text_detection.necks.rep_lk_pan import factor_dense

CHANNELS = (8, 12, 16, 24)
NECKS = {
    "dbfpn": lambda: DBFPN(CHANNELS, 32),
    "rse_fpn": lambda: RSEFPN(CHANNELS, 32),
    "rse_fpn with IntraCL": lambda: RSEFPN(CHANNELS, 32, intra_cl=True),
    "lk_pan": lambda: LKPAN(CHANNELS, 32),
    "lk_pan lite": lambda: LKPAN(CHANNELS, 32, mode="lite"),
    "lk_pan with IntraCL": lambda: LKPAN(CHANNELS, 32, intra_cl=True),
    "rep_lk_fpn 5": lambda: RepLKFPN(CHANNELS, 32, 5),
    "rep_lk_fpn 7": lambda: RepLKFPN(CHANNELS, 32, 7),
    "rep_lk_pan": lambda: RepLKPAN(CHANNELS, 32),
}


def levels(height: int = 32, width: int = 64) -> list[torch.Tensor]:
    return [
        torch.randn(2, channels, height // 2**power, width // 2**power, dtype=torch.float64)
        for power, channels in enumerate(CHANNELS)
    ]


def shake(module: nn.Module) -> None:
    """Statistics and affine parts of normalisations as after training."""
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, 0, 0.3)
            norm.running_mean.normal_(0, 0.3)
            norm.running_var.uniform_(0.5, 1.5)


@pytest.mark.parametrize("name", list(NECKS))
def test_necks_fuse_all_levels_and_keep_their_function_when_fused(name: str) -> None:
    torch.manual_seed(0)
    neck = NECKS[name]().double()
    shake(neck)
    inputs = levels()
    trained = neck.train()(inputs)
    assert trained.features.shape == (2, 32, 32, 64)
    assert [level.shape[2] for level in trained.top_down] == [32, 16, 8, 4]
    neck.eval()
    before = neck(inputs)
    count = sum(p.numel() for p in neck.parameters())
    neck.fuse()
    after = neck(inputs)
    torch.testing.assert_close(after.features, before.features, atol=1e-10, rtol=1e-10)
    assert sum(p.numel() for p in neck.parameters()) <= count
    for level in inputs:  # every level reaches the fused map
        changed = [level * 2 if other is level else other for other in inputs]
        assert not torch.allclose(neck(changed).features, after.features)


def test_dbfpn_is_the_written_formula() -> None:
    neck, inputs = DBFPN(CHANNELS, 32).double(), levels()
    p = [functional.conv2d(x, lateral.weight) for x, lateral in zip(inputs, neck.lateral, strict=True)]
    for index in (2, 1, 0):
        p[index] = p[index] + p[index + 1].repeat_interleave(2, 2).repeat_interleave(2, 3)
    out = [functional.conv2d(x, output.weight, padding=1) for x, output in zip(p, neck.output, strict=True)]
    out = [x.repeat_interleave(2**n, 2).repeat_interleave(2**n, 3) for n, x in enumerate(out)]
    torch.testing.assert_close(neck(inputs).features, torch.cat(out[::-1], 1))


def test_residual_se_keeps_at_least_the_convolution() -> None:
    neck = RSEFPN(CHANNELS, 32).double()
    lateral = neck.lateral[0]
    x = levels()[0]
    y = lateral.convolution(x)
    mean = y.mean((2, 3), keepdim=True)
    se = lateral.squeeze_excitation
    gate = (0.2 * se.expand(se.reduce(mean).relu()) + 0.5).clamp(0, 1)
    torch.testing.assert_close(lateral(x), y * (1 + gate))


def test_separable_large_kernels_have_a_shortcut_where_widths_differ() -> None:
    assert SeparableLargeKernel(16, 16).shortcut is None
    different = SeparableLargeKernel(16, 8).eval()
    nn.init.zeros_(different.project.weight)
    x = torch.randn(1, 16, 12, 12)
    torch.testing.assert_close(different(x), functional.conv2d(x, different.shortcut.weight))


def test_intra_cl_sees_along_and_across_and_starts_from_its_input() -> None:
    block = IntraCL(16).double()
    shake(block)
    block.eval()
    x = torch.randn(1, 16, 21, 21, dtype=torch.float64)
    y = block.reduce(x)
    for cross in block.rounds:
        y = cross.square(y) + cross.tall(y) + cross.wide(y)
    expected = x + block.normalization(block.restore(y)).relu()
    torch.testing.assert_close(block(x), expected)
    impulse = torch.zeros(1, 16, 41, 41, dtype=torch.float64, requires_grad=True)
    block.rounds(block.reduce(impulse))[0, :, 20, 20].sum().backward()
    reached = impulse.grad.abs().sum((0, 1)).nonzero() - 20
    assert reached.abs().max() == 3 + 2 + 1, "kernels of 7, 5 and 3"
    block.fuse()
    torch.testing.assert_close(block(x), expected)
    assert all(cross.tall is None for cross in block.rounds)


@pytest.mark.parametrize(("out_channels", "in_channels"), [(8, 32), (8, 8), (1, 4)])
def test_products_are_taken_apart(out_channels: int, in_channels: int) -> None:
    torch.manual_seed(out_channels)
    depthwise = torch.randn(in_channels, 1, 9, 9, dtype=torch.float64)
    pointwise = torch.randn(out_channels, in_channels, 1, 1, dtype=torch.float64)
    dense = pointwise * depthwise.transpose(0, 1)
    dense[:, 2] = 0  # a channel that nothing reads
    first, second = factor_dense(dense)
    torch.testing.assert_close(second * first.transpose(0, 1), dense)
    if out_channels > 1:
        with pytest.raises(WeightsError, match="no product"):
            factor_dense(torch.randn_like(dense))


@pytest.mark.parametrize("kernel_size", [3, 7])
def test_db_head(kernel_size: int) -> None:
    torch.manual_seed(1)
    head = DBHead(32, kernel_size, auxiliary_channels=16).double()
    shake(head)
    fused = Fused(
        torch.randn(2, 32, 16, 24).double(),
        [torch.randn(2, 16, 16 // s, 24 // s).double() for s in (1, 2, 4, 8)],
    )
    outputs = head.train()(fused)
    assert {name: tuple(maps.shape) for name, maps in outputs.items()} == dict.fromkeys(
        ("maps", "aux_p2", "aux_p3", "aux_p4"), (2, 3, 64, 96)
    )
    for maps in outputs.values():
        probability, threshold, binary = maps.unbind(1)
        torch.testing.assert_close(binary, 1 / (1 + torch.exp(-50 * (probability - threshold))))
    head.eval()
    read = head(fused)
    assert list(read) == ["maps"] and read["maps"].shape == (2, 1, 64, 96)
    torch.testing.assert_close(head.fuse()(fused)["maps"], read["maps"], atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize(("mode", "width"), [("large", 8), ("small", 4)])
def test_local_refinement_averages_two_maps(mode, width: int) -> None:
    torch.manual_seed(2)
    head = PFHeadLocal(32, mode=mode).double()
    shake(head)
    fused = Fused(torch.randn(1, 32, 8, 8).double(), [])
    assert head.refinement.mix.convolution.out_channels == width
    head.eval()
    coarse, features = head.probability(fused.features)
    features = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
    refined = head.refinement(coarse, features).sigmoid()
    torch.testing.assert_close(head(fused)["maps"], (coarse + refined) / 2)
    torch.testing.assert_close(head.fuse()(fused)["maps"], (coarse + refined) / 2)


@pytest.mark.parametrize(
    "variant", ["pp-ocrv3-mobile", "pp-ocrv2-mobile", "pp-ocr-server", "lcnet-0.25", "pp-ocrv6-tiny"]
)
def test_detectors_are_the_same_when_fused(variant: str) -> None:
    assert variant in VARIANTS
    torch.manual_seed(3)
    model = text_detector(variant).double().eval()
    shake(model)
    images = torch.randn(1, 3, 64, 96).double()
    before = model(images)["maps"]
    torch.testing.assert_close(model.fuse()(images)["maps"], before, atol=1e-9, rtol=0)
    assert before.shape == (1, 1, 64, 96)


def test_fresh_maps_say_that_text_is_rare() -> None:
    torch.manual_seed(4)
    head = DBHead(64, auxiliary_channels=32).train()
    fused = Fused(torch.randn(2, 64, 16, 16), [torch.randn(2, 32, 16 // s, 16 // s) for s in (1, 2, 4, 8)])
    for maps in head(fused).values():
        assert 0.03 < float(maps[:, 0].detach().median()) < 0.3
        assert 0.25 < float(maps[:, 1].detach().median()) < 0.75
