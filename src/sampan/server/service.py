"""The parts of a running server, together: what every address works with."""

from __future__ import annotations

import sqlite3
from typing import Annotated

from fastapi import Depends, Request

from sampan.errors import OutputError
from sampan.server.dispatch import Dispatcher
from sampan.server.folders import Folders, sync
from sampan.server.metrics import Metrics
from sampan.server.results import Results
from sampan.server.settings import ServerSettings
from sampan.server.store import Store


class Service:
    """Opens the folder of jobs and holds it until `stop`."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.folders = Folders(settings.data)
        try:
            store = Store(self.folders.data / "jobs.sqlite3")
            sync(self.folders.data)
        except sqlite3.Error as error:
            self.folders.close()
            raise OutputError(
                f"the list of jobs in {self.folders.data} cannot be opened ({error}): "
                "give another folder with --data, or move that one away"
            ) from error
        self.dispatcher = Dispatcher(settings, store, self.folders, self.metrics)
        self.results = Results(settings, self.folders)

    async def start(self) -> None:
        await self.dispatcher.start()

    async def stop(self) -> None:
        await self.dispatcher.finish(self.settings.grace_seconds)
        await self.results.stop()
        self.dispatcher.close()
        self.folders.close()


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _owner(request: Request) -> str:
    owner: str = request.state.owner
    return owner


Parts = Annotated[Service, Depends(_service)]
Owner = Annotated[str, Depends(_owner)]
"""Name of the key that a request came with; empty without keys."""
