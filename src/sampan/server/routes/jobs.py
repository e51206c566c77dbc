"""Queued jobs: hand in, look, follow, cancel, fetch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from sampan.server import problems
from sampan.server.answers import FORM, JobAnswer, JobList, file_answer, job_answer, problem_answers
from sampan.server.problems import KINDS, ProblemError
from sampan.server.routes.files import Download, Format, document_response, wanted_writer
from sampan.server.service import Owner, Parts, Service
from sampan.server.store import Job
from sampan.server.submission import submit

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Id = Annotated[str, Path(description="Id of a job.", examples=["5f0c7a86b7d34f0e9a3f6f5a1f2b3c4d"])]
_HEARTBEAT_SECONDS = 15.0
_BYTES = {"schema": {"type": "string", "format": "binary"}}

UPLOAD_PROBLEMS = (
    problems.BAD_REQUEST, problems.TOO_SLOW, problems.TOO_LARGE, problems.WRONG_TYPE, problems.BAD_OPTION,
    problems.UNREADABLE, problems.QUEUE_FULL, problems.STOPPING, problems.DISK_FULL,
)  # fmt: skip


@router.post(
    "",
    status_code=202,
    summary="Queue a document",
    response_model=JobAnswer,
    openapi_extra=FORM,
    responses=problem_answers(*UPLOAD_PROBLEMS, problems.KEY_REUSED),
)
async def queue_document(
    request: Request,
    response: Response,
    service: Parts,
    owner: Owner,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Sent again with the same document, it gives the same job and never a second one.",
            min_length=1,
            max_length=200,
            pattern=r"^[!-~]+$",
            examples=["report-2026-11-23"],
        ),
    ] = None,
) -> JobAnswer:
    """The job is on the server's disk when this answers: it survives a crash and is read exactly once to its end."""
    job, new = await submit(service, request, owner, waited=False, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    return job_answer(job)


@router.get("", summary="List jobs", response_model=JobList, responses=problem_answers(problems.BAD_OPTION))
async def list_jobs(
    service: Parts,
    owner: Owner,
    limit: Annotated[int, Query(ge=1, le=500, description="Most jobs to give.")] = 50,
    after: Annotated[str | None, Query(description="`next` of the list before.", max_length=64)] = None,
) -> JobList:
    jobs = await service.dispatcher.jobs(owner, limit + 1, after)
    more = len(jobs) > limit
    return JobList(jobs=[job_answer(job) for job in jobs[:limit]], next=jobs[limit - 1].id if more else None)


@router.get(
    "/{id}", summary="Look at a job", response_model=JobAnswer, responses=problem_answers(problems.NOT_FOUND)
)
async def look_at_job(id: Id, service: Parts, owner: Owner) -> JobAnswer:
    return job_answer(await _owned(service, owner, id))


@router.get(
    "/{id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events, each the job's JSON, until it ends",
            "content": {"text/event-stream": {}},
        },
        **problem_answers(problems.NOT_FOUND),
    },
)
async def follow_job(id: Id, service: Parts, owner: Owner) -> StreamingResponse:
    await _owned(service, owner, id)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_events(service, id), media_type="text/event-stream", headers=headers)


@router.delete(
    "/{id}",
    summary="Cancel or remove a job",
    response_model=JobAnswer,
    responses={
        204: {"description": "It had ended, and is removed with its files"},
        **problem_answers(problems.NOT_FOUND),
    },
)
async def cancel_or_remove_job(id: Id, service: Parts, owner: Owner) -> Response | JobAnswer:
    """Cancels a queued or running job; one that has ended is removed with its files."""
    await _owned(service, owner, id)
    if not await service.dispatcher.cancel(id):
        await service.dispatcher.remove(id)
        return Response(status_code=204)
    return job_answer(await _owned(service, owner, id))


@router.get(
    "/{id}/result",
    summary="Fetch what was read",
    response_class=FileResponse,
    responses={
        200: file_answer(),
        **problem_answers(
            problems.NOT_FOUND, problems.NOT_READY, problems.CANCELLED, problems.TOO_LARGE, problems.BAD_OPTION,
            problems.TOO_LONG, problems.CRASHED, problems.QUEUE_FULL,
        ),
    },
)  # fmt: skip
async def fetch_result(
    id: Id, service: Parts, owner: Owner, to: Format = "md", download: Download = False
) -> FileResponse:
    writer = wanted_writer(to)
    job = _finished(await _owned(service, owner, id))
    path = await service.results.file(job, writer)
    return document_response(path, job.name, writer, download=download)


@router.get(
    "/{id}/pages/{n}.png",
    summary="See a page",
    response_class=Response,
    responses={
        200: {"description": "The upright page", "content": {"image/png": _BYTES}},
        **problem_answers(
            problems.NOT_FOUND, problems.NOT_READY, problems.CANCELLED, problems.TOO_LARGE, problems.BAD_OPTION,
            problems.UNREADABLE, problems.TOO_LONG, problems.CRASHED, problems.QUEUE_FULL,
        ),
    },
)  # fmt: skip
async def see_page(
    id: Id,
    n: Annotated[int, Path(ge=1, le=1_000_000, description="Number of the page, from 1.")],
    service: Parts,
    owner: Owner,
    width: Annotated[int, Query(ge=16, le=4000, description="In pixels.")] = 1000,
) -> Response:
    job = _finished(await _owned(service, owner, id))
    picture = await service.results.picture(job, n, width)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


async def _owned(service: Service, owner: str, id: str) -> Job:
    """The job, if it belongs to the key of the request; others' jobs are as good as none."""
    job = await service.dispatcher.job(id)
    if job is None or job.owner != owner or job.waited:
        raise ProblemError(
            problems.NOT_FOUND,
            f"there is no job {id[:64]!r}: it was removed, or is another key's, or never was",
        )
    return job


def _finished(job: Job) -> Job:
    """The job if it is done, else the reason why it has no result."""
    if job.status == "done":
        return job
    if job.status == "failed":
        detail = f"reading failed ({KINDS[job.problem or ''].title}): {job.detail}"
        raise ProblemError(problems.NOT_READY, detail)
    if job.status == "cancelled":
        raise ProblemError(
            problems.CANCELLED, "the job was cancelled before it was done: send the document again"
        )
    raise ProblemError(problems.NOT_READY, f"the job is {job.status}: ask again in 1 s", {"Retry-After": "1"})


async def _events(service: Service, id: str) -> AsyncIterator[str]:
    last = ""
    with service.dispatcher.watch(id) as changed:
        while not service.dispatcher.stopping:
            changed.clear()
            job = await service.dispatcher.job(id)
            if job is None:
                return
            now = job_answer(job).model_dump_json()
            if now != last:
                yield f"event: job\ndata: {now}\n\n"
                last = now
            if job.ended:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _HEARTBEAT_SECONDS)
                continue
            yield ": still here\n\n"
