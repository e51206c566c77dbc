import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.errors import OutputError
from sampan.server.folders import UPLOAD, Folders, file_name


@settings(deadline=None)
@given(
    st.text(st.characters(), max_size=300) | st.sampled_from(["..", ".", "", "/", "a/..", "\\..\\", "x\x00y"])
)
def test_no_name_leaves_its_folder(given: str) -> None:
    name = file_name(given)
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\\0\n\r")
    assert name.isprintable()
    assert len(name.encode()) <= 120
    assert Path("folder", name).parent == Path("folder")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\Scan 1.PDF", "Scan 1.PDF"),
        ("a\nb.pdf", "a_b.pdf"),
        ("合同 (最终).pdf", "合同 (最终).pdf"),
        ("", "document"),
        (None, "document"),
        ("..", "document"),
    ],
)
def test_names_stay_as_they_are_where_they_can(given: str | None, name: str) -> None:
    assert file_name(given) == name


def test_long_names_keep_their_suffix() -> None:
    name = file_name("漢" * 200 + ".pdf")
    assert name.endswith("漢.pdf")
    assert len(name.encode()) <= 120


def test_an_upload_becomes_a_job(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    received = folders.receive()
    (received / UPLOAD).write_bytes(b"%PDF")
    folders.accept(received, "a" * 32, "report.pdf", durable=True)
    source = folders.source("a" * 32)
    assert source is not None
    assert source.name == "report.pdf"
    assert source.read_bytes() == b"%PDF"
    assert not received.exists()
    assert folders.source("b" * 32) is None
    if os.name == "posix":
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_a_durable_job_is_synced_before_it_is_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr("sampan.server.folders.sync", lambda path: events.append(f"sync {path.name}"))
    rename = Path.rename
    monkeypatch.setattr(
        Path, "rename", lambda *paths: (events.append(f"to {paths[1].name}"), rename(*paths))[1]
    )
    folders = Folders(tmp_path)
    events.clear()
    for durable in (True, False):
        received = folders.receive()
        (received / UPLOAD).write_bytes(b"x")
        folders.accept(received, f"job{durable}", "a.pdf", durable=durable)
        token = received.name
        synced = ["sync a.pdf", "sync source", f"sync {token}", "to jobTrue", "sync jobs"]
        assert events == ["to a.pdf", *(synced if durable else ["to jobFalse"])]
        events.clear()


def test_a_start_sweeps_out_what_no_job_knows(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.receive()
    for id in ("known", "stranger"):
        received = folders.receive()
        (received / UPLOAD).write_bytes(b"x")
        folders.accept(received, id, "a.pdf", durable=False)
    folders.sweep({"known", "gone"})
    assert [path.name for path in folders.jobs.iterdir()] == ["known"]
    assert list(folders.incoming.iterdir()) == []


def test_one_server_owns_a_folder(tmp_path: Path) -> None:
    first = Folders(tmp_path)
    with pytest.raises(OutputError, match="another server uses"):
        Folders(tmp_path)
    first.close()
    Folders(tmp_path).close()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="--data"):
        Folders(tmp_path / "file" / "data")
