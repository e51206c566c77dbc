"""Which documents the inputs stand for, and where each one's output goes."""

import os
import random
import string
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sampan.documents.bulk.jobs import SUFFIXES, Job, find_jobs, plain_name
from sampan.errors import InputError


@pytest.fixture
def make_files(tmp_path: Path) -> Callable[..., Path]:
    """A folder with empty files of the given names."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return tmp_path / "in"

    return make


def places(jobs) -> dict[str, str]:
    return {job.name: str(job.place / job.stem) for job in jobs}


def test_one_file_goes_right_into_the_folder(make_files) -> None:
    file = make_files("a/report.pdf") / "a" / "report.pdf"
    assert places(find_jobs([str(file)])) == {str(file): "report"}


def test_a_folder_is_mirrored_without_hidden_and_foreign_files(make_files) -> None:
    folder = make_files("a.pdf", "x/y/b.PNG", "x/c.txt", ".hidden/d.pdf", "x/.e.pdf", "z.jpeg")
    assert places(find_jobs([str(folder)])) == {
        str(folder / "a.pdf"): "a",
        str(folder / "x/y/b.PNG"): "x/y/b",
        str(folder / "z.jpeg"): "z",
    }


def test_equal_names_in_different_folders_keep_their_folders(make_files) -> None:
    folder = make_files("a/scan.pdf", "b/scan.pdf")
    jobs = find_jobs([str(folder / "a" / "scan.pdf"), str(folder / "b")])
    assert sorted(places(jobs).values()) == ["a/scan", "b/scan"]


def test_equal_names_with_different_suffixes_keep_their_suffixes(make_files) -> None:
    folder = make_files("scan.pdf", "SCAN.png", "other.png")
    assert sorted(places(find_jobs([str(folder)])).values()) == [
        "SCAN.png",
        "other",
        "scan.pdf",
    ]


def test_a_file_named_twice_is_read_once(make_files, monkeypatch) -> None:
    folder = make_files("a.pdf", "b.pdf")
    monkeypatch.chdir(folder)
    assert len(find_jobs(["a.pdf", "./a.pdf", str(folder / "a.pdf"), "."])) == 2


def test_a_file_named_by_itself_may_have_any_name(make_files) -> None:
    folder = make_files("letter", "note.txt")
    assert len(find_jobs([str(folder / "letter"), str(folder / "note.txt")])) == 2


def test_standard_input_and_files_together(make_files) -> None:
    folder = make_files("a.pdf")
    assert [job.source for job in find_jobs(["-", str(folder)])] == [None, folder / "a.pdf"]


def test_nothing_to_read_is_an_error(make_files) -> None:
    folder = make_files("note.txt")
    with pytest.raises(InputError, match=r"no documents in .*\.pdf"):
        find_jobs([str(folder)])
    with pytest.raises(InputError, match=r"missing\.pdf does not exist"):
        find_jobs(["missing.pdf"])


@pytest.mark.parametrize("seed", range(20))
def test_no_two_documents_of_any_tree_share_an_output(seed: int, tmp_path: Path) -> None:
    random_ = random.Random(seed)
    names = set()
    for _ in range(30):
        parts = [random_.choice("ab") for _ in range(random_.randrange(4))]
        stem = random_.choice(string.ascii_lowercase[:3]) + random_.choice(["", ".v2", ".pdf"])
        names.add("/".join([*parts, stem + random_.choice(sorted(SUFFIXES))]))
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    jobs = find_jobs([str(tmp_path)])
    assert len(jobs) == len(names)
    assert len({(job.place, job.stem) for job in jobs}) == len(names)
    for job in jobs:
        assert job.place == job.source.parent.relative_to(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not allowed there")
def test_names_of_any_bytes_get_outputs_that_stay_below(make_files) -> None:
    names = [
        "a\nb.pdf",
        "a_b.pdf",
        "back\\..\\slash.pdf",
        "x\x1b[2J.png",
        "l" * 240 + ".pdf",
        "l" * 241 + ".pdf",
    ]
    folder = make_files(*names, "new\nline/c.pdf")
    (folder / os.fsdecode(b"latin-\xe9.pdf")).write_bytes(b"")
    jobs = find_jobs([str(folder)])
    places = [job.place / job.stem for job in jobs]
    assert len({str(place).lower() for place in places}) == len(jobs) == len(names) + 2
    for job, place in zip(jobs, places, strict=True):
        assert ".." not in place.parts and not place.is_absolute()
        assert str(place).isprintable() and "\\" not in str(place)
        assert len(job.stem.encode()) < 200
        assert job.key.isprintable() and job.key.encode()
    assert len({job.key for job in jobs}) == len(jobs)


@pytest.mark.parametrize("name", ["..", ".", "", "a/../b", "/etc/passwd", "\x00", " "])
def test_a_plain_name_is_one_part_of_a_path(name: str) -> None:
    plain = plain_name(name)
    assert plain not in ("", ".", "..") and not set(plain) & set("/\\\0")


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
def test_symbolic_links_may_lead_anywhere(make_files) -> None:
    folder = make_files("a/x.pdf")
    (folder / "a" / "round").symlink_to(folder)  # a folder within itself
    (folder / "self.pdf").symlink_to(folder / "self.pdf")
    (folder / "nowhere.pdf").symlink_to(folder / "gone.pdf")
    (folder / "twin.pdf").symlink_to(folder / "a" / "x.pdf")
    found = sorted(job.source.name for job in find_jobs([str(folder)]))
    # One document under two names is read once; what leads nowhere is not passed over in silence.
    assert found in (["nowhere.pdf", "self.pdf", "twin.pdf"], ["nowhere.pdf", "self.pdf", "x.pdf"])


def test_a_folder_that_cannot_be_listed_is_named(make_files, monkeypatch) -> None:
    folder = make_files("a.pdf", "shut/b.pdf")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    jobs = {job.source.name: job for job in find_jobs([str(folder)])}
    assert set(jobs) == {"a.pdf", "shut"}
    assert "shut cannot be listed: Permission denied" in jobs["shut"].trouble


def test_results_of_earlier_runs_are_no_inputs(make_files) -> None:
    folder = make_files(
        "a.pdf", "out/a_figures/f.png", "out/b.png", "b_figures/f.png", "c_figures/f.png", "b.md"
    )
    assert "out" not in places(find_jobs([str(folder)], folder / "out")).values()
    assert sorted(places(find_jobs([str(folder)], folder / "out")).values()) == [
        "a",
        "b_figures/f",
        "c_figures/f",
    ]
    # Outputs beside the inputs: the figures of b.md are ours, those of c may be anyone's.
    assert sorted(places(find_jobs([str(folder)], folder)).values()) == [
        "a",
        "c_figures/f",
        "out/a_figures/f",
        "out/b",
    ]


def test_a_key_does_not_depend_on_the_working_folder(make_files, monkeypatch) -> None:
    folder = make_files("x/a.pdf")
    before = find_jobs([str(folder / "x")])[0].key
    monkeypatch.chdir(folder)
    assert find_jobs(["x"])[0].key == before == find_jobs([f"file://{folder}/x"])[0].key
    assert Job(None, Path(), "stdin").key == "standard input"
