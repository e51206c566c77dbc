"""Against the real langchain-core."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("langchain_core")

from langchain_core.document_loaders import BaseLoader, Blob
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from sampan.documents.loaders.langchain import SampanBlobParser, SampanLoader
from sampan.errors import InputError

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_it_is_a_loader_and_is_lazy(tmp_path) -> None:
    (tmp_path / "z-bad.pdf").write_bytes(b"%PDF-1.7")
    loader = SampanLoader([EXAMPLES / "report.pdf", tmp_path / "z-bad.pdf"], mode="page")
    assert isinstance(loader, BaseLoader)
    documents = loader.lazy_load()
    first, second = next(documents), next(documents)
    assert isinstance(first, Document) and first.metadata["page"] == 1 and second.metadata["page"] == 2
    assert "Small Boats" in first.page_content
    with pytest.raises(InputError, match="z-bad"):
        next(documents)


def test_load_and_aload_agree() -> None:
    loader = SampanLoader(str(EXAMPLES / "report.pdf"), mode="chunk", chunk_size=500)
    assert loader.load() == asyncio.run(loader.aload()) != []


def test_chunks_go_through_a_vector_store_and_come_back_with_their_places() -> None:
    documents = SampanLoader(EXAMPLES / "report.pdf", mode="chunk", chunk_size=500).load()
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=32))
    assert store.add_documents(documents) == [document.id for document in documents]
    wanted = next(document for document in documents if "Harbour" in document.page_content)
    (found,) = store.similarity_search(wanted.page_content, k=1)
    assert found.metadata["boxes"] == wanted.metadata["boxes"] and found.metadata["page"] == 2


def test_options_reach_the_parser() -> None:
    (document,) = SampanLoader(EXAMPLES / "report.pdf", pages="2").load()
    assert "Harbour" in document.page_content and "Small Boats" not in document.page_content


def test_blobs() -> None:
    blob = Blob.from_path(EXAMPLES / "report.pdf")
    pages = list(SampanBlobParser(mode="page").lazy_parse(blob))
    assert [page.metadata["page"] for page in pages] == [1, 2]
    assert pages[0].metadata["source"] == str(EXAMPLES / "report.pdf")
    in_memory = Blob.from_data((EXAMPLES / "report.pdf").read_bytes())
    assert SampanBlobParser().parse(in_memory)[0].metadata["source"] == "<blob>"
