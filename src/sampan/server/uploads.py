"""A multipart form from the network to the disk, piece by piece, and no further than the limits allow.

The form is read as a stream and not through `Request.form()`, which takes everything in before anybody can say no
and writes it to another disk.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from sampan.server import problems
from sampan.server.folders import UPLOAD, file_name
from sampan.server.problems import ProblemError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_OPTIONS = 64 * 1024
_MOST_AROUND = 256 * 1024
"""Bytes that a form may have beside its file."""
_MOST_DRAINED = 8 << 20


@dataclass(slots=True)
class Upload:
    """What a form held. The file lies in `folder`."""

    folder: Path
    name: str
    bytes: int
    sha256: str
    options: str


async def receive_form(body: Body, folder: Path, max_bytes: int) -> Upload:
    """Read the form in `body`; its file goes to `folder`. Raises `ProblemError`."""
    request = body.request
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    boundary = parameters.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError(
            problems.WRONG_TYPE,
            "send the document as multipart/form-data, in a field called file: curl -F file=@report.pdf …",
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes + _MOST_AROUND:
        raise _too_large(max_bytes)
    form = _Form(folder / UPLOAD, max_bytes)
    try:
        parser = MultipartParser(boundary, form.callbacks, max_header_count=16, max_header_size=4096)
        async for chunk in body.chunks():
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise ProblemError(problems.BAD_REQUEST, f"the form is malformed: {error}") from None
    finally:
        form.close()
    if not form.ended:
        raise ProblemError(
            problems.BAD_REQUEST, "the form breaks off before its last boundary: send it again"
        )
    if form.name is None:
        raise ProblemError(
            problems.BAD_REQUEST, "the form has no file: send the document in a field called file"
        )
    if form.size == 0:
        raise ProblemError(problems.UNREADABLE, f"{form.name} is empty: it holds 0 bytes")
    try:
        options = form.options.decode()
    except UnicodeDecodeError:
        raise ProblemError(problems.BAD_OPTION, "options are no UTF-8: send them as JSON") from None
    return Upload(folder, form.name, form.size, form.digest.hexdigest(), options)


class Body:
    """The bytes of a request as they come."""

    def __init__(self, request: Request, max_bytes: int, idle_seconds: float) -> None:
        self.request = request
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises `ProblemError` where they stop coming or are too many."""
        size = 0
        while not self._ended:
            try:
                message = await asyncio.wait_for(self.request.receive(), self._idle_seconds)
            except TimeoutError:
                self._ended = True
                raise ProblemError(
                    problems.TOO_SLOW,
                    f"no byte came for {self._idle_seconds:g} s: send the document again",
                    {"Connection": "close"},
                ) from None
            self._ended = not message.get("more_body", False)
            if message["type"] == "http.disconnect":
                raise ProblemError(problems.BAD_REQUEST, "the connection was closed before the form's end")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_bytes + _MOST_AROUND:
                raise _too_large(self._max_bytes)
            if chunk:
                yield chunk

    async def drain(self) -> None:
        """Take in a little of what a refused client still sends.

        It then hears the answer, where it would else find its connection broken.
        """
        left = _MOST_DRAINED
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while left > 0 and not self._ended:
                    message = await self.request.receive()
                    self._ended = not message.get("more_body", False)
                    left -= len(message.get("body", b""))


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(
        problems.TOO_LARGE,
        f"the document is larger than this server's limit of {max_bytes:,} bytes: split it",
    )


class _Form:
    """Takes the parser's events."""

    def __init__(self, target: Path, max_bytes: int) -> None:
        self.name: str | None = None
        self.size = 0
        self.digest = hashlib.sha256()
        self.options = b""
        self.ended = False
        self._target = target
        self._max_bytes = max_bytes
        self._file: BinaryIO | None = None
        self._field = ""
        self._seen: set[str] = set()
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self.callbacks: MultipartCallbacks = {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _part_begins(self) -> None:
        self._headers = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, parameters = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = parameters.get(b"name", b"").decode("utf-8", "replace")
        if self._field not in ("file", "options"):
            raise ProblemError(
                problems.BAD_REQUEST,
                f"the form has a field {self._field[:40]!r}: it takes file and options only",
            )
        if self._field in self._seen:
            raise ProblemError(
                problems.BAD_REQUEST,
                f"the form has the field {self._field} twice: send one document a request",
            )
        self._seen.add(self._field)
        if self._field == "file":
            self.name = file_name(parameters.get(b"filename", b"").decode("utf-8", "replace"))
            self._file = self._target.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field == "options":
            if len(self.options) + end - start > _MOST_OPTIONS:
                raise ProblemError(
                    problems.BAD_OPTION, f"options are longer than the limit of {_MOST_OPTIONS:,} bytes"
                )
            self.options += data[start:end]
            return
        assert self._file is not None
        self.size += end - start
        if self.size > self._max_bytes:
            raise _too_large(self._max_bytes)
        piece = memoryview(data)[start:end]
        self.digest.update(piece)
        self._file.write(piece)

    def _end(self) -> None:
        self.ended = True
