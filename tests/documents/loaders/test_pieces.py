"""Pieces cover the document, know where they stand, and keep their names from run to run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sampan
from sampan.documents.loaders.pieces import PieceReader
from sampan.documents.options import ParseOptions
from sampan.documents.writers import WriteOptions, render
from sampan.errors import InputError, OptionError

REPORT = Path(__file__).parents[3] / "examples" / "report.pdf"


@pytest.fixture(scope="module")
def document() -> sampan.Document:
    return sampan.parse(REPORT)


def reader(mode: str, **more: object) -> PieceReader:
    return PieceReader.configured(mode, more.pop("chunk_size", 2000), 0, more.pop("errors", "raise"), more)


def test_document_mode(document) -> None:
    (piece,) = reader("document").read([REPORT])
    assert piece.text == render(document, "md")
    assert piece.metadata == {
        "source": str(REPORT), "file_name": "report.pdf", "media_type": "application/pdf",
        "sha256": document.source.sha256, "total_pages": 2, "title": document.source.title,
        **({"author": document.source.author} if document.source.author else {}),
    }  # fmt: skip


def test_page_mode(document) -> None:
    pieces = list(reader("page").read([REPORT]))
    assert [piece.metadata["page"] for piece in pieces] == [1, 2]
    assert "Harbour" in pieces[1].text and "Harbour" not in pieces[0].text
    assert "3 What it carries" in pieces[1].metadata["headings"]
    for piece, page in zip(pieces, document.pages, strict=True):
        body = [block for block in page.blocks if block.order is not None]
        assert [place["block"] for place in piece.metadata["boxes"]] == [block.id for block in body]
        assert piece.metadata["boxes"][0]["box"] == pytest.approx(body[0].box, abs=0.01)


def test_chunk_mode(document) -> None:
    pieces = list(reader("chunk", chunk_size=400).read([REPORT]))
    assert len(pieces) > 3
    table = next(piece for piece in pieces if "Harbour" in piece.text)
    assert table.metadata["headings"][-1] == "3 What it carries"
    assert table.metadata["page"] == 2 and table.metadata["pages"] == [2]
    known = {block.id for block in document.blocks()}
    for piece in pieces:
        assert piece.metadata["boxes"] and {place["block"] for place in piece.metadata["boxes"]} <= known
        json.dumps(piece.metadata)
    joined = "\n".join(piece.text for piece in pieces)
    for block in document.blocks():
        if block.kind == "text" and block.order is not None and block.text:
            assert block.text.split()[0] in joined


def test_names_are_stable_and_differ(tmp_path) -> None:
    copy = tmp_path / "copy.pdf"
    shutil.copy(REPORT, copy)
    first = [piece.id for piece in reader("chunk").read([REPORT])]
    assert first == [piece.id for piece in reader("chunk").read([REPORT])]
    others = [piece.id for mode in ("document", "page") for piece in reader(mode).read([REPORT])]
    others += [piece.id for piece in reader("chunk").read([copy])]
    assert len({*first, *others}) == len(first) + len(others)


def test_pages_that_say_the_same_have_names_of_their_own(document) -> None:
    blank = document.pages[0].model_copy(update={"blocks": []})
    both = document.model_copy(update={"pages": [blank, blank.model_copy(update={"number": 2})]})
    first, second = reader("page").pieces(both, "x.pdf")
    assert first.text == second.text and first.id != second.id


def test_folders_and_bad_files(tmp_path) -> None:
    for name in ("a.pdf", "sub/b.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPORT, tmp_path / name)
    (tmp_path / "aa.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(InputError, match=r"aa\.pdf"):
        list(reader("document").read([tmp_path]))
    with pytest.warns(UserWarning, match=r"aa\.pdf is left out"):
        pieces = list(reader("document", errors="warn").read([tmp_path]))
    assert [piece.metadata["file_name"] for piece in pieces] == ["a.pdf", "b.pdf"]
    with pytest.raises(InputError, match="does not exist"):
        list(reader("document", errors="warn").read([tmp_path / "nowhere"]))


def test_bytes_with_a_name() -> None:
    (piece,) = reader("document", pages="2").read_bytes(REPORT.read_bytes(), "s3://bucket/some/report.pdf")
    assert piece.metadata["source"] == "s3://bucket/some/report.pdf"
    assert piece.metadata["file_name"] == "report.pdf" and "Harbour" in piece.text


def test_wrong_arguments_are_named() -> None:
    for make, said in (
        (lambda: reader("chapter"), "mode 'chapter'"),
        (lambda: reader("page", errors="ignore"), "errors 'ignore'"),
        (lambda: reader("page", orc="never"), "unknown option 'orc': did you mean 'ocr'"),
        (lambda: reader("chunk", chunk_size=3), "chunk_size 3"),
        (lambda: reader("page", options=ParseOptions(), ocr="never"), "not both: ocr"),
    ):
        with pytest.raises(OptionError, match=said):
            make()
    assert PieceReader("page", ParseOptions(), WriteOptions()).mode == "page"
