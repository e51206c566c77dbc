"""One ONNX model, opened for CPU inference with flat memory.

Pages and lines come in every size. ONNX Runtime's arena keeps the largest block ever asked for and plans
memory for each new shape, which is how peers grow without bound; here the arena and the
memory pattern are off and the C allocator gives memory back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampan.errors import WeightsError
from sampan.runtime import trace
from sampan.runtime.memory import share_one_heap

Array = NDArray[Any]


def usable_cores() -> int:
    """Number of cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class Model:
    """A session with named inputs; call it with arrays, get arrays in the order of `outputs`."""

    def __init__(self, source: Path | bytes, threads: int | None = None) -> None:
        import onnxruntime as ort

        share_one_heap()
        self.name = "model" if isinstance(source, bytes) else source.stem
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        # Spinning threads burn the other stages' time on small machines.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = source if isinstance(source, bytes) else os.fspath(source)
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            where = "model in memory" if isinstance(source, bytes) else f"model {source}"
            raise WeightsError(f"{where} cannot be opened: {error}. Is it a complete ONNX file?") from error
        self.inputs: dict[str, tuple[int | str | None, ...]] = {
            node.name: tuple(node.shape) for node in self._session.get_inputs()
        }
        self.outputs: list[str] = [node.name for node in self._session.get_outputs()]
        self.output_shapes: list[tuple[int | str | None, ...]] = [
            tuple(node.shape) for node in self._session.get_outputs()
        ]
        self._halves = {node.name for node in self._session.get_inputs() if node.type == "tensor(float16)"}
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, feeds: Mapping[str, Array] | Array) -> list[NDArray[np.float32]]:
        """Run once. A bare array goes to the only input. Models in half precision take and give float32 too."""
        if not isinstance(feeds, Mapping):
            (name,) = self.inputs
            feeds = {name: feeds}
        start = time.perf_counter()
        given = {
            name: value.astype(np.float16) if name in self._halves else value for name, value in feeds.items()
        }
        outputs: list[NDArray[np.float32]] = [
            value.astype(np.float32) if value.dtype == np.float16 else value
            for value in self._session.run(None, given)
        ]
        if trace.current() is not None:
            trace.span(self.name, "model", start, shapes=[list(array.shape) for array in feeds.values()])
        return outputs


def open_model(source: Path | str | bytes, threads: int | None = None) -> Model:
    """Open an ONNX file (path) or model (bytes). `threads` None takes the usable cores."""
    if isinstance(source, str):
        source = Path(source)
    if isinstance(source, Path) and not source.is_file():
        raise WeightsError(f"model file {source} does not exist: give the path of an ONNX file")
    return Model(source, threads)
