"""A property that is made at its first use, and made once, whichever threads ask for it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

R = TypeVar("R")


class once(Generic[R]):  # noqa: N801 - used as a decorator, like functools.cached_property
    """`functools.cached_property` with a lock: two threads must not open a model twice.

    A result that is an exception is not kept, so the next use tries again.
    """

    def __init__(self, make: Callable[[Any], R]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> R: ...
    def __get__(self, instance: object | None, owner: type) -> R | Self:
        if instance is None:
            return self
        # Reached only until the value lies in the instance, which is looked at first.
        with self._lock:
            if self._name not in instance.__dict__:
                instance.__dict__[self._name] = self._make(instance)
        value: R = instance.__dict__[self._name]
        return value
