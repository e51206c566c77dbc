"""A trace as a file that Perfetto and Chrome's `about:tracing` open: files, pages, stages, model runs over time.

The format is Google's Trace Event Format, JSON object form: complete events (`"ph": "X"`) with `ts` and `dur` in
microseconds, and metadata events (`"ph": "M"`) that name processes and threads. Times count from the machine's
monotonic clock, which all processes share, so traces of several processes go into one file as they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from sampan.runtime.trace import Span


def trace_events(spans: Iterable[Span], process: str, pid: int | None = None) -> list[dict[str, Any]]:
    """The events of one process called `process`."""
    pid = os.getpid() if pid is None else pid
    threads: dict[str, int] = {}
    events: list[dict[str, Any]] = []
    for span in spans:
        events.append(
            {
                "name": span.name,
                "cat": span.category,
                "ph": "X",
                "ts": round(span.start * 1e6, 1),
                "dur": round(max(span.end - span.start, 0.0) * 1e6, 1),
                "pid": pid,
                "tid": threads.setdefault(span.thread, len(threads) + 1),
                "args": span.details,
            }
        )
    named = [_name("process_name", pid, 0, process)]
    named += [_name("thread_name", pid, number, thread) for thread, number in threads.items()]
    return [*named, *events]


def trace_file(events: Iterable[dict[str, Any]]) -> str:
    """The whole file; events in the order of time, as viewers like them."""
    ordered = sorted(
        events, key=lambda event: (event["ph"] != "M", event.get("ts", 0.0), -event.get("dur", 0.0))
    )
    lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in ordered)
    return f'{{"displayTimeUnit": "ms", "traceEvents": [\n{lines}\n]}}\n'


def _name(what: str, pid: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": pid, "tid": thread, "args": {"name": name}}
