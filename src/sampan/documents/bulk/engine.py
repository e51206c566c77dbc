"""Many documents read by several workers, with a journal.

One thread keeps the books: it hands out tasks, puts finished outputs in place, writes the journal and says what
happened. Each worker has a thread that does nothing but wait for it (`crew`). Queues are short, so that
memory does not grow with the number of documents.

A document of more than `part_pages` pages is read in parts, so that a single book keeps every worker busy and a
killed run goes on in the middle of it. Whether a document is divided depends on its length alone, and parts are
put together to the same bytes as the whole.
"""

from __future__ import annotations

import contextlib
import queue
import stat
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sampan.documents.bulk import stores
from sampan.documents.bulk.crew import Crew, Task
from sampan.documents.bulk.isolation import (
    CancelledError,
    FileTimeLimitError,
    Limits,
    TaskEndedError,
    WorkerDiedError,
    WorkerLostError,
)
from sampan.documents.bulk.jobs import Job, printable
from sampan.documents.bulk.journal import Journal, fingerprint
from sampan.documents.bulk.outcome import Fault, Outcome
from sampan.documents.bulk.output import Output, discard, is_hopeless
from sampan.errors import InputError, OutputError, PasswordError, SampanError

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions

_MOST_PARTS = 64
"""Every part opens the file again; beyond this many they get longer instead."""
_FETCHERS = 4
_PUBLISHERS = 4
"""Threads that wait until outputs are on the disk, which serves several as quickly as one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is to be done with every document, and by how many."""

    options: ParseOptions
    formats: Sequence[str]
    limits: Limits
    workers: int = 1
    resume: bool = False
    """Keep what an earlier run finished."""
    retry_failed: bool = False
    """With `resume`: read again what failed, whatever it failed of."""
    part_pages: int = 8
    """Longer documents are read in parts of at least so many pages."""
    retries: int = 1
    """How often a document whose worker died is handed to another one."""
    retries_lost: int = 5
    """The same if the worker was lost with its machine."""
    most_lost: int = 3
    """Pages of a document that may bring down their worker before the document is given up."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a job begun, pages of it done, or all of it over with an `outcome`."""

    what: Literal["begun", "pages", "done"]
    job: Job
    pages: int = 0
    """Pages done since the last event."""
    outcome: Outcome | None = None


@dataclass(slots=True)
class _Progress:
    """What is known of a job that is under way."""

    job: Job
    seconds: float = 0.0
    lost: int = 0
    parts: dict[int, Path] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)


class Engine:
    """Reads jobs into an output. For one run."""

    def __init__(self, jobs: Sequence[Job], output: Output, settings: Settings, crew: Crew) -> None:
        self.jobs = jobs
        self.output = output
        self.settings = settings
        self.crew = crew
        self.cancelled = threading.Event()
        self._waiting: deque[Task] = deque()
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._news: queue.Queue[tuple[str, Task, Any]] = queue.Queue()
        self._under_way: dict[str, _Progress] = {}
        self._attempts: dict[int, int] = {}
        self._handed_out = 0
        """Tasks that are with workers, fetchers or publishers."""
        self._fetchers: ThreadPoolExecutor | None = None

    def run(self) -> Iterator[Event]:
        """Does everything that is not done yet; what an earlier run did comes first.

        Raises `OutputError` when nothing more can be written, with all finished documents safe.
        """
        self.journal = Journal(self.output)
        try:
            if not self.settings.resume:
                self.journal.forget()
            options = fingerprint(self.settings.options, self.settings.formats)
            for job, finished in self.journal.enter(self.jobs, options, self.settings.retry_failed):
                if finished:
                    yield Event("done", job, outcome=self.journal.outcome(job, earlier=True))
                else:
                    discard(self.output.staging(job))
                    discard(self._kept(job) / "file")
                    self._waiting.append(Task(job, "file"))
            yield from self._work()
        finally:
            with contextlib.suppress(OutputError):  # the disk may be full
                self.journal.close()

    def _work(self) -> Iterator[Event]:
        hands = [
            threading.Thread(target=self._follow_worker, name=f"sampan-hand-{number}", daemon=True)
            for number in range(min(self.settings.workers, _MOST_PARTS * len(self._waiting)))
        ]
        for hand in hands:
            hand.start()
        self._publishers = ThreadPoolExecutor(_PUBLISHERS, thread_name_prefix="sampan-publish")
        try:
            while self._waiting or self._handed_out:
                # A slow disk holds up the workers only when it is far behind.
                while self._waiting and self._handed_out < 2 * len(hands) + 2 * _PUBLISHERS:
                    if self._tasks.qsize() > len(hands):
                        break
                    self._hand_out(self._waiting.popleft())
                try:
                    what, task, news = self._news.get(timeout=0.5)  # so that Ctrl-C is heard on every system
                except queue.Empty:
                    continue
                self._handed_out -= what in ("value", "error", "published")
                yield from self._take(what, task, news)
        finally:
            self.cancelled.set()
            for _ in hands:
                self._tasks.put(None)
            for hand in hands:
                hand.join()
            if self._fetchers is not None:
                self._fetchers.shutdown(cancel_futures=True)
            self._publishers.shutdown()
            self._enter_published()
            for progress in self._under_way.values():  # parts that are read are kept
                discard(self.output.staging(progress.job))
                discard(self._kept(progress.job) / "file")
            self.crew.close()

    def _enter_published(self) -> None:
        """What was put in place while the run was being ended counts as finished."""
        while not self._news.empty():
            what, task, news = self._news.get()
            if what == "published" and task.job.key in self._under_way:
                with contextlib.suppress(OutputError):
                    self._end(task.job, self._under_way[task.job.key], *news)

    def _hand_out(self, task: Task) -> None:
        """Give a task to the workers, or to those who fetch its document first."""
        self._handed_out += 1
        self._under_way.setdefault(task.job.key, _Progress(task.job))
        trouble = self._prepare(task)
        if trouble is not None:
            self._news.put(("error", task, trouble))
        elif task.job.address is not None and self.crew.wants_files and not task.source.exists():
            if self._fetchers is None:
                self._fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="sampan-fetch")
            self._fetchers.submit(self._fetch, task)
        else:
            self._tasks.put(task)

    def _prepare(self, task: Task) -> SampanError | None:
        """Say where the document, the parts and the outputs are; an error for what need not be tried."""
        job = task.job
        if job.trouble is not None:
            return InputError(job.trouble)
        task.directory = self.output.staging(job)
        if job.source is not None:
            task.source = job.source.absolute()
            # A pipe or a device would be waited for without end.
            with contextlib.suppress(OSError):
                if not stat.S_ISREG(task.source.stat().st_mode):
                    return InputError(f"{printable(job.name)} is no regular file: name a document")
        else:
            task.source = self._kept(job) / "file" / job.file_name
            if job.address is None and not task.source.exists():
                try:
                    stores.fetch_standard_input(task.source, self.settings.options.max_bytes)
                except SampanError as error:
                    return error
        return None

    def _kept(self, job: Job) -> Path:
        """Where what belongs to a job is kept while it is under way."""
        return self.output.state / "under-way" / self.output.staging(job).name.removeprefix(".sampan-")

    def _fetch(self, task: Task) -> None:
        assert task.job.address is not None
        try:
            task.source.parent.mkdir(parents=True, exist_ok=True)
            stores.fetch(task.job.address, task.source, self.settings.options.max_bytes)
        except SampanError as error:
            self._news.put(("error", task, error))
        except OSError as error:
            self._news.put(("error", task, stores.cannot_keep(task.source, error)))
        else:
            self._tasks.put(task)

    def _follow_worker(self) -> None:
        """The life of the thread beside a worker."""
        reader = None
        while (task := self._tasks.get()) is not None and not self.cancelled.is_set():
            self._news.put(("begun", task, None))
            start = time.perf_counter()
            try:
                reader = reader or self.crew.hire()
                answer = reader.read(task, partial(self._report, task), self.cancelled)
            except CancelledError:
                break
            except SampanError as error:
                task.seconds = time.perf_counter() - start
                self._news.put(("error", task, error))
            except Exception as error:
                self._news.put(("error", task, SampanError(f"unexpected {type(error).__name__}: {error}")))
            else:
                task.seconds = time.perf_counter() - start
                self._news.put(("value", task, answer))
        if reader is not None:
            reader.close()

    def _report(self, task: Task, done: int, _: int) -> None:
        self._news.put(("pages", task, done))

    def _take(self, what: str, task: Task, news: Any) -> Iterator[Event]:
        """Enter what a worker has to say, and say it."""
        job = task.job
        progress = self._under_way.get(job.key)
        if what == "begun":
            self._attempts[id(task)] = self.journal.begin(job, task.label)
            if task.kind == "file":
                yield Event("begun", job)
            return
        if what == "pages":
            if news != task.pages_done:
                yield Event("pages", job, news - task.pages_done)
                task.pages_done = news
            return
        attempt = self._attempts.pop(id(task), None)
        if attempt is not None:
            self.journal.end(attempt, "done" if what == "value" else " ".join(str(news).split())[:500])
        if progress is None:  # another part of the document has failed meanwhile
            return
        progress.seconds, task.seconds = progress.seconds + task.seconds, 0.0
        limit = self.settings.limits.seconds
        if task.kind == "part" and limit is not None and progress.seconds > limit:
            what, news = "error", FileTimeLimitError(
                f"its pages took more than {limit:g} s together, the limit for a file: raise --max-seconds"
            )  # fmt: skip
        retries = self.settings.retries_lost if isinstance(news, WorkerLostError) else self.settings.retries
        if what == "error" and isinstance(news, WorkerDiedError) and task.tries < retries:
            task.tries += 1
            yield self._try_again(task)
        elif what == "error" and self._goes_around(task, progress, news):
            task.lost[news.page] = f"page {news.page} was given up: {news.cause}"
            yield self._try_again(task)
        elif what == "error":
            yield self._end(job, progress, error=news)
        elif what == "published":
            yield self._end(job, progress, *news)
        elif "long" in news:
            self._divide(job, progress, news)
        elif task.kind == "part":
            self.journal.keep_part(job, task.number, task.pages, news["sha256"])
            progress.missing.discard(task.number)
            if not progress.missing:
                self._waiting.appendleft(Task(job, "join", parts=list(progress.parts.values())))
        else:
            self._handed_out += 1
            self._publishers.submit(self._publish, task, news, self.journal.written(job))

    def _publish(self, task: Task, answer: dict[str, Any], before: list[str]) -> None:
        """Put outputs in place, and remove those of an earlier version of the document that it has no more."""
        try:
            written = self.output.publish(task.job)
            names = {name for name, _ in written}
            self.output.remove(task.job, [name for name in before if name not in names])
        except SampanError as error:
            self._news.put(("error", task, error))
        except Exception as error:
            self._news.put(("error", task, SampanError(f"unexpected {type(error).__name__}: {error}")))
        else:
            self._news.put(("published", task, (answer, written)))

    def _try_again(self, task: Task) -> Event:
        pages, task.pages_done = task.pages_done, 0
        self._waiting.appendleft(task)
        return Event("pages", task.job, -pages)

    def _goes_around(self, task: Task, progress: _Progress, error: SampanError) -> bool:
        """Whether to read a document without the page that brought down its worker."""
        if not isinstance(error, TaskEndedError) or error.page is None or not error.may_go_around:
            return False
        progress.lost += 1
        return task.kind != "join" and progress.lost <= self.settings.most_lost

    def _divide(self, job: Job, progress: _Progress, answer: dict[str, Any]) -> None:
        """Part tasks for a long document, but for the parts that an earlier run has read."""
        numbers = answer["long"]
        length = max(self.settings.part_pages, -(-len(numbers) // _MOST_PARTS))
        kept = self._kept(job)
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise stores.cannot_keep(kept, error) from error
        known = self.journal.parts(job)
        tasks = []
        for number, first in enumerate(range(0, len(numbers), length)):
            pages = ",".join(map(str, numbers[first : first + length]))
            progress.parts[number] = path = kept / f"{number}.json"
            if known.get(number) == (pages, answer["sha256"]) and path.is_file():
                continue
            progress.missing.add(number)
            tasks.append(Task(job, "part", number=number, pages=pages, parts=[path]))
        self._waiting.extendleft(reversed(tasks))
        if not tasks:
            self._waiting.appendleft(Task(job, "join", parts=list(progress.parts.values())))

    def _end(
        self,
        job: Job,
        progress: _Progress,
        answer: dict[str, Any] | None = None,
        written: Sequence[tuple[str, int]] = (),
        error: SampanError | None = None,
    ) -> Event:
        """The outcome of a job whose outputs are in place: its row in the journal."""
        outcome = Outcome(printable(job.name), progress.seconds)
        if error is not None:
            if is_hopeless(error):
                raise OutputError(f"{error}; what is finished stays so: go on with --resume") from error
            discard(self.output.staging(job))
            outcome.error, outcome.exit_code = printable(str(error)), error.exit_code
            outcome.page = getattr(error, "page", None)
        elif answer is not None:
            outcome.pages, outcome.blocks, outcome.tables = (
                answer["pages"],
                answer["blocks"],
                answer["tables"],
            )
            outcome.failures = [
                Fault(printable(fault["message"]), fault["page"], fault["stage"])
                for fault in answer["failures"]
            ]
            outcome.exit_code = 1 if outcome.failures else 0
        self.journal.finish(job, outcome, answer, written, _is_lasting(error))
        del self._under_way[job.key]
        if progress.parts:  # those that wait are of no use any more
            self._waiting = deque(task for task in self._waiting if task.job.key != job.key)
        discard(self._kept(job))
        with contextlib.suppress(OSError):
            self._kept(job).parent.rmdir()
        return Event("done", job, outcome=self.journal.outcome(job, earlier=False))


def _is_lasting(error: SampanError | None) -> bool:
    """Whether reading the same bytes with the same options would end the same way."""
    return isinstance(error, InputError) and not isinstance(error, TaskEndedError | PasswordError)
