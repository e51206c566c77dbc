"""What was read, as a client asks for it: in any format, or as pictures of pages.

A worker of its own does this, so that an answer need not wait for the documents that are being read.
"""

from __future__ import annotations

import asyncio
import base64
import re
import unicodedata
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sampan.documents.bulk.isolation import Limits, Worker, WorkerDiedError
from sampan.documents.writers import Writer
from sampan.errors import SampanError
from sampan.server import problems, tasks
from sampan.server.choices import chosen_options
from sampan.server.dispatch import cause
from sampan.server.folders import DOCUMENT, Folders
from sampan.server.problems import ProblemError
from sampan.server.settings import ServerSettings
from sampan.server.store import Job

_MOST_WAITING = 32


class Results:
    """Written formats are kept beside the document; pictures are drawn anew."""

    def __init__(self, settings: ServerSettings, folders: Folders) -> None:
        self.worker = Worker(
            Limits(seconds=min(settings.max_seconds, 120.0), page_seconds=None, memory=settings.max_memory)
        )
        self._settings = settings
        self._folders = folders
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sampan-results")
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def file(self, job: Job, writer: Writer) -> Path:
        """The document of a job that is done, in one format."""
        folder = self._folders.job(job.id)
        path = folder / (DOCUMENT if writer.name == "json" else f"result.{writer.name}")
        if not path.exists():
            async with self._my_turn():
                if not path.exists():
                    await self._call(job, tasks.write, writer.name, path)
        return path

    async def picture(self, job: Job, number: int, width: int) -> bytes:
        """The upright page `number` as PNG."""
        async with self._my_turn():
            picture = base64.b64decode(await self._call(job, tasks.draw, number, width))
        if not picture:
            detail = f"{job.name} has no page {number}, or it was not read: it has {job.pages_done} that were"
            raise ProblemError(problems.NOT_FOUND, detail)
        return picture

    async def stop(self) -> None:
        async with self._turn:
            self.worker.close()
        self._thread.shutdown()

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        if self._waiting >= _MOST_WAITING:
            detail = (
                f"{self._waiting} results are waiting to be written (limit {_MOST_WAITING}): try again in 2 s"
            )
            raise ProblemError(problems.QUEUE_FULL, detail, {"Retry-After": "2"})
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    async def _call(self, job: Job, task: Any, *arguments: Any) -> Any:
        source = self._folders.source(job.id)
        if source is None:
            raise ProblemError(problems.NOT_FOUND, f"the job {job.id} was removed")
        options = chosen_options(job.options, self._settings)
        call = partial(self.worker.call, task, source, self._folders.job(job.id), options, *arguments)
        # A call goes on where its client has gone: the worker serves one at a time, and the next must not meet it.
        pending = asyncio.get_running_loop().run_in_executor(self._thread, call)
        try:
            return await asyncio.shield(pending)
        except asyncio.CancelledError:
            await asyncio.wait([pending])
            raise
        except WorkerDiedError as error:
            raise ProblemError(problems.CRASHED, str(error)) from error
        except SampanError as error:
            if self._folders.source(job.id) is None:
                raise ProblemError(problems.NOT_FOUND, f"the job {job.id} was removed") from error
            raise ProblemError(*cause(error, self._settings)) from error


def disposition(name: str, suffix: str, *, download: bool) -> str:
    """Content-Disposition of a result (RFC 6266): a name for old clients and, in UTF-8, for those of today."""
    stem = Path(name).stem or "document"
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._ -]+", "_", plain).strip(" .") or "document"
    kind = "attachment" if download else "inline"
    return f"{kind}; filename=\"{plain}{suffix}\"; filename*=UTF-8''{quote(stem + suffix, safe='')}"
