"""Which documents the inputs stand for, and where each one's output goes."""

import random
import string
from pathlib import Path

import pytest

from sampan.cli.batch import SUFFIXES, Outcome, find_jobs
from sampan.cli.parse import exit_code
from sampan.errors import InputError

OUT = Path("out")


def places(jobs) -> dict[str, str]:
    return {job.name: str(job.directory / job.stem) for job in jobs}


def test_one_file_goes_right_into_the_folder(make_files) -> None:
    file = make_files("a/report.pdf") / "a" / "report.pdf"
    assert places(find_jobs([str(file)], OUT)) == {str(file): "out/report"}


def test_a_folder_is_mirrored_without_hidden_and_foreign_files(make_files) -> None:
    folder = make_files("a.pdf", "x/y/b.PNG", "x/c.txt", ".hidden/d.pdf", "x/.e.pdf", "z.jpeg")
    assert places(find_jobs([str(folder)], OUT)) == {
        str(folder / "a.pdf"): "out/a",
        str(folder / "x/y/b.PNG"): "out/x/y/b",
        str(folder / "z.jpeg"): "out/z",
    }


def test_equal_names_in_different_folders_keep_their_folders(make_files) -> None:
    folder = make_files("a/scan.pdf", "b/scan.pdf")
    jobs = find_jobs([str(folder / "a" / "scan.pdf"), str(folder / "b")], OUT)
    assert sorted(places(jobs).values()) == ["out/a/scan", "out/b/scan"]


def test_equal_names_with_different_suffixes_keep_their_suffixes(make_files) -> None:
    folder = make_files("scan.pdf", "SCAN.png", "other.png")
    assert sorted(places(find_jobs([str(folder)], OUT)).values()) == [
        "out/SCAN.png",
        "out/other",
        "out/scan.pdf",
    ]


def test_a_file_named_twice_is_read_once(make_files, monkeypatch) -> None:
    folder = make_files("a.pdf", "b.pdf")
    monkeypatch.chdir(folder)
    assert len(find_jobs(["a.pdf", "./a.pdf", str(folder / "a.pdf"), "."], OUT)) == 2


def test_a_file_named_by_itself_may_have_any_name(make_files) -> None:
    folder = make_files("letter", "note.txt")
    assert len(find_jobs([str(folder / "letter"), str(folder / "note.txt")], OUT)) == 2


def test_standard_input_and_files_together(make_files) -> None:
    folder = make_files("a.pdf")
    assert [job.source for job in find_jobs(["-", str(folder)], OUT)] == [None, folder / "a.pdf"]


def test_nothing_to_read_is_an_error(make_files) -> None:
    folder = make_files("note.txt")
    with pytest.raises(InputError, match=r"no documents in .*\.pdf"):
        find_jobs([str(folder)], OUT)
    with pytest.raises(InputError, match=r"missing\.pdf does not exist"):
        find_jobs(["missing.pdf"], OUT)


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
    jobs = find_jobs([str(tmp_path)], OUT)
    assert len(jobs) == len(names)
    assert len({(job.directory, job.stem) for job in jobs}) == len(names)
    for job in jobs:
        assert job.directory == OUT / job.source.parent.relative_to(tmp_path)


@pytest.mark.parametrize(
    ("codes", "expected"), [([0, 0], 0), ([0, 3], 1), ([3, 3], 3), ([4], 4), ([3, 4], 1), ([1], 1), ([0], 0)]
)
def test_the_exit_code_names_a_common_cause(codes: list[int], expected: int) -> None:
    assert exit_code([Outcome("", exit_code=code) for code in codes]) == expected
