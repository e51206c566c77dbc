"""The table of names: there and back, fused blocks inside, misfits refused, files that execute nothing."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from tests.vision.blocks.randomised import randomise, relative
from torch import nn

from sampan.errors import WeightsError
from sampan.vision.backbones.lcnet_v4 import RECOGNISERS, LCNetV4
from sampan.vision.blocks import ConvBN, DilatedReparam, RepDepthwise
from sampan.vision.weights.public_layout import (
    Layout,
    load_public,
    public_state,
    read_safetensors,
    write_safetensors,
)

torch.set_num_threads(1)

LAYOUT = Layout(
    ("encoder.{}.se.convolutions.2", "stages.{}.se.expand"),
    ("encoder.{}.se", "stages.{}.se"),
    ("encoder", "stages"),
    ("head", "classify"),
)


@pytest.mark.parametrize(
    ("public", "own"),
    [
        ("encoder.12.se.convolutions.2.weight", "stages.12.se.expand.weight"),
        ("encoder.3.se.bias", "stages.3.se.bias"),
        ("encoder.norm.weight", "stages.norm.weight"),
        ("head", "classify"),
        ("header.weight", "header.weight"),
        ("encoder.1.se.convolutions.20", "stages.1.se.convolutions.20"),
    ],
)
def test_names_there_and_back(public: str, own: str) -> None:
    assert LAYOUT.own(public) == own and LAYOUT.public(own) == public
    nested = LAYOUT.under("model.backbone", "backbone")
    assert nested.own(f"model.backbone.{public}") == f"backbone.{own}" or public.startswith("header")
    assert (Layout(("neck", "pan")) + nested).own("neck.0") == "pan.0"


def test_blocks_that_are_published_fused_come_in_and_go_out(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(ConvBN(3, 6, 3), RepDepthwise(6), DilatedReparam(6, 7))
    randomise(model)
    x = torch.randn(1, 3, 16, 16)
    expected = model(x)
    layout = Layout(("net.{}", "{}"))
    published = public_state(model, layout)
    assert sorted(key for key in published if key.startswith(("net.1", "net.2"))) == [
        "net.1.bias",
        "net.1.weight",
        "net.2.bias",
        "net.2.weight",
    ]
    assert torch.equal(model(x), expected), "publishing must not change the model"
    write_safetensors(published, tmp_path / "m.safetensors", {"dictionary": "a"})
    again = nn.Sequential(ConvBN(3, 6, 3), RepDepthwise(6), DilatedReparam(6, 7)).eval()
    load_public(again, read_safetensors(tmp_path / "m.safetensors"), layout)
    assert relative(expected, again(x)) < 1e-5
    for key, tensor in public_state(again, layout).items():
        torch.testing.assert_close(tensor, published[key], rtol=1e-5, atol=1e-6)


def test_misfits_are_named() -> None:
    model = LCNetV4(RECOGNISERS["tiny"])
    state = public_state(model, model.layout)
    short = {key: tensor for key, tensor in state.items() if "stem" in key or "convolution.conv" in key}
    with pytest.raises(WeightsError, match=r"do not fit the model: \d+ missing \(stages\.0"):
        load_public(model, short, model.layout)
    with pytest.raises(WeightsError, match=r"1 unknown \(head\.weight\)"):
        load_public(model, {**state, "head.weight": torch.zeros(3)}, model.layout)
    key = "encoder.convolution.conv1.convolution.weight"
    with pytest.raises(
        WeightsError, match=r"shape \(2, 3, 3, 3\) in the weights and \(24, 3, 3, 3\) in the model"
    ):
        load_public(model, {**state, key: torch.zeros(2, 3, 3, 3)}, model.layout)
    with pytest.raises(WeightsError, match="has the model been fused"):
        load_public(LCNetV4(RECOGNISERS["tiny"]).fuse(), state, model.layout)


@pytest.mark.parametrize("block", [RepDepthwise(6), DilatedReparam(6, 7)])
def test_misfits_of_fused_convolutions_are_named(block: nn.Module) -> None:
    layout = Layout(("net", "0"))
    model = nn.Sequential(block)
    state = public_state(model, layout)
    size = state["net.weight"].shape[-1]
    expected = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for key, shape in {"net.weight": (8, 1, size, size), "net.bias": (5,)}.items():
        wanted = tuple(state[key].shape)
        with pytest.raises(WeightsError) as caught:
            load_public(model, {**state, key: torch.zeros(shape)}, layout)
        own = key.replace("net", "0")
        assert f"{own} has shape {shape} in the weights and {wanted} in the model: choose the size" in str(
            caught.value
        )
        with pytest.raises(WeightsError, match=rf"1 missing \({own}|1 unknown \(0\.bias"):
            load_public(model, {name: tensor for name, tensor in state.items() if name != key}, layout)
    assert all(torch.equal(tensor, expected[key]) for key, tensor in model.state_dict().items())


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a foreign file was unpickled",))


def test_other_files_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    file.write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(WeightsError, match=r"m\.safetensors cannot be read as safetensors"):
        read_safetensors(file)
    with pytest.raises(WeightsError, match="does not exist"):
        read_safetensors(tmp_path / "none")
