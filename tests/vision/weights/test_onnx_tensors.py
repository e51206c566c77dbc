"""Constants out of ONNX files: both ways of storing them, in the order of computing, subgraphs included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sampan.errors import WeightsError
from sampan.vision.weights import onnx_metadata, onnx_operators, onnx_tensors


def _tensor(name: str, *values: float) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.float32), name)


def _constant(name: str, *values: float) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=_tensor(f"{name}.value", *values))


def _value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None])


def _save(path: Path, nodes: list[onnx.NodeProto], initialisers: list[TensorProto], **metadata: str) -> Path:
    graph = helper.make_graph(nodes, "g", [_value("x")], [_value("y")], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def test_initialisers_and_constant_nodes_come_in_order_of_use(tmp_path: Path) -> None:
    file = _save(
        tmp_path / "m.onnx",
        [
            _constant("late", 3, 4),
            _constant("early", 1, 2),
            helper.make_node("Mul", ["x", "early"], ["a"]),
            helper.make_node("Identity", ["shared"], ["copy"]),
            helper.make_node("Add", ["a", "copy"], ["b"]),
            helper.make_node("Add", ["late", "b"], ["c"]),
            helper.make_node("Add", ["c", "shared"], ["y"]),
        ],
        [_tensor("unused", 9), _tensor("shared", 5, 6)],
        character="a\nb",
    )
    tensors = onnx_tensors(file)
    assert list(tensors) == ["early", "shared", "late", "unused"]
    assert [t.tolist() for t in tensors.values()] == [[1, 2], [5, 6], [3, 4], [9]]
    operators = onnx_operators(file)
    assert [o.kind for o in operators] == ["Mul", "Add", "Add", "Add"]
    assert operators[1].constants[1].tolist() == [5, 6] and operators[2].constants[0].tolist() == [3, 4]
    assert onnx_metadata(file) == {"character": "a\nb"}


def test_subgraphs_stand_where_their_node_stands_and_see_outer_constants(tmp_path: Path) -> None:
    def branch(name: str, value: float) -> onnx.GraphProto:
        nodes = [
            _constant("w", value),
            helper.make_node("Mul", ["x", "w"], [f"{name}.a"]),
            helper.make_node("Add", [f"{name}.a", "outer"], [f"{name}.y"]),
        ]
        return helper.make_graph(nodes, name, [], [_value(f"{name}.y")])

    file = _save(
        tmp_path / "m.onnx",
        [
            helper.make_node("If", ["flag"], ["z"], then_branch=branch("t", 1), else_branch=branch("e", 2)),
            helper.make_node("Add", ["z", "after"], ["y"]),
        ],
        [_tensor("after", 8), numpy_helper.from_array(np.array(True), "flag"), _tensor("outer", 7)],
    )
    tensors = onnx_tensors(file)
    assert list(tensors) == ["flag", "w", "outer", "w@2", "after"]
    assert tensors["w"].tolist() == [2] and tensors["w@2"].tolist() == [1]  # attributes are sorted by name
    operators = onnx_operators(file)
    assert [o.kind for o in operators] == ["If", "Mul", "Add", "Mul", "Add", "Add"]
    assert operators[2].constants[1].tolist() == [7], "a subgraph reads what lies outside"


def test_numbers_given_as_attributes_are_constants_too(tmp_path: Path) -> None:
    file = _save(
        tmp_path / "m.onnx",
        [
            helper.make_node("Constant", [], ["half"], value_float=0.5),
            helper.make_node("Constant", [], ["pair"], value_ints=[2, 3]),
            helper.make_node("Mul", ["x", "half"], ["a"]),
            helper.make_node("Reshape", ["a", "pair"], ["y"]),
        ],
        [],
    )
    tensors = onnx_tensors(file)
    assert tensors["half"] == np.float32(0.5) and tensors["pair"].tolist() == [2, 3]


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"not a graph", b"\x3a\xff\xff\xff\x7f"])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "weights.onnx"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.onnx"):
        onnx_tensors(file)
    with pytest.raises(WeightsError, match="does not exist"):
        onnx_tensors(tmp_path / "none.onnx")
