"""The inside of a worker process (`isolation` is the outside).

It reads pickled tasks from standard input, does them one after another and answers with JSON on what was its
standard output. It ends with its parent, however that ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, BinaryIO

from sampan.documents.bulk.frames import read_frame, write_frame
from sampan.errors import SampanError
from sampan.runtime.chrome_trace import kept_trace

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions
    from sampan.documents.parser import Parser


class Context:
    """What a task gets from its process: the open parser, and how to report progress."""

    def __init__(self, threads: int, answers: BinaryIO) -> None:
        self.threads = threads
        self._answers = answers
        self._parser: Parser | None = None

    def parser(self, options: ParseOptions) -> Parser:
        """A parser for `options`, kept open while they stay the same. It has as many threads as the process, and
        reads one page at a time, so that a page that brings the process down is known."""
        from sampan.documents.parser import Parser

        options = options.model_copy(update={"threads": self.threads, "pages_at_once": 1})
        if self._parser is None or self._parser.options != options:
            self._parser = None  # the old one's models go first
            self._parser = Parser(options)
        return self._parser

    def begin_page(self, number: int) -> None:
        """Page `number` is in hand: it will be named if the process dies."""
        self.answer(what="page", number=number)

    def progress(self, done: int, total: int) -> None:
        """`done` of `total` pages are done."""
        self.answer(what="progress", done=done, total=total)

    def answer(self, **message: Any) -> None:
        write_frame(self._answers, json.dumps(message).encode())


def main(settings: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal interrupts everyone; the parent decides
    with contextlib.suppress(OSError, ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Native libraries print where they like: what they say must not come between our answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tasks: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, tasks), daemon=True).start()
    threading.Thread(target=_end_with_parent, args=(settings["parent"],), daemon=True).start()
    _settle(settings)
    context = Context(settings["threads"], answers)
    while True:
        request = tasks.get()
        context.answer(what="begun")
        _do(request, context)


def _do(request: bytes, context: Context) -> None:
    try:
        task, arguments = pickle.loads(request)
        with kept_trace():
            value = task(context, *arguments)
        context.answer(what="value", value=value)
    except SampanError as error:
        cause = error.__cause__
        _answer_error(context, _kind(error), str(error), cause.errno if isinstance(cause, OSError) else None)
    except MemoryError:
        message = "out of memory: try a lower --dpi, fewer --workers or fewer --pages"
        _answer_error(context, "SampanError", message)
    except Exception as error:
        message = f"unexpected {type(error).__name__}: {error} (this is a defect of sampan)"
        if os.environ.get("SAMPAN_DEBUG"):
            traceback.print_exc()
        _answer_error(context, "", message)


def _answer_error(context: Context, kind: str, message: str, errno: int | None = None) -> None:
    line = " ".join(message.split())
    context.answer(what="error", kind=kind, message=line, errno=errno, trace=traceback.format_exc())


def _kind(error: SampanError) -> str:
    """The class's name, or that of its nearest base that the parent knows."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == SampanError.__module__)


def _receive(stream: BinaryIO, tasks: queue.Queue[bytes]) -> None:
    while (request := read_frame(stream)) is not None:
        tasks.put(request)
    os._exit(0)


def _end_with_parent(parent: int) -> None:
    """The end of standard input says it first, unless a copy of its other end has strayed into a third process."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)


def _settle(settings: dict[str, Any]) -> None:
    """Niceness, threads, and limits that the system keeps."""
    limits = settings["limits"]
    if limits["nice"] and hasattr(os, "nice"):
        os.nice(limits["nice"])
    # When memory runs out the system should end this process rather than the one that keeps the books.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("500")
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits["memory"] is not None and sys.platform.startswith("linux"):
        # The parent watches what is resident; this only stops one huge allocation between two of its looks.
        # Address space promised to threads and models counts here too, hence the generous measure.
        most = 2 * limits["memory"] + (2 << 30)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
