"""Tasks that stand in for reading: they end their process, hang, or wait to be let go."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from sampan.documents.bulk import tasks
from sampan.documents.bulk.worker import Context
from sampan.documents.options import ParseOptions


def dies(context: Context, source: Path, options: ParseOptions, folder: Path, *_: Any) -> dict[str, Any]:
    """A document that kills its reader, whenever it is read."""
    with (folder / "deaths").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def dies_once(
    context: Context, source: Path, options: ParseOptions, folder: Path, *rest: Any
) -> dict[str, Any]:
    if not (folder / "deaths").exists():
        dies(context, source, options, folder)
    return tasks.read_file(context, source, options, folder, *rest)


def waits(context: Context, source: Path, options: ParseOptions, folder: Path, *rest: Any) -> dict[str, Any]:
    """Reads as soon as a file `go` stands beside the jobs."""
    while not (folder.parents[1] / "go").exists():
        time.sleep(0.01)
    return tasks.read_file(context, source, options, folder, *rest)


def hangs(*_: Any) -> dict[str, Any]:
    while True:
        time.sleep(1)


def errs(*_: Any) -> dict[str, Any]:
    raise ZeroDivisionError("the document says: top secret")


def dies_writing(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
