"""A process of its own for work that may crash, hang or swallow memory: parsing, above all.

    with Worker(Limits(page_seconds=60, memory=2 << 30)) as worker:
        summary = worker.call(tasks.read_file, path, options, folder, "report", ["md", "json"])

A task is a module's function; it runs in the process as `function(context, *arguments)` (see `worker.Context`)
and gives back what JSON can say. The parser stays open from task to task. A task that crashes its process, is
killed or oversteps a limit raises one of the errors of `endings`, in one line that names value, limit and mend;
errors of Sampan raised inside come out as they are. The process is then replaced at the next call.

What comes back from the process is JSON and never a pickle: whoever took a native parser over still could not run
code on this side.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sampan.documents.bulk.endings import (
    CancelledError,
    DefectError,
    FileTimeLimitError,
    MemoryLimitError,
    TaskEndedError,
    TimeLimitError,
    WorkerDiedError,
    WorkerLostError,
    error_from,
)
from sampan.documents.bulk.frames import read_frame, write_frame
from sampan.errors import SampanError

__all__ = [
    "CancelledError", "DefectError", "FileTimeLimitError", "Limits", "MemoryLimitError", "Progress",
    "TaskEndedError", "TimeLimitError", "Worker", "WorkerDiedError", "WorkerLostError", "resident_bytes",
]  # fmt: skip

START_SECONDS = 120.0
"""Longest that a process may take to come up: a busy machine, a cold disk."""
_GLANCE = 0.05
"""Seconds between two looks at the clock, at the process's memory and at whether it is still wanted."""
_MOST_NOISE = 1 << 20
"""Bytes of a process's standard error that are kept from task to task."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may take. None sets no limit."""

    seconds: float | None = None
    """For the whole task."""
    page_seconds: float | None = 120.0
    """Without a page being done."""
    memory: int | None = None
    """Bytes resident in the process. Watched on Linux only."""
    nice: int = 0
    """Added to the process's niceness."""
    recycle_pages: int = 2000
    """The process is replaced when it has read so many pages."""
    recycle_memory: int | None = None
    """The process is replaced after a task that leaves more resident bytes than this behind."""


class Worker:
    """One process for one task after another. For one thread at a time."""

    def __init__(self, limits: Limits = Limits(), threads: int = 1) -> None:
        self.limits = limits
        self.threads = threads
        self._process: _Process | None = None
        self._pages = 0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def resident(self) -> int:
        """Bytes of memory that the process takes at present; 0 where that cannot be seen."""
        return 0 if self._process is None else resident_bytes(self._process.pid)

    def start(self) -> None:
        """Start the process now, without waiting for it, rather than at the first call."""
        if self._process is None or not self._process.alive:
            self.close()
            self._process = _Process(self.limits, self.threads)
            self._pages = 0

    def call(
        self,
        task: Callable[..., Any],
        *arguments: Any,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> Any:
        """Run `task(context, *arguments)` in the process and return what it returns.

        `progress(done, total)` is called in this thread for every page that the task reports. When `cancelled`
        is set the process is ended and `CancelledError` raised.
        """
        request = pickle.dumps((task, arguments))
        watch = _Watch(self.limits)
        try:
            outcome = self._follow(request, watch, progress, cancelled or threading.Event())
        except TaskEndedError as error:
            self.close()
            error.page = watch.page
            raise
        except BaseException:
            self.close()
            raise
        if self._pages >= self.limits.recycle_pages or (
            self.limits.recycle_memory is not None and self.resident > self.limits.recycle_memory
        ):
            self.close()
        if isinstance(outcome, SampanError):
            raise outcome
        return outcome

    def close(self) -> None:
        """End the process, whatever it does; the next call starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _follow(
        self, request: bytes, watch: _Watch, progress: Progress | None, cancelled: threading.Event
    ) -> Any:
        """Hand the request over and wait, watching the limits. Raises only what costs the process its life."""
        self.start()
        assert self._process is not None
        process = self._process
        process.send(request)
        while True:
            if cancelled.is_set():
                raise CancelledError("cancelled")
            try:
                message = process.messages.get(timeout=_GLANCE)
            except queue.Empty:
                watch.look(process)
                continue
            if message is None:
                raise _cause_of_death(process)
            match message["what"]:
                case "begun":
                    watch.begin()
                case "page":
                    watch.begin_page(message["number"])
                case "progress":
                    watch.end_page(message["done"], message["total"])
                    self._pages += bool(message["done"])
                    if progress is not None:
                        progress(message["done"], message["total"])
                case "error":
                    return error_from(message)
                case "nonsense":
                    raise WorkerDiedError(
                        "the process that read it gave an answer that makes no sense: "
                        "the file is damaged or hostile; leave it out"
                    )
                case _:
                    return message["value"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Watch:
    """The clock and the scales of one task."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.page: int | None = None
        """The page in hand."""
        self._asked = time.monotonic()
        self._begun: float | None = None
        self._last = self._asked
        self._patience = limits.page_seconds

    def begin(self) -> None:
        self._begun = self._last = time.monotonic()

    def begin_page(self, number: int) -> None:
        self.page, self._last = number, time.monotonic()

    def end_page(self, done: int, total: int) -> None:
        self.page, self._last = None, time.monotonic()
        if done == total and self._patience is not None:
            # What follows, putting together and writing, grows with the number of pages.
            self._patience += total

    def look(self, process: _Process) -> None:
        now, limits = time.monotonic(), self.limits
        if self._begun is None:
            if now - self._asked > START_SECONDS:
                raise TimeLimitError(
                    f"the worker process did not come up in {START_SECONDS:.0f} s: is the machine overloaded?"
                )
            return
        if limits.seconds is not None and now - self._begun > limits.seconds:
            raise FileTimeLimitError(
                f"not done after {limits.seconds:g} s, the limit for a file: "
                "raise --max-seconds or read fewer --pages"
            )
        if self._patience is not None and now - self._last > self._patience:
            raise TimeLimitError(
                f"no page done for {self._patience:g} s, the limit for a page: "
                "raise --max-page-seconds or lower --dpi"
            )
        if limits.memory is not None and (taken := resident_bytes(process.pid)) > limits.memory:
            raise MemoryLimitError(
                f"took {_size(taken)} of memory (limit {_size(limits.memory)}): "
                "raise --max-memory or lower --dpi"
            )


class _Process:
    """The operating system's side of a worker: pipes, the reading of them, and the end."""

    def __init__(self, limits: Limits, threads: int) -> None:
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._noise = tempfile.TemporaryFile("ab+", prefix="sampan-")  # noqa: SIM115
        settings = {
            "limits": asdict(limits), "threads": threads, "path": [entry or str(Path.cwd()) for entry in sys.path],
            "parent": os.getpid(),
        }  # fmt: skip
        self._popen = subprocess.Popen(
            [sys.executable, "-c", _MAIN, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("SAMPAN_DEBUG") else self._noise,
            env={**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))},
        )
        self.pid = self._popen.pid
        # A thread of its own, because reading from a pipe with a timeout is not the same on every system.
        self._reader = threading.Thread(target=self._read, name=f"sampan-worker-{self.pid}", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def send(self, request: bytes) -> None:
        assert self._popen.stdin is not None
        if os.environ.get("SAMPAN_DEBUG") is None and self._noise.tell() > _MOST_NOISE:
            self._noise.truncate(0)
        # A process that has died says so by the end of its messages.
        with contextlib.suppress(OSError):
            write_frame(self._popen.stdin, request)  # type: ignore[arg-type]

    def end(self) -> None:
        if self.alive:
            self._popen.kill()
        self._popen.wait()
        self._reader.join()
        for stream in (self._popen.stdin, self._popen.stdout, self._noise):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def status(self) -> int:
        """The exit status, negative for a signal, of a process that has closed its pipe."""
        try:
            return self._popen.wait(5)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()

    def last_words(self) -> str:
        """The last line that the process wrote to its standard error."""
        self._noise.seek(max(0, self._noise.seek(0, os.SEEK_END) - 2000))
        lines = self._noise.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:200] if lines else ""

    def _read(self) -> None:
        assert self._popen.stdout is not None
        while (frame := read_frame(self._popen.stdout)) is not None:  # type: ignore[arg-type]
            self.messages.put(_plain_message(frame))
        self.messages.put(None)


_MAIN = (
    "import json,sys;settings=json.loads(sys.argv[1]);sys.path[:]=settings['path'];"
    "from sampan.documents.bulk.worker import main;main(settings)"
)
_THREAD_VARIABLES: Sequence[str] = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
"""What the libraries beside ONNX Runtime are told: workers that each take all cores would stand in each other's way."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 where it has ended or the system has no /proc."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return 0


def _plain_message(frame: bytes) -> dict[str, Any]:
    """A message of `worker`, or nonsense, if something else speaks in its place."""
    try:
        message = json.loads(frame)
        shapes: dict[str, dict[str, Any]] = {
            "begun": {}, "page": {"number": int}, "progress": {"done": int, "total": int}, "value": {"value": object},
            "error": {"kind": str, "message": str, "errno": int | None, "trace": str},
        }  # fmt: skip
        fits = all(isinstance(message[name], kind) for name, kind in shapes[message["what"]].items())
    except (ValueError, KeyError, TypeError, RecursionError):
        fits, message = False, {}
    return message if fits else {"what": "nonsense"}


def _cause_of_death(process: _Process) -> WorkerDiedError:
    status = process.status()
    if status >= 0:
        words = process.last_words()
        return WorkerDiedError(
            f"the process that read it ended with exit code {status}{f' ({words})' if words else ''}"
        )
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    if -status == getattr(signal, "SIGKILL", None):
        return WorkerDiedError(
            f"the process that read it was killed ({name}), probably because the machine ran out of "
            "memory: try a lower --dpi or fewer --workers"
        )
    return WorkerDiedError(
        f"the process that read it crashed ({name}) in a native library: "
        "the file is damaged or hostile; leave it out, or read the other --pages"
    )


def _size(number: int) -> str:
    return f"{number / 1e9:.2f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
