"""Tasks that misbehave, for worker processes."""

import ctypes
import errno
import os
import signal
import sys
import time
from pathlib import Path

from sampan.documents.bulk.frames import write_frame
from sampan.errors import LimitError, OutputError, PasswordError


class NarrowerError(LimitError):
    """A class that the other side does not know."""


def say(context, *words):
    return {"words": words, "pid": os.getpid(), "threads": context.threads}


def count(context, total, seconds=0.0):
    context.progress(0, total)
    for number in range(1, total + 1):
        context.begin_page(number)
        time.sleep(seconds)
        context.progress(number, total)
    return total


def crash(context, page=None):
    if page is not None:
        context.begin_page(page)
    ctypes.string_at(0)


def killed(context, number=signal.SIGKILL):
    os.kill(os.getpid(), number)


def leave(context):
    print("the disk is on fire", file=sys.stderr)
    sys.stderr.flush()
    os._exit(7)


def hang(context, page=None, mark=None):
    if page is not None:
        context.begin_page(page)
    if mark is not None:
        Path(mark).write_text(str(os.getpid()))
    time.sleep(600)


def swallow(context, megabytes):
    context.begin_page(3)
    held = [bytes(range(256)) * 4096 for _ in range(megabytes)]
    time.sleep(30)
    return len(held)


def reserve(context, gigabytes):
    return len(bytearray(gigabytes << 30))


def keep(context, megabytes):
    context.kept = b"x" * (megabytes << 20)
    return os.getpid()


def babble(context, text):
    """What a parser that was taken over might say."""
    write_frame(context._answers, text)
    time.sleep(60)


def chatter(context):
    os.write(1, b"noise from a native library\n" * 100)
    print("more noise")
    sys.stdout.flush()
    return "said"


def refuse(context, kind):
    match kind:
        case "password":
            raise PasswordError("a.pdf is encrypted: give its password")
        case "narrower":
            raise NarrowerError("too wide")
        case "full":
            raise OutputError("cannot write") from OSError(errno.ENOSPC, "No space left on device")
        case "memory":
            raise MemoryError
        case _:
            raise ZeroDivisionError("division by zero")


def surroundings(context):
    import cv2

    return {
        "nice": os.nice(0), "threads": [int(os.environ["OMP_NUM_THREADS"]), cv2.getNumThreads()],
        "interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    }  # fmt: skip


def break_page_two():
    """In a worker process: reading a page 2 crashes it."""
    from sampan.documents.parser import Parser

    read_page = Parser.read_page

    def crash_at_two(self, page):
        if page.number == 2:
            ctypes.string_at(0)
        return read_page(self, page)

    Parser.read_page = crash_at_two
