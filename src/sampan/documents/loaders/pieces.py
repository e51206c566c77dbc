"""What a retrieval framework gets: text with metadata, one for a document, a page or a chunk."""

from __future__ import annotations

import io
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sampan.errors import InputError, OptionError

if TYPE_CHECKING:
    from sampan.documents.model import Document, Page
    from sampan.documents.options import ParseOptions
    from sampan.documents.writers import WriteOptions

Mode = Literal["document", "page", "chunk"]
Errors = Literal["raise", "warn"]

PLACES = "boxes"
"""The only metadata that are no plain value or list of plain values: where the text stands."""

_NAMESPACE = uuid.UUID("7d1bd7f4-3c0e-5c56-9d53-0a7b3c1f5a10")


@dataclass(frozen=True, slots=True)
class Piece:
    """`id` is the same whenever the same text comes from the same place, so that stores can update themselves."""

    text: str
    metadata: dict[str, Any]
    id: str


class PieceReader:
    """Reads files, folders or addresses one by one and cuts what it read into pieces."""

    def __init__(
        self,
        mode: Mode = "document",
        options: ParseOptions | None = None,
        writing: WriteOptions | None = None,
        errors: Errors = "raise",
    ) -> None:
        from sampan.documents.parser import Parser
        from sampan.documents.writers import WriteOptions

        if mode not in ("document", "page", "chunk"):
            raise OptionError(f"mode {mode!r} is unknown: choose document, page or chunk")
        if errors not in ("raise", "warn"):
            raise OptionError(f"errors {errors!r} is unknown: choose raise or warn")
        self.mode = mode
        self.errors = errors
        self.writing = writing or WriteOptions()
        self.parser = Parser(options)

    @classmethod
    def configured(
        cls, mode: Mode, chunk_size: int, chunk_overlap: int, errors: Errors, fields: dict[str, Any]
    ) -> PieceReader:
        """From keyword arguments; `fields` are those of `ParseOptions`, or `options` with all of them."""
        from pydantic import ValidationError

        from sampan.documents.parser import make_options
        from sampan.documents.writers import WriteOptions

        options = fields.get("options")
        if options is not None and len(fields) > 1:
            others = ", ".join(name for name in fields if name != "options")
            raise OptionError(f"give either options or single ones, not both: {others}")
        if options is None:
            options = make_options(**{name: value for name, value in fields.items() if name != "options"})
        try:
            writing = WriteOptions(chunk_size=chunk_size, chunk_overlap=chunk_overlap)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise OptionError(f"chunk_size {chunk_size}, chunk_overlap {chunk_overlap}: {said}") from error
        return cls(mode, options, writing, errors)

    def read(self, inputs: Sequence[str | Path]) -> Iterator[Piece]:
        """Pieces of all documents that `inputs` stand for; of one document at a time."""
        from sampan.documents.bulk.jobs import find_jobs

        for job in find_jobs([str(given) for given in inputs]):
            try:
                if job.trouble is not None:
                    raise InputError(job.trouble)
                if job.address is not None:
                    yield from self._stored(job.address)
                elif job.source is not None:
                    yield from self.pieces(self.parser.parse(job.source), str(job.source))
            except InputError as error:
                if self.errors == "raise":
                    raise
                warnings.warn(f"{job.name} is left out: {error}", stacklevel=2)

    def read_bytes(self, data: bytes, source: str) -> Iterator[Piece]:
        """Pieces of a document in memory; `source` is where it came from."""
        stream = _Named(data)
        stream.name = Path(source).name
        yield from self.pieces(self.parser.parse(stream), source)

    def pieces(self, document: Document, source: str) -> Iterator[Piece]:
        """The pieces of a document that was read."""
        from sampan.documents.writers import render
        from sampan.documents.writers.chunks import chunks

        whole = _of_document(document, source)
        if self.mode == "document":
            yield self._piece(str(render(document, "md", self.writing)), whole, source, 0)
        elif self.mode == "page":
            for number, page in enumerate(document.pages):
                alone = document.model_copy(update={"pages": [page], "failures": []})
                about = {**whole, "page": page.number, **_of_page(page)}
                yield self._piece(str(render(alone, "md", self.writing)), about, source, number)
        else:
            sizes = {page.number: [round(page.width, 2), round(page.height, 2)] for page in document.pages}
            for number, chunk in enumerate(chunks(document, self.writing)):
                about = {
                    **whole,
                    "page": chunk.pages[0] if chunk.pages else None,
                    "pages": chunk.pages,
                    "headings": list(chunk.headings),
                    PLACES: [
                        {
                            "page": place.page,
                            "box": [round(side, 2) for side in place.box],
                            "page_size": sizes[place.page],
                            "block": place.block,
                            "kind": place.kind,
                        }
                        for place in chunk.places
                    ],
                }
                yield self._piece(chunk.text, about, source, number)

    def _piece(self, text: str, metadata: dict[str, Any], source: str, number: int) -> Piece:
        name = f"{source}\0{metadata['sha256']}\0{self.mode}\0{number}\0{text}"
        return Piece(text, metadata, str(uuid.uuid5(_NAMESPACE, name)))

    def _stored(self, address: str) -> Iterator[Piece]:
        from sampan.documents.bulk import stores

        with tempfile.TemporaryDirectory(prefix="sampan-") as folder:
            target = Path(folder) / "document"
            stores.fetch(address, target, self.parser.options.max_bytes)
            yield from self.read_bytes(target.read_bytes(), address)


class _Named(io.BytesIO):
    name = ""


def _of_document(document: Document, source: str) -> dict[str, Any]:
    """What all pieces of a document share; what the file does not say is left out."""
    about: dict[str, Any] = {
        "source": source,
        "file_name": document.source.name,
        "media_type": document.source.media_type,
        "sha256": document.source.sha256,
        "total_pages": document.source.pages,
        "title": document.source.title,
        "author": document.source.author,
        "failures": [
            f"page {failure.page}: {failure.message}" if failure.page else failure.message
            for failure in document.failures
        ],
    }
    return {name: value for name, value in about.items() if value is not None and value != []}


def _of_page(page: Page) -> dict[str, Any]:
    headings = [block.text for block in page.blocks if block.kind in ("title", "heading")]
    return {
        "headings": headings,
        PLACES: [
            {
                "page": page.number,
                "box": [round(side, 2) for side in block.box],
                "page_size": [round(page.width, 2), round(page.height, 2)],
                "block": block.id,
                "kind": block.kind,
            }
            for block in page.blocks
            if block.order is not None
        ],
    }
