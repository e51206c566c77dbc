"""Many files, one after another or in several processes: what `sampan parse` does between its options
and its summary.

Outputs mirror the inputs: everything below the inputs' common folder keeps its relative place. A file that
cannot be read becomes an `Outcome` with an error and never stops the rest, not even by killing its process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sampan.cli import defects
from sampan.errors import InputError, SampanError

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions
    from sampan.documents.parser import Parser

SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
"""What is taken from a folder; a file named by itself is tried whatever its name."""

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Job:
    """One document to read; `source` is None for standard input."""

    source: Path | None
    directory: Path
    stem: str

    @property
    def name(self) -> str:
        return str(self.source) if self.source is not None else "standard input"


@dataclass(slots=True)
class Outcome:
    """What became of a job."""

    name: str
    seconds: float = 0.0
    pages: int = 0
    blocks: int = 0
    tables: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """Format → path."""
    failures: list[str] = field(default_factory=list)
    """What failed inside the document and was survived."""
    error: str | None = None
    exit_code: int = 0


def find_jobs(inputs: Sequence[str], output: Path) -> list[Job]:
    """The documents that `inputs` (files, folders, `-`) stand for, and where each one's output goes."""
    files: dict[Path, None] = {}
    roots: list[Path] = []
    for given in inputs:
        if given == STDIN:
            continue
        path = Path(given)
        if path.is_dir():
            roots.append(path.absolute())
            files.update(dict.fromkeys(_documents_below(path)))
        elif path.exists():
            roots.append(path.absolute().parent)
            files[path] = None
        else:
            raise InputError(f"{given} does not exist")
    distinct = {file.resolve(): file for file in reversed(files)}
    files = {file: None for file in files if distinct[file.resolve()] == file}
    if not files and STDIN not in inputs:
        raise InputError(
            f"no documents in {', '.join(inputs)} (looked for {', '.join(sorted(SUFFIXES))}): "
            "name a file of another kind by itself"
        )
    places = {file: output / _below(file.absolute(), roots).parent for file in files}
    stems = Counter((place, file.stem.lower()) for file, place in places.items())
    names = {(place, file.name.lower()) for file, place in places.items()}
    jobs = []
    for file, place in places.items():
        # scan.pdf and scan.png of one folder would both become scan.md: these keep their suffixes, and so
        # does scan.pdf.png where that would then collide with scan.pdf.
        stem = (place, file.stem.lower())
        jobs.append(Job(file, place, file.stem if stems[stem] == 1 and stem not in names else file.name))
    return [Job(None, output, "stdin"), *jobs] if STDIN in inputs else jobs


def _documents_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(directory, name)
            for name in sorted(names)
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    return found


def _below(file: Path, roots: Sequence[Path]) -> Path:
    """`file` relative to the folder that all `roots` share (with its drive where there is none)."""
    try:
        return file.relative_to(os.path.commonpath(roots))
    except ValueError:  # different drives
        return Path(file.drive.rstrip(":\\/").lstrip("\\/")) / file.relative_to(file.anchor)


def run(
    jobs: Sequence[Job],
    options: ParseOptions,
    formats: Sequence[str],
    workers: int = 1,
    started: Callable[[Job], None] | None = None,
) -> Iterator[Outcome]:
    """Reads all jobs and yields each one's outcome as it is done."""
    if workers == 1 or len(jobs) == 1:
        reader = Reader(options, formats)
        for job in jobs:
            if started is not None:
                started(job)
            yield reader.read(job)
    else:
        yield from _run_in_processes(jobs, options, formats, min(workers, len(jobs)), started)


class Reader:
    """A parser that lives as long as its process, so that models are opened once."""

    def __init__(self, options: ParseOptions, formats: Sequence[str]) -> None:
        self.options = options
        self.formats = formats
        self.parser: Parser | None = None

    def read(self, job: Job) -> Outcome:
        """Parses and writes one document; never raises anything but an interrupt."""
        outcome = Outcome(job.name)
        start = time.perf_counter()
        try:
            self._read(job, outcome)
        except SampanError as error:
            outcome.error, outcome.exit_code = str(error), error.exit_code
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

    def _read(self, job: Job, outcome: Outcome) -> None:
        if self.parser is None:
            from sampan.documents.parser import Parser

            self.parser = Parser(self.options)
        document = self.parser.parse(read_stdin(self.options.max_bytes) if job.source is None else job.source)
        outcome.pages = len(document.pages)
        outcome.blocks = sum(len(page.blocks) for page in document.pages)
        outcome.tables = sum(block.kind == "table" for block in document.blocks())
        outcome.failures = [
            f"{f'page {failure.page}: ' if failure.page else ''}{failure.stage}: {failure.message}"
            for failure in document.failures
        ]
        if outcome.failures:
            outcome.exit_code = 1
        if self.formats:
            from sampan.documents.writers import write

            written = write(document, job.directory, job.stem, self.formats)
            outcome.files = {kind: str(path) for kind, path in written.items()}


def read_stdin(max_bytes: int) -> bytes:
    data = sys.stdin.buffer.read(max_bytes + 1)
    if not data:
        raise InputError("standard input is empty")
    return data


_reader: Reader | None = None
"""The reader of a worker process."""


def _start_worker(options: ParseOptions, formats: Sequence[str]) -> None:
    global _reader
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends quietly when the terminal interrupts everyone
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _reader = Reader(options, formats)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next job for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Job) -> Outcome:
    assert _reader is not None
    return _reader.read(job)


def _run_in_processes(
    jobs: Iterable[Job],
    options: ParseOptions,
    formats: Sequence[str],
    workers: int,
    started: Callable[[Job], None] | None,
) -> Iterator[Outcome]:
    """As `run`, in spawned processes. Only as many jobs as there are workers are handed out at a time, so
    that a process that dies (out of memory, a crash in a library) puts only those under suspicion; each
    of them is then read again alone."""

    def pool(size: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            size, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(options, formats)
        )

    waiting, suspects = deque(jobs), deque[Job]()
    running: dict[Future[Outcome], Job] = {}
    executor = pool(workers)
    try:
        while waiting or running or suspects:
            while waiting and len(running) < workers:
                job = waiting.popleft()
                if started is not None:
                    started(job)
                running[executor.submit(_work, job)] = job
            broken = False
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    suspects.append(job)
                    broken = True
            if broken:
                suspects.extend(running.values())
                running.clear()
                executor.shutdown(wait=False, cancel_futures=True)
                executor = pool(workers)
            while suspects:
                yield _alone(suspects.popleft(), pool)
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


def _alone(job: Job, pool: Callable[[int], ProcessPoolExecutor]) -> Outcome:
    with pool(1) as executor:
        try:
            return executor.submit(_work, job).result()
        except BrokenProcessPool:
            return Outcome(
                job.name,
                error="the process that read it died (out of memory?): try a lower --dpi or fewer --workers",
                exit_code=1,
            )
