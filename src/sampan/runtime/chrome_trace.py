"""A trace as a file that Perfetto and Chrome's `about:tracing` open: files, pages, stages, model runs over time.

The format is Google's Trace Event Format, JSON object form: complete events (`"ph": "X"`) with `ts` and `dur` in
microseconds, and metadata events (`"ph": "M"`) that name processes and threads. Times count from the machine's
monotonic clock, which all processes share, so traces of several processes go into one file as they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sampan.runtime.trace import Span, Trace, tracing

FOLDER = "SAMPAN_TRACE_FOLDER"
"""Environment variable that names the folder in which worker processes leave their events for their parent."""


def trace_events(spans: Iterable[Span], process: str, pid: int | None = None) -> list[dict[str, Any]]:
    """The events of one process called `process`."""
    pid = os.getpid() if pid is None else pid
    threads: dict[int, str] = {}
    events: list[dict[str, Any]] = []
    for span in spans:
        threads[span.thread_id] = span.thread
        events.append(
            {
                "name": span.name,
                "cat": span.category,
                "ph": "X",
                "ts": round(span.start * 1e6, 1),
                "dur": round(max(span.end - span.start, 0.0) * 1e6, 1),
                "pid": pid,
                "tid": span.thread_id,
                "args": span.details,
            }
        )
    named = [_name("process_name", pid, 0, process)]
    named += [_name("thread_name", pid, number, thread) for number, thread in threads.items()]
    return [*named, *events]


def trace_file(events: Iterable[dict[str, Any]]) -> str:
    """The whole file; events in the order of time, as viewers like them."""
    ordered = sorted(
        events, key=lambda event: (event["ph"] != "M", event.get("ts", 0.0), -event.get("dur", 0.0))
    )
    lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in ordered)
    return f'{{"displayTimeUnit": "ms", "traceEvents": [\n{lines}\n]}}\n'


@contextmanager
def gathered_trace(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """Record this process and, by way of `folder`, the workers that it starts; the list is full after the block."""
    events: list[dict[str, Any]] = []
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = str(folder)
    trace = Trace()
    try:
        with tracing(trace):
            yield events
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before
        events += trace_events(trace.spans, "sampan")
        for part in sorted(folder.glob("*.jsonl")):
            for line in part.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):  # a worker that was killed may leave half a line
                    events.append(json.loads(line))


@contextmanager
def kept_trace() -> Iterator[None]:
    """In a worker: add what happens inside to what the parent gathers, if it does."""
    folder = os.environ.get(FOLDER)
    if not folder:
        yield
        return
    trace = Trace()
    try:
        with tracing(trace):
            yield
    finally:
        lines = [
            json.dumps(event, ensure_ascii=False) + "\n" for event in trace_events(trace.spans, "worker")
        ]
        with suppress(OSError), (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(lines)


def _name(what: str, pid: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": pid, "tid": thread, "args": {"name": name}}
