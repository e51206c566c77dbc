"""Documents as answers: in which format, under which name, shown or saved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import Query
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from sampan.documents.writers import FORMATS, Writer, resolve
from sampan.errors import OptionError
from sampan.server import problems
from sampan.server.gate import RESULT_POLICY
from sampan.server.problems import ProblemError
from sampan.server.results import disposition

Format = Annotated[
    str, Query(description="Format; `/v1/info` lists them.", json_schema_extra={"enum": list(FORMATS)})
]
Download = Annotated[bool, Query(description="Save rather than show.")]


def wanted_writer(name: str) -> Writer:
    try:
        return resolve(name)
    except OptionError as error:
        raise ProblemError(problems.BAD_OPTION, str(error)) from error


class DocumentResponse(FileResponse):
    """A file that is sent, and then, whatever came between, `forget` is called."""

    forget: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.forget is not None:
                await self.forget()


def document_response(path: Path, name: str, writer: Writer, *, download: bool) -> DocumentResponse:
    """The file, under the document's own name, unable to do anything in a browser."""
    text = writer.media_type.startswith("text/")
    return DocumentResponse(
        path,
        media_type=f"{writer.media_type}; charset=utf-8" if text else writer.media_type,
        headers={
            "Content-Disposition": disposition(name, writer.suffix, download=download),
            "Content-Security-Policy": RESULT_POLICY,
        },
    )
