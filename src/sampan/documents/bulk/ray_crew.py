"""Workers on a Ray cluster. One actor stands beside each worker process, on whatever machine Ray puts it.

The actor starts the same isolated process as on one machine, so limits and errors are the same. Files travel
through Ray where the machines share no disk: a document that the actor cannot see is sent to it, results come
back and are put in place by the driver, which alone keeps the journal. Objects of a store are fetched by the actor.

An actor that dies (its machine is gone, or it was killed) is replaced and its document read again.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sampan.documents.bulk import stores, tasks
from sampan.documents.bulk.crew import Task
from sampan.documents.bulk.isolation import CancelledError, Limits, Worker, WorkerDiedError, WorkerLostError
from sampan.errors import InputError, OptionError, OutputError, SampanError

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions

_GLANCE = 0.2


@dataclass(frozen=True, slots=True)
class _Request:
    """What an actor needs to know of a document."""

    path: str
    name: str
    address: str | None
    size: int
    modified: int
    stem: str
    lost: dict[int, str]


class RayCrew:
    """Actors of one Ray cluster; starts a cluster of this machine's cores where no address is given."""

    wants_files = False

    def __init__(
        self,
        options: ParseOptions,
        formats: Sequence[str],
        limits: Limits,
        threads: int = 1,
        address: str | None = None,
    ) -> None:
        try:
            import ray
        except ImportError:
            raise OptionError("--engine ray needs Ray: pip install 'sampan[scale]'") from None
        self.options, self.formats, self.limits, self.threads = options, list(formats), limits, threads
        self._started = not ray.is_initialized()
        if self._started:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            try:
                ray.init(address, log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
            except Exception as error:
                reason = " ".join(str(error).split())[:200]
                raise OptionError(f"no Ray cluster at {address or 'this machine'}: {reason}") from error
        self._actor = ray.remote(num_cpus=threads)(Actor)

    def hire(self) -> RayReader:
        return RayReader(self)

    def new_actor(self) -> Any:
        return self._actor.remote(self.options, self.formats, asdict(self.limits), self.threads)

    def close(self) -> None:
        if self._started:
            import ray

            ray.shutdown()


class RayReader:
    """The driver's end of one actor."""

    def __init__(self, crew: RayCrew) -> None:
        self.crew = crew
        self._actor: Any = None

    def read(
        self, task: Task, progress: Callable[[int, int], None], cancelled: threading.Event
    ) -> dict[str, Any]:
        import ray

        if self._actor is None:
            self._actor = self.crew.new_actor()
        try:
            answer = self._ask(task, None, cancelled)
            if answer.get("unseen"):
                data = task.source.read_bytes()
                answer = self._ask(task, data, cancelled)
        except ray.exceptions.RayActorError as error:
            self._actor = None
            raise WorkerLostError("the Ray worker that read it died, with its machine or alone") from error
        except OSError as error:
            raise InputError(f"{task.source} cannot be read: {error.strerror or error}") from error
        except ray.exceptions.RayError as error:
            self.close()
            raise WorkerDiedError(f"Ray gave up: {' '.join(str(error).split())[:200]}") from error
        if "error" in answer:
            raise answer["error"]
        progress(0, answer["pages"])
        progress(answer["pages"], answer["pages"])
        for name, data in answer.pop("contents").items():
            _keep(task.directory / name, data)
        return answer

    def close(self) -> None:
        import ray

        actor, self._actor = self._actor, None
        if actor is not None and ray.is_initialized():
            ray.kill(actor)

    def _ask(self, task: Task, data: bytes | None, cancelled: threading.Event) -> dict[str, Any]:
        import ray

        job, found = task.job, None
        if job.address is None:
            try:
                found = task.source.stat()
            except OSError as error:
                raise InputError(f"{task.source} cannot be opened: {error.strerror or error}") from error
        request = _Request(
            str(task.source), job.file_name, job.address, found.st_size if found else 0,
            found.st_mtime_ns if found else 0, job.stem, task.lost,
        )  # fmt: skip
        waiting = self._actor.read.remote(request, data)
        while True:
            done, _ = ray.wait([waiting], timeout=_GLANCE)
            if done:
                answer: dict[str, Any] = ray.get(waiting)
                return answer
            if cancelled.is_set():
                self.close()
                raise CancelledError("cancelled")


class Actor:
    """The cluster's end: runs inside Ray, beside one worker process."""

    def __init__(
        self, options: ParseOptions, formats: list[str], limits: dict[str, Any], threads: int
    ) -> None:
        self.options, self.formats = options, formats
        self.worker = Worker(Limits(**limits), threads)

    def read(self, request: _Request, data: bytes | None) -> dict[str, Any]:
        """The answer of `tasks.read_file` with the `contents` of all files; `error`; or `unseen`."""
        folder = Path(tempfile.mkdtemp(prefix="sampan-"))
        try:
            source = Path(request.path)
            if data is not None or request.address is not None:
                source = folder / "in" / request.name
                source.parent.mkdir()
                if data is not None:
                    source.write_bytes(data)
                elif request.address is not None:
                    stores.fetch(request.address, source, self.options.max_bytes)
            elif not _is_seen(source, request):
                return {"unseen": True}
            out = folder / "out"
            answer: dict[str, Any] = self.worker.call(
                tasks.read_file, source, self.options, out, request.stem, self.formats, None, request.lost
            )
            files = (path for path in out.rglob("*") if path.is_file())
            answer["contents"] = {str(path.relative_to(out)): path.read_bytes() for path in files}
            return answer
        except SampanError as error:
            return {"error": error}
        except OSError as error:
            return {
                "error": OutputError(f"cannot write in {folder} of a Ray worker: {error.strerror or error}")
            }
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _is_seen(path: Path, request: _Request) -> bool:
    """Whether the actor's machine shows the same file under the same path."""
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (request.size, request.modified)


def _keep(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; make room") from error
