"""Files that are no documents, or barely: one line that names value, limit and mend, and nothing good is lost."""

from __future__ import annotations

import io
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import sampan
from sampan.documents.parser import Parser
from sampan.documents.writers import render
from sampan.errors import InputError, LimitError, OutputError, PasswordError, SampanError

from .reading.pdf_samples import SamplePage, pdf, text

GOOD = pdf(SamplePage(text(72, 700, "All is well")))


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def written(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.pdf")
    return folder / "pipe.pdf"


def listening_socket(folder: Path) -> Path:
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
    return path


def link_to_itself(folder: Path) -> Path:
    (folder / "a.pdf").symlink_to(folder / "b.pdf")
    (folder / "b.pdf").symlink_to(folder / "a.pdf")
    return folder / "a.pdf"


def link_to_nowhere(folder: Path) -> Path:
    (folder / "a.pdf").symlink_to(folder / "gone.pdf")
    return folder / "a.pdf"


LOCKED = pdf(SamplePage(text(72, 700, "Secret")), password="oar")
EMPTY_TREE = pdf()
BROKEN = pdf(SamplePage(b"", broken=True), SamplePage(b"", broken=True))

CASES: dict[str, tuple[Callable[[Path], Path], dict[str, object], type[SampanError], str]] = {
    "empty": (written("a.pdf", b""), {}, InputError, r"a\.pdf is empty: it holds 0 bytes"),
    "text named .png": (written("a.png", b"Just text."), {}, InputError, r"opens with b'Just text\.'.*give PDF, PNG"),
    "text named .pdf": (written("a.pdf", b"Just text."), {}, InputError, "no document that can be read"),
    "program": (written("a.pdf", b"\x7fELF" + bytes(99)), {}, InputError, "give PDF, PNG"),
    "archive": (written("a.pdf", b"PK\3\4" + bytes(99)), {}, InputError, "give PDF, PNG"),
    "cut to its head": (written("a.pdf", GOOD[:40]), {}, InputError, "a.pdf cannot be read as PDF: it is truncated"),
    "cut picture": (written("a.png", png(np.zeros((9, 9), np.uint8))[:20]), {}, InputError, "it is truncated"),
    "no password": (written("a.pdf", LOCKED), {}, PasswordError, "a.pdf is encrypted: give its password"),
    "wrong password": (written("a.pdf", LOCKED), {"password": "rudder"}, PasswordError, "does not open it"),
    "strange password": (written("a.pdf", LOCKED), {"password": "\ud800"}, PasswordError, "characters PDF cannot use"),
    "no pages": (written("a.pdf", EMPTY_TREE), {}, InputError, r"a\.pdf cannot be read as PDF: it is .* no pages"),
    "only broken pages": (written("a.pdf", BROKEN), {}, InputError, r"no page of a\.pdf could be read; page 1"),
    "too many bytes": (written("a.pdf", GOOD), {"max_bytes": 99}, LimitError, "limit of 99 bytes: split it or raise"),
    "too many pixels": (
        written("a.png", png(np.zeros((9, 9), np.uint8))), {"max_pixels": 80}, InputError,
        r"9 × 9 = 81 pixels \(limit 80\): scale the picture down or raise max_pixels",
    ),
    "folder": (lambda folder: folder, {}, InputError, "is a folder: name a file in it"),
    "missing": (lambda folder: folder / "no.pdf", {}, InputError, r"no\.pdf does not exist: check the path"),
    "file as folder": (lambda folder: written("a", b"1")(folder) / "b.pdf", {}, InputError, "(?i)not a directory"),
    "pipe": (pipe, {}, InputError, "no file but a pipe, socket or device: give its content on standard input"),
    "socket": (listening_socket, {}, InputError, "no file but a pipe"),
    "endless device": (lambda _: Path("/dev/zero"), {}, InputError, "no file but a pipe"),
    "link to itself": (link_to_itself, {}, InputError, r"cannot be opened \(.*symbolic links.*\): check"),
    "link to nowhere": (link_to_nowhere, {}, InputError, "does not exist: a link to nowhere"),
    "zero byte in name": (lambda folder: folder / "a\0b.pdf", {}, InputError, r"a\\x00b\.pdf cannot be opened"),
    "name too long": (lambda folder: folder / ("n" * 300), {}, InputError, "cannot be opened"),
    "line end in name": (written("a\nb\x1b[2J.pdf", b""), {}, InputError, r"a\\nb\\x1b\[2J\.pdf is empty"),
    "bytes in name": (written(os.fsdecode(b"\xff\xfe.pdf"), b""), {}, InputError, "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, options, kind, pattern = CASES[name]
    with pytest.raises(kind) as caught:
        sampan.parse(make(tmp_path), **options)
    message = str(caught.value)
    assert re.search(pattern, message), message
    assert message.isprintable() and len(message) < 600
    message.encode()


def test_a_file_without_rights_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written("a.pdf", GOOD)(tmp_path)

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(
        InputError, match=r"a\.pdf cannot be opened \(Permission denied\): check the path and its rights"
    ):
        sampan.parse(path)


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.pdf", "größe 漢字.pdf".encode(), b"new\nline.pdf", b"..pdf", b"-o.pdf"]
)
@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_any_name_can_be_read_and_written(name: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(GOOD if kind == "pdf" else png(np.full((30, 30), 255, np.uint8)))
    document = sampan.parse(path, ocr="never")
    document.source.name.encode()
    assert ("All is well" in document.text) == (kind == "pdf")
    for format in ("md", "json", "html", "txt"):
        render(document, format)


def test_a_large_pdf_with_a_strange_name_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sampan.documents.reading import source

    monkeypatch.setattr(source, "_LARGE", 100)
    for name in (b"\xff.pdf", b"plain.pdf"):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(GOOD)
        assert "All is well" in sampan.parse(path, ocr="never").text


def test_good_pages_are_kept() -> None:
    pages = [SamplePage(text(72, 700, f"Page {n}"), broken=n in (2, 4)) for n in range(1, 6)]
    document = sampan.parse(pdf(*pages), ocr="never")
    assert [page.number for page in document.pages] == [1, 3, 5]
    assert [(failure.page, failure.stage) for failure in document.failures] == [
        (2, "reading"),
        (4, "reading"),
    ]
    assert "page 2" in document.failures[0].message


def test_pages_that_are_too_large_are_failures_beside_good_ones() -> None:
    data = pdf(SamplePage(text(72, 700, "small")), SamplePage(b"0 0 9 9 re f", width=14_400, height=14_400))
    document = sampan.parse(data, ocr="always", layout=False, tables=False, dpi=72, max_pixels=8_000_000)
    assert [page.number for page in document.pages] == [1]
    assert re.search(r"page 2 .*14400 × 14400 .*\(limit 8,000,000\).*lower dpi", document.failures[0].message)


def test_a_cut_pdf_gives_the_pages_that_are_there() -> None:
    # Without its end a PDF has no table of objects and no root; the readers' repair needs the root.
    pages = [SamplePage(text(72, 700, f"Page {n}")) for n in range(1, 4)]
    data = pdf(*pages)
    document = sampan.parse(data[: data.rindex(b"startxref")], ocr="never")
    assert document.text.split("\n\n") == ["Page 1", "Page 2", "Page 3"]


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser(threads=1)


@pytest.mark.parametrize(
    ("shape", "value"),
    [((1, 1), 0), ((1, 5000), 255), ((5000, 1), 128), ((60_000, 40), 255), ((40, 60_000), 0), ((2, 2), 77),
     ((600, 400), 0), ((600, 400), 255)],
)  # fmt: skip
def test_pictures_of_any_shape_and_of_nothing(parser: Parser, shape: tuple[int, int], value: int) -> None:
    document = parser.parse(png(np.full(shape, value, np.uint8)))
    assert not document.failures
    assert sorted((document.pages[0].width, document.pages[0].height)) == sorted(shape)
    assert len(document.text.strip()) < 20


def test_a_page_of_dust_is_read_without_complaint(parser: Parser) -> None:
    dust = np.full((1300, 1300), 255, np.uint8)
    dust[::4, ::4] = 0  # more than 100,000 specks
    assert not parser.parse(png(dust)).failures


def test_noise_is_read_without_complaint(parser: Parser) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (200, 200, 3), np.uint8)
    assert not parser.parse(png(noise)).failures


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from sampan.documents.writers import write

    document = sampan.parse(GOOD, ocr="never")
    real = Path.open

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(self: Path, mode: str = "r", *rest: object) -> object:
        return Full() if "x" in mode else real(self, mode, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match=r"cannot write .*out\.md .*No space left on device; .*make room"):
        write(document, tmp_path, "out", ["md"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stem", ["../x", "a/b", "a\\b", "..", ".", "", "a\0b"])
def test_outputs_stay_in_their_folder(stem: str, tmp_path: Path) -> None:
    from sampan.documents.writers import write

    with pytest.raises(SampanError, match="no file name"):
        write(sampan.parse(GOOD, ocr="never"), tmp_path / "in", stem, ["md"])
    assert list(tmp_path.rglob("*")) == []
