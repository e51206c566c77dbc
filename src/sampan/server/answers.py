"""What the addresses answer, as models: they are checked, and the OpenAPI page shows them with examples."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from sampan.documents.writers import FORMATS
from sampan.server.problems import KINDS, MEDIA_TYPE, Kind
from sampan.server.store import Job

_ID = "5f0c7a86b7d34f0e9a3f6f5a1f2b3c4d"


class JobError(BaseModel):
    """Why a job failed."""

    type: str = Field(examples=["password"])
    title: str = Field(examples=["The document needs a password"])
    detail: str = Field(examples=["report.pdf is encrypted: give its password"])


class JobAnswer(BaseModel):
    """A job as it stands. Times are UTC."""

    id: str = Field(examples=[_ID])
    name: str = Field(description="The file's own name, made harmless.", examples=["report.pdf"])
    bytes: int = Field(examples=[48213])
    status: Literal["queued", "running", "done", "failed", "cancelled"] = Field(examples=["done"])
    pages_done: int = Field(examples=[3])
    pages_total: int | None = Field(description="Unknown before the first page is done.", examples=[3])
    page_failures: int = Field(description="What failed and was survived; the JSON says it.", examples=[0])
    created: datetime
    started: datetime | None
    finished: datetime | None
    attempts: int = Field(description="How often reading was begun.", examples=[1])
    error: JobError | None
    links: dict[str, str]


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobAnswer]
    next: str | None = Field(description="Give this as `after` for the following ones.", examples=[None])


class FormatAnswer(BaseModel):
    name: str = Field(examples=["md"])
    media_type: str = Field(examples=["text/markdown"])
    suffix: str = Field(examples=[".md"])
    summary: str


class LimitsAnswer(BaseModel):
    max_bytes: int
    max_pages: int
    max_pixels: int
    max_seconds: float
    queue: int
    keep_days: float


class InfoAnswer(BaseModel):
    """What this server can do."""

    version: str
    formats: list[FormatAnswer]
    options: dict[str, Any] = Field(description="JSON Schema of the field `options`.")
    limits: LimitsAnswer


class Health(BaseModel):
    status: Literal["ok", "stopping", "unwell"] = Field(examples=["ok"])
    checks: dict[str, bool] = Field(default_factory=dict)


def job_answer(job: Job) -> JobAnswer:
    here = f"/v1/jobs/{job.id}"
    links = {"self": here, "events": f"{here}/events"}
    if job.status == "done":
        links |= {"result": f"{here}/result", "pages": f"{here}/pages/{{n}}.png"}
    error = None
    if job.problem is not None:
        error = JobError(type=job.problem, title=KINDS[job.problem].title, detail=job.detail or "")
    return JobAnswer(
        id=job.id,
        name=job.name,
        bytes=job.bytes,
        status=job.status,
        pages_done=job.pages_done,
        pages_total=job.pages_total,
        page_failures=job.page_failures,
        created=_moment(job.created),
        started=None if job.started is None else _moment(job.started),
        finished=None if job.finished is None else _moment(job.finished),
        attempts=job.starts,
        error=error,
        links=links,
    )


def problem_answers(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an address that can answer with these problems."""
    answers: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        answer = answers.setdefault(
            kind.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"examples": {}, "schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
        answer["description"] += ("; " if answer["description"] else "") + kind.title
        answer["content"][MEDIA_TYPE]["examples"][kind.name] = {
            "value": {
                "type": f"https://sampan.invalid/problems/{kind.name}",
                "title": kind.title,
                "status": kind.status,
                "detail": "what went wrong, with the value, the limit and the mend",
            }
        }
    return answers


def file_answer() -> dict[str, Any]:
    """The 200 of an address that gives a document in any format."""
    media_types = dict.fromkeys(writer.media_type for writer in FORMATS.values())
    content = {
        name: {} if name == "application/json" else {"schema": {"type": "string"}} for name in media_types
    }
    return {"description": "The document in that format", "content": content}


FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "minLength": 1},
                        "options": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "JSON object; `/v1/info` has its schema",
                            "examples": ['{"pages": "1-3", "ocr": "auto"}'],
                        },
                    },
                },
                "encoding": {"file": {"contentType": "application/pdf, image/*, application/octet-stream"}},
            }
        },
    }
}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
