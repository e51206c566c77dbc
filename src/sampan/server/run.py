"""Serves the application: opens the port, and closes it in good order when asked to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn

from sampan.errors import OptionError
from sampan.server import logs
from sampan.server.app import create_app
from sampan.server.service import Service
from sampan.server.settings import ServerSettings


def serve(settings: ServerSettings, announce: Callable[[str], None]) -> None:
    """Serve until a signal says stop. `announce` is told the page's address once the port is open."""
    listening = _listen(settings.host, settings.port)
    try:
        app = create_app(settings)
    except BaseException:
        listening.close()
        raise
    logs.write_to_stderr()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(settings.grace_seconds) + 5,
    )
    host, port = listening.getsockname()[:2]
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    # uvicorn raises the signal that stopped it once more at the end, for the handler from before.
    signal.signal(signal.SIGTERM, _leave)
    _Server(config, app.state.service).run([listening])


def _leave(*_: object) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """uvicorn's server, which tells the queue as soon as it is asked to stop.

    It would do so only when all connections are closed, but they wait for the queue: for answers, for events.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logs.log("stopping", grace=self._service.settings.grace_seconds)
        finishing = asyncio.create_task(self._service.dispatcher.finish(self._service.settings.grace_seconds))
        await super().shutdown(sockets)
        await finishing
        logs.log("stopped")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise OptionError(
            f"{host}:{port} cannot be opened ({error.strerror or error}): choose another --port or --host"
        ) from error
    listening.set_inheritable(False)
    return listening
