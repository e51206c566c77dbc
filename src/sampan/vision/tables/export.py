"""SLANet as one ONNX graph with its loop, in the form of the released models, which `sampan parse` reads.

Input `x` (B, 3, H, W); outputs `location` (B, T, 4 or 8) and `probability` (B, T, V); the tokens without `sos` and
`eos` in the file's `character`, one a line. Backbone and neck are traced; the reader's steps are a `Loop` that ends
when every table of the batch has ended. The graph is compared with the module after the export.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sampan.errors import OptionError, WeightsError
from sampan.vision.tables.location_after_loop import LocationAfterLoop
from sampan.vision.tables.picture import SIDE
from sampan.vision.tables.sla_head import SLAHead
from sampan.vision.tables.slanet import SLANet
from sampan.vision.tables.vocabulary import StructureVocabulary
from sampan.vision.weights.export import ExportForm, ExportReport, export_onnx
from sampan.vision.weights.precision import Precision, stored

FEATURES = "features"
CHECKED = 48
"""Steps that are compared after the export."""


def export_table_reader(
    model: SLANet,
    path: Path | str,
    vocabulary: StructureVocabulary,
    side: int = SIDE,
    precision: Precision = "fp32",
    tolerance: float = 1e-4,
) -> ExportReport:
    """Write the reader with free batch, height and width.

    Raises:
        OptionError: the model locates after the loop, which has no such form.
        WeightsError: the graph computes something else than the module.
    """
    path = Path(path)
    if isinstance(model.head.location, LocationAfterLoop):
        raise OptionError("a model with locate: after-loop has no ONNX form: export it as .safetensors")
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        encoder = Path(folder) / "encoder.onnx"
        form = ExportForm((3, side, side), {FEATURES: _features}, dynamic=("batch",), input="x")
        export_onnx(_Encoder(model), encoder, form)
        graph = onnx.load(encoder)
    _append_loop(graph, model.head)
    graph.metadata_props.add(key="character", value="\n".join(vocabulary.tokens[1:-1]))
    onnx.checker.check_model(graph)
    exact = _difference(graph, model, side)
    if not exact <= tolerance:
        raise WeightsError(f"the exported graph is {exact:.2g} from the module, more than {tolerance:.2g}")
    difference = exact
    if precision != "fp32":
        graph = stored(graph, precision)
        difference = _difference(graph, model, side)
    written = graph.SerializeToString()
    path.write_bytes(written)
    return ExportReport(path, len(written), precision, exact, difference, [(2, 3, side, side)])


class _Encoder(nn.Module):
    def __init__(self, model: SLANet) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return self.model.features(image)


def _features(output: Tensor) -> Tensor:
    return output


def _append_loop(model: Any, head: SLAHead) -> None:
    """The reader behind the output `features`, which stops being an output."""
    from onnx import TensorProto, helper

    graph = model.graph
    graph.initializer.extend(_weights(head))
    node = helper.make_node
    body = helper.make_graph(
        _step_nodes(),
        "step",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on_before", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, ["batch", head.hidden]),
            helper.make_tensor_value_info("token", TensorProto.INT64, ["batch"]),
            helper.make_tensor_value_info("ended", TensorProto.BOOL, ["batch"]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("new_state", TensorProto.FLOAT, ["batch", head.hidden]),
            helper.make_tensor_value_info("new_token", TensorProto.INT64, ["batch"]),
            helper.make_tensor_value_info("new_ended", TensorProto.BOOL, ["batch"]),
            helper.make_tensor_value_info("step_logits", TensorProto.FLOAT, ["batch", head.vocabulary]),
            helper.make_tensor_value_info("step_location", TensorProto.FLOAT, None),
        ],
    )
    zero = helper.make_tensor("zero", TensorProto.INT64, [1], [0])
    graph.node.extend(
        [
            node("MatMul", [FEATURES, "attend_features"], ["keys"]),
            node("Shape", [FEATURES], ["batch_size"], start=0, end=1),
            node("Concat", ["batch_size", "hidden_size"], ["state_shape"], axis=0),
            node("ConstantOfShape", ["state_shape"], ["first_state"]),
            node("ConstantOfShape", ["batch_size"], ["first_token"], value=zero),
            node("Cast", ["first_token"], ["first_ended"], to=TensorProto.BOOL),
            node(
                "Loop",
                ["most_steps", "true", "first_state", "first_token", "first_ended"],
                ["last_state", "last_token", "last_ended", "all_logits", "all_locations"],
                body=body,
            ),
            node("Transpose", ["all_logits"], ["logits"], perm=[1, 0, 2]),
            node("Softmax", ["logits"], ["probability"], axis=2),
            node("Transpose", ["all_locations"], ["location"], perm=[1, 0, 2]),
        ]
    )
    del graph.output[:]
    location = _linears(head.location)[-1].out_features
    graph.output.extend(
        [
            helper.make_tensor_value_info("location", TensorProto.FLOAT, ["batch", "steps", location]),
            helper.make_tensor_value_info(
                "probability", TensorProto.FLOAT, ["batch", "steps", head.vocabulary]
            ),
        ]
    )


def _weights(head: SLAHead) -> list[Any]:
    from onnx import numpy_helper

    def array(value: Tensor) -> Any:
        return value.detach().cpu().float().numpy()

    tensors: dict[str, Any] = {
        "attend_features": array(head.attend_features.weight.T),
        "attend_state": array(head.attend_state.weight.T),
        "attend_bias": array(head.attend_state.bias),
        "attend": array(head.attend.weight.T),
        "input_gates": array(head.cell.weight_ih.T),
        "input_bias": array(head.cell.bias_ih),
        "state_gates": array(head.cell.weight_hh.T),
        "state_bias": array(head.cell.bias_hh),
        "hidden_size": np.array([head.hidden], np.int64),
        "most_steps": np.array(head.max_tokens + 1, np.int64),
        "true": np.array(True),
        "one": np.array([1], np.int64),
        "depth": np.array(head.vocabulary, np.int64),
        "off_and_on": np.array([0, 1], np.float32),
        "end_token": np.array(head.vocabulary - 1, np.int64),
    }
    for name, part in (("structure", head.structure), ("location", head.location)):
        for number, layer in enumerate(_linears(part)):
            tensors[f"{name}_{number}"] = array(layer.weight.T)
            tensors[f"{name}_bias_{number}"] = array(layer.bias)
    return [numpy_helper.from_array(np.array(value, order="C"), name) for name, value in tensors.items()]


def _linears(part: nn.Module) -> list[nn.Linear]:
    return [layer for layer in part.modules() if isinstance(layer, nn.Linear)]


def _step_nodes() -> list[Any]:
    """One step of `SLAHead` (its formula stands there), with `features` and `keys` of the graph around."""
    from onnx import TensorProto, helper

    node = helper.make_node
    nodes = [
        node("MatMul", ["state", "attend_state"], ["query_raw"]),
        node("Add", ["query_raw", "attend_bias"], ["query"]),
        node("Unsqueeze", ["query", "one"], ["query_everywhere"]),
        node("Add", ["keys", "query_everywhere"], ["energy_raw"]),
        node("Tanh", ["energy_raw"], ["energy_hidden"]),
        node("MatMul", ["energy_hidden", "attend"], ["energy"]),
        node("Softmax", ["energy"], ["attention"], axis=1),
        node("Transpose", ["attention"], ["attention_row"], perm=[0, 2, 1]),
        node("MatMul", ["attention_row", FEATURES], ["context_row"]),
        node("Squeeze", ["context_row", "one"], ["context"]),
        node("OneHot", ["token", "depth", "off_and_on"], ["one_hot"]),
        node("Concat", ["context", "one_hot"], ["read"], axis=1),
        node("MatMul", ["read", "input_gates"], ["input_raw"]),
        node("Add", ["input_raw", "input_bias"], ["input_all"]),
        node("MatMul", ["state", "state_gates"], ["state_raw"]),
        node("Add", ["state_raw", "state_bias"], ["state_all"]),
        node("Split", ["input_all"], ["input_r", "input_z", "input_n"], axis=1, num_outputs=3),
        node("Split", ["state_all"], ["state_r", "state_z", "state_n"], axis=1, num_outputs=3),
        node("Add", ["input_r", "state_r"], ["reset_raw"]),
        node("Sigmoid", ["reset_raw"], ["reset"]),
        node("Add", ["input_z", "state_z"], ["update_raw"]),
        node("Sigmoid", ["update_raw"], ["update"]),
        node("Mul", ["reset", "state_n"], ["kept"]),
        node("Add", ["input_n", "kept"], ["candidate_raw"]),
        node("Tanh", ["candidate_raw"], ["candidate"]),
        node("Sub", ["state", "candidate"], ["change"]),
        node("Mul", ["update", "change"], ["part_of_change"]),
        node("Add", ["candidate", "part_of_change"], ["new_state"]),
    ]
    for name, last in (("structure", "step_logits"), ("location", "location_raw")):
        nodes += [
            node("MatMul", ["new_state", f"{name}_0"], [f"{name}_hidden_raw"]),
            node("Add", [f"{name}_hidden_raw", f"{name}_bias_0"], [f"{name}_hidden"]),
            node("MatMul", [f"{name}_hidden", f"{name}_1"], [f"{name}_raw_1"]),
            node("Add", [f"{name}_raw_1", f"{name}_bias_1"], [last]),
        ]
    nodes += [
        node("Sigmoid", ["location_raw"], ["step_location"]),
        node("ArgMax", ["step_logits"], ["new_token"], axis=1, keepdims=0),
        node("Equal", ["new_token", "end_token"], ["ends_now"]),
        node("Or", ["ended", "ends_now"], ["new_ended"]),
        node("Cast", ["new_ended"], ["ended_number"], to=TensorProto.INT32),
        node("ReduceMin", ["ended_number"], ["all_number"], keepdims=0),
        node("Cast", ["all_number"], ["all_ended"], to=TensorProto.BOOL),
        node("Not", ["all_ended"], ["go_on"]),
    ]
    return nodes


@torch.no_grad()
def _difference(graph: Any, model: SLANet, side: int) -> float:
    """Largest |Δ| of locations and probabilities over the first steps of two noisy pictures."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(0).standard_normal((2, 3, side, side), np.float32)
    location, probability = session.run(None, {"x": noise})
    before, training = next(model.parameters()).device, model.training
    features = model.eval().cpu().features(torch.from_numpy(noise))
    # By the graph's own tokens, so that a tie between two tokens does not end the comparison.
    tokens = torch.from_numpy(probability.argmax(-1))[:, :CHECKED]
    prediction = model.head(features, torch.cat([torch.zeros_like(tokens[:, :1]), tokens[:, :-1]], dim=1))
    model.to(before).train(training)
    return max(
        float(np.abs(prediction["locations"].numpy() - location[:, :CHECKED]).max()),
        float(np.abs(prediction["structure"].softmax(-1).numpy() - probability[:, :CHECKED]).max()),
    )
