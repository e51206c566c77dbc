"""Graphs into modules, layer by layer: every way in which released files store a layer, and misfits refused."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from tests.vision.blocks.randomised import relative
from torch import nn

from sampan.errors import WeightsError
from sampan.vision.blocks import ConvBN, LearnableAffine, RepConv, RepDepthwise
from sampan.vision.weights.onnx_layers import load_onnx

torch.set_num_threads(1)


class _Graph:
    """A small graph that grows node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[TensorProto] = []
        self.last = "x"

    def constant(self, *shape: int, positive: bool = False) -> str:
        values = torch.rand(shape) + 0.5 if positive else torch.randn(shape)
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(values.numpy(), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> _Graph:
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *inputs], [output], **attributes))
        self.last = output
        return self

    def norm(self, channels: int) -> _Graph:
        weights = [self.constant(channels, positive=place in (0, 3)) for place in range(4)]
        return self.add("BatchNormalization", *weights, epsilon=1e-3)

    def save(self, path: Path) -> Path:
        shape = [None] * 4
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            [*self.nodes, helper.make_node("Identity", [self.last], ["y"])],
            "g",
            [value("x", TensorProto.FLOAT, shape)],
            [value("y", TensorProto.FLOAT, None)],
            self.tensors,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
        return path


def _check(graph: _Graph, model: nn.Module, tmp_path: Path) -> None:
    path = graph.save(tmp_path / "m.onnx")
    load_onnx(model, path)
    x = torch.randn(2, 4, 6, 8)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = torch.from_numpy(session.run(None, {"x": x.numpy()})[0])
    with torch.no_grad():
        assert relative(expected, model.eval()(x)) < 1e-5


@pytest.mark.parametrize(
    "form", ["norm", "bias and norm", "bias inside", "bias behind", "bias in front", "none"]
)
def test_convolution_with_normalisation_in_every_form(form: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    graph = _Graph()
    weight = graph.constant(6, 4, 3, 3)
    inside = [graph.constant(6)] if form in ("bias inside", "bias and norm") else []
    graph.add("Conv", weight, *inside, pads=[1, 1, 1, 1])
    if "norm" in form:
        graph.norm(6)
    elif form == "bias behind":
        graph.add("Add", graph.constant(1, 6, 1, 1))
    elif form == "bias in front":
        bias, convolved = graph.constant(1, 6, 1, 1), graph.last
        graph.last = bias
        graph.add("Add", convolved)
    graph.add("Relu")
    _check(graph, ConvBN(4, 6, 3, act="relu"), tmp_path)


def test_transposed_and_plain_convolutions_linear_layers_and_affine_maps(tmp_path: Path) -> None:
    torch.manual_seed(1)
    graph = _Graph()
    graph.add("ConvTranspose", graph.constant(4, 5, 2, 2), graph.constant(5), strides=[2, 2]).norm(5)
    graph.add("Mul", graph.constant(1)).add("Add", graph.constant(1))
    graph.add("Conv", graph.constant(3, 5, 1, 1)).add("Add", graph.constant(1, 3, 1, 1))
    factor = graph.constant(1)
    graph.add("Mul", factor)  # dropout's: belongs to no layer
    graph.add("Transpose", perm=[0, 2, 3, 1]).add("MatMul", graph.constant(3, 7)).add(
        "Add", graph.constant(7)
    )
    graph.add("LayerNormalization", graph.constant(7), graph.constant(7))
    value = float(numpy_helper.to_array(next(t for t in graph.tensors if t.name == factor))[0])

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up, self.norm = nn.ConvTranspose2d(4, 5, 2, 2), nn.BatchNorm2d(5)
            self.affine, self.down = LearnableAffine(), nn.Conv2d(5, 3, 1)
            self.linear, self.layer_norm = nn.Linear(3, 7), nn.LayerNorm(7)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = value * self.down(self.affine(self.norm(self.up(x))))
            return self.layer_norm(self.linear(x.permute(0, 2, 3, 1)))

    _check(graph, Model(), tmp_path)


def test_weights_that_are_left_over_are_an_error(tmp_path: Path) -> None:
    graph = _Graph()
    graph.add("Conv", graph.constant(6, 4, 3, 3)).norm(6).add("Conv", graph.constant(2, 6, 1, 1))
    with pytest.raises(WeightsError, match=r"m\.onnx does not fit the model: 1 of its weights have no place"):
        load_onnx(ConvBN(4, 6, 3), graph.save(tmp_path / "m.onnx"))


def test_reparameterised_layers_take_fused_convolutions(tmp_path: Path) -> None:
    torch.manual_seed(2)
    graph = _Graph()
    graph.add("Conv", graph.constant(4, 1, 3, 3), group=4, pads=[1] * 4).add(
        "Add", graph.constant(1, 4, 1, 1)
    )
    graph.add("Conv", graph.constant(6, 4, 1, 1)).add("Add", graph.constant(1, 6, 1, 1))
    graph.add("Mul", graph.constant(1)).add("Add", graph.constant(1)).add("HardSwish")
    graph.add("Mul", graph.constant(1)).add("Add", graph.constant(1))
    graph.add("Conv", graph.constant(6, 1, 3, 3), group=6, pads=[1] * 4, strides=[2, 2])
    graph.add("Add", graph.constant(1, 6, 1, 1)).add("Mul", graph.constant(1)).add("Add", graph.constant(1))
    model = nn.Sequential(RepDepthwise(4), RepConv(4, 6, 1), RepConv(6, 6, 3, 2, groups=6))
    _check(graph, model, tmp_path)
    with pytest.raises(WeightsError, match="has been fused: load first"):
        load_onnx(nn.Sequential(RepDepthwise(4).fuse()), tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: ConvBN(4, 8, 3), r"shape \(8, 4, 3, 3\) where the file has a kernel of \(6, 4, 3, 3\)"),
        (lambda: nn.Sequential(ConvBN(4, 6, 3), nn.Conv2d(6, 2, 1)), "fewer weights than the model"),
        (lambda: nn.Conv2d(4, 6, 3, bias=False), "no place in the model|has a bias"),
        (lambda: nn.Linear(4, 6), r"a matrix of shape \(4, 6\) where the file has a kernel"),
    ],
)
def test_misfits_name_the_layer(model, message: str, tmp_path: Path) -> None:
    graph = _Graph()
    graph.add("Conv", graph.constant(6, 4, 3, 3), graph.constant(6)).norm(6)
    with pytest.raises(WeightsError, match=message):
        load_onnx(model(), graph.save(tmp_path / "m.onnx"))
