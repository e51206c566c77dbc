"""Who reads: worker processes on this machine (here) or on a cluster (`ray_crew`), behind one interface."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sampan.documents.bulk import tasks
from sampan.documents.bulk.isolation import Limits, Worker
from sampan.documents.bulk.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sampan.documents.options import ParseOptions


@dataclass(slots=True, eq=False)
class Task:
    """What a worker is asked to do: a whole document, some pages of it, or to put those together."""

    job: Job
    kind: Literal["file", "part", "join"]
    number: int = 0
    pages: str = ""
    parts: list[Path] = field(default_factory=list)
    """Where the part goes, or where all parts are."""
    source: Path = Path()
    directory: Path = Path()
    tries: int = 0
    lost: dict[int, str] = field(default_factory=dict)
    """Pages to leave out, and why."""
    pages_done: int = 0
    seconds: float = 0.0

    @property
    def label(self) -> str:
        return f"pages {self.pages}" if self.kind == "part" else self.kind


class Reader(Protocol):
    """One worker, whatever it is. Called from one thread."""

    def read(
        self, task: Task, progress: Callable[[int, int], None], cancelled: threading.Event
    ) -> dict[str, Any]:
        """Do the task. Raises SampanError for what cannot be read; `WorkerDiedError` if it is worth another try."""
        ...

    def close(self) -> None: ...


class Crew(Protocol):
    """All workers."""

    @property
    def wants_files(self) -> bool:
        """Whether objects of a store must be fetched to this machine first."""
        ...

    def hire(self) -> Reader:
        """One more worker."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LocalCrew:
    """Processes of this machine."""

    options: ParseOptions
    formats: Sequence[str]
    limits: Limits
    threads: int = 1
    part_pages: int | None = None
    wants_files: bool = True

    def hire(self) -> LocalReader:
        return LocalReader(self)

    def close(self) -> None:
        """Nothing is left when every reader is closed."""


class LocalReader:
    """One process."""

    def __init__(self, crew: LocalCrew) -> None:
        self.crew = crew
        self.worker = Worker(crew.limits, crew.threads)

    def read(
        self, task: Task, progress: Callable[[int, int], None], cancelled: threading.Event
    ) -> dict[str, Any]:
        crew, source, stem = self.crew, task.source, task.job.stem

        def call(function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
            answer: dict[str, Any] = self.worker.call(
                function, source, crew.options, *arguments, progress=progress, cancelled=cancelled
            )
            return answer

        match task.kind:
            case "file":
                return call(tasks.read_file, task.directory, stem, crew.formats, crew.part_pages, task.lost)
            case "part":
                return call(tasks.read_part, task.pages, task.parts[0], task.lost)
            case _:
                return call(tasks.join_parts, task.parts, task.directory, stem, crew.formats)

    def close(self) -> None:
        self.worker.close()
