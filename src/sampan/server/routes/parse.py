"""A document in, the document read out, on one connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from sampan.server import problems
from sampan.server.answers import FORM, file_answer, problem_answers
from sampan.server.problems import KINDS, ProblemError
from sampan.server.routes.files import Download, Format, document_response, wanted_writer
from sampan.server.routes.jobs import UPLOAD_PROBLEMS
from sampan.server.service import Owner, Parts, Service
from sampan.server.store import Job
from sampan.server.submission import submit

router = APIRouter(prefix="/v1", tags=["parse"])


@router.post(
    "/parse",
    summary="Read a document",
    response_class=FileResponse,
    openapi_extra=FORM,
    responses={
        200: file_answer(),
        **problem_answers(
            *UPLOAD_PROBLEMS, problems.PASSWORD, problems.TOO_LONG, problems.CRASHED, problems.DEFECT,
            problems.NO_WEIGHTS,
        ),
    },
)  # fmt: skip
async def read_document(
    request: Request, service: Parts, owner: Owner, to: Format = "json", download: Download = False
) -> FileResponse:
    """Waits until the document is read. Who hangs up cancels; long documents are better queued."""
    writer = wanted_writer(to)
    job, _ = await submit(service, request, owner, waited=True)
    try:
        job = await _ended(service, request, job.id)
        path = await service.results.file(job, writer)
        answer = document_response(path, job.name, writer, download=download)
        answer.forget = partial(service.dispatcher.remove, job.id)
        return answer
    except BaseException:
        await service.dispatcher.remove(job.id)
        raise


async def _ended(service: Service, request: Request, id: str) -> Job:
    """The job once it is done. Raises `ProblemError` if it fails, or nobody waits any more."""
    gone = asyncio.create_task(_hung_up(request))
    try:
        with service.dispatcher.watch(id) as changed:
            while True:
                changed.clear()
                job = await service.dispatcher.job(id)
                if job is None or job.status == "cancelled":
                    raise ProblemError(problems.BAD_REQUEST, "the reading was cancelled")
                if job.status == "done":
                    return job
                if job.status == "failed":
                    raise ProblemError(KINDS[job.problem or ""], job.detail or "")
                if job.status == "queued" and service.dispatcher.stopping:
                    raise ProblemError(
                        problems.STOPPING,
                        "the server is being stopped: send the document again in 10 s",
                        {"Retry-After": "10"},
                    )
                change = asyncio.create_task(changed.wait())
                await asyncio.wait({change, gone}, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                if gone.done():
                    raise ProblemError(problems.BAD_REQUEST, "the connection was closed before the answer")
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
