"""timm's own model code, without the rest of timm.

`python -m benchmarks.peers.timm_models` puts the package alone (no dependencies) under `.peers/timm`. Its networks need
PyTorch; a few of its files import torchvision for transforms, tracing and a frozen norm, none of which is used here,
and get empty stand-ins where torchvision is not installed.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import types
from typing import Any

from benchmarks.peers import ENVIRONMENTS

VERSION = "1.0.31"
FOLDER = ENVIRONMENTS / "timm"


def install() -> None:
    """Fetch the package into its folder."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(FOLDER),
        f"timm=={VERSION}",
    ]
    subprocess.run(command, check=True)


def mobilenet_v3(size: str, scale: float) -> Any:
    """timm's MobileNetV3 of a size (`large`, `small`) and width, with 1000 classes."""
    module = _module("timm.models.mobilenetv3")
    return module._gen_mobilenet_v3(f"mobilenetv3_{size}_{round(100 * scale):03d}", scale, pretrained=False)


def mobilenet_v2(scale: float) -> Any:
    """timm's MobileNetV2 of a width, with 1000 classes."""
    module = _module("timm.models.efficientnet")
    return module._gen_mobilenet_v2(f"mobilenetv2_{round(100 * scale):03d}", scale, pretrained=False)


def _module(name: str) -> Any:
    if not FOLDER.is_dir():
        raise SystemExit("timm is not installed: run python -m benchmarks.peers.timm_models")
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    if importlib.util.find_spec("torchvision") is None:
        sys.meta_path.append(_StandIns())
    return importlib.import_module(name)


class _Named(type):
    """Classes whose attributes are their own names, as members of an enumeration."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _StandIn(types.ModuleType):
    __path__: list[str] = []  # noqa: RUF012 - what makes a module a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Named(name, (), {})


class _StandIns:
    """Finds empty modules under the name of torchvision."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:  # noqa: ARG002
        return importlib.util.spec_from_loader(name, self) if name.split(".")[0] == "torchvision" else None

    def create_module(self, spec: Any) -> types.ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


if __name__ == "__main__":
    install()
