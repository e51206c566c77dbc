from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image as Pillow

from sampan.documents.options import ParseOptions
from sampan.documents.reading import open_source
from sampan.errors import InputError, LimitError, OptionError, PasswordError

from .pdf_samples import SamplePage, pdf, text

TWO = pdf(
    SamplePage(text(72, 700, "First")),
    SamplePage(text(72, 100, "Second"), width=300, height=200),
    title="Über Wasser",
    author="A. Boat",
)


def texts(source: object) -> list[str]:
    return [line.text for page in source.pages() for line in page.text_layer().lines]  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["bytes", "path", "str", "stream"])
def test_every_kind_of_source_reads_the_same(how: str, tmp_path: Path) -> None:
    path = tmp_path / "größe.png"  # the name lies: content decides
    path.write_bytes(TWO)
    given = {"bytes": TWO, "path": path, "str": str(path), "stream": io.BytesIO(TWO)}[how]
    with open_source(given) as source:
        assert texts(source) == ["First", "Second"]
        info = source.info
        assert (info.media_type, info.pages, info.bytes) == ("application/pdf", 2, len(TWO))
        assert info.sha256 == hashlib.sha256(TWO).hexdigest()
        assert (info.title, info.author) == ("Über Wasser", "A. Boat")
        assert [(p.number, p.width, p.height, p.unit) for p in source.pages()] == [
            (1, 595, 842, "pt"),
            (2, 300, 200, "pt"),
        ]


def test_selection() -> None:
    with open_source(TWO, ParseOptions(pages="2")) as source:
        assert len(source) == 1 and texts(source) == ["Second"]
    with pytest.raises(OptionError, match=r"page 3.*2 pages"):
        open_source(TWO, ParseOptions(pages="3"))


def test_text_named_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_text("This is no picture.")
    with pytest.raises(InputError, match=r"scan\.png is no document.*This is no"):
        open_source(path)


@pytest.mark.parametrize(
    "junk",
    [b"", b"%PDF-1.7\n", b"%PDF-1.4 nothing more", b"\xff\xd8\xff", b"II*\0", b"GIF89a", b"RIFF1234WEBP"],
)
def test_empty_and_cut_files(junk: bytes) -> None:
    with pytest.raises(InputError), open_source(junk) as source:
        source.page(1).image(72)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_source(tmp_path / "nothing.pdf")
    with pytest.raises(InputError, match="folder"):
        open_source(tmp_path)
    with pytest.raises(InputError, match="a int"):
        open_source(7)  # type: ignore[arg-type]


def test_limits() -> None:
    with pytest.raises(LimitError, match="limit of 100 bytes"):
        open_source(TWO, ParseOptions(max_bytes=100))
    with pytest.raises(LimitError, match=r"2 pages to read \(limit 1\)"):
        open_source(TWO, ParseOptions(max_pages=1))
    assert len(open_source(TWO, ParseOptions(max_pages=1, pages="1"))) == 1
    with open_source(TWO, ParseOptions(max_pixels=1000)) as source, pytest.raises(LimitError, match="dpi"):
        source.page(1).image(72)


def test_passwords() -> None:
    locked = pdf(SamplePage(text(72, 700, "Secret words")), password="oar")
    with pytest.raises(PasswordError, match="give its password"):
        open_source(locked)
    with pytest.raises(PasswordError, match="does not open"):
        open_source(locked, ParseOptions(password="rudder"))
    with open_source(locked, ParseOptions(password="oar")) as source:
        assert texts(source) == ["Secret words"]


def test_a_broken_page_fails_alone() -> None:
    data = pdf(
        SamplePage(text(72, 700, "one")), SamplePage(b"", broken=True), SamplePage(text(72, 700, "three"))
    )
    good = {}
    with open_source(data) as source:
        for page in source.pages():
            try:
                good[page.number] = page.text_layer().lines[0].text
                assert page.image(20).size
            except InputError as error:
                assert "page 2" in str(error)
    assert good == {1: "one", 3: "three"}


def test_a_closed_source_says_so() -> None:
    buffer = io.BytesIO()
    Pillow.new("RGB", (5, 5)).save(buffer, "PNG")
    for data in (TWO, buffer.getvalue()):
        with open_source(data) as source:
            page = source.page(1)
        with pytest.raises(InputError, match="closed"):
            page.image(72)
