"""What is done inside worker processes. Every function here takes the worker's context first and gives back plain JSON.

A document is read at one go (`read_file`), or, if it is long, some pages at a time by several workers
(`read_part`) and then put together by one (`join_parts`). Both give the same files, byte for byte: pages are
read by themselves in either case, and parts carry every digit. What is written holds no times of day and no
durations; how long the stages took is in the answer.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sampan.errors import InputError, OutputError

if TYPE_CHECKING:
    from sampan.documents.bulk.worker import Context
    from sampan.documents.model import Document
    from sampan.documents.options import ParseOptions


class _LongError(Exception):
    """Raised before the first page of a document that is to be read in parts."""


def read_file(
    context: Context,
    source: Path,
    options: ParseOptions,
    directory: Path,
    stem: str,
    formats: Sequence[str],
    most_pages: int | None = None,
    lost: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """Read a document and write `directory/stem.*` in every format; see `summary` for what comes back.

    With more than `most_pages` nothing is read, and what comes back is `{"long": [page numbers], "sha256": …}`.
    Pages that are `lost`, because they brought down a process, are not read again; their cause stands in their place.
    """
    if lost:
        return _read_around(context, source, options, directory, stem, formats, lost)

    def report(done: int, total: int) -> None:
        if most_pages is not None and total > most_pages:
            raise _LongError
        context.progress(done, total)
        if options.pages is None and done < total:
            context.begin_page(done + 1)

    try:
        document = context.parser(options).parse(source, report)
    except _LongError:
        from sampan.documents.reading import open_source

        with open_source(source, options) as opened:
            return {"long": opened.numbers, "sha256": opened.info.sha256}
    return write_files(document, directory, stem, formats)


def read_part(
    context: Context,
    source: Path,
    options: ParseOptions,
    pages: str,
    target: Path,
    lost: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """Read the pages that `pages` names and keep them in the file `target` for `join_parts`."""
    part = _read_pages(context, source, options, pages, lost or {})
    _write(target, part.model_dump_json().encode())
    return {"pages": len(part.pages), "sha256": part.source.sha256}


def _read_around(
    context: Context, source: Path, options: ParseOptions, directory: Path, stem: str,
    formats: Sequence[str], lost: Mapping[int, str],
) -> dict[str, Any]:  # fmt: skip
    from sampan.documents.reading import open_source

    with open_source(source, options) as opened:
        pages = ",".join(map(str, opened.numbers))
    document = _read_pages(context, source, options, pages, lost)
    context.parser(options).finish(document, source)
    return write_files(document, directory, stem, formats)


def _read_pages(
    context: Context, source: Path, options: ParseOptions, pages: str, lost: Mapping[int, str]
) -> Document:
    """The pages that `pages` names, one by one, not yet put together."""
    from sampan import __version__
    from sampan.documents.model import Document, Failure, Page
    from sampan.documents.reading import open_source

    numbers = [int(number) for number in pages.split(",")]
    wanted = [number for number in numbers if number not in lost]
    selection = options.model_copy(update={"pages": ",".join(map(str, wanted or numbers))})
    with open_source(source, selection) as opened:
        document = Document(generator=f"sampan {__version__}", source=opened.info)
        outcomes = context.parser(options).read_pages(opened)
        for done, number in enumerate(numbers, start=1):
            outcome: Page | Failure
            if number in lost:
                outcome = Failure(stage="reading", message=lost[number], page=number)
            else:
                context.begin_page(number)
                outcome = next(outcomes)
            document.add(outcome)
            context.progress(done, len(numbers))
    return document


def join_parts(
    context: Context,
    source: Path,
    options: ParseOptions,
    parts: Sequence[Path],
    directory: Path,
    stem: str,
    formats: Sequence[str],
) -> dict[str, Any]:
    """What `read_file` would have done, from parts in the order of their pages."""
    from sampan.documents.model import Document

    document: Document | None = None
    for path in parts:
        part = Document.model_validate_json(path.read_bytes())
        if document is None:
            document = part
        elif part.source.sha256 != document.source.sha256:
            raise InputError(f"{document.source.name} changed while it was read: read it again")
        else:
            document.pages += part.pages
            document.failures += part.failures
    assert document is not None
    context.parser(options).finish(document, source)
    return write_files(document, directory, stem, formats)


def write_files(document: Document, directory: Path, stem: str, formats: Sequence[str]) -> dict[str, Any]:
    """Write a document, without durations, and say what is in it."""
    from sampan.documents.writers import write

    answer = summary(document)
    for page in document.pages:
        page.seconds = {}
    written = write(document, directory, stem, formats) if formats else {}
    answer["files"] = {name: path.name for name, path in written.items()}
    return answer


def summary(document: Document) -> dict[str, Any]:
    """Counts, failures and seconds of the stages."""
    seconds: Counter[str] = Counter()
    for page in document.pages:
        seconds.update(page.seconds)
    return {
        "pages": len(document.pages),
        "blocks": sum(len(page.blocks) for page in document.pages),
        "tables": sum(block.kind == "table" for block in document.blocks()),
        "failures": [
            {"page": failure.page, "stage": failure.stage, "message": failure.message}
            for failure in document.failures
        ],
        "sha256": document.source.sha256,
        "seconds": {stage: round(value, 4) for stage, value in seconds.items()},
        "files": {},
    }


def _write(target: Path, data: bytes) -> None:
    try:
        with target.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(
            f"cannot write {target} ({len(data):,} bytes): {error.strerror or error}; make room and go on"
        ) from error
