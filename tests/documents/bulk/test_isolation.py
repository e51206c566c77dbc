"""Processes that crash, hang, swallow memory or are killed; and what is said of it."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.documents.bulk import stand_ins

from sampan.documents.bulk.isolation import (
    CancelledError,
    DefectError,
    Limits,
    MemoryLimitError,
    TimeLimitError,
    Worker,
    WorkerDiedError,
)
from sampan.errors import LimitError, OutputError, PasswordError, SampanError

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


@pytest.fixture(scope="module")
def worker():
    """One that lives through the whole module, as workers do; it is replaced when it must be."""
    with Worker(Limits(page_seconds=60, memory=300_000_000), threads=3) as worker:
        yield worker


def test_one_process_does_task_after_task(worker) -> None:
    first = worker.call(stand_ins.say, "漢字 \udc80", 1.5)
    assert first == {"words": ["漢字 \udc80", 1.5], "pid": worker.pid, "threads": 3}
    assert first["pid"] != os.getpid()
    assert worker.call(stand_ins.say) == {"words": [], "pid": first["pid"], "threads": 3}


def test_progress_is_told_page_by_page(worker) -> None:
    told: list[tuple[int, int]] = []
    assert worker.call(stand_ins.count, 3, progress=lambda *page: told.append(page)) == 3
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("task", "arguments", "says"),
    [
        (stand_ins.crash, (), r"^the process that read it crashed \(SIGSEGV\)"),
        (stand_ins.crash, (12,), r"^page 12: the process that read it crashed \(SIGSEGV\)"),
        (stand_ins.killed, (), r"killed \(SIGKILL\).*memory"),
        (stand_ins.killed, (signal.SIGABRT,), r"crashed \(SIGABRT\)"),
        (stand_ins.leave, (), r"exit code 7 \(the disk is on fire\)"),
    ],
)
def test_a_death_is_one_failed_task(worker, task, arguments, says) -> None:
    with pytest.raises(WorkerDiedError, match=says) as raised:
        worker.call(task, *arguments)
    assert "\n" not in str(raised.value)
    assert worker.call(stand_ins.say, "again")["words"] == ["again"]


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("password", PasswordError, "^a.pdf is encrypted: give its password$"),
        ("narrower", LimitError, "^too wide$"),
        ("memory", SampanError, "^out of memory"),
        ("defect", DefectError, "^unexpected ZeroDivisionError: division by zero"),
    ],
)
def test_errors_come_out_as_they_are_and_cost_no_process(worker, kind, error, says) -> None:
    before = worker.call(stand_ins.say)["pid"]
    with pytest.raises(error, match=says) as raised:
        worker.call(stand_ins.refuse, kind)
    assert type(raised.value) is error
    assert worker.call(stand_ins.say)["pid"] == before
    if isinstance(raised.value, DefectError):
        assert "stand_ins.py" in raised.value.trace


def test_a_full_disk_can_be_told_from_other_trouble(worker) -> None:
    with pytest.raises(OutputError) as raised:
        worker.call(stand_ins.refuse, "full")
    assert isinstance(raised.value.__cause__, OSError) and raised.value.__cause__.errno == errno.ENOSPC


def test_what_native_libraries_print_does_not_come_between(worker) -> None:
    assert worker.call(stand_ins.chatter) == "said"


@pytest.mark.parametrize(
    "text",
    [b"no JSON", b"[]", b"{}", b'{"what": "error", "kind": 1}', b'{"what": "progress"}', b"[" * 100_000],
)
def test_nonsense_is_no_answer(worker, text) -> None:
    with pytest.raises(WorkerDiedError, match="makes no sense"):
        worker.call(stand_ins.babble, text)
    assert worker.call(stand_ins.say)["words"] == []


def test_a_task_and_a_page_have_their_time() -> None:
    worker = Worker(Limits(seconds=0.4, page_seconds=60))
    with pytest.raises(TimeLimitError, match=r"^page 7: not done after 0\.4 s.*--max-seconds"):
        worker.call(stand_ins.hang, 7)
    with Worker(Limits(page_seconds=0.4)) as worker:
        with pytest.raises(TimeLimitError, match=r"^page 9: no page done for 0\.4 s.*--max-page-seconds"):
            worker.call(stand_ins.hang, 9)
        # Many pages may together take longer than one.
        assert worker.call(stand_ins.count, 8, 0.1) == 8


@linux
def test_memory_is_watched(worker) -> None:
    with pytest.raises(MemoryLimitError, match=r"^page 3: took \d+ MB of memory \(limit 300 MB\): raise"):
        worker.call(stand_ins.swallow, 600)
    with pytest.raises(SampanError, match="out of memory"):
        worker.call(stand_ins.reserve, 40)
    assert worker.call(stand_ins.say)["words"] == []


def test_cancelling_ends_the_process(worker, tmp_path) -> None:
    cancelled, mark = threading.Event(), tmp_path / "mark"

    def cancel() -> None:
        while not mark.exists() or not mark.read_text():
            time.sleep(0.01)
        cancelled.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(CancelledError):
        worker.call(stand_ins.hang, None, str(mark), cancelled=cancelled)
    thread.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    with pytest.raises(CancelledError):
        worker.call(stand_ins.say, cancelled=cancelled)
    assert worker.call(stand_ins.say, "next")["words"] == ["next"]


def test_a_process_is_replaced_after_its_pages_or_when_it_has_grown() -> None:
    with Worker(Limits(recycle_pages=3)) as worker:
        first = worker.call(stand_ins.say)["pid"]
        worker.call(stand_ins.count, 2)
        assert worker.call(stand_ins.say)["pid"] == first
        worker.call(stand_ins.count, 2)
        assert worker.call(stand_ins.say)["pid"] != first


@linux
def test_a_process_that_has_grown_is_replaced() -> None:
    with Worker(Limits(recycle_memory=200 << 20)) as worker:
        small = worker.call(stand_ins.keep, 1)
        assert worker.call(stand_ins.keep, 400) == small
        assert worker.call(stand_ins.keep, 1) != small


def test_a_process_that_died_while_idle_is_replaced(worker) -> None:
    pid = worker.call(stand_ins.say)["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while worker._process.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert worker.call(stand_ins.say)["pid"] != pid


def test_the_process_is_nice_and_deaf_to_the_terminal() -> None:
    with Worker(Limits(nice=3), threads=1) as worker:
        found = worker.call(stand_ins.surroundings)
    assert found == {"nice": os.nice(0) + min(3, 19 - os.nice(0)), "threads": [1, 1], "interrupt": True}


PARENT = """
import sys
from sampan.documents.bulk.isolation import Limits, Worker
from tests.documents.bulk import stand_ins
Worker(Limits()).call(stand_ins.hang, None, sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    mark = tmp_path / "mark"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, mark], cwd=Path(__file__).parents[3])
    while not mark.exists() or not mark.read_text():
        assert parent.poll() is None
        time.sleep(0.02)
    parent.send_signal(number)
    parent.wait()
    for _ in range(500):
        if not Path(f"/proc/{mark.read_text()}").exists() and sys.platform.startswith("linux"):
            return
        try:
            os.kill(int(mark.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("the process was left behind")
