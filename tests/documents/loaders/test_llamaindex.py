"""Against the real llama-index-core."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import SimpleDirectoryReader
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document, MetadataMode

from sampan.documents.loaders.llamaindex import SampanReader

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_load_data_with_extra_info() -> None:
    reader = SampanReader(mode="page")
    assert isinstance(reader, BaseReader)
    documents = reader.load_data(EXAMPLES / "report.pdf", extra_info={"project": "harbour", "title": "Ours"})
    assert [document.metadata["page"] for document in documents] == [1, 2]
    assert all(isinstance(document, Document) for document in documents)
    assert documents[0].metadata["project"] == "harbour" and documents[0].metadata["title"] == "Ours"
    assert "Harbour" in documents[1].text
    again = reader.load_data(str(EXAMPLES / "report.pdf"))
    assert [document.id_ for document in again] == [document.id_ for document in documents]


def test_lazy_load_data_reads_file_by_file(tmp_path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7")
    documents = iter(SampanReader().lazy_load_data([EXAMPLES / "report.pdf", tmp_path / "bad.pdf"]))
    assert "Small Boats" in next(documents).text


def test_places_stay_out_of_what_models_see() -> None:
    chunk = SampanReader(mode="chunk", chunk_size=500).load_data(EXAMPLES / "report.pdf")[0]
    assert chunk.metadata["boxes"][0]["page"] == 1
    for mode in (MetadataMode.EMBED, MetadataMode.LLM):
        seen = chunk.get_content(metadata_mode=mode)
        assert "page_size" not in seen and chunk.metadata["sha256"] not in seen
        assert "report.pdf" in seen and "headings" in seen


def test_as_the_extractor_of_a_directory_reader(tmp_path) -> None:
    shutil.copy(EXAMPLES / "report.pdf", tmp_path / "report.pdf")
    (tmp_path / "plain.txt").write_text("plain")
    documents = SimpleDirectoryReader(
        str(tmp_path), file_extractor={".pdf": SampanReader(mode="page")}
    ).load_data()
    ours = [document for document in documents if document.metadata.get("sha256")]
    assert [document.metadata["page"] for document in ours] == [1, 2]
    assert ours[0].metadata["file_size"] == (tmp_path / "report.pdf").stat().st_size


def test_through_a_file_system() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/box/report.pdf", (EXAMPLES / "report.pdf").read_bytes())
    (document,) = SampanReader(pages="1").load_data("/box/report.pdf", fs=memory)
    assert document.metadata["source"] == "/box/report.pdf" and "Small Boats" in document.text
