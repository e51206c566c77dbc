"""Reading files in several processes, each with a parser of its own.

The processes are spawned, so that nothing of the parent's libraries is half inherited. Neither a process that
dies nor a parent that is killed leaves the other waiting.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from sampan.cli.batch import Job, Outcome, Reader

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions


def run_in_processes(
    jobs: Sequence[Job],
    options: ParseOptions,
    formats: Sequence[str],
    workers: int,
    started: Callable[[Job], None] | None,
) -> Iterator[Outcome]:
    """As `batch.run`, in `workers` processes.

    Only as many jobs as there are workers are handed out at a time, so that a process that dies (out of
    memory, a crash in a library) puts only those under suspicion; each of them is then read again alone.
    """

    def pool(size: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            size, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(options, formats)
        )

    waiting, suspects = deque(jobs), deque[Job]()
    running: dict[Future[Outcome], Job] = {}
    executor = pool(workers)
    try:
        while waiting or running or suspects:
            while waiting and len(running) < workers:
                job = waiting.popleft()
                if started is not None:
                    started(job)
                try:
                    running[executor.submit(_work, job)] = job
                except BrokenProcessPool:  # a process has died since the last result
                    waiting.appendleft(job)
                    if running:
                        break  # one of their futures says so below
                    executor = pool(workers)
            broken = False
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    suspects.append(job)
                    broken = True
            if broken:
                suspects.extend(running.values())
                running.clear()
                executor.shutdown(wait=False, cancel_futures=True)
                executor = pool(workers)
            while suspects:
                yield _alone(suspects.popleft(), pool)
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


def _alone(job: Job, pool: Callable[[int], ProcessPoolExecutor]) -> Outcome:
    with pool(1) as executor:
        try:
            return executor.submit(_work, job).result()
        except BrokenProcessPool:
            return Outcome(
                job.name,
                error="the process that read it died (out of memory?): try a lower --dpi or fewer --workers",
                exit_code=1,
            )


_reader: Reader | None = None
"""The reader of a worker process."""


def _start_worker(options: ParseOptions, formats: Sequence[str]) -> None:
    global _reader
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends quietly when the terminal interrupts everyone
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _reader = Reader(options, formats)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next job for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Job) -> Outcome:
    assert _reader is not None
    return _reader.read(job)
