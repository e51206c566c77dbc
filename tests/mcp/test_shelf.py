"""Documents are read once for the same content and the same request, and not otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sampan.documents.bulk.isolation import Limits, Worker
from sampan.documents.options import ParseOptions
from sampan.errors import InputError, LimitError
from sampan.mcp.roots import Roots
from sampan.mcp.shelf import KEPT, Shelf, Shelved

REPORT = Path(__file__).parents[2] / "examples" / "report.pdf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "in"
    inside.mkdir()
    shutil.copy(REPORT, inside / "report.pdf")
    return inside


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were really read."""
    names: list[str] = []
    call = Worker.call

    def counted(self, task, *arguments, **keywords):
        names.append(arguments[1])
        return call(self, task, *arguments, **keywords)

    monkeypatch.setattr(Worker, "call", counted)
    return names


@pytest.fixture
def shelf(folder: Path):
    shelf = Shelf(Roots([folder]))
    yield shelf
    shelf.close()


def test_the_same_content_is_read_once(shelf, folder, reads) -> None:
    seen: list[tuple[int, int]] = []
    first = shelf.open("report.pdf", progress=lambda done, total: seen.append((done, total)))
    assert first.document.source.name == "report.pdf" and first.path == "report.pdf"
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert shelf.open(str(folder / "report.pdf")).id == first.id
    assert shelf.get("report.pdf").id == shelf.get(first.id).id == first.id
    assert reads == ["report.pdf"]
    part = shelf.open("report.pdf", pages="2")
    assert part.id != first.id and [page.number for page in part.document.pages] == [2]
    (folder / "report.pdf").write_bytes(REPORT.read_bytes() + b"\n%changed\n")
    assert shelf.open("report.pdf").id != first.id
    assert len(reads) == 3 and len(shelf.all()) == 3


def test_a_cache_folder_outlives_the_shelf(folder, reads, tmp_path) -> None:
    for _ in range(2):
        shelf = Shelf(Roots([folder]), cache=tmp_path / "cache")
        opened = shelf.open("report.pdf")
        shelf.close()
    assert len(reads) == 1
    kept = tmp_path / "cache" / f"{opened.id}.json"
    kept.write_text("{damaged")
    shelf = Shelf(Roots([folder]), cache=tmp_path / "cache")
    assert shelf.open("report.pdf").document.text == opened.document.text
    shelf.close()
    assert len(reads) == 2


def test_bad_files_and_limits_are_told_and_the_shelf_goes_on(shelf, folder) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    with pytest.raises(InputError, match=r"bad\.pdf"):
        shelf.open("bad.pdf")
    with pytest.raises(InputError, match="no document is called 0123456789abcdef"):
        shelf.get("0123456789abcdef")
    small = Shelf(Roots([folder]), ParseOptions(max_bytes=100), Limits())
    with pytest.raises(LimitError, match="limit of 100 bytes"):
        small.open("report.pdf")
    assert shelf.open("report.pdf").document.pages


def test_only_the_latest_are_kept_in_memory(shelf) -> None:
    opened = shelf.open("report.pdf")
    for number in range(KEPT + 3):
        shelf._keep(Shelved(f"{number:016x}", "x", opened.document, None))
    assert len(shelf.all()) == KEPT and opened.id not in {kept.id for kept in shelf.all()}
