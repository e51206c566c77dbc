"""Finding weights on this machine: the cache first, then an installed carrier package.

The cache is one flat folder of files named `<name>-<first 8 digits of sha256><suffix>`, so that a new
release of some weights never collides with an old one. What stands in it was hash-checked when it was
written; here only its size is looked at, because hashing 60 MB would cost every start a tenth of a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from sampan.errors import WeightsError
from sampan.weights.register import REGISTER, Weights

State = Literal["cached", "in carrier", "damaged", "missing"]


def locate(name: str, register: Mapping[str, Weights] = REGISTER) -> Path:
    """Path of the weights called `name`; raises `WeightsError` saying where it was looked for."""
    weights = lookup(name, register)
    cached = cached_path(weights)
    if _has_size(cached, weights):
        return cached
    carried = carried_path(weights)
    if carried is not None and _has_size(carried, weights) and sha256_of(carried) == weights.sha256:
        return carried
    if carried is None:
        carrier_says = f"package {weights.carrier.package} is not installed"
    elif not carried.is_file():
        carrier_says = f"the installed {weights.carrier.package} has no {weights.file}"
    else:
        carrier_says = f"{carried} is not the file of {weights.carrier.requirement}"
    raise WeightsError(
        f"weights '{name}' are not on this machine (looked for {cached}: "
        f"{'damaged' if cached.is_file() else 'not there'}; {carrier_says}): "
        f"run `sampan weights install {'' if weights.default else name}".rstrip()
        + "`"
    )


def lookup(name: str, register: Mapping[str, Weights] = REGISTER) -> Weights:
    """The register's entry, or an error that names the nearest right name."""
    try:
        return register[name]
    except KeyError:
        from difflib import get_close_matches

        near = get_close_matches(name, register, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise WeightsError(
            f"no weights are called '{name}': {hint}`sampan weights list` shows all {len(register)}"
        ) from None


def cache_directory() -> Path:
    """Folder of the cached weights: `$SAMPAN_HOME/weights`, else the platform's own place for caches."""
    home = os.environ.get("SAMPAN_HOME")
    if home:
        return Path(home).expanduser() / "weights"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sampan" / "weights"


def cached_path(weights: Weights) -> Path:
    """Where the file stands in the cache, whether it is there or not."""
    return cache_directory() / f"{weights.name}-{weights.sha256[:8]}{weights.suffix}"


def carried_path(weights: Weights) -> Path | None:
    """Where the file would stand in the installed carrier, or None if the carrier is not installed.

    `find_spec` of a top-level package reads its location without running any of its code.
    """
    from importlib.util import find_spec

    package, _, inside = weights.file.partition("/")
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / inside


def state(weights: Weights) -> State:
    """What `sampan weights list` says of it; looks at sizes only."""
    cached = cached_path(weights)
    if _has_size(cached, weights):
        return "cached"
    carried = carried_path(weights)
    if carried is not None and _has_size(carried, weights):
        return "in carrier"
    return "damaged" if cached.is_file() else "missing"


def check(path: Path, weights: Weights) -> None:
    """Raises `WeightsError` naming both hashes unless the file at `path` is exactly these weights."""
    found = sha256_of(path)
    if found != weights.sha256:
        raise WeightsError(
            f"{path} is not the file known as '{weights.name}': sha256 is {found}, "
            f"expected {weights.sha256}; run `sampan weights remove {weights.name}` "
            f"and `sampan weights install {weights.name}`"
        )


def remove(weights: Weights) -> bool:
    """Deletes the cached file; False if there was none. Installed carriers are never touched."""
    path = cached_path(weights)
    if not path.is_file():
        return False
    path.unlink()
    return True


def sha256_of(path: Path) -> str:
    """Hex digest of a file; remembered until the file changes."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _modified: int) -> str:
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _has_size(path: Path, weights: Weights) -> bool:
    try:
        return path.stat().st_size == weights.size
    except OSError:
        return False
