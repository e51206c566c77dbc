"""One input through the reader, as a worker process does it, and what may come of it.

read      every page asked for gave a picture and perhaps text, and both are sound
refused   an error of Sampan's own, by its class
broken    anything else: this is what the campaign looks for
"""

from __future__ import annotations

import math
import os
import resource
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fuzzing.inputs import mutant
from sampan.documents.options import ParseOptions
from sampan.documents.reading import open_source
from sampan.errors import InputError, SampanError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from sampan.documents.stages import PageInput

LIMITS = ParseOptions(max_pixels=4_000_000, max_pages=300, max_bytes=4_000_000, dpi=36)
PAGES = 2
"""Pages of each document that are read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    index: int
    seed: str
    steps: tuple[str, ...]
    size: int
    result: str
    """`read`, `refused InputError`, … or `broken`."""
    detail: str = ""
    seconds: float = 0.0
    """CPU time."""
    megabytes: float = 0.0
    """Most memory held while it was read, beyond what the process held before."""


def attempt(data: bytes, options: ParseOptions = LIMITS, full: bool = False) -> tuple[str, str]:
    """Result and detail for one input; `full` sends it through the whole parser."""
    try:
        if full:
            from sampan.documents.parser import Parser

            document = Parser(options).parse(data)
            defects = [failure.message for failure in document.failures if failure.stage == "defect"]
            return ("broken", defects[0]) if defects else ("read", "")
        return _read(data, options)
    except SampanError as error:
        if "\n" in str(error) or not str(error):
            return "broken", f"message of {type(error).__name__} is no line: {error!s:.200}"
        return f"refused {type(error).__name__}", ""
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return (
            "broken",
            f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {error!s:.200}",
        )


def _read(data: bytes, options: ParseOptions) -> tuple[str, str]:
    refusal = ""
    with open_source(data, options) as source:
        for number in source.numbers[:PAGES]:
            try:
                fault = _fault(source.page(number), options)
            except InputError as error:  # a page may fail, and the next one must still be read
                refusal = refusal or f"refused {type(error).__name__} on a page"
                continue
            if fault:
                return "broken", fault
    return refusal or "read", ""


def _fault(page: PageInput, options: ParseOptions) -> str:
    """What is wrong with a page that was read, if anything."""
    layer = page.text_layer()
    picture = page.image(options.dpi)
    size = (page.width, page.height)
    if not all(math.isfinite(side) and side > 0 for side in size):
        return f"page size {size}"
    if picture.ndim != 3 or picture.shape[2] != 3 or str(picture.dtype) != "uint8":
        return f"picture of shape {picture.shape}, {picture.dtype}"
    if picture.shape[0] * picture.shape[1] > options.max_pixels:
        return f"picture of shape {picture.shape} is over the limit"
    if page.unit == "px" and picture.shape[1::-1] != size:
        return f"picture of shape {picture.shape} on a page of {size}"
    for line in layer.lines if layer is not None else ():
        if not all(map(math.isfinite, line.box)):
            return f"line box {line.box}"
        line.text.encode()  # a half of a surrogate pair raises
    return ""


def serve(connection: Connection, campaign: int, full: bool, megabytes: int, errors: Path) -> None:
    """A worker: takes ranges of indices until None comes, and sends each input's outcome as it has it."""
    descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 2)  # what native libraries say when they die
    attempt(mutant(campaign, 0).data)  # libraries are loaded before memory is counted
    limit = int((_status("VmSize") + 4 * megabytes) * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while (job := connection.recv()) is not None:
        for index in range(*job):
            os.ftruncate(descriptor, 0)
            connection.send(_measured(campaign, index, full))
        connection.send(None)


def _measured(campaign: int, index: int, full: bool) -> Outcome:
    chosen = mutant(campaign, index)
    before = _reset_peak()
    start = time.process_time()
    result, detail = attempt(chosen.data, full=full)
    seconds = time.process_time() - start
    more = max(_status("VmHWM") - before, 0.0)
    return Outcome(
        index,
        chosen.seed.name,
        chosen.steps,
        len(chosen.data),
        result,
        detail,
        round(seconds, 4),
        round(more, 1),
    )


def _reset_peak() -> float:
    """Make the kernel count this process's greatest memory from now on; what it holds now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0
