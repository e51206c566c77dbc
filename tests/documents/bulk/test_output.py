"""Results in folders and stores: whole, together, and nowhere else."""

import errno
import os
import sys
from pathlib import Path

import pytest

from sampan.documents.bulk import stores
from sampan.documents.bulk.jobs import Job, find_jobs
from sampan.documents.bulk.output import FolderOutput, StoreOutput, is_hopeless, open_output
from sampan.errors import InputError, OptionError, OutputError

JOB = Job(Path("/in/x/a.pdf"), Path("x"), "a")


def stage(output, **contents: bytes) -> None:
    for name, data in contents.items():
        path = output.staging(JOB) / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_results_are_put_in_place_figures_first(tmp_path, monkeypatch) -> None:
    output = FolderOutput(tmp_path)
    stage(output, a_dot_md=b"text", a_figures__f_dot_png=b"figure", a_dot_json=b"{}")
    moved = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: (moved.append(to.name), replace(self, to))[1])
    assert sorted(output.publish(JOB)) == [("a.json", 2), ("a.md", 4), ("a_figures/f.png", 6)]
    assert moved == ["f.png", "a.json", "a.md"]
    assert (tmp_path / "x/a.md").read_bytes() == b"text"
    assert (tmp_path / "x/a_figures/f.png").read_bytes() == b"figure"
    assert not output.staging(JOB).exists()
    assert output.has(JOB, "a.md", 4) and not output.has(JOB, "a.md", 5) and not output.has(JOB, "b.md", 4)


def test_publishing_again_after_half_of_it_gives_the_same(tmp_path) -> None:
    output = FolderOutput(tmp_path)
    for _ in range(2):
        stage(output, a_dot_md=b"text", a_figures__f_dot_png=b"figure")
        output.publish(JOB)
    stage(output, a_dot_md=b"text", a_figures__f_dot_png=b"figure")
    (output.staging(JOB) / "a.md").replace(tmp_path / "x" / "a.md")  # killed here
    stage(output, a_dot_md=b"text", a_figures__f_dot_png=b"figure")
    output.publish(JOB)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.md", "f.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
def test_a_link_in_the_place_of_a_result_is_replaced_and_not_followed(tmp_path) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    output = FolderOutput(tmp_path / "out")
    stage(output, a_dot_md=b"text")
    (tmp_path / "out" / "x" / "a.md").symlink_to(tmp_path / "precious")
    output.publish(JOB)
    assert (tmp_path / "precious").read_bytes() == b"mine"
    assert (tmp_path / "out" / "x" / "a.md").read_bytes() == b"text"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
def test_links_among_the_results_are_not_published(tmp_path) -> None:
    (tmp_path / "secret").write_bytes(b"not yours")
    output = FolderOutput(tmp_path / "out")
    stage(output, a_dot_md=b"text")
    (output.staging(JOB) / "a.json").symlink_to(tmp_path / "secret")
    assert output.publish(JOB) == [("a.md", 4)]
    assert [path.name for path in (tmp_path / "out" / "x").iterdir()] == ["a.md"]


def test_a_full_disk_is_hopeless_and_a_folder_in_the_way_is_not(tmp_path, monkeypatch) -> None:
    output = FolderOutput(tmp_path)
    stage(output, a_dot_md=b"text")
    (tmp_path / "x" / "a.md").mkdir()
    with pytest.raises(OutputError, match=r"cannot write to .*x: Is a directory") as in_the_way:
        output.publish(JOB)
    assert not is_hopeless(in_the_way.value)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    stage(output, a_dot_md=b"text")
    with pytest.raises(OutputError, match="No space left on device; make room") as hopeless:
        output.publish(JOB)
    assert is_hopeless(hopeless.value)


def test_removing_takes_only_what_is_named(tmp_path) -> None:
    output = FolderOutput(tmp_path)
    stage(
        output,
        a_dot_md=b"text",
        a_figures__f_dot_png=b"figure",
        b_figures__f_dot_png=b"",
        b_figures__g_dot_png=b"",
    )
    output.publish(JOB)
    output.remove(JOB, ["a_figures/f.png", "b_figures/f.png", "never-there.md"])
    left = {str(path.relative_to(tmp_path / "x")) for path in (tmp_path / "x").rglob("*")}
    assert left == {"a.md", "b_figures", "b_figures/g.png"}


@pytest.fixture
def store(monkeypatch, tmp_path):
    """fsspec's store in memory, empty."""
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path / "home"))
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


def test_a_store_is_listed_like_a_folder(store, tmp_path) -> None:
    for name in ("a.pdf", "x/b.PNG", "x/.c.pdf", ".h/d.pdf", "note.txt", "x/../../up.pdf"):
        store.pipe_file(f"/bucket/in/{name}", b"data")
    jobs = find_jobs(["memory://bucket/in"])
    found = {job.address: str(job.place / job.stem) for job in jobs}
    assert found["memory://bucket/in/a.pdf"] == "a" and found["memory://bucket/in/x/b.PNG"] == "x/b"
    assert not [
        address for address in found if ".c.pdf" in address or "d.pdf" in address or "note" in address
    ]
    # Keys may hold `..`, which means nothing in a store; results stay below the output.
    assert all(".." not in place.split("/") and not place.startswith("/") for place in found.values())
    assert all(job.size == 4 and job.stamp for job in jobs)
    one = find_jobs(["memory://bucket/in/x/b.PNG"])
    assert [(job.address, str(job.place / job.stem)) for job in one] == [("memory://bucket/in/x/b.PNG", "b")]


def test_fetching_and_storing(store, tmp_path) -> None:
    store.pipe_file("/bucket/a.pdf", b"x" * 100)
    stores.fetch("memory://bucket/a.pdf", tmp_path / "a.pdf", 100)
    assert (tmp_path / "a.pdf").read_bytes() == b"x" * 100
    with pytest.raises(InputError, match=r"has 100 bytes \(limit 99\)"):
        stores.fetch("memory://bucket/a.pdf", tmp_path / "b.pdf", 99)
    with pytest.raises(InputError, match=r"memory://bucket/gone.pdf cannot be fetched"):
        stores.fetch("memory://bucket/gone.pdf", tmp_path / "b.pdf", 99)
    output = open_output("memory://bucket/out/")
    assert isinstance(output, StoreOutput) and (tmp_path / "home") in output.state.parents
    stage(output, a_dot_md=b"text", a_figures__f_dot_png=b"figure")
    assert sorted(output.publish(JOB)) == [("a.md", 4), ("a_figures/f.png", 6)]
    assert store.cat_file("/bucket/out/x/a_figures/f.png") == b"figure"
    assert output.has(JOB, "a.md", 4) and not output.has(JOB, "a.md", 5)
    output.remove(JOB, ["a.md", "gone.md"])
    assert not output.has(JOB, "a.md", 4)


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest", "https://example.org/a.pdf", "ftp://h/a.pdf", "sftp://h/a.pdf",
     "github://o:r@main/a.pdf", "memory://a::http://example.org/a.pdf", "zip://a.pdf::memory://b.zip"],
)  # fmt: skip
def test_nothing_is_fetched_from_the_web(address) -> None:
    with pytest.raises(InputError, match="is not fetched: only object stores are"):
        find_jobs([address])


def test_a_file_address_is_a_path(tmp_path) -> None:
    (tmp_path / "a b.pdf").write_bytes(b"")
    assert [job.source for job in find_jobs([f"file://{tmp_path}/a%20b.pdf"])] == [tmp_path / "a b.pdf"]
    assert open_output(f"file://{tmp_path}/out").root == tmp_path / "out"


def test_a_store_without_its_package_says_which(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(OptionError, match=r"pip install 'sampan\[scale\]'"):
        find_jobs(["s3://bucket/in"])
