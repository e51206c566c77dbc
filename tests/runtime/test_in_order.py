"""Work begun ahead comes back in its order, and none goes on when the caller is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sampan.runtime.in_order import done, in_order


def test_results_come_in_the_order_of_the_work() -> None:
    gates = [threading.Event() for _ in range(4)]

    def work(number: int) -> int:
        if number < 3:
            gates[number + 1].wait(5)  # each waits for the next one
        gates[number].set()
        return number

    with ThreadPoolExecutor(4) as pool:
        assert list(in_order([pool.submit(work, n) for n in range(4)], 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_no_more_is_begun_than_allowed(ahead: int) -> None:
    begun = 0

    def futures() -> Iterator[Future[int]]:
        nonlocal begun
        for number in range(10):
            begun += 1
            yield done(number)

    for number, result in enumerate(in_order(futures(), ahead)):
        assert result == number
        assert begun == min(number + 1 + ahead, 10)


def test_an_error_is_raised_in_its_place() -> None:
    broken: Future[int] = Future()
    broken.set_exception(ValueError("the second"))
    results = in_order([done(1), broken, done(3)], 2)
    assert next(results) == 1
    with pytest.raises(ValueError, match="the second"):
        next(results)


def test_closing_calls_off_what_waits_and_waits_for_what_runs() -> None:
    started, finished = [], []
    first = threading.Event()

    def work(number: int) -> int:
        started.append(number)
        first.set()
        time.sleep(0.05)
        finished.append(number)
        return number

    with ThreadPoolExecutor(1) as pool:
        results = in_order((pool.submit(work, n) for n in range(20)), 10)
        assert next(results) == 0
        results.close()
        assert started == finished
        assert len(started) < 5
