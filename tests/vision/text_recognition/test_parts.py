"""Necks, heads and guides: what they compute, what they must not see, and that fusing changes nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sampan.errors import OptionError
from sampan.vision.text_recognition.guidance import guidance_tokens, token_count
from sampan.vision.text_recognition.heads import CTCHead, TinyHead
from sampan.vision.text_recognition.lstm import BiLSTMNeck
from sampan.vision.text_recognition.models import attach_guide, recognizer_names, text_recognizer
from sampan.vision.text_recognition.norm1d import fold_norm1d
from sampan.vision.text_recognition.nrtr import NRTRGuide, sinusoid
from sampan.vision.text_recognition.sar import SARGuide
from sampan.vision.text_recognition.svtr import LightSVTR, MixingBlock, SVTREncoder


def _statistics(model: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.3, 2, generator=generator)
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)


def test_mixing_is_multi_head_attention_and_a_swish_mlp_behind_norms() -> None:
    torch.manual_seed(0)
    block = MixingBlock(24, num_heads=4, mlp_ratio=3.0, dropout=0.0).eval()
    reference = nn.MultiheadAttention(24, 4, batch_first=True)
    reference.in_proj_weight.data.copy_(block.qkv.weight)
    reference.in_proj_bias.data.copy_(block.qkv.bias)
    reference.out_proj.load_state_dict(block.projection.state_dict())
    z = torch.randn(2, 7, 24)
    y = block.norm1(z)
    expected = z + reference(y, y, y)[0]
    hidden = block.fc1(block.norm2(expected))
    expected = expected + block.fc2(hidden * torch.sigmoid(hidden))
    assert (block(z) - expected).abs().max() < 1e-5
    with pytest.raises(OptionError, match="25 cannot be shared"):
        MixingBlock(25, num_heads=4)


@pytest.mark.parametrize("kind", ["svtr", "light", "lstm"])
def test_necks_give_a_sequence_and_take_one_row(kind: str) -> None:
    neck = {
        "svtr": lambda: SVTREncoder(64, 40, hidden=32, num_heads=4),
        "light": lambda: LightSVTR(64, 40, num_heads=4),
        "lstm": lambda: BiLSTMNeck(64, 20),
    }[kind]().eval()
    assert neck(torch.randn(2, 64, 1, 9)).shape == (2, 9, 40)
    with pytest.raises(OptionError, match="one row, not 2"):
        neck(torch.randn(2, 64, 2, 9))


def test_dropout_works_in_training_only() -> None:
    neck = LightSVTR(32, 16, num_heads=2, dropout=0.5)
    x = torch.randn(1, 32, 1, 5)
    assert not torch.equal(neck(x), neck(x))
    neck.eval()
    assert torch.equal(neck(x), neck(x))


@pytest.mark.parametrize("name", ["pp-ocrv3", "pp-ocrv5-mobile", "pp-ocrv6-tiny", "pp-ocrv6-small"])
def test_fusing_changes_nothing_but_the_form(name: str) -> None:
    torch.manual_seed(1)
    model = text_recognizer(name, 20).eval()
    _statistics(model)
    image = torch.randn(2, 3, 48, 64)
    expected = model.probabilities(image)
    parameters = sum(p.numel() for p in model.parameters())
    assert (model.fuse().probabilities(image) - expected).abs().max() < 1e-5
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in model.modules())
    assert sum(p.numel() for p in model.parameters()) < parameters
    assert torch.equal(model.fuse().probabilities(image), model.fuse().probabilities(image))


def test_norms_fold_exactly_even_where_the_variance_is_small() -> None:
    torch.manual_seed(5)
    convolution, norm = nn.Conv1d(6, 8, 3, padding=1, groups=2), nn.BatchNorm1d(8).eval()
    norm.running_var.uniform_(1e-6, 1e-4)
    norm.running_mean.normal_()
    x = torch.randn(2, 6, 9)
    expected = norm(convolution(x))
    assert torch.allclose(fold_norm1d(convolution, norm)(x), expected, rtol=1e-4, atol=1e-3)


def test_every_model_reads_a_line_and_names_its_taps() -> None:
    for name in recognizer_names():
        height, frames = (32, 16) if name == "pp-ocrv2" else (48, 8)
        outputs = text_recognizer(name, 12).eval()(torch.randn(1, 3, height, 64))
        assert outputs["ctc"].shape == (1, frames, 12), name
        assert outputs["backbone"].shape[2:] == (1, frames)
        assert outputs["neck"].shape[1] == outputs["features"].shape[1] == frames
    with pytest.raises(OptionError, match="no recogniser 'crnn'"):
        text_recognizer("crnn", 12)


def test_other_heights_of_multi_scale_training_give_one_row() -> None:
    model = text_recognizer("pp-ocrv6-tiny", 12).eval()
    for height in (32, 48, 64):
        assert model(torch.randn(1, 3, height, 64))["ctc"].shape == (1, 8, 12)


def test_the_features_of_the_heads_go_into_the_last_linear() -> None:
    for head in (CTCHead(16, 9, mid=5), CTCHead(16, 9), TinyHead(16, 9, 5)):
        logits, features = head.eval()(torch.randn(2, 6, 16))
        assert torch.allclose(head.classify(features), logits)
        assert logits.shape == (2, 6, 9)


@pytest.mark.parametrize("kind", [NRTRGuide, SARGuide])
def test_guides_see_the_past_only(kind: type[NRTRGuide] | type[SARGuide]) -> None:
    torch.manual_seed(2)
    guide = kind(10, token_count(6), 32).eval()
    x, tokens = torch.randn(2, 10, 1, 12), torch.randint(1, 8, (2, 5))
    expected = guide(x, tokens)
    assert expected.shape == (2, 5, 8)
    changed = tokens.clone()
    changed[:, 3] = (tokens[:, 3] % 7) + 1
    found = guide(x, changed)
    assert torch.allclose(found[:, :3], expected[:, :3], atol=1e-6)
    assert not torch.allclose(found[:, 3], expected[:, 3], atol=1e-4)
    assert not torch.allclose(found[:, 4], expected[:, 4], atol=1e-4)
    assert not torch.allclose(guide(x + 1, tokens), expected, atol=1e-4)  # and it does look at the map


def test_nrtr_knows_the_places_of_tokens() -> None:
    torch.manual_seed(6)
    guide = NRTRGuide(10, token_count(6), 32, depth=1).eval()
    x = torch.randn(1, 10, 1, 12)
    found, swapped = guide(x, torch.tensor([[1, 5, 4, 3]])), guide(x, torch.tensor([[1, 4, 5, 3]]))
    # One layer without places sees the tokens before the last as a set.
    assert not torch.allclose(found[0, -1], swapped[0, -1], atol=1e-4)


def test_sar_does_not_look_right_of_the_text() -> None:
    torch.manual_seed(3)
    guide = SARGuide(10, token_count(6), 32).eval()
    x, tokens = torch.randn(2, 10, 2, 12), torch.randint(1, 8, (2, 5))
    ratio = torch.tensor([0.5, 1.0])
    changed = x.clone()
    # The key's 3×3 window reaches one column to the right of the last valid one.
    changed[0, :, :, 7:] = 9
    expected, found = guide(x, tokens, ratio), guide(changed, tokens, ratio)
    assert torch.allclose(found, expected, atol=1e-6)
    assert not torch.allclose(guide(changed, tokens)[0], guide(x, tokens)[0], atol=1e-4)


def test_places_are_sines_and_cosines() -> None:
    table = sinusoid(9, 8, torch.zeros(1))
    place, k = 5, 3
    angle = torch.tensor(place / 10000 ** (2 * k / 8))
    assert torch.allclose(table[place, 2 * k], angle.sin()) and torch.allclose(
        table[place, 2 * k + 1], angle.cos()
    )


@pytest.mark.parametrize("detach", [True, False])
def test_a_detached_ctc_branch_leaves_the_backbone_to_the_guide(detach: bool) -> None:
    torch.manual_seed(4)
    model = attach_guide(text_recognizer("pp-ocrv6-tiny", 9), "nrtr", width=32, detach=detach)
    tokens = guidance_tokens(torch.randint(1, 9, (2, 3)), torch.tensor([3, 2]))
    outputs = model(torch.randn(2, 3, 48, 64), tokens)
    assert outputs["guide"].shape == (2, 4, token_count(9))
    outputs["ctc"].sum().backward(retain_graph=True)
    weight = model.backbone.stem.conv1.convolution.weight
    assert (weight.grad is None or not weight.grad.any()) == detach
    outputs["guide"].square().sum().backward()
    assert weight.grad is not None and weight.grad.any()
    assert "guide" not in model(torch.randn(2, 3, 48, 64))
