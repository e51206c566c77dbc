"""From a request to an accepted job: a place in the queue, the document on the disk, a row in the list."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sqlite3
from contextlib import nullcontext

from fastapi import Request

from sampan.errors import OptionError
from sampan.server import problems
from sampan.server.choices import stored_choices
from sampan.server.folders import Folders
from sampan.server.logs import log_defect
from sampan.server.problems import ProblemError
from sampan.server.service import Service
from sampan.server.store import Job
from sampan.server.uploads import Body, Upload, receive_form


async def submit(
    service: Service, request: Request, owner: str, *, waited: bool, idempotency_key: str | None = None
) -> tuple[Job, bool]:
    """The job of this request, and whether it is a new one.

    When this returns, the job survives whatever happens to the server; except a waited one, which belongs to its
    connection.
    """
    dispatcher = service.dispatcher
    if dispatcher.stopping:
        raise ProblemError(
            problems.STOPPING,
            "the server is being stopped: send the document again in 10 s",
            {"Retry-After": "10"},
        )
    if not service.folders.has_room(service.settings.max_bytes):
        raise _full()
    body = Body(request, service.settings.max_bytes, service.settings.idle_seconds)
    # Who asks again for what was accepted must hear so, however full the queue is by now.
    known = None if idempotency_key is None else await dispatcher.keyed(owner, idempotency_key)
    try:
        async with nullcontext() if known else dispatcher.place():
            return await _received(service, body, owner, waited, idempotency_key)
    except ProblemError:
        await body.drain()
        raise
    except (OSError, sqlite3.OperationalError) as error:
        log_defect("document not stored", error)
        raise _full() from error


def _full() -> ProblemError:
    return ProblemError(
        problems.DISK_FULL,
        "the server's disk takes no more documents: try again later",
        {"Retry-After": "60"},
    )


async def _received(
    service: Service, body: Body, owner: str, waited: bool, idempotency_key: str | None
) -> tuple[Job, bool]:
    settings, folders = service.settings, service.folders
    folder = folders.receive()
    try:
        upload = await receive_form(body, folder, settings.max_bytes)
        try:
            choices = stored_choices(upload.options, settings)
        except OptionError as error:
            raise ProblemError(problems.BAD_OPTION, str(error)) from error
    except BaseException:
        folders.discard(folder)
        raise
    digest = hashlib.sha256(f"{upload.sha256} {choices}".encode()).hexdigest()
    id = secrets.token_hex(16)
    try:
        await asyncio.to_thread(_accept, folders, upload, id, waited)
        job = await service.dispatcher.add(
            id,
            owner=owner,
            waited=waited,
            name=upload.name,
            bytes=upload.bytes,
            digest=digest,
            options=choices,
            idempotency_key=idempotency_key,
        )
    except BaseException:
        folders.discard(folder)
        folders.remove(id)
        raise
    if job.id != id:
        folders.remove(id)
        if job.digest != digest:
            raise ProblemError(
                problems.KEY_REUSED,
                f"Idempotency-Key {idempotency_key!r} belongs to job {job.id}, which has another document or other "
                "options: use a new key for a new document",
            )
    return job, job.id == id


def _accept(folders: Folders, upload: Upload, id: str, waited: bool) -> None:
    folders.accept(upload.folder, id, upload.name, durable=not waited)
