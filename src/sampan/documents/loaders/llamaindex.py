"""Documents for LlamaIndex.

documents = SampanReader(mode="chunk").load_data("report.pdf", extra_info={"project": "harbour"})
SimpleDirectoryReader("reports", file_extractor={".pdf": SampanReader(), ".png": SampanReader()})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sampan.documents.loaders.pieces import PLACES, Errors, Mode, Piece, PieceReader

try:
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document
except ModuleNotFoundError as error:
    raise ImportError(
        "SampanReader needs llama-index-core: run `pip install 'sampan[llamaindex]'`"
    ) from error

NOT_FOR_MODELS = (PLACES, "sha256", "failures", "media_type", "total_pages", "pages")
"""Metadata that would only take room in prompts and blur embeddings; it is kept for filters and citations."""


class SampanReader(BaseReader):
    """Reads PDFs and pictures, one LlamaIndex document for a document, a page or a chunk.

    Metadata is that of `sampan.documents.loaders.langchain.SampanLoader`, with `extra_info` added; what only
    places the text is kept out of prompts and embeddings.
    """

    def __init__(
        self,
        *,
        mode: Mode = "document",
        chunk_size: int = 2000,
        chunk_overlap: int = 0,
        errors: Errors = "raise",
        **options: Any,
    ) -> None:
        """`errors="warn"` leaves unreadable files out with a warning instead of ending the whole load."""
        self._reader = PieceReader.configured(mode, chunk_size, chunk_overlap, errors, options)

    def lazy_load_data(
        self,
        file: str | Path | Sequence[str | Path],
        extra_info: dict[str, Any] | None = None,
        fs: Any = None,
    ) -> Iterable[Document]:
        """Documents one by one. `file` is a file, folder or address, or several; `fs` an fsspec file system."""
        files = [file] if isinstance(file, str | Path) else list(file)
        for piece in self._pieces(files, fs):
            yield _document(piece, extra_info or {})

    def load_data(
        self,
        file: str | Path | Sequence[str | Path],
        extra_info: dict[str, Any] | None = None,
        fs: Any = None,
    ) -> list[Document]:
        """All documents at once."""
        return list(self.lazy_load_data(file, extra_info, fs))

    def _pieces(self, files: Sequence[str | Path], fs: Any) -> Iterator[Piece]:
        if fs is None:
            yield from self._reader.read(files)
            return
        for file in files:
            with fs.open(str(file), "rb") as stream:
                data = stream.read(self._reader.parser.options.max_bytes + 1)
            yield from self._reader.read_bytes(data, str(file))


def _document(piece: Piece, extra_info: dict[str, Any]) -> Document:
    return Document(
        id_=piece.id,
        text=piece.text,
        metadata={**piece.metadata, **extra_info},
        excluded_embed_metadata_keys=list(NOT_FOR_MODELS),
        excluded_llm_metadata_keys=list(NOT_FOR_MODELS),
    )
