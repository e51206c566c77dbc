"""Documents to files: in this process for a single one, else by workers that keep a journal."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sampan.cli import defects
from sampan.errors import InputError, OptionError, SampanError

if TYPE_CHECKING:
    from sampan.documents.bulk.engine import Event
    from sampan.documents.bulk.jobs import Job
    from sampan.documents.bulk.outcome import Outcome
    from sampan.documents.options import ParseOptions
    from sampan.documents.parser import Parser

STDIN = "-"

MEMORY_SHARE = 0.8
"""Of the machine's memory, what all workers together may take if nothing else is said."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True, slots=True)
class Many:
    """The options for many files, as they were given."""

    workers: int = 1
    resume: bool = False
    retry_failed: bool = False
    failures: Path | None = None
    engine: Literal["local", "ray"] = "local"
    ray_address: str | None = None
    nice: int = 0
    max_seconds: float | None = None
    max_page_seconds: float | None = None
    max_memory: str | None = None

    @property
    def asked_for(self) -> str:
        """Names of the options that were given; empty if none was."""
        given = [field.name for field in fields(self) if getattr(self, field.name) != field.default]
        return ", ".join(f"--{name.replace('_', '-')}" for name in given)


def write_all(
    inputs: list[str], output: str, options: ParseOptions, formats: list[str], many: Many,
    as_json: bool, quiet: bool, here: bool,
) -> int:  # fmt: skip
    """All documents to their files; gives the exit code. `here` keeps everything in this process.

    A file that is named by itself is read here too, if nothing is asked for that needs workers.
    """
    from rich.console import Console

    from sampan.cli import summary
    from sampan.cli.main import INTERRUPTED
    from sampan.documents.bulk import stores
    from sampan.documents.bulk.jobs import find_jobs
    from sampan.documents.bulk.journal import has_journal

    folder = None if stores.is_address(output) else stores.local_path(output)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise OptionError(f"{output} is a file: -o takes a folder")
    jobs = find_jobs(inputs, folder)
    alone = len(jobs) == 1 and jobs[0].address is None and not any(Path(given).is_dir() for given in inputs)
    console = Console(stderr=True, quiet=quiet)
    if folder is not None and (here or (alone and not many.asked_for)):
        resumable, events = False, read_here(jobs, options, formats, folder)
    else:
        resumable, events = True, read_by_workers(jobs, output, options, formats, many)
    if resumable and not (many.resume or many.retry_failed) and has_journal(output):
        console.print(
            f"Everything is read again; --resume would keep what an earlier run into {output} finished.",
            soft_wrap=True, highlight=False, markup=False,
        )  # fmt: skip
    tally, interrupted = summary.follow(events, jobs, console, as_json, many.failures)
    if interrupted and resumable:
        secret = any(argument.startswith("--password") for argument in sys.argv)
        command = [argument for argument in sys.argv[1:] if argument != "--resume"]
        same = "the same command and" if secret else f"sampan {shlex.join(command)}"
        console.print(f"Go on with {same} --resume", soft_wrap=True, highlight=False, markup=False)
    return INTERRUPTED if interrupted else tally.exit_code


def read_here(
    jobs: Sequence[Job], options: ParseOptions, formats: Sequence[str], output: Path
) -> Iterator[Event]:
    """Reads documents in this process, one after another, without a journal."""
    from sampan.documents.bulk.engine import Event
    from sampan.documents.parser import Parser

    parser = Parser(options)
    for job in jobs:
        yield Event("begun", job)
        outcome = _read(parser, job, formats, output)
        yield Event("pages", job, outcome.pages)
        yield Event("done", job, outcome=outcome)


def _read(parser: Parser, job: Job, formats: Sequence[str], output: Path) -> Outcome:
    """Parses and writes one document; never raises anything but an interrupt."""
    from sampan.documents.bulk.jobs import printable
    from sampan.documents.bulk.outcome import Fault, Outcome
    from sampan.documents.writers import write

    outcome = Outcome(printable(job.name))
    start = time.perf_counter()
    try:
        document = parser.parse(read_stdin(parser.options.max_bytes) if job.source is None else job.source)
        outcome.pages = len(document.pages)
        outcome.blocks = sum(len(page.blocks) for page in document.pages)
        outcome.tables = sum(block.kind == "table" for block in document.blocks())
        outcome.failures = [
            Fault(failure.message, failure.page, failure.stage) for failure in document.failures
        ]
        outcome.exit_code = 1 if outcome.failures else 0
        written = write(document, output / job.place, job.stem, formats)
        outcome.files = {kind: str(path) for kind, path in written.items()}
    except SampanError as error:
        outcome.error, outcome.exit_code = printable(str(error)), error.exit_code
    except MemoryError:
        outcome.error = "out of memory: try a lower --dpi, fewer --workers or fewer --pages"
        outcome.exit_code = 1
    except Exception as error:
        if defects.show_traceback():
            raise
        outcome.error = defects.describe(error)
        outcome.exit_code = 1
    outcome.seconds = time.perf_counter() - start
    return outcome


def read_by_workers(
    jobs: Sequence[Job], output: str, options: ParseOptions, formats: Sequence[str], many: Many
) -> Iterator[Event]:
    """Reads documents in worker processes, here or on a Ray cluster, with a journal."""
    from sampan.documents.bulk.crew import Crew, LocalCrew
    from sampan.documents.bulk.engine import Engine, Settings
    from sampan.documents.bulk.isolation import Limits
    from sampan.documents.bulk.output import open_output
    from sampan.runtime import usable_cores

    if many.ray_address is not None and many.engine != "ray":
        raise OptionError(f"--ray-address {many.ray_address} needs --engine ray")
    limits = Limits(
        seconds=many.max_seconds,
        page_seconds=many.max_page_seconds or Limits().page_seconds,
        memory=parse_bytes(many.max_memory) if many.max_memory else memory_share(many.workers),
        nice=many.nice,
    )
    settings = Settings(
        options, formats, limits, many.workers, many.resume or many.retry_failed, many.retry_failed
    )
    crew: Crew
    if many.engine == "ray":
        from sampan.documents.bulk.ray_crew import RayCrew

        crew = RayCrew(options, formats, limits, options.threads or 1, many.ray_address)
    else:
        threads = options.threads or max(1, usable_cores() // many.workers)
        crew = LocalCrew(options, formats, limits, threads, settings.part_pages)
    return Engine(jobs, open_output(output), settings, crew).run()


def read_stdin(max_bytes: int) -> bytes:
    data = sys.stdin.buffer.read(max_bytes + 1)
    if not data:
        raise InputError("standard input is empty")
    return data


def parse_bytes(text: str) -> int:
    """`"500M"`, `"2G"`, `"1.5 GB"` → bytes."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if match is None or float(match[1]) == 0:
        raise OptionError(f"--max-memory {text!r} is no amount of memory: write 500M or 2G")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def memory_share(workers: int) -> int | None:
    """What one of `workers` may take of this machine's memory; None where that cannot be told."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return int(total * MEMORY_SHARE / workers) if total > 0 else None
