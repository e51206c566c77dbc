"""`sampan doctor`: whether this installation can do its work, and what to do if it cannot."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from sampan.errors import SampanError, WeightsError

EXAMPLES = """
**Examples**

`sampan doctor` checks everything and reads a small picture.

`sampan doctor --json` says it to programs.
"""

PACKAGES = (
    "numpy", "opencv-python-headless", "pypdfium2", "onnxruntime", "pydantic", "typer", "rich", "PyYAML",
)  # fmt: skip
OPTIONAL_PACKAGES = "openvino", "torch"
SENTENCE = "A flat boat goes everywhere"
"""What the self-test draws and expects to read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `mend` says what to do if it is not `ok`."""

    check: str
    ok: bool
    found: str
    mend: str | None = None


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Check Python, packages, weights and cache, and read a small picture."""
    findings = [_python(), _machine(), *_packages(), _cache(), _weights()]
    findings.append(
        _guarded("self-test", _self_test) if all(finding.ok for finding in findings) else _skipped()
    )
    if as_json:
        import json

        typer.echo(json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _print(findings)
    if not all(finding.ok for finding in findings):
        weights_missing = any(finding.check == "weights" and not finding.ok for finding in findings)
        raise typer.Exit(WeightsError.exit_code if weights_missing else SampanError.exit_code)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        mark = typer.style("ok", "green") if finding.ok else typer.style("no", "red", bold=True)
        typer.echo(f"{mark}  {finding.check:24} {finding.found}{f'; {finding.mend}' if finding.mend else ''}")


def _python() -> Finding:
    ok = sys.version_info >= (3, 11)
    return Finding(
        "python", ok, f"{platform.python_version()} on {platform.platform(terse=True)}",
        None if ok else "install Python 3.11 or later",
    )  # fmt: skip


def _machine() -> Finding:
    from sampan.runtime import usable_cores

    found = f"{usable_cores()} usable cores of {os.cpu_count()}, {platform.machine()}"
    memory = _memory()
    return Finding("machine", True, f"{found}, {memory / 2**30:.1f} GiB memory" if memory else found)


def _memory() -> int | None:
    """Bytes of physical memory, where the system says so in the POSIX way."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _packages() -> list[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    findings = []
    for name in (*PACKAGES, *OPTIONAL_PACKAGES):
        try:
            findings.append(Finding(name, True, version(name)))
        except PackageNotFoundError:
            if name in PACKAGES:
                findings.append(Finding(name, False, "not installed", f"run `pip install {name}`"))
            else:
                findings.append(Finding(name, True, "not installed (optional)"))
    return findings


def _cache() -> Finding:
    from sampan.weights import cache_directory

    folder = cache_directory()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    ok = nearest.is_dir() and os.access(nearest, os.W_OK)
    return Finding(
        "cache", ok, f"{folder} is {'' if ok else 'not '}writable",
        None if ok else "set SAMPAN_HOME to a folder you may write",
    )  # fmt: skip


def _weights() -> Finding:
    from sampan.weights.cache import state
    from sampan.weights.carriers import default_weights

    wanted = default_weights()
    missing = [weights.name for weights in wanted if state(weights) in ("missing", "damaged")]
    if missing:
        return Finding(
            "weights", False, f"{len(missing)} of {len(wanted)} missing: {', '.join(missing)}",
            "run `sampan weights install`",
        )  # fmt: skip
    return Finding("weights", True, f"all {len(wanted)} of the default set")


def _guarded(check: str, run: Callable[[], Finding]) -> Finding:
    """A check that may fail in unforeseen ways; finding that out is what the doctor is for."""
    try:
        return run()
    except Exception as error:
        return Finding(check, False, f"{type(error).__name__}: {error}", "please report this")


def _self_test() -> Finding:
    import cv2
    import numpy as np

    from sampan.documents.parser import Parser

    picture = np.full((300, 900, 3), 255, np.uint8)
    cv2.putText(picture, SENTENCE, (40, 160), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 3, cv2.LINE_AA)
    start = time.perf_counter()
    document = Parser().parse(cv2.imencode(".png", picture)[1].tobytes())
    seconds = time.perf_counter() - start
    ok = document.text.split() == SENTENCE.split()
    return Finding(
        "self-test", ok, f"read {document.text!r} in {seconds:.2f} s",
        None if ok else f"{SENTENCE!r} was drawn; run `sampan weights verify`",
    )  # fmt: skip


def _skipped() -> Finding:
    return Finding("self-test", True, "skipped until the rest is well")
