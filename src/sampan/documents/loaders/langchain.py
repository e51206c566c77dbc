"""Documents for LangChain.

loader = SampanLoader("reports/", mode="chunk", ocr="auto")
for document in loader.lazy_load():
    document.page_content, document.metadata["page"], document.metadata["headings"]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sampan.documents.loaders.pieces import Errors, Mode, Piece, PieceReader

try:
    from langchain_core.document_loaders import BaseBlobParser, BaseLoader, Blob
    from langchain_core.documents import Document
except ModuleNotFoundError as error:
    raise ImportError("SampanLoader needs langchain-core: run `pip install 'sampan[langchain]'`") from error


class SampanLoader(BaseLoader):
    """Loads PDFs and pictures, one LangChain document for a document, a page or a chunk.

    `paths` are files, folders and addresses of object stores. Options of `ParseOptions` are given by name.
    Metadata: `source`, `file_name`, `media_type`, `sha256`, `total_pages`, `title` and `author` where the file names
    them; with pages and chunks also `page` (from 1), `headings`, and `boxes`, each with page, box, page size,
    block and kind; with chunks also `pages`. Many vector stores take plain values only: LangChain's
    `filter_complex_metadata` drops the rest.
    """

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        mode: Mode = "document",
        chunk_size: int = 2000,
        chunk_overlap: int = 0,
        errors: Errors = "raise",
        **options: Any,
    ) -> None:
        """`errors="warn"` leaves unreadable files out with a warning instead of ending the whole load."""
        self.paths = [paths] if isinstance(paths, str | Path) else list(paths)
        self._reader = PieceReader.configured(mode, chunk_size, chunk_overlap, errors, options)

    def lazy_load(self) -> Iterator[Document]:
        """Documents one by one; a file is read when its first one is asked for."""
        for piece in self._reader.read(self.paths):
            yield _document(piece)


class SampanBlobParser(BaseBlobParser):
    """The same for LangChain's blob loaders: `GenericLoader(FileSystemBlobLoader(...), SampanBlobParser())`."""

    def __init__(
        self, *, mode: Mode = "document", chunk_size: int = 2000, chunk_overlap: int = 0, **options: Any
    ) -> None:
        self._reader = PieceReader.configured(mode, chunk_size, chunk_overlap, "raise", options)

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        for piece in self._reader.read_bytes(blob.as_bytes(), str(blob.source or "<blob>")):
            yield _document(piece)


def _document(piece: Piece) -> Document:
    return Document(page_content=piece.text, metadata=piece.metadata, id=piece.id)
