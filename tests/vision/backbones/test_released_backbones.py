"""Backbones without a public PyTorch class: against released graphs inside ONNX Runtime, and against plain functions."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from tests.vision.blocks.randomised import randomise, relative
from torch import nn
from torch.nn import functional

from sampan.errors import WeightsError
from sampan.vision.backbones.backbone import Backbone
from sampan.vision.backbones.mobilenet_v1_enhance import MobileNetV1Enhance
from sampan.vision.backbones.mobilenet_v3 import MobileNetV3
from sampan.vision.backbones.pp_lcnet import PPLCNet
from sampan.vision.backbones.resnet_vd import BLOCKS, ResNetVD
from sampan.vision.weights import onnx_operators
from sampan.vision.weights.onnx_layers import load_onnx
from sampan.weights import locate

torch.set_num_threads(1)


def _inner_output(name: str, output: str, images: np.ndarray) -> np.ndarray:
    """What the released graph computes at an inner tensor."""
    model = onnx.load(_file(name))
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(output))
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run([output], {session.get_inputs()[0].name: images})[0]


def _file(name: str) -> str:
    try:
        return str(locate(name))
    except WeightsError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("name", "backbone", "last", "size"),
    [
        ("pp-ocrv3-rec", lambda: MobileNetV1Enhance(), "AveragePool", (2, 3, 48, 320)),
        ("pp-ocrv3-rec", lambda: MobileNetV1Enhance(), "AveragePool", (1, 3, 48, 136)),
        ("pp-ocrv3-det", lambda: MobileNetV3("large", 0.5, se=False, out_stages=(5,)), "Div", (1, 3, 96, 64)),
        (
            "pp-ocr-cls-mobile",
            lambda: MobileNetV3("small", 0.35, stride=(2, 1), out_stages=(5,)),
            "Div",
            (2, 3, 48, 192),
        ),
    ],
)
def test_backbone_equals_the_released_graph(name: str, backbone, last: str, size: tuple[int, ...]) -> None:
    operators = onnx_operators(_file(name))
    model: Backbone = backbone()
    layers = sum(isinstance(module, nn.Conv2d) for module in model.modules())
    convolutions = [place for place, o in enumerate(operators) if o.kind == "Conv"]
    end = next(
        place for place in range(convolutions[layers - 1], len(operators)) if operators[place].kind == last
    )
    load_onnx(model, operators[: end + 1])
    images = np.random.default_rng(4).standard_normal(size, np.float32)
    expected = torch.from_numpy(_inner_output(name, operators[end].outputs[0], images))
    model.eval()
    with torch.no_grad():
        (found,) = model(torch.from_numpy(images))
        assert found.shape == expected.shape and relative(expected, found) < 1e-5
        (fused,) = model.fuse()(torch.from_numpy(images))
        assert relative(expected, fused) < 1e-5
    assert model.channels == [found.shape[1]]


@pytest.mark.parametrize("depth", [18, 50])
def test_resnet_vd_is_the_papers_network(depth: int) -> None:
    """Written once more, straight down, from the description of ResNet-D."""
    torch.manual_seed(0)
    model = randomise(ResNetVD(depth))
    x = torch.randn(1, 3, 64, 96)

    def layer(x: torch.Tensor, block: nn.Module, stride: int = 1) -> torch.Tensor:
        weight, norm = block.convolution.weight, block.normalization
        x = functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2)
        return functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)

    y = x
    for place, block in enumerate(model.stem):
        y = layer(y, block, 2 if place == 0 else 1).relu()
    y = functional.max_pool2d(y, 3, 2, 1)
    expected = []
    for number, stage in enumerate(model.stages):
        for place, block in enumerate(stage):
            stride = 2 if place == 0 and number > 0 else 1
            branch = list(block.branch)
            z = y
            for index, convolution in enumerate(branch):
                strided = index == (1 if depth == 50 else 0)
                z = layer(z, convolution, stride if strided else 1)
                z = z.relu() if index < len(branch) - 1 else z
            if place == 0:
                y = functional.avg_pool2d(y, 2) if stride == 2 else y
                y = layer(y, block.shortcut[-1])
            y = (y + z).relu()
        expected.append(y)
    with torch.no_grad():
        for ours, theirs in zip(model(x), expected, strict=True):
            assert relative(theirs, ours) < 1e-5
        for ours, theirs in zip(model.fuse()(x), expected, strict=True):
            assert relative(theirs, ours) < 1e-5


def test_resnet_vd_has_the_published_number_of_parameters() -> None:
    """With a Linear layer to 1000 classes 11.72 and 25.58 million (PaddleClas), to two digits after the point."""
    for depth, width, millions in ((18, 512, 11.71), (50, 2048, 25.58)):
        parameters = sum(p.numel() for p in ResNetVD(depth).parameters()) + 1000 * (width + 1)
        assert round(parameters / 1e6, 2) == millions
    with pytest.raises(ValueError, match="depth 20 is unknown"):
        ResNetVD(20)
    assert [sum(blocks) for blocks in BLOCKS.values()] == [8, 16, 16, 33, 50]


def test_line_strides_keep_columns_and_wrong_choices_are_refused() -> None:
    x = torch.rand(1, 3, 32, 320)
    (plain,), (enhanced,) = (
        MobileNetV1Enhance(0.25, "v2")(x),
        MobileNetV1Enhance(0.25, "v3")(torch.rand(1, 3, 48, 320)),
    )
    assert plain.shape == (1, 256, 1, 80) and enhanced.shape == (1, 256, 1, 40)
    with pytest.raises(ValueError, match="out_stages"):
        PPLCNet(0.25, out_stages=(6,))
    with pytest.raises(ValueError, match="give five"):
        PPLCNet(0.25, strides=(2, 2))


def test_ablations_of_the_paper_can_be_built() -> None:
    """Squeeze-and-excitation and 5×5 kernels by block, as the paper's ablations vary them."""
    everywhere = PPLCNet(0.5, se_blocks=range(1, 14), large_blocks=())
    assert sum("se.reduce.weight" in key for key, _ in everywhere.named_parameters()) == 13
    assert {m.kernel_size[0] for m in everywhere.modules() if isinstance(m, nn.Conv2d)} == {1, 3}
    default = PPLCNet(0.5)
    kernels = [m.kernel_size[0] for m in default.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert kernels == [3] * 6 + [5] * 7
    assert [
        m.se is not None and "reduce" in dict(m.se.named_children()) for s in default.stages for m in s
    ] == [False] * 11 + [True] * 2
