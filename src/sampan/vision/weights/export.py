"""Models out as ONNX with free batch, height and width, compared with the module after every export.

    form = ExportForm((3, 48, 320), {"probabilities": lambda outputs: outputs["ctc"].softmax(2)}, ("batch", "width"))
    report = export_onnx(model, "reader.onnx", form, metadata={"character": "\\n".join(characters)}, precision="fp16")

The graph is made of a fused copy in evaluation mode. ONNX Runtime then reads the written file at several sizes, and
an output that is further from the module's than the tolerance is an error: no file is left behind.
"""

from __future__ import annotations

import copy
import itertools
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sampan.errors import WeightsError
from sampan.vision.blocks.fusion import fuse
from sampan.vision.weights.precision import Precision, stored

Axis = Literal["batch", "height", "width"]
OPSET = 18
_AXES: dict[Axis, int] = {"batch": 0, "height": 2, "width": 3}


@dataclass(frozen=True)
class ExportForm:
    """What an exported graph takes and gives."""

    shape: tuple[int, int, int]
    """Channels, height and width of an ordinary input."""
    outputs: Mapping[str, Callable[[Any], Tensor]]
    """Names of the graph's outputs, and how each is made of what the model returns."""
    dynamic: tuple[Axis, ...] = ("batch", "height", "width")
    """Axes that may have any size."""
    multiple: int = 32
    """Heights and widths that the model takes are multiples of this."""
    input: str = "x"


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how far it is from the module."""

    path: Path
    size: int
    """Bytes of the file."""
    precision: Precision
    graph_difference: float
    """Largest |Δ| between the module and the float32 graph, over all outputs and checked sizes."""
    difference: float
    """The same for the written file: with fp16 and int8 it holds the loss of precision."""
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    """Input sizes that were compared."""


def export_onnx(
    model: nn.Module,
    path: Path | str,
    form: ExportForm,
    *,
    metadata: Mapping[str, str] | None = None,
    precision: Precision = "fp32",
    tolerance: float = 1e-4,
    sample: NDArray[np.float32] | None = None,
) -> ExportReport:
    """Write `model` to `path`; the model itself is not changed.

    Args:
        model: any module that takes one picture tensor (B, C, H, W); it is copied, fused and set to evaluation.
        path: file to write, `.onnx` by custom.
        form: inputs and outputs of the graph.
        metadata: text that the file carries, such as `character`: the names of classes, one a line.
        precision: how weights are stored (`precision.stored`); computing is in float32 always.
        tolerance: largest |Δ| allowed between the module and the float32 graph.
        sample: real inputs (B, C, H, W) to compare on besides noise.

    Raises:
        WeightsError: the graph computes something else than the module.
    """
    path = Path(path)
    exported = _Exported(fuse(copy.deepcopy(model)).eval().float().cpu(), form)
    graph = exported.graph()
    for key, value in (metadata or {}).items():
        graph.metadata_props.add(key=key, value=value)
    inputs = [*_inputs(form), *([sample] if sample is not None else [])]
    expected = [exported.run(array) for array in inputs]
    graph_difference = _difference(graph, form, inputs, expected)
    if not graph_difference <= tolerance:
        raise WeightsError(
            f"the exported graph is {graph_difference:.2g} from the module, more than {tolerance:.2g}: "
            "does the model decide by values or by sizes in Python?"
        )
    difference = graph_difference
    if precision != "fp32":
        graph = stored(graph, precision)
        difference = _difference(graph, form, inputs, expected)
    written = graph.SerializeToString()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(written)
    partial.replace(path)
    shapes = [array.shape for array in inputs]
    return ExportReport(path, len(written), precision, graph_difference, difference, shapes)


class _Exported(nn.Module):
    """The model with the form's outputs as a tuple, which is what a graph has."""

    def __init__(self, model: nn.Module, form: ExportForm) -> None:
        super().__init__()
        self.model, self.form = model, form

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        outputs = self.model(image)
        return tuple(take(outputs) for take in self.form.outputs.values())

    @torch.no_grad()
    def run(self, array: NDArray[np.float32]) -> list[NDArray[Any]]:
        return [output.numpy() for output in self(torch.from_numpy(array))]

    def graph(self) -> Any:
        """The ONNX model of this module."""
        form = self.form
        example = torch.zeros(2, *form.shape)
        free = {_AXES[axis]: torch.export.Dim.DYNAMIC for axis in form.dynamic}
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                self,
                (example,),
                None,
                dynamo=True,
                dynamic_shapes=(free,),
                opset_version=OPSET,
                input_names=[form.input],
                output_names=list(form.outputs),
                external_data=False,
                verbose=False,
            )
        assert program is not None
        graph = program.model_proto
        _tidy(graph, form)
        return graph


def _inputs(form: ExportForm) -> Iterator[NDArray[np.float32]]:
    """Noise of several sizes along the free axes."""
    channels, height, width = form.shape
    random = np.random.default_rng(0)
    batches = (1, 3) if "batch" in form.dynamic else (2,)
    heights = (height, height + form.multiple) if "height" in form.dynamic else (height,)
    widths = (width, width + 3 * form.multiple) if "width" in form.dynamic else (width,)
    for batch, (h, w) in zip(itertools.cycle(batches), itertools.product(heights, widths), strict=False):
        yield random.standard_normal((batch, channels, h, w), np.float32)
    if len(heights) == len(widths) == 1 and len(batches) > 1:
        yield random.standard_normal((batches[1], channels, height, width), np.float32)


def _difference(
    graph: Any, form: ExportForm, inputs: list[NDArray[np.float32]], expected: list[list[NDArray[Any]]]
) -> float:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for array, wanted in zip(inputs, expected, strict=True):
        given = session.run(list(form.outputs), {form.input: array})
        for ours, theirs in zip(wanted, given, strict=True):
            if ours.shape != theirs.shape:
                return float("inf")
            difference = np.abs(ours.astype(np.float64) - theirs)
            largest = max(
                largest, float(difference.max(initial=0.0)) if np.isfinite(difference).all() else np.inf
            )
    return largest


def _tidy(graph: Any, form: ExportForm) -> None:
    """Plain names for free axes instead of the formulas that tracing leaves, and no notes on sources."""
    names: dict[str, str] = {}
    for value in graph.graph.input:
        for axis, place in _AXES.items():
            dimension = value.type.tensor_type.shape.dim[place]
            if axis in form.dynamic:
                names[dimension.dim_param] = axis
                dimension.dim_param = axis
    for value in graph.graph.output:
        for place, dimension in enumerate(value.type.tensor_type.shape.dim):
            if dimension.dim_param:
                dimension.dim_param = names.get(dimension.dim_param, f"{value.name}_{place}")
    del graph.graph.value_info[:]
    # The exporter notes lines of source and names, more bytes than a small model has weights.
    for noted in (
        graph.graph,
        *graph.graph.node,
        *graph.graph.input,
        *graph.graph.output,
        *graph.graph.initializer,
    ):
        del noted.metadata_props[:]
        noted.doc_string = ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on packages that nobody asked for."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
