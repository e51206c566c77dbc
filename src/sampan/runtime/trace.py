"""What happens while a document is read: spans of time and notes of decisions.

`--profile` draws the spans, `--explain` tells the notes. Nothing is recorded unless a `tracing()` block is
open in the same context, and then each hook costs one look at a context variable. Threads of a pool do not
inherit that context: work handed to one goes through `carried`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, ParamSpec, TypeVar

Category = Literal["file", "page", "stage", "model"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took time; `start` and `end` are seconds of `time.perf_counter`."""

    name: str
    category: Category
    start: float
    end: float
    thread: str
    thread_id: int
    """The system's, by which a thread is known for as long as it lives."""
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """A decision that a stage took, with what it was taken from."""

    topic: str
    details: dict[str, Any]


@dataclass(slots=True)
class Trace:
    """Everything recorded in one `tracing()` block, by whichever thread."""

    spans: list[Span] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def about(self, topic: str) -> list[dict[str, Any]]:
        """The details of all notes on one topic, in the order in which they were made."""
        return [note.details for note in self.notes if note.topic == topic]


_current: ContextVar[Trace | None] = ContextVar("sampan_trace", default=None)


def current() -> Trace | None:
    """The open trace of this context, or None: what costs something to say is said only if there is one."""
    return _current.get()


@contextmanager
def tracing(into: Trace | None = None) -> Iterator[Trace]:
    """Record what happens inside the block, in this thread and in work that it hands on with `carried`."""
    trace = into if into is not None else Trace()
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def span(name: str, category: Category, start: float, end: float | None = None, **details: Any) -> None:
    """Record what began at `start` (by `time.perf_counter`) and ends now, or ended at `end`."""
    trace = _current.get()
    if trace is not None:
        finish = time.perf_counter() if end is None else end
        thread = threading.current_thread().name, threading.get_native_id()
        trace.spans.append(Span(name, category, start, finish, *thread, details))


def note(topic: str, **details: Any) -> None:
    """Record a decision. Values are kept as they are: hand over what is at hand and compute nothing for this."""
    trace = _current.get()
    if trace is not None:
        trace.notes.append(Note(topic, details))


def carried(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function`, made to record into this context's trace from whatever thread calls it."""
    trace = _current.get()
    if trace is None:
        return function

    def traced(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with tracing(trace):
            return function(*args, **kwargs)

    return traced
