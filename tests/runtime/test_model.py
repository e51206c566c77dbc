from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sampan.errors import WeightsError
from sampan.runtime import open_model, usable_cores


def model_bytes() -> bytes:
    """total = a + b, twice = a + a"""
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3])
        for name in ("a", "b", "total", "twice")
    }
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["total"]), helper.make_node("Add", ["a", "a"], ["twice"])],
        "sums",
        [values["a"], values["b"]],
        [values["total"], values["twice"]],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    helper.set_model_props(model, {"character": "α\nβ", "author": "nobody"})
    return bytes(model.SerializeToString())


def test_inputs_outputs_and_metadata_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sums.onnx"
    path.write_bytes(model_bytes())
    for source in (path, str(path), model_bytes()):
        model = open_model(source, 1)
        assert model.inputs == {"a": ("N", 3), "b": ("N", 3)}
        assert model.outputs == ["total", "twice"] and model.output_shapes == [("N", 3), ("N", 3)]
        assert model.metadata == {"character": "α\nβ", "author": "nobody"}


@pytest.mark.parametrize("rows", [1, 5])
def test_runs_in_the_order_of_outputs(rows: int) -> None:
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(2, rows, 3)).astype(np.float32)
    total, twice = open_model(model_bytes(), 1)({"b": b, "a": a})
    np.testing.assert_allclose(total, a + b)
    np.testing.assert_allclose(twice, 2 * a)


def test_a_bare_array_goes_to_the_only_input() -> None:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "negative", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    assert open_model(model.SerializeToString())(np.ones(4, np.float32))[0].tolist() == [-1] * 4


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.onnx"
    for source in (path, str(path)):
        with pytest.raises(WeightsError, match=r"nowhere\.onnx does not exist"):
            open_model(source)


@pytest.mark.parametrize("content", [b"", b"garbage", model_bytes()[:-9]])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged\.onnx cannot be opened"):
        open_model(path)


def test_damaged_bytes_are_said_to_be_in_memory() -> None:
    with pytest.raises(WeightsError, match="model in memory"):
        open_model(b"garbage")


def test_external_shapes_match_the_onnx_package() -> None:
    graph = onnx.load_from_string(model_bytes()).graph
    assert list(open_model(model_bytes()).inputs) == [value.name for value in graph.input]


def test_some_core_is_usable() -> None:
    assert usable_cores() >= 1
