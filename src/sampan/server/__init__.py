"""Sampan over HTTP: `create_app(settings)` is the application, `run` serves it.

gate        keys, hosts, headers, counts, log: before everything else
routes/     the addresses
submission  from a request to an accepted job: uploads → folders → store
dispatch    from the queue to worker processes and back
results     what was read, in any format
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sampan.server.app import create_app
    from sampan.server.settings import ServerSettings

__all__ = ["ServerSettings", "create_app"]

_HOMES = {"create_app": "sampan.server.app", "ServerSettings": "sampan.server.settings"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'sampan.server' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
