"""What `sampan parse -o` shows: progress while it runs, then a table for people or JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sampan.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

    from sampan.documents.bulk.engine import Event
    from sampan.documents.bulk.jobs import Job
    from sampan.documents.bulk.outcome import Outcome

MOST_ROWS = 100
"""With more files than this the summary lists only those that failed, and no more than this of them."""
_SECONDS_BETWEEN_LINES = 60.0
"""Where progress goes to a log and not to a terminal."""


class Tally:
    """What has been done, in numbers and in the outcomes that will be shown. Grows only with what failed."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.files = self.earlier = self.failed = self.in_part = 0
        self.pages = 0
        self.pages_now = 0
        """Read by this run, those of unfinished documents included."""
        self.shown: list[Outcome] = []
        self.codes: set[int] = set()
        self.start = time.perf_counter()

    def add(self, outcome: Outcome) -> None:
        self.files += 1
        self.earlier += outcome.earlier
        self.failed += outcome.error is not None
        self.in_part += bool(outcome.failures)
        self.pages += outcome.pages
        self.codes.add(outcome.exit_code)
        if len(self.shown) < MOST_ROWS and (self.total <= MOST_ROWS or outcome.exit_code):
            self.shown.append(outcome)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    @property
    def pages_per_second(self) -> float:
        return self.pages_now / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace of this run; None before the first file of it is done."""
        done = self.files - self.earlier
        return None if done == 0 else (self.total - self.files) * self.seconds / done

    @property
    def exit_code(self) -> int:
        """0 if all went well, the common cause if all failed for one, else 1."""
        return next(iter(self.codes)) if len(self.codes) == 1 else 1 if self.codes else 0


def follow(
    events: Iterable[Event], jobs: list[Job], console: Console, as_json: bool, failures: Path | None
) -> tuple[Tally, bool]:
    """Show what happens until it is over; the second value says whether it was interrupted.

    An error that ends the run is raised after everything done before it has been told.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    tally = Tally(len(jobs))
    interrupted = False
    stopped: BaseException | None = None
    told = time.perf_counter()
    listing = _FailureList(failures)
    array = _Files(sys.stdout) if as_json else None
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TextColumn("files"),
        TextColumn("{task.fields[state]}", markup=False), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, refresh_per_second=4
    ) as bar:
        task = bar.add_task("reading", total=len(jobs), state="")
        try:
            for event in events:
                tally.pages_now += event.pages
                if event.what == "begun":
                    bar.update(task, description=_shorten(event.job.name))
                if event.outcome is not None:
                    tally.add(event.outcome)
                    listing.add(event.outcome)
                    if array is not None:
                        array.add(event.outcome)
                    bar.advance(task)
                bar.update(task, state=_state(tally))
                if not console.is_terminal and time.perf_counter() - told > _SECONDS_BETWEEN_LINES:
                    told = time.perf_counter()
                    console.print(f"{tally.files} of {tally.total} files, {_state(tally)}", highlight=False)
        except KeyboardInterrupt:
            interrupted = True
        except OutputError as error:
            stopped = error
    listing.close()
    if array is not None:
        array.close(_facts(tally, interrupted, stopped))
    elif not console.quiet:
        _print_table(console, tally, interrupted)
    if stopped is not None:
        raise stopped
    return tally, interrupted


class _FailureList:
    """`--failures FILE`: one row for everything that went wrong, kept up to date while the run goes on.

    JSON lines if the name ends in .json or .jsonl, else CSV, which every spreadsheet opens.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lines = path is not None and path.suffix.lower() in (".json", ".jsonl", ".ndjson")
        self._file: IO[str] | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                raise OutputError(
                    f"cannot write {path}: {error.strerror or error}; name another --failures"
                ) from error
            if not self.lines:
                self._row(["file", "page", "stage", "cause"])

    def add(self, outcome: Outcome) -> None:
        for fault in outcome.faults() if self._file is not None else ():
            facts = {"file": outcome.name, "page": fault.page, "stage": fault.stage, "cause": fault.message}
            if self.lines:
                self._write(json.dumps(facts, ensure_ascii=False) + "\n")
            else:
                self._row([_harmless(value) for value in facts.values()])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _row(self, values: list[str]) -> None:
        text = io.StringIO()
        csv.writer(text).writerow(values)
        self._write(text.getvalue())

    def _write(self, text: str) -> None:
        assert self._file is not None
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}; make room") from error


def _harmless(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: files may be called `=cmd|…`."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


class _Files:
    """The JSON summary, written file by file so that a long run needs no more memory than a short one."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._any = False
        stream.write('{\n  "files": [')

    def add(self, outcome: Outcome) -> None:
        self._stream.write(",\n    " if self._any else "\n    ")
        self._any = True
        self._stream.write(json.dumps(outcome.plain(), ensure_ascii=False))
        self._stream.flush()

    def close(self, facts: dict[str, Any]) -> None:
        rows = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items()]
        self._stream.write("\n  ],\n" + ",\n".join(rows) + "\n}\n")
        self._stream.flush()


def _facts(tally: Tally, interrupted: bool, stopped: BaseException | None) -> dict[str, Any]:
    return {
        "seconds": round(tally.seconds, 3), "interrupted": interrupted,
        "stopped": None if stopped is None else str(stopped), "total": tally.total, "done": tally.files,
        "earlier": tally.earlier, "failed": tally.failed + tally.in_part, "pages": tally.pages,
        "pages_now": tally.pages_now, "pages_per_second": round(tally.pages_per_second, 3),
    }  # fmt: skip


def _state(tally: Tally) -> str:
    left = tally.seconds_left
    failed = f", {tally.failed} failed" if tally.failed else ""
    return (
        f"{tally.pages_now} pages, {tally.pages_per_second:.1f} pages/s{failed}"
        f"{'' if left is None else f', {_duration(left)} left'}"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
    )


def _shorten(name: str, limit: int = 48) -> str:
    return name if len(name) <= limit else "…" + name[1 - limit :]


def _print_table(console: Console, tally: Tally, interrupted: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", no_wrap=True)
    for column in ("pages", "seconds", "blocks", "tables"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("output", overflow="fold")
    for outcome in tally.shown:
        if outcome.error is not None:
            result = Text("failed", style="red")
        elif outcome.failures:
            result = Text("in part", style="yellow")
        else:
            first, *others = outcome.files.values()
            result = Text(first + (f" +{len(others)}" if others else ""))
        table.add_row(
            Text(_shorten(outcome.name, 32)), str(outcome.pages), f"{outcome.seconds:.2f}",
            str(outcome.blocks), str(outcome.tables), result,
        )  # fmt: skip
    if tally.shown:
        console.print(table)
    for outcome in tally.shown:
        for fault in outcome.faults():
            console.print(Text(f"{outcome.name}: {fault}"), soft_wrap=True)
    unsaid = tally.failed + tally.in_part - sum(outcome.exit_code != 0 for outcome in tally.shown)
    if unsaid:
        console.print(f"… and {unsaid} more that failed: --failures FILE lists all", highlight=False)
    seconds = tally.seconds
    console.print(
        f"{tally.files} of {tally.total} files, {tally.pages} pages in {seconds:.1f} s"
        f"{f' ({tally.pages_per_second:.1f} pages/s)' if tally.pages_now else ''}"
        f"{f', {tally.earlier} files done earlier' if tally.earlier else ''}"
        f"{f', {tally.failed} failed' if tally.failed else ''}{', interrupted' if interrupted else ''}",
        highlight=False,
    )
