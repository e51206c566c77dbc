"""From the queue to the workers: who is read when, by whom, and what becomes of it.

Each worker process has a slot, a task of the event loop that claims the next job, has it read and writes down how
it ended. The store is asked in a thread of its own, so that a slow disk stops no answer.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sampan.documents.bulk import tasks
from sampan.documents.bulk.isolation import (
    CancelledError,
    DefectError,
    Limits,
    MemoryLimitError,
    TimeLimitError,
    Worker,
    WorkerDiedError,
)
from sampan.errors import SampanError
from sampan.runtime import usable_cores
from sampan.server import problems
from sampan.server.choices import chosen_options
from sampan.server.folders import DOCUMENT, Folders, sync
from sampan.server.logs import log, log_defect, log_trace
from sampan.server.metrics import Metrics
from sampan.server.problems import Kind, ProblemError
from sampan.server.settings import ServerSettings
from sampan.server.store import Job, Store

MOST_CRASHES = 3
"""So many workers may die over one document."""
MOST_INTERRUPTIONS = 10
"""So many servers may die while they read it: most of them for other reasons."""
_SWEEP_SECONDS = 600.0
_MOMENT = 0.3

T = TypeVar("T")


class Dispatcher:
    """The queue of one server, between `start` and `stop`."""

    def __init__(self, settings: ServerSettings, store: Store, folders: Folders, metrics: Metrics) -> None:
        self.settings = settings
        self.folders = folders
        self.metrics = metrics
        self.stopping = False
        """Nothing new is begun; set by `wind_down`."""
        threads = max(1, usable_cores() // settings.workers)
        # A little behind the server itself, so that it answers even when all cores read.
        limits = Limits(seconds=settings.max_seconds, page_seconds=None, memory=settings.max_memory, nice=5)
        self.workers = [Worker(limits, threads) for _ in range(settings.workers)]
        self._store = store
        self._store_thread = ThreadPoolExecutor(1, thread_name_prefix="sampan-store")
        self._reading_threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="sampan-slot")
        self._idle: set[asyncio.Event] = set()
        self._running: dict[str, threading.Event] = {}
        self._progress: dict[str, tuple[int, int]] = {}
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._receiving = 0
        self._mean_seconds = 3.0
        self._slots: list[asyncio.Task[None]] = []
        self._sweeper: asyncio.Task[None] | None = None

    async def ask(self, method: Callable[..., T], *values: Any, **named: Any) -> T:
        """Call a method of the store in the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._store_thread, partial(method, *values, **named)
        )

    async def start(self) -> None:
        interrupted, abandoned = await self.ask(self._store.recover)
        for job in interrupted:
            log("job interrupted", job=job.id, interruptions=job.interruptions + 1)
        for id in abandoned:
            self.folders.remove(id)
        self.folders.sweep(await self.ask(self._store.ids))
        self._slots = [asyncio.create_task(self._slot(worker)) for worker in self.workers]
        self._sweeper = asyncio.create_task(self._retain())

    def wind_down(self) -> None:
        """Begin nothing new, and tell those who wait."""
        self.stopping = True
        for event in [*self._idle, *(event for events in self._watchers.values() for event in events)]:
            event.set()

    async def finish(self, grace_seconds: float) -> None:
        """Let running jobs end within the grace; the rest goes back to the queue, as if it had not begun."""
        self.wind_down()
        if self._slots:
            _, late = await asyncio.wait(self._slots, timeout=grace_seconds)
            for cancelled in self._running.values():
                cancelled.set()
            if late:
                await asyncio.wait(late)
        for worker in self.workers:
            worker.close()
        self.wind_down()

    def close(self) -> None:
        """After `finish`, when nobody asks any more."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._reading_threads.shutdown()
        self._store_thread.submit(self._store.close)
        self._store_thread.shutdown()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place in the queue, held while a document is received. Raises `ProblemError` when all are taken."""
        self._receiving += 1
        try:
            taken = await self.ask(self._store.unfinished) + self._receiving
            if taken > self.settings.queue:
                self.metrics.refused.inc()
                seconds = self.seconds_to_a_place()
                raise ProblemError(
                    problems.QUEUE_FULL,
                    f"{taken - 1} documents are waiting (limit {self.settings.queue}): try again in {seconds} s",
                    {"Retry-After": str(seconds)},
                )
            yield
        finally:
            self._receiving -= 1

    def seconds_to_a_place(self) -> int:
        """How soon the next document will probably be done."""
        return max(1, min(60, math.ceil(self._mean_seconds / self.settings.workers)))

    async def add(self, id: str, **row: Any) -> Job:
        job = await self.ask(self._store.add, id, **row)
        if job.id == id:
            self.metrics.received.inc(job.bytes)
            name = job.name if self.settings.log_names else None
            log("job accepted", job=id, bytes=job.bytes, waited=job.waited, name=name)
        for event in self._idle:
            event.set()
        return job

    async def keyed(self, owner: str, idempotency_key: str) -> Job | None:
        return await self.ask(self._store.keyed, owner, idempotency_key)

    async def job(self, id: str) -> Job | None:
        """The job as it stands, with the pages done so far."""
        job = await self.ask(self._store.get, id)
        return None if job is None else self._now(job)

    async def jobs(self, owner: str, limit: int, after: str | None) -> list[Job]:
        return [self._now(job) for job in await self.ask(self._store.listed, owner, limit, after)]

    async def counts(self) -> dict[str, int]:
        return {str(status): count for status, count in (await self.ask(self._store.counts)).items()}

    async def cancel(self, id: str) -> bool:
        """Cancel a queued or running job; False if it has ended."""
        done = await self.ask(self._store.cancel, id)
        if done:
            if id in self._running:
                self._running[id].set()
            self._ended(id, "cancelled")
        return done

    async def remove(self, id: str) -> None:
        """Forget a job and its files."""
        await self.cancel(id)
        await self.ask(self._store.remove, id)
        await asyncio.to_thread(self.folders.remove, id)
        self._announce(id)

    @contextmanager
    def watch(self, id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job changes or the server stops."""
        event = asyncio.Event()
        self._watchers[id].add(event)
        try:
            yield event
        finally:
            self._watchers[id].discard(event)
            if not self._watchers[id]:
                del self._watchers[id]

    async def _slot(self, worker: Worker) -> None:
        wake = asyncio.Event()
        self._idle.add(wake)
        worker.start()
        job: Job | None = None
        while not self.stopping:
            wake.clear()
            try:
                if job is not None:  # the last turn of this loop broke off
                    await self.ask(self._store.requeue, job.id, crashed=True)
                job = await self.ask(self._store.claim)
                if job is None:
                    await wake.wait()
                else:
                    await self._read(job, worker)
                    job = None
            except Exception as error:  # a full disk under the store, above all: it may pass
                log_defect("slot failed", error)
                await asyncio.sleep(1.0)

    async def _read(self, job: Job, worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        source = self.folders.source(job.id)
        cancelled = self._running[job.id] = threading.Event()
        self._announce(job.id)
        log("job started", job=job.id, start=job.starts)
        start = time.monotonic()
        try:
            if job.interruptions >= MOST_INTERRUPTIONS:
                await self._fail(job, problems.CRASHED, _died(job.interruptions, "server"))
            elif job.crashes >= MOST_CRASHES:
                await self._fail(job, problems.CRASHED, _died(job.crashes, "worker"))
            elif source is None:
                await self._fail(
                    job, problems.UNREADABLE, "the document is gone from the server's disk: send it again"
                )
            else:
                reading = await loop.run_in_executor(
                    self._reading_threads, self._read_durably, job, source, worker, cancelled, loop
                )
                await self._complete(job, reading, time.monotonic() - start)
        except CancelledError:
            # By a client, and then it is running no more; or by the server's end, and then it goes back.
            self.metrics.restarts.inc()
            if await self.ask(self._store.requeue, job.id, crashed=False):
                log("job put back", job=job.id)
        except WorkerDiedError as error:
            self.metrics.restarts.inc()
            await self._crashed(job, error)
        except SampanError as error:
            if isinstance(error, (TimeLimitError, MemoryLimitError)):
                self.metrics.restarts.inc()
            await self._fail(job, *cause(error, self.settings))
        finally:
            del self._running[job.id]
            self._progress.pop(job.id, None)
            self._announce(job.id)

    def _read_durably(
        self,
        job: Job,
        source: Path,
        worker: Worker,
        cancelled: threading.Event,
        loop: asyncio.AbstractEventLoop,
    ) -> dict[str, Any]:
        """In a slot's thread: have the document read; what was read is on the disk when this returns."""
        folder = self.folders.job(job.id)

        def advance(done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._advance, job.id, done, total)

        reading: dict[str, Any] = worker.call(
            tasks.read_file,
            source,
            chosen_options(job.options, self.settings),
            folder,
            Path(DOCUMENT).stem,
            ["json"],
            progress=advance,
            cancelled=cancelled,
        )
        sync(folder / DOCUMENT)
        sync(folder)
        return reading

    async def _complete(self, job: Job, reading: dict[str, Any], seconds: float) -> None:
        pages, failures = reading["pages"], reading["failures"]
        total = pages + len({failure["page"] for failure in failures} - {None})
        done = await self.ask(self._store.complete, job.id, pages, total, len(failures))
        self._mean_seconds += 0.2 * (seconds - self._mean_seconds)
        self.metrics.job_seconds.observe(seconds)
        self.metrics.pages.inc(pages)
        for stage, taken in reading["seconds"].items():
            self.metrics.stage_seconds.labels(stage).inc(taken)
        if done:
            self._ended(job.id, "done", pages=pages, seconds=round(seconds, 3))

    async def _crashed(self, job: Job, error: WorkerDiedError) -> None:
        # Who stops a whole process group stops the workers a moment before we hear of it: no fault of the document.
        await asyncio.sleep(_MOMENT)
        if self.stopping:
            if await self.ask(self._store.requeue, job.id, crashed=False):
                log("job put back", job=job.id)
            return
        log("worker died", job=job.id, crash=job.crashes + 1)
        if job.crashes + 1 < MOST_CRASHES:
            if await self.ask(self._store.requeue, job.id, crashed=True):
                for event in self._idle:
                    event.set()
        else:
            await self._fail(
                job, problems.CRASHED, f"{_died(MOST_CRASHES, 'worker')}; the last time, {error}"
            )

    async def _fail(self, job: Job, kind: Kind, detail: str) -> None:
        if await self.ask(self._store.fail, job.id, kind.name, detail):
            self.metrics.problems.labels(kind.name).inc()
            self._ended(job.id, "failed", problem=kind.name)

    def _ended(self, id: str, status: str, **details: str | int | float) -> None:
        self.metrics.ended.labels(status).inc()
        log(f"job {status}", job=id, **details)
        self._announce(id)

    def _advance(self, id: str, done: int, total: int) -> None:
        if id in self._running:
            self._progress[id] = done, total
            self._announce(id)

    def _announce(self, id: str) -> None:
        for event in self._watchers.get(id, ()):
            event.set()

    def _now(self, job: Job) -> Job:
        if job.status != "running" or job.id not in self._progress:
            return job
        done, total = self._progress[job.id]
        return replace(job, pages_done=done, pages_total=total)

    async def _retain(self) -> None:
        """Remove jobs that ended too long ago."""
        while True:
            try:
                moment = time.time() - self.settings.keep_days * 86400
                for id in await self.ask(self._store.ended_before, moment):
                    await self.remove(id)
                    log("job removed", job=id, reason="retention")
            except Exception as error:
                log_defect("retention failed", error)
            await asyncio.sleep(_SWEEP_SECONDS)


def cause(error: SampanError, settings: ServerSettings) -> tuple[Kind, str]:
    """What a reader's error is to a client: its own limits are not the client's to raise."""
    if isinstance(error, TimeLimitError):
        limit = f"it was not done after {settings.max_seconds:g} s, this server's limit"
        return problems.TOO_LONG, f"{limit}: choose fewer pages or a lower dpi"
    if isinstance(error, MemoryLimitError):
        limit = f"it took more than {settings.max_memory / 1e9:.2g} GB of memory, this server's limit"
        return problems.TOO_LARGE, f"{limit}: choose a lower dpi"
    if isinstance(error, DefectError):
        log_trace("defect while reading", error.trace)
        return problems.DEFECT, "a mistake of Sampan's stopped the reading of this document: please report it"
    return problems.kind_of(error), str(error)


def _died(times: int, what: str) -> str:
    return f"the {what} that read it died {times} times"
