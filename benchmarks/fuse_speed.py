"""Is `fuse()` exact, and how much faster is a fused network?

For every family: the training form in evaluation mode against the fused form of the same weights, PyTorch on one
thread, batch 1, both in channels-last layout, in turns. Weights are random; normalisations, branches and affine maps
are away from their defaults, and the statistics are those of the random pictures.

`exact` is the largest difference over the largest value of the last map, computed in float64: the arithmetic itself.
`rounding` is the distance of the float32 training form, and of the float32 fused form, from that: random networks
amplify rounding through their depth, and fusing must not add to it. The bars are `exact` at most 1e-5, and 1.3 times
faster for blocks with branches; networks that have nothing to fuse but normalisations are listed without a bar.

    python -m benchmarks.fuse_speed [--rounds 30] [--only NAME …] [--json benchmarks/results/fuse_speed.json]
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.interleaved import interleaved
from sampan.vision.backbones.hgnet_v2 import HGNetV2
from sampan.vision.backbones.lcnet_v3 import LCNetV3
from sampan.vision.backbones.lcnet_v4 import LCNetV4
from sampan.vision.backbones.mobilenet_v1_enhance import MobileNetV1Enhance
from sampan.vision.backbones.mobilenet_v3 import MobileNetV3
from sampan.vision.backbones.pp_lcnet import PPLCNet
from sampan.vision.backbones.resnet_vd import ResNetVD
from sampan.vision.blocks import DilatedReparam, LearnableAffine

EXACT, FASTER = 1e-5, 1.3
Make = Callable[[], nn.Module]
BRANCHED: dict[str, tuple[Make, tuple[int, ...]]] = {
    "LCNetV3 detector": (LCNetV3.detector, (1, 3, 320, 320)),
    "LCNetV3 recogniser": (LCNetV3.recogniser, (1, 3, 48, 320)),
    "LCNetV4 tiny detector": (lambda: LCNetV4.detector("tiny"), (1, 3, 320, 320)),
    "LCNetV4 small detector": (lambda: LCNetV4.detector("small"), (1, 3, 320, 320)),
    "LCNetV4 tiny recogniser": (lambda: LCNetV4.recogniser("tiny"), (1, 3, 48, 320)),
    "LCNetV4 small recogniser": (lambda: LCNetV4.recogniser("small"), (1, 3, 48, 320)),
    **{
        f"dilated kernel {k}": (lambda k=k: DilatedReparam(96, k), (1, 96, 80, 80))
        for k in DilatedReparam.BRANCHES
    },
}
NORMALISED: dict[str, tuple[Make, tuple[int, ...]]] = {
    "PP-LCNet x1.0": (lambda: PPLCNet(1.0), (1, 3, 224, 224)),
    "MobileNetV3-large x0.5": (lambda: MobileNetV3("large", 0.5, se=False), (1, 3, 320, 320)),
    "MobileNetV1Enhance x0.5": (MobileNetV1Enhance, (1, 3, 48, 320)),
    "PP-HGNetV2-B4": (HGNetV2.detector, (1, 3, 224, 224)),
    "ResNet18_vd": (lambda: ResNetVD(18), (1, 3, 224, 224)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", nargs="*", help="names of families")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    families = {}
    for name, (make, shape) in (BRANCHED | NORMALISED).items():
        if arguments.only and name not in arguments.only:
            continue
        families[name] = found = measure(make(), shape, arguments.rounds)
        bar = FASTER if name in BRANCHED else 0
        met = found["exact"] <= EXACT and found["faster"] >= bar
        found["bar"] = ("met" if met else "missed") if name in BRANCHED else "none"
        print(
            f"{name:26s} exact {found['exact']:.0e}  rounding {found['rounding'][0]:.0e} → {found['rounding'][1]:.0e}  "
            f"faster {found['faster']:.2f}x [{found['quartiles'][0]:.2f} … {found['quartiles'][1]:.2f}]  "
            f"{found['training_form_ms']:.2f} → {found['fused_ms']:.2f} ms  bar: {found['bar']}",
            flush=True,
        )
    if arguments.json:
        report = {
            "torch": torch.__version__,
            "machine": platform.machine(),
            "processor": processor(),
            "threads": 1,
            "rounds": arguments.rounds,
            "families": families,
        }
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


@torch.inference_mode()
def measure(model: nn.Module, shape: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """Exactness and speed of one network."""
    torch.manual_seed(0)
    pictures = torch.rand(4, *shape[1:])
    _randomise(model, pictures)
    model = model.to(memory_format=torch.channels_last)
    fused = copy.deepcopy(model).fuse().to(memory_format=torch.channels_last)
    x = pictures[:1].contiguous(memory_format=torch.channels_last)
    precise = copy.deepcopy(model).double()
    expected = _last(precise(x.double()))
    exact = _relative(expected, _last(precise.fuse()(x.double())))
    rounding = [_relative(expected, _last(form(x)).double()) for form in (model, fused)]
    times = interleaved({"training": lambda: model(x), "fused": lambda: fused(x)}, rounds)
    faster, low, high = times["fused"].times_faster_than(times["training"])
    return {
        "exact": exact,
        "rounding": rounding,
        "faster": round(faster, 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "training_form_ms": round(1000 * times["training"].median, 3),
        "fused_ms": round(1000 * times["fused"].median, 3),
        "parameters": sum(p.numel() for p in model.parameters()),
        "fused_parameters": sum(p.numel() for p in fused.parameters()),
        "input": list(shape),
    }


def processor() -> str:
    """The CPU's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _randomise(model: nn.Module, pictures: torch.Tensor) -> None:
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.3)
            module.momentum = 1.0
        elif isinstance(module, LearnableAffine):
            module.scale.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.3)
    model.train()(pictures)
    model.eval()


def _relative(expected: torch.Tensor, found: torch.Tensor) -> float:
    return ((expected - found).abs().max() / expected.abs().max()).item()


def _last(output: list[torch.Tensor] | torch.Tensor) -> torch.Tensor:
    return output[-1] if isinstance(output, list) else output


if __name__ == "__main__":
    main()
