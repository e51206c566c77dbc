"""Many files: what `sampan parse` does between its options and its summary.

Outputs mirror the inputs: everything below the inputs' common folder keeps its relative place. A file that
cannot be read becomes an `Outcome` with an error and never stops the rest. `processes` reads several at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
        from sampan.cli.processes import run_in_processes

        yield from run_in_processes(jobs, options, formats, min(workers, len(jobs)), started)


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
