"""Softmax taken off and classes cut on the wire format, against the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_dynamic, quantize_static

from sampan.errors import WeightsError
from sampan.runtime import open_model
from sampan.runtime.graph import with_classes, without_final_softmax
from sampan.vision.weights.precision import Precision, stored
from sampan.weights import locate


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def small_model(*operators: str) -> bytes:
    """A chain of unary operators from `x` to `y`."""
    names = ["x", *(f"between {i}" for i in range(len(operators) - 1)), "y"]
    nodes = [
        helper.make_node(
            operator, [names[i]], [names[i + 1]], **({"axis": -1} if operator == "Softmax" else {})
        )
        for i, operator in enumerate(operators)
    ]
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 7]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "chain", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    helper.set_model_props(model, {"character": "a\nb"})
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("name", ["pp-ocrv6-tiny-rec", "pp-ocrv6-small-rec"])
def test_probabilities_of_the_logits_are_the_models_own(name: str) -> None:
    whole = locate(name).read_bytes()
    strips = np.random.default_rng(3).uniform(-1, 1, (2, 3, 48, 104)).astype(np.float32)
    expected = open_model(whole, 1)(strips)[0]
    logits = open_model(without_final_softmax(whole), 1)(strips)[0]
    assert np.abs(expected.sum(axis=-1) - 1).max() < 1e-4
    assert logits.shape == expected.shape and logits.max() > 1.5
    # ONNX Runtime sums up to 18,710 powers in single precision, the reference in double.
    assert np.abs(softmax(logits) - expected).max() < 5e-5


def test_only_the_last_node_changes() -> None:
    original = onnx.load_from_string(locate("pp-ocrv6-tiny-rec").read_bytes())
    edited = onnx.load_from_string(without_final_softmax(original.SerializeToString()))
    onnx.checker.check_model(edited)
    changed = [
        (before, after)
        for before, after in zip(original.graph.node, edited.graph.node, strict=True)
        if before != after
    ]
    assert [(before.op_type, after.op_type) for before, after in changed] == [("Softmax", "Identity")]
    ((before, after),) = changed
    assert list(after.input) == list(before.input) and list(after.output) == list(before.output)
    for field in ("initializer", "input", "output", "value_info"):
        assert getattr(edited.graph, field) == getattr(original.graph, field)
    assert edited.opset_import == original.opset_import


def test_softmax_inside_stays_and_so_does_the_metadata() -> None:
    edited = onnx.load_from_string(without_final_softmax(small_model("Softmax", "Relu", "Softmax")))
    assert [node.op_type for node in edited.graph.node] == ["Softmax", "Relu", "Identity"]
    assert [(pair.key, pair.value) for pair in edited.metadata_props] == [("character", "a\nb")]


@pytest.mark.parametrize("operators", [("Relu",), ("Softmax", "Relu"), ("Sigmoid", "Tanh")])
def test_a_model_that_does_not_end_in_softmax_is_returned_as_it_is(operators: tuple[str, ...]) -> None:
    model = small_model(*operators)
    assert without_final_softmax(model) == model


def test_detector_is_returned_as_it_is() -> None:
    model = locate("pp-ocrv6-tiny-det").read_bytes()
    assert without_final_softmax(model) == model


@pytest.mark.parametrize("kept", [1, 10, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_named_as_such(kept: float) -> None:
    model = locate("pp-ocrv6-tiny-rec").read_bytes()
    with pytest.raises(WeightsError):
        open_model(without_final_softmax(model[: int(kept if kept >= 1 else kept * len(model))]))


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 64, b"<html>not here</html>", b"\x0f\x01\x02", b"\x3a\xff\x01ab"]
)
def test_garbage_is_no_model(garbage: bytes) -> None:
    with pytest.raises(WeightsError, match="ONNX"):
        without_final_softmax(garbage)


@pytest.mark.parametrize("name", ["pp-ocrv6-tiny-rec", "pp-ocrv6-small-rec"])
def test_a_part_of_the_classes_has_the_same_logits(name: str) -> None:
    whole = without_final_softmax(locate(name).read_bytes())
    strips = np.random.default_rng(4).uniform(-1, 1, (1, 3, 48, 120)).astype(np.float32)
    expected = open_model(whole, 1)(strips)[0]
    classes = np.random.default_rng(5).permutation(expected.shape[-1])[:700].tolist()
    part = with_classes(whole, classes)
    onnx.checker.check_model(onnx.load_from_string(part))
    assert len(part) < len(whole)
    logits = open_model(part, 1)(strips)[0]
    assert logits.shape == (*expected.shape[:2], 700)
    # The same products, summed in another order of blocks.
    assert np.abs(logits - expected[..., classes]).max() < 1e-4


@pytest.mark.parametrize("classes", [[], [-1, 2], [0, 6906]])
def test_classes_that_do_not_exist_are_refused(classes: list[int]) -> None:
    with pytest.raises(WeightsError, match="classes must lie in 0 … 6905"):
        with_classes(locate("pp-ocrv6-tiny-rec").read_bytes(), classes)


def test_a_model_without_a_last_layer_is_refused() -> None:
    with pytest.raises(WeightsError, match="no weights with 7 columns"):
        with_classes(small_model("Relu", "Softmax"), [0, 1])


CLASSES = 96
"""As many as the small reader has features: only the graph tells its two layers apart."""


def small_reader(precision: str, folder: Path) -> bytes:
    """Two matrix products of 96 columns and a softmax, whose weights are stored in one of several ways."""
    random = np.random.default_rng(8)
    kind, half = (TensorProto.FLOAT16, np.float16) if precision == "half" else (TensorProto.FLOAT, np.float32)
    first, second = (random.normal(0, 0.3, (CLASSES, CLASSES)).astype(half) for _ in range(2))
    tensors = {"first": first, "second": second, "bias": random.normal(0, 1, CLASSES).astype(half)}
    nodes = [
        helper.make_node("MatMul", ["x", "first"], ["middle"]),
        helper.make_node("Relu", ["middle"], ["positive"]),
        helper.make_node("MatMul", ["positive", "second"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"], axis=-1),
    ]
    ends = [helper.make_tensor_value_info(name, kind, ["N", "T", CLASSES]) for name in ("x", "y")]
    noted = [helper.make_tensor_value_info("product", kind, ["N", "T", CLASSES])]
    initialisers = [numpy_helper.from_array(value, name) for name, value in tensors.items()]
    graph = helper.make_graph(nodes, "reader", ends[:1], ends[1:], initialisers, value_info=noted)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if precision in ("fp16", "int8"):
        return bytes(stored(model, cast(Precision, precision)).SerializeToString())
    if precision in ("dynamic", "qdq"):
        given, made = folder / "given.onnx", folder / "made.onnx"
        onnx.save(model, given)
        common = {"per_channel": True, "op_types_to_quantize": ["MatMul"]}
        if precision == "dynamic":
            quantize_dynamic(given, made, **common)
        else:
            quantize_static(given, made, Noise(), quant_format=QuantFormat.QDQ, **common)
        return made.read_bytes()
    return bytes(model.SerializeToString())


class Noise(CalibrationDataReader):
    def __init__(self) -> None:
        self.left = 2

    def get_next(self) -> dict[str, np.ndarray] | None:
        self.left -= 1
        return {"x": features(self.left)} if self.left >= 0 else None


def features(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (2, 5, CLASSES)).astype(np.float32)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8", "dynamic", "qdq", "half"])
def test_classes_are_cut_however_the_weights_are_stored(precision: str, tmp_path: Path) -> None:
    model = small_reader(precision, tmp_path)
    probabilities = open_model(model, 1)(features(9))[0]
    whole = without_final_softmax(model)
    expected = open_model(whole, 1)(features(9))[0]
    assert probabilities.dtype == expected.dtype == np.float32
    # Half precision: 11 bits of probabilities up to 1, and of logits up to 60.
    assert np.abs(softmax(expected) - probabilities).max() < (2e-2 if precision == "half" else 1e-5)
    classes = np.random.default_rng(5).permutation(CLASSES)[:17].tolist()
    part = with_classes(whole, classes)
    onnx.checker.check_model(onnx.load_from_string(part), full_check=True)
    # The same products, in half precision perhaps summed in another order.
    assert np.abs(open_model(part, 1)(features(9))[0] - expected[..., classes]).max() < (
        0.1 if precision == "half" else 1e-4
    )


def test_a_softmax_in_half_precision_under_a_cast_is_found() -> None:
    model = onnx.load_from_string(small_model("Softmax"))
    model.graph.node[0].output[0] = "half"
    model.graph.node.append(helper.make_node("Cast", ["half"], ["y"], to=TensorProto.FLOAT))
    edited = onnx.load_from_string(without_final_softmax(model.SerializeToString()))
    assert [node.op_type for node in edited.graph.node] == ["Identity", "Cast"]


def test_weights_in_an_unknown_way_are_refused(tmp_path: Path) -> None:
    model = onnx.load_from_string(small_reader("fp32", tmp_path))
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    with pytest.raises(WeightsError, match=r"weights .* are not stored as float32, float16 or int8"):
        with_classes(model.SerializeToString(), [1, 2])
