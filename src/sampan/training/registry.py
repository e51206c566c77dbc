"""Things that recipes choose by name: tasks, losses between models, clipping rules.

A name is either registered by a decorator, or a path of import `package.module:Name` for what lives in a
user's own package.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Generic, TypeVar, cast

from sampan.errors import OptionError

Thing = TypeVar("Thing", bound=Callable[..., object])
Registered = TypeVar("Registered", bound=Callable[..., object])


class Registry(Generic[Thing]):
    """Names of one kind of thing.

    Args:
        kind: what they are, for messages ("task").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, Thing] = {}

    def register(self, name: str) -> Callable[[Registered], Registered]:
        """A decorator that makes a class or function known under `name`."""

        def add(thing: Registered) -> Registered:
            known = self._things.get(name)
            if known is not None and _origin(known) != _origin(thing):
                raise ValueError(
                    f"{self.kind} {name!r} is registered twice: {_origin(known)}, {_origin(thing)}"
                )
            self._things[name] = cast(Thing, thing)
            return thing

        return add

    def find(self, name: str) -> Thing:
        """The thing with a registered name or at a path of import.

        Raises:
            OptionError: there is none.
        """
        if name in self._things:
            return self._things[name]
        if ":" in name:
            return self._imported(name)
        raise OptionError(f"{self.kind} {name!r} is not known{did_you_mean(name, self.names())}")

    def names(self) -> list[str]:
        """Registered names, sorted."""
        return sorted(self._things)

    def _imported(self, path: str) -> Thing:
        module, _, name = path.partition(":")
        try:
            return cast(Thing, getattr(import_module(module), name))
        except (ImportError, AttributeError, ValueError) as error:
            raise OptionError(f"{self.kind} {path!r} cannot be imported: {error}") from error


def did_you_mean(name: str, known: list[str]) -> str:
    """The end of a sentence that says what is not known: the nearest right name, or all of them."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f": did you mean {near[0]}?"
    if not known:
        return ": none is"
    return f": known are {', '.join(known[:12])}{', …' if len(known) > 12 else ''}"


def _origin(thing: Callable[..., object]) -> str:
    # Modules are loaded twice under two names by some test runners, so the module does not count.
    return getattr(thing, "__qualname__", repr(thing))
