"""A folder that is read as it fills: new and changed files, moves, deletions, and what was missed while away.

The file system's events only say that it is time to look. What there is to do follows from what is there:
a file whose size or time of change differs from what was read is waited for until it has stood still for a
while, and then handed to the bulk engine, whose journal knows across restarts what is done. So an event that
got lost costs time and nothing else, and a look at the whole folder now and then finds what events did not tell.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sampan.documents.bulk.crew import Crew, Reader
from sampan.documents.bulk.engine import Engine, Settings
from sampan.documents.bulk.jobs import Job, find_jobs
from sampan.documents.bulk.journal import Journal, measure
from sampan.documents.bulk.output import FolderOutput, is_hopeless
from sampan.errors import InputError, OptionError, OutputError

if TYPE_CHECKING:
    from sampan.documents.bulk.outcome import Outcome

Stamp = tuple[int | None, str | None]
"""Size and time of change."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How patient the watcher is. Times are in seconds."""

    settle: float = 2.0
    """A file is complete when it has not changed for so long."""
    look: float = 300.0
    """The whole folder is looked at so often, whatever events say."""
    retry: float = 60.0
    """After the disk was full, the watcher waits so long before it goes on."""
    poll: bool = False
    """Look instead of waiting for events, which network folders do not send."""
    mirror: bool = False
    """Remove the outputs of files that are gone."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that the watcher has to say."""

    what: Literal["ready", "read", "failed", "removed", "trouble"]
    name: str = ""
    outcome: Outcome | None = None
    message: str = ""


class Watcher:
    """Reads what comes into `folder` and puts the results into `output`, until it is stopped."""

    def __init__(
        self, folder: Path, output: Path, bulk: Settings, crew: Crew, settings: WatchSettings
    ) -> None:
        self.folder = folder
        self.output = output
        self.settings = settings
        self.stopped = threading.Event()
        self._bulk = replace(bulk, resume=True)
        self._crew = _StandingCrew(crew)
        self._seen: dict[str, _Seen] = {}
        self._places: dict[str, tuple[Path, str]] = {}
        self._check()

    def run(self) -> Iterator[News]:
        """What happens, as it happens. Ends when `stopped` is set or the iterator is closed."""
        from watchfiles import watch

        tick = max(50, min(500, int(self.settings.settle * 250)))
        due = 0.0
        yield News("ready", str(self.folder))
        try:
            for changes in watch(
                self.folder,
                watch_filter=self._concerns,
                debounce=400,
                rust_timeout=tick,
                yield_on_timeout=True,
                stop_event=self.stopped,
                force_polling=self.settings.poll or None,
                ignore_permission_denied=True,
            ):
                now = time.monotonic()
                # Files that are being written are looked at with every tick, all others when there is a reason.
                if not changes and now < due and all(seen.done for seen in self._seen.values()):
                    continue
                due = now + self.settings.look
                if (yield from self._look()):
                    due = 0.0
        finally:
            self._crew.dismiss()

    def _look(self) -> Generator[News, None, bool]:
        """One look at the folder, and everything that it gives to do. Says whether to look again at once."""
        try:
            jobs = self._jobs()
        except (InputError, OSError) as error:
            yield News("trouble", str(self.folder), message=str(error))
            return False
        yield from self._forget_what_is_gone(jobs)
        ready = [job for job in jobs if self._is_ready(job)]
        if not ready:
            return False
        try:
            yield from self._read(ready)
        except OutputError as error:
            reason = error.__cause__ if isinstance(error.__cause__, OutputError) else error
            if not is_hopeless(reason):
                raise
            again = f"trying again in {self.settings.retry:g} s"
            yield News("trouble", str(self.output), message=f"{reason}; {again}")
            self.stopped.wait(self.settings.retry)
        return True

    def _read(self, jobs: list[Job]) -> Iterator[News]:
        before = {job.key: measure(job) for job in jobs}
        engine = Engine(jobs, FolderOutput(self.output), self._bulk, self._crew)
        events = engine.run()
        try:
            for event in events:
                if event.what == "done" and event.outcome is not None:
                    # Measured before it was read: what changed meanwhile differs, and is read again.
                    self._seen[event.job.key] = _Seen(before[event.job.key], done=True)
                    if not event.outcome.earlier:
                        what: Literal["read", "failed"] = "read" if event.outcome.error is None else "failed"
                        yield News(what, event.job.name, event.outcome)
                if self.stopped.is_set():
                    return
        finally:
            events.close()  # type: ignore[attr-defined]

    def _jobs(self) -> list[Job]:
        if not self.folder.is_dir():
            raise InputError(f"{self.folder} is gone: waiting for it to come back")
        try:
            return find_jobs([str(self.folder)], self.output)
        except InputError as error:
            if not self.folder.is_dir() or "no documents" not in str(error):
                raise
            return []

    def _is_ready(self, job: Job) -> bool:
        """Whether a job is new or has changed, and has stood still for long enough."""
        stamp, place = measure(job), (job.place, job.stem)
        seen = self._seen.get(job.key)
        if seen is None or seen.stamp != stamp:
            seen = _Seen(stamp, since=_unchanged_since(stamp))
        elif self._places.get(job.key, place) != place:
            seen.done = False  # its output goes elsewhere, now that another file would share it
        self._seen[job.key], self._places[job.key] = seen, place
        return not seen.done and time.monotonic() - seen.since >= self.settings.settle

    def _forget_what_is_gone(self, jobs: Collection[Job]) -> Iterator[News]:
        present = {job.key for job in jobs}
        first = not self._places
        gone = [key for key in self._places if key not in present]
        for key in gone:
            del self._places[key]
            self._seen.pop(key, None)
        # A share that is not mounted looks like an empty folder: nothing is removed on that evidence.
        if self.settings.mirror and (gone or first) and present:
            yield from self._remove_outputs(present)

    def _remove_outputs(self, present: Collection[str]) -> Iterator[News]:
        output = FolderOutput(self.output)
        if not (output.state / "journal.sqlite").exists():
            return
        journal = Journal(output)
        try:
            for name in journal.drop_all_but(present):
                yield News("removed", name)
        finally:
            journal.close()

    def _concerns(self, _: object, path: str) -> bool:
        return not Path(path).is_relative_to(self.output.absolute())

    def _check(self) -> None:
        from sampan.documents.bulk.jobs import SUFFIXES
        from sampan.documents.writers import resolve

        if not self.folder.is_dir():
            raise InputError(f"{self.folder} is no folder: name the folder to watch")
        own = [name for name in self._bulk.formats if Path(f"x{resolve(name).suffix}").suffix in SUFFIXES]
        if own and self.output.absolute().resolve() == self.folder.absolute().resolve():
            raise OptionError(
                f"--to {','.join(own)} into the watched folder itself would be read again for ever: "
                "choose another folder with -o (one inside it will do)"
            )


@dataclass(slots=True)
class _Seen:
    """What is known of a file: how it looked, since when it looks so, and whether it was read that way."""

    stamp: Stamp
    since: float = field(default_factory=time.monotonic)
    done: bool = False


def _unchanged_since(stamp: Stamp) -> float:
    """When the file last changed, on the monotonic clock; now, if its own time cannot be believed."""
    age = 0.0
    if stamp[1] is not None and stamp[1].isdigit():
        age = time.time() - int(stamp[1]) / 1e9
    return time.monotonic() - max(age, 0.0)


class _StandingCrew:
    """Workers that stay from one run of the engine to the next, with their models open."""

    def __init__(self, crew: Crew) -> None:
        self.wants_files = crew.wants_files
        self.idle: deque[Reader] = deque()
        self._crew = crew

    def hire(self) -> Reader:
        try:
            return _Standing(self, self.idle.popleft())
        except IndexError:
            return _Standing(self, self._crew.hire())

    def close(self) -> None:
        """The run is over; the workers stay."""

    def dismiss(self) -> None:
        while self.idle:
            self.idle.popleft().close()
        self._crew.close()


class _Standing:
    """A worker on loan."""

    def __init__(self, crew: _StandingCrew, reader: Reader) -> None:
        self.read = reader.read
        self._crew, self._reader = crew, reader

    def close(self) -> None:
        self._crew.idle.append(self._reader)
