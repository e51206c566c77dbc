"""The application: its addresses, its layers, its errors, its OpenAPI page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match

from sampan import __version__
from sampan.server import problems
from sampan.server.answers import problem_answers
from sampan.server.gate import Gate
from sampan.server.problems import Problem, ProblemError
from sampan.server.routes import jobs, parse
from sampan.server.routes import service as service_routes
from sampan.server.service import Service
from sampan.server.settings import ServerSettings

_ROUTERS = (parse.router, jobs.router, service_routes.router)
_ABOUT = """
Reads PDFs, scans and photos into structured text. Send a document to `/v1/parse` and wait, or queue it at
`/v1/jobs`. Errors are `application/problem+json`; 429 and 503 say in `Retry-After` when to come again.
"""


def create_app(settings: ServerSettings | None = None) -> FastAPI:
    """An application that owns the folder `settings.data` until it is shut down.

    Raises `OutputError` if another server owns it or it cannot be written to.
    """
    settings = settings or ServerSettings()
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title="Sampan",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,  # both load scripts from elsewhere
    )
    app.state.service = service
    for router in _ROUTERS:
        app.include_router(router)
    if (service_routes.PAGE / "index.html").is_file():
        app.mount("/page", StaticFiles(directory=service_routes.PAGE), name="page")
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["Content-Disposition", "Location", "Retry-After", "X-Request-ID"],
        )
    app.add_middleware(Gate, settings=settings, metrics=service.metrics)
    app.openapi = lambda: _openapi(app, settings)  # type: ignore[method-assign]
    return app


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problems.answer(error.kind, error.detail, error.headers)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = {404: problems.NOT_FOUND, 405: problems.BAD_METHOD}.get(error.status_code, problems.BAD_REQUEST)
    detail = {
        404: f"there is nothing at {request.url.path[:100]!r}: /openapi.json lists what there is",
        405: f"{request.method} does not work at {request.url.path[:100]!r}",
    }.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problems.answer(kind, detail, headers)


def _methods(request: Request) -> set[str]:
    """All methods at the address; the router only knows those of the first route that it met."""
    routes = [route for router in _ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    fitting = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in fitting for method in route.methods or ()}


async def _bad_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    given = repr(first.get("input"))[:80]
    return problems.answer(problems.BAD_OPTION, f"{name} = {given}: {first['msg']}")


def _openapi(app: FastAPI, settings: ServerSettings) -> dict[str, Any]:
    """The page that FastAPI makes, with what it cannot know: keys, hosts, and errors as we send them."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    page = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = page["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    everywhere = [problems.BAD_HOST, problems.TOO_MANY, *([problems.NO_KEY] if settings.keys else [])]
    for path, operations in page["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            _with_problems(answers, [*everywhere, *([problems.CROSS_SITE] if method != "get" else [])])
            if "HTTPValidationError" in str(answers.get("422")):
                del answers["422"]
                _with_problems(answers, [problems.BAD_OPTION])
            if path in ("/healthz", "/readyz"):
                operation["security"] = []
                answers.pop("401", None)
    if settings.keys:
        page["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        page["security"] = [{"bearer": []}, {"header": []}]
    app.openapi_schema = page
    return page


def _with_problems(answers: dict[str, Any], kinds: list[problems.Kind]) -> None:
    for status, answer in problem_answers(*kinds).items():
        known = answers.get(str(status))
        if known is None:
            answers[str(status)] = answer
        else:
            known["description"] += f"; {answer['description']}"
            for media_type, content in answer["content"].items():
                known["content"][media_type].setdefault("examples", {}).update(content["examples"])
