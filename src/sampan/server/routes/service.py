"""What the server says of itself: whether it lives, what it can do, what it counts, and its page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from sampan import __version__
from sampan.documents.writers import FORMATS
from sampan.errors import WeightsError
from sampan.server import metrics, problems
from sampan.server.answers import FormatAnswer, Health, InfoAnswer, LimitsAnswer, problem_answers
from sampan.server.choices import choices_schema
from sampan.server.problems import ProblemError
from sampan.server.service import Parts, Service

PAGE = Path(__file__).parents[1] / "page"
router = APIRouter(tags=["service"])


@router.get("/healthz", summary="Is the process alive?", response_model=Health)
async def healthy() -> Health:
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Can it take documents?",
    response_model=Health,
    responses={503: {"model": Health, "description": "It cannot, and `checks` says why"}},
)
async def ready(service: Parts, response: Response) -> Health:
    stopping = service.dispatcher.stopping
    checks = {
        "running": not stopping,
        "store": await _store_answers(service),
        "disk": service.folders.has_room(service.settings.max_bytes),
        "weights": _weights(),
    }
    if all(checks.values()):
        return Health(status="ok", checks=checks)
    response.status_code = 503
    return Health(status="stopping" if stopping else "unwell", checks=checks)


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={
        200: {"description": "Text format 0.0.4", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
async def counters(service: Parts) -> Response:
    workers = [worker.pid for worker in (*service.dispatcher.workers, service.results.worker)]
    page = service.metrics.page(await service.dispatcher.counts(), workers)
    return Response(page, headers={"Content-Type": metrics.MEDIA_TYPE})


@router.get("/v1/info", summary="What can it do?", response_model=InfoAnswer)
async def info(service: Parts) -> InfoAnswer:
    settings = service.settings
    return InfoAnswer(
        version=__version__,
        formats=[
            FormatAnswer(
                name=writer.name, media_type=writer.media_type, suffix=writer.suffix, summary=writer.summary
            )
            for writer in FORMATS.values()
        ],
        options=choices_schema(settings),
        limits=LimitsAnswer(
            max_bytes=settings.max_bytes,
            max_pages=settings.max_pages,
            max_pixels=settings.max_pixels,
            max_seconds=settings.max_seconds,
            queue=settings.queue,
            keep_days=settings.keep_days,
        ),
    )


@router.get(
    "/",
    summary="The web page",
    response_class=FileResponse,
    responses=problem_answers(problems.NOT_FOUND),
    include_in_schema=False,
)
async def page() -> FileResponse:
    if not (PAGE / "index.html").is_file():
        raise ProblemError(
            problems.NOT_FOUND, "this installation has no web page: /openapi.json says what it can do"
        )
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


async def _store_answers(service: Service) -> bool:
    try:
        await service.dispatcher.counts()
    except Exception:
        return False
    return True


def _weights() -> bool:
    from sampan.weights import REGISTER, locate

    try:
        for name, weights in REGISTER.items():
            if weights.default:
                locate(name)
    except WeightsError:
        return False
    return True
