"""A stand-in for the server: its contract with canned documents, and moments that a test can hold or break.

The real server has tests of its own; here the page must meet every state at will: a job that stands at its first
page until it is let go, a full queue, a refused file, a missing key, streams of events that break.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import uvicorn
from fastapi import FastAPI, Form, Header, Request, Response, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

import sampan.server
from sampan.documents.model import Document
from sampan.documents.options import ParseOptions
from sampan.documents.writers import FORMATS, render

PAGE = Path(sampan.server.__path__[0]) / "page"
POLICY = "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class StandIn:
    """The server's state, read and changed by the tests from their own thread."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        """Name of a file → what is read from it; other names get `default`."""
        self.default: Document | None = None
        self.reset()

    def reset(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.options: list[dict[str, Any]] = []
        self.by_key: dict[str, str] = {}
        self.key: str | None = None
        self.events = True
        self.busy = 0
        """How many of the next files are answered with 429."""
        self.refuse: dict[str, tuple[int, str, str]] = {}
        """Name of a file → status, title and detail with which it is refused."""
        self.fail: dict[str, tuple[str, str]] = {}
        """Name of a file → title and detail with which its job fails."""
        self.asked: list[str] = []
        self.gate = threading.Event()
        """Jobs stand before their last page until this is set."""
        self.gate.set()

    def add(self, name: str, status: str = "done") -> str:
        """A job of an earlier day."""
        document = self.documents.get(name, self.default)
        assert document is not None
        job_id = f"job-{len(self.jobs) + 1}"
        pages = len(document.pages)
        self.jobs[job_id] = {
            "id": job_id, "name": name, "status": status, "pages_done": pages if status == "done" else 0,
            "pages_total": pages if status == "done" else None, "created": "2026-05-04T08:00:00Z",
            "started": None, "finished": "2026-05-04T08:00:02Z", "error": None, "links": {},
        }  # fmt: skip
        return job_id

    def document(self, job_id: str) -> Document:
        document = self.documents.get(self.jobs[job_id]["name"], self.default)
        assert document is not None
        return document


def problem(status: int, title: str, detail: str, **headers: str) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, headers, "application/problem+json")


def application(state: StandIn) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        state.asked.append(f"{request.method} {request.url.path}")
        authorized = not state.key or request.headers.get("Authorization") == f"Bearer {state.key}"
        if request.url.path.startswith("/v1/") and not authorized:
            return problem(401, "An API key is needed", "send it as `Authorization: Bearer KEY`")
        response = await go_on(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/")
    def index() -> Response:
        return Response((PAGE / "index.html").read_bytes(), media_type="text/html")

    @app.get("/v1/info")
    def info() -> dict[str, Any]:
        formats = [{"name": w.name, "suffix": w.suffix, "media_type": w.media_type} for w in FORMATS.values()]
        if "docx" not in FORMATS:
            formats.append({"name": "docx", "suffix": ".docx", "media_type": WORD})
        schema = ParseOptions.model_json_schema()
        limits = {"max_bytes": 1_000_000}
        return {"version": "0.0", "formats": formats, "options": schema, "limits": limits}

    @app.get("/v1/jobs")
    def jobs(limit: int = 50, after: str | None = None) -> dict[str, Any]:
        newest = list(reversed(state.jobs.values()))
        start = next((at + 1 for at, job in enumerate(newest) if job["id"] == after), 0)
        shown = newest[start : start + limit]
        more = start + limit < len(newest)
        return {"jobs": shown, "next": shown[-1]["id"] if more else None}

    @app.post("/v1/jobs", status_code=202)
    async def submit(
        file: UploadFile, options: str = Form("{}"), idempotency_key: str = Header(...)
    ) -> Response:
        name = file.filename or ""
        if state.busy:
            state.busy -= 1
            return problem(
                429,
                "The queue is full",
                "100 documents are waiting: try again in 1 s",
                **{"Retry-After": "1"},
            )
        if name in state.refuse:
            return problem(*state.refuse[name])
        if idempotency_key not in state.by_key:
            state.options.append(json.loads(options))
            state.by_key[idempotency_key] = state.add(name, "queued")
            task = asyncio.create_task(read(state.by_key[idempotency_key]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return JSONResponse(state.jobs[state.by_key[idempotency_key]], 202)

    tasks: set[asyncio.Task[None]] = set()

    async def read(job_id: str) -> None:
        job = state.jobs[job_id]
        total = len(state.document(job_id).pages)
        job.update(status="running", pages_total=total)
        for page in range(total):
            while page == total - 1 and not state.gate.is_set():
                await asyncio.sleep(0.02)
            if job["status"] == "cancelled":
                return
            job["pages_done"] = page + 1
        if job["name"] in state.fail:
            title, detail = state.fail[job["name"]]
            job.update(status="failed", error={"title": title, "detail": detail})
        else:
            job["status"] = "done"

    @app.get("/v1/jobs/{job_id}")
    def job(job_id: str) -> Response:
        if job_id not in state.jobs:
            return problem(404, "There is no such job", "it was removed")
        return JSONResponse(state.jobs[job_id])

    @app.get("/v1/jobs/{job_id}/events")
    def events(job_id: str) -> Response:
        if not state.events:
            return problem(503, "No events", "a proxy does not let them through")

        async def stream() -> AsyncIterator[str]:
            said = None
            while job_id in state.jobs and said != "done":
                now = json.dumps(state.jobs[job_id])
                if now != said:
                    said = now
                    yield f"event: job\ndata: {now}\n\n"
                if state.jobs[job_id]["status"] in ("done", "failed", "cancelled"):
                    return
                await asyncio.sleep(0.02)

        return StreamingResponse(stream(), media_type="text/event-stream")

    @app.delete("/v1/jobs/{job_id}")
    def remove(job_id: str) -> Response:
        if state.jobs[job_id]["status"] in ("queued", "running"):
            state.jobs[job_id]["status"] = "cancelled"
            return JSONResponse(state.jobs[job_id])
        del state.jobs[job_id]
        return Response(status_code=204)

    @app.get("/v1/jobs/{job_id}/result")
    def result(job_id: str, to: str, download: bool = False) -> Response:
        name = Path(state.jobs[job_id]["name"]).stem
        writer = FORMATS.get(to)
        headers = {}
        if download:
            suffix = writer.suffix if writer else f".{to}"
            headers["Content-Disposition"] = f'attachment; filename="{name}{suffix}"'
        content = render(state.document(job_id), to) if writer else b"PK\x03\x04 a stand-in for Word"
        return Response(content, headers=headers, media_type=writer.media_type if writer else WORD)

    @app.get("/v1/jobs/{job_id}/pages/{number}.png")
    def picture(job_id: str, number: int, width: int = 1000) -> Response:
        document = state.document(job_id)
        asked = id(document), number, width
        if asked not in drawn:
            page = next(page for page in document.pages if page.number == number)
            image = document.image_of(page, width / page.width)
            if image is None:
                return problem(404, "There is no picture", "the source is gone")
            drawn[asked] = cv2.imencode(".png", image)[1].tobytes()
        return Response(drawn[asked], media_type="image/png")

    drawn: dict[tuple[int, int, int], bytes] = {}

    app.mount("/page", StaticFiles(directory=PAGE))
    return app


def serve(state: StandIn) -> tuple[uvicorn.Server, threading.Thread, int]:
    """Runs the stand-in on a free port of loopback, in a thread."""
    import socket

    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(state), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    return server, thread, int(bound.getsockname()[1])
