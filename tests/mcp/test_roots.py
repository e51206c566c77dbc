"""Nothing outside the allowed folders is ever read, however it is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sampan.errors import InputError, LimitError, OptionError
from sampan.mcp.roots import Roots


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An allowed folder `in` among others, with links that lead out of it."""
    for name in (
        "in/a.pdf",
        "in/sub/b.PNG",
        "in/.hidden/c.pdf",
        "in/notes.txt",
        "out/secret.pdf",
        "in-not/d.pdf",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "in" / "link.pdf").symlink_to(tmp_path / "out" / "secret.pdf")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "loop.pdf").symlink_to(tmp_path / "in" / "loop.pdf")
    (tmp_path / "in" / "inner.pdf").symlink_to(tmp_path / "in" / "a.pdf")
    (tmp_path / "in" / "dangling.pdf").symlink_to(tmp_path / "in" / "nothing.pdf")
    return tmp_path


def test_files_inside_are_found_by_any_name_that_stays_inside(tree) -> None:
    roots = Roots([tree / "in"])
    for given in ("a.pdf", str(tree / "in" / "a.pdf"), "sub/../a.pdf", "inner.pdf", "../in/a.pdf"):
        assert roots.read(given, 100) == (tree / "in" / "a.pdf", b"in/a.pdf")
    assert roots.read("sub/b.PNG", 100)[1] == b"in/sub/b.PNG"


@pytest.mark.parametrize(
    "given",
    ["../out/secret.pdf", "link.pdf", "folder/secret.pdf", "sub/../../out/secret.pdf", "/etc/passwd",
     "../in-not/d.pdf", "folder/../in-not/d.pdf", "../out/not-there.pdf", "/proc/self/environ"],
)  # fmt: skip
def test_what_lies_outside_is_refused_and_nothing_is_told_of_it(tree, given) -> None:
    with pytest.raises(InputError, match="is outside the folders that may be read: give a file below"):
        Roots([tree / "in"]).find(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [("nothing.pdf", "does not exist"), ("dangling.pdf", "does not exist"), ("sub", "is a folder"),
     ("loop.pdf", "outside|does not exist"), ("", "is no path"), ("a\0.pdf", "is no path"),
     ("~root/x.pdf", "does not exist"), ("https://example.org/a.pdf", "does not exist")],
)  # fmt: skip
def test_what_is_no_file_is_refused(tree, given, said) -> None:
    with pytest.raises(InputError, match=said) as raised:
        Roots([tree / "in"]).find(given)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_does_not_hang(tree) -> None:
    os.mkfifo(tree / "in" / "pipe.pdf")
    with pytest.raises(InputError, match="no regular file"):
        Roots([tree / "in"]).read("pipe.pdf", 100)


def test_a_link_that_is_swapped_in_while_the_file_is_opened_leads_nowhere(tree, monkeypatch) -> None:
    roots = Roots([tree / "in"])
    real_open = os.open

    def swap_then_open(path, flags, *rest):
        target = Path(path)
        if target.name == "b.PNG":
            target.parent.rename(tree / "moved")
            target.parent.symlink_to(tree / "out")
            (tree / "out" / "b.PNG").write_bytes(b"stolen")
        return real_open(path, flags, *rest)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(InputError, match="changed while it was opened"):
        roots.read("sub/b.PNG", 100)


def test_several_roots_and_large_files(tree) -> None:
    roots = Roots([tree / "in", tree / "out"])
    assert roots.read("secret.pdf", 100)[1] == b"out/secret.pdf"
    assert roots.read("link.pdf", 100)[1] == b"out/secret.pdf"
    assert roots.read("a.pdf", 8)[1] == b"in/a.pdf"
    with pytest.raises(LimitError, match=r"a\.pdf is larger than the limit of 7 bytes"):
        roots.read("a.pdf", 7)


def test_the_list_of_documents_leaves_out_what_may_not_be_read(tree) -> None:
    roots = Roots([tree / "in"])
    listed = [roots.shown(path) for path in roots.documents(frozenset({".pdf", ".png"}))]
    assert listed == ["a.pdf", "inner.pdf", "sub/b.PNG"]


def test_roots_must_be_folders(tree) -> None:
    for folders, said in (
        ([], "no folder may be read: add --root"),
        ([tree / "nowhere"], "--root .*nowhere: No such file"),
        ([tree / "in" / "a.pdf"], "is a file"),
    ):
        with pytest.raises(OptionError, match=said):
            Roots(folders)
