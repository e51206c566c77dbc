"""PP-LCNet against MobileNetV3 and MobileNetV2 at equal accuracy: which is faster on this CPU?

Latency does not depend on the weights, so all networks have random ones; accuracy is that published for the network
(ImageNet-1k, top-1): PP-LCNet's and the peers' from the PP-LCNet paper (arXiv 2109.15099, Tables 4 and 5) where it has
them, else from the MobileNetV3 paper (arXiv 1905.02244). A pair sets a PP-LCNet beside the peer of nearest accuracy.
The peers are timm's own code (`benchmarks/peers/timm_models.py`).

Every network is exported to ONNX by the same exporter and run on one thread, batch 1, 224 × 224, in turns: by OpenVINO
(its CPU kernels are oneDNN's, with which the paper measured; h-swish is fused into convolutions), by ONNX Runtime
(which runs h-swish by itself), and in PyTorch's eager mode (evaluation, nothing fused, channels last). A ratio above
1 says how many times faster PP-LCNet is than its peer.

    python -m benchmarks.peers.timm_models          # once
    python -m benchmarks.backbone_latency [--rounds 30] [--json benchmarks/results/backbone_latency.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import openvino
import torch
from torch import nn

from benchmarks.fuse_speed import processor
from benchmarks.interleaved import Timing, interleaved
from benchmarks.peers import timm_models
from sampan.vision.classification import PPLCNetClassifier
from sampan.vision.weights.export import ExportForm, export_onnx

SIZE = (3, 224, 224)
PAIRS: tuple[tuple[float, float, str, float], ...] = (
    # PP-LCNet's scale and top-1, the peer and its top-1
    (0.5, 63.14, "MobileNetV3-large x0.35", 64.32),
    (0.75, 68.18, "MobileNetV3-small x1.0", 67.4),
    (1.0, 71.32, "MobileNetV3-small x1.25", 70.67),
    (1.5, 73.71, "MobileNetV3-large x0.75", 73.3),
    (2.0, 75.18, "MobileNetV3-large x1.0", 75.2),
    (0.5, 63.14, "MobileNetV2 x0.5", 65.03),
    (1.0, 71.32, "MobileNetV2 x1.0", 72.15),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    names = dict.fromkeys(name for scale, _, peer, _ in PAIRS for name in (f"PP-LCNet x{scale}", peer))
    models = {name: network(name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        files = {
            name: graph(model, Path(folder) / f"{n}.onnx") for n, (name, model) in enumerate(models.items())
        }
        with torch.inference_mode():
            times = {
                engine: interleaved({name: make(name) for name in names}, arguments.rounds)
                for engine, make in (
                    ("openvino", lambda name: openvino_run(files[name])),
                    ("onnxruntime", lambda name: onnxruntime_run(files[name])),
                    ("torch", lambda name: eager_run(models[name])),
                )
            }
    rows = []
    for scale, ours, peer, theirs in PAIRS:
        name = f"PP-LCNet x{scale}"
        row = {
            "network": name,
            "top1": ours,
            "peer": peer,
            "peer_top1": theirs,
            "parameters": [sum(p.numel() for p in models[m].parameters()) for m in (name, peer)],
            **{engine: compared(each[name], each[peer]) for engine, each in times.items()},
        }
        rows.append(row)
        ratios = "  ".join(
            f"{engine} {row[engine]['faster'][0]:.2f}x [{row[engine]['faster'][1]:.2f} … {row[engine]['faster'][2]:.2f}]"
            for engine in times
        )
        print(f"{name:14s} {ours:.2f}  {peer:24s} {theirs:.2f}  {ratios}", flush=True)
    if arguments.json:
        report = {
            "openvino": openvino.__version__,
            "onnxruntime": ort.__version__,
            "torch": torch.__version__,
            "timm": timm_models.VERSION,
            "machine": platform.machine(),
            "processor": processor(),
            "threads": 1,
            "rounds": arguments.rounds,
            "pairs": rows,
        }
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def network(name: str) -> nn.Module:
    """A network of 1000 classes by the name that the table gives it."""
    family, scale = name.split(" x")
    if family == "PP-LCNet":
        return PPLCNetClassifier(1000, float(scale)).eval()
    if family == "MobileNetV2":
        return timm_models.mobilenet_v2(float(scale)).eval()
    return timm_models.mobilenet_v3(family.removeprefix("MobileNetV3-"), float(scale)).eval()


def graph(model: nn.Module, path: Path) -> Path:
    """The model's ONNX file."""
    form = ExportForm(
        SIZE, {"logits": lambda out: out["logits"] if isinstance(out, dict) else out}, ("batch",)
    )
    return export_onnx(
        model, path, form, tolerance=1e-2
    ).path  # random networks of fifty layers amplify rounding


def openvino_run(path: Path) -> Callable[[], object]:
    """The graph in OpenVINO on one thread, in float32, ready to run."""
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([1, *SIZE])
    options = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    request.set_input_tensor(
        openvino.Tensor(np.random.default_rng(0).standard_normal((1, *SIZE), np.float32))
    )
    run: Callable[[], object] = request.infer
    return run


def onnxruntime_run(path: Path) -> Callable[[], object]:
    """The graph in ONNX Runtime on one thread, ready to run."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return partial(session.run, None, {"x": np.random.default_rng(0).standard_normal((1, *SIZE), np.float32)})


def eager_run(model: nn.Module) -> Callable[[], object]:
    """The model in PyTorch, as trained."""
    model = model.to(memory_format=torch.channels_last)
    picture = torch.randn(1, *SIZE).contiguous(memory_format=torch.channels_last)
    return partial(model, picture)


def compared(ours: Timing, peer: Timing) -> dict[str, Any]:
    """How many times faster ours is (median and quartiles), and milliseconds of both."""
    return {
        "faster": [round(value, 3) for value in ours.times_faster_than(peer)],
        "ms": [round(1000 * timing.median, 3) for timing in (ours, peer)],
    }


if __name__ == "__main__":
    main()
