"""Several pieces of work under way at a time, their results in the order of the pieces.

What is begun is bounded, so that a long list costs no more memory than a short one, and nothing is begun before
its place in the queue comes near: the list may be a generator that opens files as it goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_order(begun: Iterable[Future[T]], ahead: int) -> Generator[T, None, None]:
    """Results of the futures that `begun` yields, in its order, with at most `ahead` of them pulled in advance.

    If a result is an exception it is raised in its place. However the iteration ends, what has not been started is
    called off and what is running is waited for, so that nobody works on when the caller goes on.
    """
    window: deque[Future[T]] = deque()
    try:
        for future in begun:
            window.append(future)
            if len(window) > ahead:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    finally:
        for future in window:
            future.cancel()
        for future in window:
            if not future.cancelled():
                future.exception()


def done(value: T) -> Future[T]:
    """A future that has its result already."""
    future: Future[T] = Future()
    future.set_result(value)
    return future
