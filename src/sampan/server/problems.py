"""Errors as `application/problem+json` (RFC 9457): what went wrong, in words, with the limit and the mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from sampan.errors import (
    InputError,
    LimitError,
    OptionError,
    OutputError,
    PasswordError,
    SampanError,
    WeightsError,
)

MEDIA_TYPE = "application/problem+json"
_TYPES = "https://sampan.invalid/problems/"


class Problem(BaseModel):
    """The body of every error."""

    type: str = Field(examples=[f"{_TYPES}queue-full"])
    title: str = Field(examples=["The queue is full"])
    status: int = Field(examples=[429])
    detail: str = Field(examples=["100 documents are waiting (limit 100): try again in 12 s"])


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of problem."""

    name: str
    status: int
    title: str


BAD_REQUEST = Kind("bad-request", 400, "The request cannot be understood")
BAD_HOST = Kind("unknown-host", 400, "This server does not go by that name")
NO_KEY = Kind("key-needed", 401, "An API key is needed")
CROSS_SITE = Kind("cross-site", 403, "Other sites may not use this server")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
BAD_METHOD = Kind("method-not-allowed", 405, "This address knows other methods only")
TOO_SLOW = Kind("upload-stalled", 408, "The upload stood still")
NOT_READY = Kind("not-finished", 409, "The job has no result")
TOO_LARGE = Kind("too-large", 413, "The document is larger than a limit allows")
WRONG_TYPE = Kind("unsupported-media-type", 415, "The request is no multipart form")
BAD_OPTION = Kind("bad-option", 422, "An option cannot be used")
UNREADABLE = Kind("unreadable", 422, "The document cannot be read")
PASSWORD = Kind("password", 422, "The document needs a password")
TOO_LONG = Kind("time-limit", 422, "The document takes too long to read")
CRASHED = Kind("reader-died", 422, "The document made its reader crash")
KEY_REUSED = Kind("idempotency-key-reused", 422, "The idempotency key was used for something else")
QUEUE_FULL = Kind("queue-full", 429, "The queue is full")
TOO_MANY = Kind("too-many-requests", 429, "Too many requests at once")
DEFECT = Kind("defect", 500, "Sampan made a mistake")
NO_WEIGHTS = Kind("weights-missing", 503, "The server has no models")
STOPPING = Kind("stopping", 503, "The server is stopping")
DISK_FULL = Kind("storage-full", 507, "The server cannot store the document")
CANCELLED = Kind("cancelled", 409, "The job was cancelled")

KINDS: dict[str, Kind] = {kind.name: kind for kind in list(globals().values()) if isinstance(kind, Kind)}


class ProblemError(Exception):
    """Raised anywhere in a request; becomes the answer."""

    def __init__(self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})


def answer(kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The problem as a response."""
    body = Problem(type=_TYPES + kind.name, title=kind.title, status=kind.status, detail=detail)
    return JSONResponse(body.model_dump(), kind.status, dict(headers or {}), MEDIA_TYPE)


def kind_of(error: SampanError) -> Kind:
    """What an error of the reader is to a client."""
    for family, kind in (
        (LimitError, TOO_LARGE),
        (PasswordError, PASSWORD),
        (InputError, UNREADABLE),
        (OptionError, BAD_OPTION),
        (WeightsError, NO_WEIGHTS),
        (OutputError, DISK_FULL),
    ):
        if isinstance(error, family):
            return kind
    return UNREADABLE
