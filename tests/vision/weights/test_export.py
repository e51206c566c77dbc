"""Exported graphs against the module: free sizes, stored precision, metadata, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from tests.vision.blocks.randomised import randomise
from torch import nn

from sampan.errors import WeightsError
from sampan.vision.blocks import ConvBN, RepDepthwise, SqueezeExcitation
from sampan.vision.weights.export import ExportForm, export_onnx
from sampan.vision.weights.onnx_tensors import onnx_metadata
from sampan.vision.weights.precision import quantise, stored

torch.set_num_threads(1)


class _Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ConvBN(3, 16, 3, 2, act="hardswish"), RepDepthwise(16), SqueezeExcitation(16)
        )
        self.wide = ConvBN(16, 300, 1, act="gelu")
        self.head = nn.Linear(300, 20)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        columns = self.wide(self.body(image)).mean(2).transpose(1, 2)  # (B, W / 2, 300)
        return {"logits": self.head(columns), "columns": columns}


OUTPUTS = {"probabilities": lambda o: o["logits"].softmax(2), "columns": lambda o: o["columns"]}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    torch.manual_seed(0)
    model = randomise(_Small())
    path = tmp_path_factory.mktemp("export") / "small.onnx"
    form = ExportForm((3, 16, 24), OUTPUTS, multiple=8)
    report = export_onnx(model, path, form, metadata={"character": "a\nb"})
    assert report.path == path and report.size == path.stat().st_size
    assert report.difference == report.graph_difference < 1e-5
    assert len({shape[0] for shape in report.shapes}) > 1 and len({shape[2:] for shape in report.shapes}) == 4
    assert isinstance(model.wide.normalization, nn.BatchNorm2d), "exporting must not change the model"
    return model, path


@pytest.mark.parametrize("size", [(1, 3, 8, 8), (5, 3, 32, 200), (2, 3, 17, 31)])
def test_graph_computes_what_the_module_computes_at_any_size(
    exported: tuple[nn.Module, Path], size: tuple[int, ...]
) -> None:
    model, path = exported
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["batch", 3, "height", "width"]
    assert [output.name for output in session.get_outputs()] == list(OUTPUTS)
    x = torch.randn(size)
    with torch.no_grad():
        outputs = model(x)
    for given, take in zip(session.run(None, {"x": x.numpy()}), OUTPUTS.values(), strict=True):
        np.testing.assert_allclose(given, take(outputs).numpy(), atol=1e-5)


def test_file_holds_metadata_and_no_notes_on_where_it_was_made(exported: tuple[nn.Module, Path]) -> None:
    _, path = exported
    assert onnx_metadata(path) == {"character": "a\nb"}
    assert b"site-packages" not in path.read_bytes() and b".py" not in path.read_bytes()
    assert not any(node.op_type == "BatchNormalization" for node in onnx.load(path).graph.node)


@pytest.mark.parametrize(("precision", "share", "limit"), [("fp16", 0.62, 2e-3), ("int8", 0.45, 2e-2)])
def test_stored_precision_is_smaller_and_near(
    exported: tuple[nn.Module, Path], precision: str, share: float, limit: float
) -> None:
    _, path = exported
    whole = onnx.load(path)
    smaller = stored(whole, precision)
    assert smaller.ByteSize() < share * whole.ByteSize()
    onnx.checker.check_model(smaller)
    x = np.random.default_rng(0).standard_normal((2, 3, 24, 40), np.float32)
    first, second = (
        ort.InferenceSession(m.SerializeToString()).run(None, {"x": x}) for m in (whole, smaller)
    )
    for a, b in zip(first, second, strict=True):
        assert 0 < np.abs(a - b).max() < limit * max(1.0, np.abs(a).max())


def test_int8_has_a_scale_for_each_output_channel() -> None:
    values = np.random.default_rng(1).standard_normal((6, 50, 3, 3)).astype(np.float32)
    values *= 10.0 ** np.arange(-3, 3)[:, None, None, None]
    values[2] = 0
    codes, scale = quantise(values, 0)
    assert codes.dtype == np.int8 and scale.shape == (6, 1, 1, 1)
    assert np.abs(codes).max(axis=(1, 2, 3)).tolist() == [127, 127, 0, 127, 127, 127]
    assert (
        np.abs(codes * scale - values) <= scale * 0.5001
    ).all()  # half a step, and rounding of the division


def test_matrices_and_transposed_convolutions_are_scaled_by_their_outputs() -> None:
    random = np.random.default_rng(2)
    weights = {
        "conv": random.standard_normal((80, 8, 3, 3)),
        "up": random.standard_normal((80, 40, 2, 2)) * np.logspace(-2, 2, 40)[None, :, None, None],
        "matrix": random.standard_normal((40, 200)) * np.logspace(-2, 2, 200),
    }
    nodes = [
        helper.make_node("Conv", ["x", "conv"], ["a"], pads=[1] * 4),
        helper.make_node("ConvTranspose", ["a", "up"], ["b"], strides=[2, 2]),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 2, 3, 1]),
        helper.make_node("MatMul", ["c", "matrix"], ["y"]),
    ]
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "xy"]
    model = helper.make_model(
        helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    scales = {
        t.name: tuple(t.dims) for t in stored(model, "int8").graph.initializer if t.name.endswith("scale")
    }
    assert scales == {"conv.scale": (80, 1, 1, 1), "up.scale": (1, 40, 1, 1), "matrix.scale": (1, 200)}
    assert {t.name for t in model.graph.initializer} == set(weights), "the graph given must stay as it is"


def test_values_beyond_half_precision_stay_in_float32() -> None:
    values = np.linspace(-1e5, 1e5, 400, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g", [], [], [numpy_helper.from_array(values, "w")]
    )
    (kept,) = stored(helper.make_model(graph), "fp16").graph.initializer
    assert kept.name == "w" and kept.data_type == TensorProto.FLOAT


class _Drifting(nn.Module):
    """Computes something else in every call, as a module does that keeps state."""

    calls = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        type(self).calls += 1
        return image * float(self.calls)


def test_graph_that_differs_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "drifting.onnx"
    with pytest.raises(WeightsError, match=r"from the module, more than 0\.0001"):
        export_onnx(_Drifting(), path, ExportForm((3, 8, 8), {"y": lambda y: y}))
    assert not list(tmp_path.iterdir())
