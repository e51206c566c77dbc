"""Opens a file, path, bytes or stream and hands out its pages one by one.

What a file is, is decided by its first bytes and never by its name. Limits are checked before
anything is decoded. Pages are lazy: each fails, if it must, when it is asked for and alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from sampan.documents.model import Source
from sampan.documents.options import ParseOptions
from sampan.documents.reading.image_header import sniff
from sampan.documents.reading.page_selection import select_pages
from sampan.errors import InputError, LimitError

if TYPE_CHECKING:
    from sampan.documents.stages import PageInput

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HEAD = 1024
_CHUNK = 1 << 20
_LARGE = 1 << 26
"""PDFs of fewer bytes are kept in memory while they are open."""


def open_source(source: str | Path | bytes | BinaryIO, options: ParseOptions | None = None) -> OpenSource:
    """Open a document for reading; use the result in a `with` block or close it.

    Raises InputError for what is no readable document, PasswordError, LimitError for more than
    `options` allows and OptionError for a page selection that does not fit.
    """
    options = options or ParseOptions()
    source = brought(source, options)
    if isinstance(source, (str, Path)):
        path = Path(source)
        with suppress(RuntimeError):  # a home that nobody knows: then there may be a file of that name
            path = path.expanduser()
        # As UTF-8, which the name in the document model and in every output is.
        name = os.fsencode(path.name or str(path)).decode(errors="replace")
        return _opened(_open_file(path), name, options, path)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _opened(io.BytesIO(source), "<bytes>", options)
    if hasattr(source, "read"):
        named = getattr(source, "name", None)
        name = Path(named).name if isinstance(named, str) else "<stream>"
        return _opened(io.BytesIO(_read_stream(source, name, options.max_bytes)), name, options)
    raise InputError(f"a {type(source).__name__} cannot be read: give a path, bytes or a binary stream")


def _open_file(path: Path) -> BinaryIO:
    """A regular file, opened. A pipe would block for ever, and a device has no end."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        kind = path.stat().st_mode
        descriptor = -1 if not stat.S_ISREG(kind) else os.open(path, flags)
    except FileNotFoundError:
        hint = "a link to nowhere" if path.is_symlink() else "check the path"
        raise InputError(f"{path} does not exist: {hint}") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be opened ({reason}): check the path and its rights") from error
    if stat.S_ISDIR(kind):
        raise InputError(f"{path} is a folder: name a file in it")
    if descriptor < 0:
        raise InputError(
            f"{path} is no file but a pipe, socket or device: give its content on standard input"
        )
    return os.fdopen(descriptor, "rb")


def _read_stream(stream: BinaryIO, name: str, max_bytes: int) -> bytes:
    """All of a stream, or a byte more than the limit; streams may give less at a time than they are asked for."""
    data = bytearray()
    try:
        while len(data) <= max_bytes and (chunk := stream.read(min(_CHUNK, max_bytes + 1 - len(data)))):
            if not isinstance(chunk, bytes | bytearray):
                raise InputError(f"{name} yields text instead of bytes: open it in binary mode")
            data += chunk
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{name} cannot be read ({reason}): give an open, readable stream") from error
    return bytes(data)


def brought(source: str | Path | bytes | BinaryIO, options: ParseOptions) -> str | Path | bytes | BinaryIO:
    """`source` itself, or the document at the address that it is: for whoever opens it more than once."""
    if isinstance(source, str) and _ADDRESS.match(source):
        from sampan.documents.reading.remote import fetch

        return fetch(source, options)
    return source


class PagedFile(Protocol):
    """What a format's reader offers; `ImageFile` and `PdfFile` are the two."""

    media_type: str
    title: str | None
    author: str | None

    def __len__(self) -> int: ...
    def page(self, number: int) -> PageInput: ...
    def close(self) -> None: ...


class OpenSource:
    """An open document. `len()` is the number of selected pages, `info` describes the whole file."""

    def __init__(self, file: PagedFile, info: Source, numbers: list[int], stream: BinaryIO) -> None:
        self.info = info
        self.numbers = numbers
        self._file = file
        self._stream = stream

    def __len__(self) -> int:
        return len(self.numbers)

    def pages(self) -> Iterator[PageInput]:
        """The selected pages in ascending order. A damaged one raises InputError only when it is used."""
        for number in self.numbers:
            yield self._file.page(number)

    def page(self, number: int) -> PageInput:
        """One page by its number in the file, selected or not."""
        if not 1 <= number <= (self.info.pages or 0):
            raise InputError(f"{self.info.name} has no page {number}: it has {self.info.pages}")
        return self._file.page(number)

    def close(self) -> None:
        self._file.close()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened(stream: BinaryIO, name: str, options: ParseOptions, path: Path | None = None) -> OpenSource:
    try:
        size, digest, head = _measure(stream, name, options.max_bytes)
        media_type = sniff(head)
        if media_type is None:
            raise InputError(
                f"{name} is no document that can be read (it opens with {head[:12]!r}): "
                "give PDF, PNG, JPEG, TIFF, WebP, BMP or GIF"
            )
        file: PagedFile
        if media_type == "application/pdf":
            from sampan.documents.reading.pdf import PdfFile
            from sampan.documents.reading.pdf_guard import check_pdf

            data = stream.read()
            check_pdf(data, name, options)
            # PDFium reads a large file by itself, piece by piece, so that it need not stay in memory.
            by_itself = path is not None and size > _LARGE and _is_utf8(path)
            content: bytes | Path = path if path is not None and by_itself else data
            del data
            file = PdfFile(content, name, options.password, options.max_pixels)
        else:
            from sampan.documents.reading.images import ImageFile

            file = ImageFile(stream.read(), name, media_type, options.max_pixels)
        try:
            total = len(file)
            if total == 0:
                raise InputError(f"{name} has no pages: it is empty or damaged")
            numbers = select_pages(options.pages, total)
            if len(numbers) > options.max_pages:
                raise LimitError(
                    f"{name} has {len(numbers)} pages to read (limit {options.max_pages}): "
                    "choose some with pages or raise max_pages"
                )
        except BaseException:
            file.close()
            raise
    except BaseException:
        stream.close()
        raise
    info = Source(
        name=name,
        media_type=media_type,
        sha256=digest,
        bytes=size,
        pages=total,
        title=file.title,
        author=file.author,
    )
    return OpenSource(file, info, numbers, stream)


def _is_utf8(path: Path) -> bool:
    """Whether PDFium, which takes names in UTF-8, can open the file by its name."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _measure(stream: BinaryIO, name: str, max_bytes: int) -> tuple[int, str, bytes]:
    """Size, sha256 and first bytes, reading no further than the limit; rewinds the stream."""
    digest = hashlib.sha256()
    size, head = 0, b""
    try:
        while chunk := stream.read(_CHUNK):
            if not head:
                head = chunk[:_HEAD]
            size += len(chunk)
            if size > max_bytes:
                raise LimitError(
                    f"{name} is larger than the limit of {max_bytes:,} bytes: split it or raise max_bytes"
                )
            digest.update(chunk)
        stream.seek(0)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from error
    if size == 0:
        raise InputError(f"{name} is empty: it holds 0 bytes")
    return size, digest.hexdigest(), head
