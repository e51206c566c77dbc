"""Searchable PDFs: words are found where they are printed, by PDFium; the original pages stay as they were."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, NumberObject
from tests.documents.reading.pdf_samples import SamplePage, pdf, text
from tests.documents.strategies import documents, wild_texts
from tests.documents.writers.extraction import document_of, iou, line, page_of, places, text_of

from sampan.documents.geometry import homography
from sampan.documents.model import Box, Document
from sampan.documents.parser import Parser
from sampan.documents.writers import render
from sampan.documents.writers.invisible_text import visual
from sampan.documents.writers.searchable_pdf import DEFAULT_DPI
from sampan.errors import OutputError

MIRRORS = str.maketrans(")]}>»›≥", "([{<«‹≤")
SCALE = 72.0 / DEFAULT_DPI
"""Points a pixel of a picture that names no resolution."""


def blank(width: int, height: int) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), 255, np.uint8))[1].tobytes()


def written(document: Document) -> bytes:
    result = render(document, "pdf")
    assert isinstance(result, bytes)
    return result


def picture_page(*lines: Any, size: tuple[int, int] = (1000, 800), **more: Any) -> bytes:
    return written(document_of(blank(*size), page_of(*lines, size=size, **more)))


def scaled(box: Box, factor: float = SCALE) -> Box:
    x0, y0, x1, y1 = (value * factor for value in box)
    return x0, y0, x1, y1


LINES = [
    line(("Hello", (100, 100, 200, 140)), ("bright", (215, 102, 330, 138)), ("world", (340, 98, 440, 141))),
    line(*((c, (100 + 44 * i, 200, 138 + 44 * i, 240)) for i, c in enumerate("漢字日本語")), text="漢字日本語"),
    line(
        ("مرحبا", (400, 300, 500, 340)), ("(بالعالم)", (250, 300, 390, 340)), ("2024", (180, 300, 240, 340)),
        direction="rtl",
    ),
    line(("שלום", (420, 350, 500, 390)), ("עולם", (320, 350, 405, 390))),
    line(("𝒳", (100, 400, 140, 440)), ("𠮷", (142, 400, 182, 440)), ("end", (200, 400, 280, 440)), text="𝒳𠮷 end"),
    line(("Zm̃ěs", (100, 500, 180, 540)), ("a", (195, 500, 215, 540)), ("I", (230, 500, 240, 540))),
    line(*((c, (800, 100 + 44 * i, 840, 140 + 44 * i)) for i, c in enumerate("縦書き")), text="縦書き", direction="ttb"),
]  # fmt: skip


def test_words_are_extracted_in_order_with_their_spaces() -> None:
    assert text_of(picture_page(*LINES)).split("\n") == [
        "Hello bright world",
        "漢字日本語",
        "مرحبا (بالعالم) 2024",
        "שלום עולם",
        "𝒳𠮷 end",
        "Zm̃ěs a I",
        "縦書き",
    ]


@pytest.mark.parametrize(
    ("wanted", "box"),
    [(word.text, word.box) for each in LINES for word in each.words if word.text not in "a𝒳𠮷I"],
)
def test_words_are_found_at_their_place(wanted: str, box: Box) -> None:
    """PDFium extracts characters beyond the BMP (above) but does not search for them."""
    (found,) = places(picture_page(*LINES), wanted)
    assert iou(found, scaled(box)) > 0.8


def test_a_part_of_a_word_is_found_in_its_part_of_the_box() -> None:
    (found,) = places(picture_page(line(("immortality", (100, 100, 300, 140)))), "mortal")
    assert 0.1 < (found[0] / SCALE - 100) / 200 < 0.3 and 0.6 < (found[2] / SCALE - 100) / 200 < 0.85


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="Poppler is not installed")
def test_another_reader_finds_the_same() -> None:
    ran = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=picture_page(*LINES), capture_output=True, check=True
    )
    found = {
        word: tuple(map(float, place))
        for *place, word in re.findall(
            r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)<', ran.stdout.decode()
        )
    }
    for word in LINES[0].words:
        assert iou(found[word.text], scaled(word.box)) > 0.8
    assert iou(found["漢字日本語"], scaled(LINES[1].box)) > 0.9
    ran = subprocess.run(["pdftotext", "-", "-"], input=picture_page(*LINES), capture_output=True, check=True)
    plain = re.sub("[\u202a-\u202e]", "", ran.stdout.decode())
    assert "Hello bright world" in plain and "שלום עולם" in plain and "𠮷" in plain


@pytest.mark.parametrize("degrees", [0, 3, -7, 45, 90, 180, 270])
def test_tilted_and_turned_text(degrees: float) -> None:
    turn = homography.rotation(degrees, (500, 400))
    pdf_bytes = picture_page(LINES[0], LINES[1], to_source=homography.to_tuple(turn))
    assert "Hello bright world" in text_of(pdf_bytes).split("\n")
    for word in LINES[0].words:
        x0, y0, x1, y1 = word.box
        corners = homography.apply(turn, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) * SCALE
        expected = (*corners.min(axis=0), *corners.max(axis=0))
        assert any(iou(found, expected) > 0.75 for found in places(pdf_bytes, word.text))


def test_perspective_gives_every_line_its_own_direction() -> None:
    corners = [[0, 0], [1000, 0], [1000, 800], [0, 800]]
    lens = homography.from_quads(corners, [[80, 40], [930, 90], [980, 770], [20, 720]])
    pdf_bytes = picture_page(*LINES, to_source=homography.to_tuple(lens))
    for each in (LINES[0], LINES[5]):
        for word in each.words:
            x0, y0, x1, y1 = word.box
            seen = homography.apply(lens, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) * SCALE
            expected = (*seen.min(axis=0), *seen.max(axis=0))
            assert any(iou(found, expected) > 0.7 for found in places(pdf_bytes, word.text)), word.text


def test_a_word_that_leaves_its_line_keeps_its_own_place() -> None:
    raised = line(
        ("x", (100, 200, 120, 240)), ("2", (122, 190, 130, 206)), ("law", (150, 200, 210, 240)), text="x2 law"
    )
    pdf_bytes = picture_page(raised)
    for word in raised.words:
        assert iou(places(pdf_bytes, word.text)[0], scaled(word.box)) > 0.7


@pytest.mark.parametrize(
    ("word", "seen"),
    [
        ("abc", "abc"),
        ("שלום", "םולש"),
        ("(שלום)", "(םולש)"),
        ("A4-גודל", "לדוג-A4"),
        ("٣٫١٤", "٣٫١٤"),
        ("סעיף12.5", "12.5ףיעס"),
    ],
)
def test_right_to_left_words_are_set_as_they_are_seen(word: str, seen: str) -> None:
    assert visual(word) == seen


def scan(rotate: int, crop: Box | None, unit: float = 1.0) -> bytes:
    """A PDF page that is a picture and nothing else."""
    reader = PdfReader(io.BytesIO(pdf(SamplePage(b"0.9 g 100 100 300 500 re f", rotate=rotate, crop=crop))))
    writer = PdfWriter(clone_from=reader)
    if unit != 1.0:
        writer.pages[0][NameObject("/UserUnit")] = NumberObject(unit)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(("crop", "unit"), [(None, 1), ((50, 80, 500, 700), 1), ((-20, -30, 400, 500), 2)])
def test_rotation_crop_box_and_user_unit_of_a_pdf(rotate: int, crop: Any, unit: int) -> None:
    data = scan(rotate, crop, unit)
    opened = pypdfium2.PdfDocument(data)
    size = opened[0].get_size()
    opened.close()
    words = line(("Hello", (60, 100, 120, 115)), ("world", (130, 100, 190, 115)))
    page = page_of(words, size=size, unit="pt", origin="ocr")
    result = written(document_of(data, page, media="application/pdf"))
    assert text_of(result) == "Hello world"
    for word in words.words:
        (found,) = places(result, word.text)
        assert iou(found, word.box) > 0.85


def test_the_file_stays_as_it_is_and_grows_behind() -> None:
    data = pdf(
        SamplePage(b"0.5 g 0 0 9 9 re f"), SamplePage(text(50, 700, "Printed words of the second page"))
    )
    page = page_of(line(("found", (100, 100, 150, 120))), size=(595, 842), unit="pt", origin="ocr")
    result = written(document_of(data, page, media="application/pdf"))
    assert result.startswith(data)
    before, after = PdfReader(io.BytesIO(data)), PdfReader(io.BytesIO(result), strict=True)
    own = before.pages[0]["/Contents"]
    first, second = after.pages[0]["/Contents"]
    assert second.get_object()._data == own._data and first.get_object().get_data().startswith(
        b"q\nBT\n3 Tr\n"
    )
    assert after.pages[1].indirect_reference.idnum == before.pages[1].indirect_reference.idnum
    assert result.count(b"\n%d 0 obj" % after.pages[1].indirect_reference.idnum) == 1
    assert result.count(b"\n%d 0 obj" % after.pages[0].indirect_reference.idnum) == 2
    assert text_of(result, 1) == "found" and text_of(result, 2) == "Printed words of the second page"


def test_invisible_text_changes_no_pixel() -> None:
    data = pdf(SamplePage(text(50, 700, "Printed words") + b"1 0 0 rg 100 100 50 50 re f"))
    page = page_of(line(("found", (100, 100, 150, 120))), size=(595, 842), unit="pt", origin="ocr")
    result = written(document_of(data, page, media="application/pdf"))
    assert result != data
    before, after = (pypdfium2.PdfDocument(each)[0].render(scale=1).to_numpy() for each in (data, result))
    assert np.array_equal(before, after)


def test_pages_with_trusted_text_are_left_alone() -> None:
    data = pdf(SamplePage(text(50, 700, "Plain words that anyone can trust and read")))
    assert written(Parser(ocr="never").parse(data)) == data


def test_trusted_text_is_not_said_twice() -> None:
    data = pdf(SamplePage(text(100, 700, "Plain words that anyone can trust")))
    again = line(("Plain", (100, 130, 130, 144)), ("words", (134, 130, 165, 144)))
    new = line(("Stamped", (100, 300, 160, 316)))
    own = line(("ignored", (300, 300, 360, 316)), origin="text_layer")
    page = page_of(again, new, own, size=(595, 842), unit="pt", origin="mixed")
    result = written(document_of(data, page, media="application/pdf"))
    assert sorted(text_of(result).split("\n")) == ["Plain words that anyone can trust", "Stamped"]


def inheriting(data: bytes) -> bytes:
    """The same file with what all pages share in the root of the page tree."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    page = writer.pages[0]
    parent = page["/Parent"]
    for key in ("/Resources", "/MediaBox", "/CropBox", "/Rotate"):
        parent[NameObject(key)] = page.raw_get(key)
        del page[key]
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["xref stream", "twice", "no startxref", "junk before", "inherited"])
def test_files_of_all_kinds_take_a_layer(kind: str) -> None:
    data = scan(90, (50, 80, 500, 700))
    if kind == "xref stream":
        data = with_xref_stream(data)
        assert b"/XRef" in data and b"\nxref" not in data
    page = page_of(line(("found", (100, 100, 150, 120))), size=(620, 450), unit="pt", origin="ocr")
    if kind == "twice":
        other = page_of(line(("first", (200, 200, 250, 220))), size=(620, 450), unit="pt", origin="ocr")
        data = written(document_of(data, other, media="application/pdf"))
    if kind == "inherited":
        data = inheriting(data)
    if kind == "no startxref":
        data = data[: data.rindex(b"startxref")]
    if kind == "junk before":
        data = b"From a mail\r\n" + data
    result = written(document_of(data, page, media="application/pdf"))
    assert "found" in text_of(result)
    assert iou(places(result, "found")[0], (100, 100, 150, 120)) > 0.85
    if kind in ("xref stream", "twice", "inherited"):
        assert result.startswith(data)
        assert len(PdfReader(io.BytesIO(result), strict=True).pages) == 1
    if kind == "xref stream":
        assert b"\nxref" not in result
    if kind == "twice":
        assert set(text_of(result).split("\n")) == {"found", "first"}


def with_xref_stream(data: bytes) -> bytes:
    """The same file with a cross-reference stream in place of its table (ISO 32000-1 §7.5.8)."""
    start = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    table = data[start:]
    root = re.search(rb"/Root (\d+ \d+ R)", table)
    offsets = [int(entry) for entry in re.findall(rb"(\d{10}) \d{5} n", table)]
    rows = b"".join(
        bytes([kind]) + place.to_bytes(4, "big") + b"\0\0"
        for kind, place in [(0, 0), *((1, at) for at in offsets), (1, start)]
    )
    assert root is not None
    head = b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Root %s /Length %d >>\nstream\n" % (
        len(offsets) + 1, len(offsets) + 2, root[1], len(rows),
    )  # fmt: skip
    return data[:start] + head + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_an_encrypted_file_with_its_password(algorithm: str) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scan(0, None))))
    writer.encrypt("secret", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    page = page_of(line(("found", (100, 100, 150, 120))), size=(595, 842), unit="pt", origin="ocr")
    document = document_of(out.getvalue(), page, media="application/pdf", password="secret")
    result = written(document)
    assert text_of(result) == "found"
    assert b"re f" in PdfReader(io.BytesIO(result)).pages[0].get_contents().get_data()


def test_pages_that_were_not_read_stay_in_the_file() -> None:
    data = pdf(*(SamplePage(b"0.5 g 0 0 %d 9 re f" % number) for number in range(1, 5)))
    page = page_of(line(("third", (10, 10, 50, 30))), size=(595, 842), unit="pt", number=3, origin="ocr")
    result = written(document_of(data, page, media="application/pdf"))
    assert [text_of(result, number) for number in range(1, 5)] == ["", "", "third", ""]


def test_a_document_without_its_file_says_what_to_do() -> None:
    page = page_of(LINES[0], size=(1000, 800))
    document = document_of(blank(1000, 800), page)
    document._images = None
    with pytest.raises(OutputError, match="parse the file again"):
        render(document, "pdf")


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(SamplePage(text(50, 700, "The first version of this page"))))
    document = Parser(ocr="never").parse(path)
    path.write_bytes(pdf(SamplePage(text(50, 700, "The second version of this page"))))
    with pytest.raises(OutputError, match="has changed"):
        render(document, "pdf")


def test_a_scanned_page_that_was_read() -> None:
    """All the way: a picture of text on a turned, cropped page, read by OCR and found again."""
    canvas = np.full((500, 900, 3), 255, np.uint8)
    cv2.putText(canvas, "Invisible ink", (60, 150), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (0, 0, 0), 4)
    cv2.putText(canvas, "stays readable", (60, 300), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (0, 0, 0), 4)
    turned = np.rot90(canvas, -1)  # the page turns it back by 270°
    stream = cv2.imencode(".jpg", turned)[1].tobytes()
    image = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    page = SamplePage(
        b"q 250 0 0 450 30 40 cm /I Do Q",
        width=300, height=520, rotate=270, crop=(30, 40, 280, 490),
        objects={"I": (image % turned.shape[1::-1], stream)},
    )  # fmt: skip
    result = written(Parser(threads=1).parse(pdf(page)))
    assert text_of(result).split("\n") == ["Invisible ink", "stays readable"]
    (found,) = places(result, "readable")
    assert iou(found, (240 / 2, 252 / 2, 595 / 2, 320 / 2)) > 0.5


def test_a_page_that_is_partly_a_scan_keeps_its_own_text() -> None:
    canvas = np.full((500, 900, 3), 255, np.uint8)
    cv2.putText(canvas, "Invisible ink", (60, 150), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (0, 0, 0), 4)
    image = b"/Type /XObject /Subtype /Image /Width 900 /Height 500 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    page = SamplePage(
        b"q 560 0 0 400 20 20 cm /I Do Q " + text(60, 520, "Printed words above the picture"),
        width=600,
        height=560,
        objects={"I": (image, cv2.imencode(".jpg", canvas)[1].tobytes())},
    )
    document = Parser(threads=1).parse(pdf(page))
    assert document.pages[0].origin == "mixed"
    result = written(document)
    assert sorted(text_of(result).split("\n")) == ["Invisible ink", "Printed words above the picture"]
    (found,) = places(result, "Invisible")
    assert iou(found, (58, 221, 216, 262)) > 0.6


def test_what_was_written_is_trusted_when_it_is_read_again() -> None:
    said = [
        "The",
        "water",
        "rises",
        "twice",
        "a",
        "day",
        "and",
        "falls",
        "again",
        "and",
        "nobody",
        "in",
        "the",
        "town",
        "asks",
        "why",
    ]
    latin = [
        line(
            *(
                (word, (100 + 140 * i, 100 + 50 * row, 220 + 140 * i, 130 + 50 * row))
                for i, word in enumerate(part)
            )
        )
        for row, part in enumerate((said[:5], said[5:10], said[10:]))
    ]
    cjk = line(
        *((c, (100 + 34 * i, 300, 130 + 34 * i, 330)) for i, c in enumerate("漢字日本語")), text="漢字日本語"
    )
    (page,) = Parser(threads=1).parse(picture_page(*latin, cjk)).pages
    assert page.origin == "text_layer"
    assert page.text.split() == [*said, "漢字日本語"]


@given(documents(wild_texts))
@settings(max_examples=60, deadline=None)
def test_any_document_becomes_a_file_that_opens(document: Document) -> None:
    document.source.media_type = "image/png"
    document._images = document_of(blank(9, 9))._images
    for number, page in enumerate(document.pages, start=1):
        page.number = number
    result = written(document)
    reader = PdfReader(io.BytesIO(result), strict=True)
    assert len(reader.pages) == 1
    text_of(result)


@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cn", "Co")),
            min_size=1,
            max_size=8,
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_character_of_unicode_comes_back(words: list[str]) -> None:
    """Read from the font's own map, because PDFium reorders and normalises what is not left to right."""
    boxes = [(20 + 160 * i, 50, 150 + 160 * i, 90) for i in range(len(words))]
    result = picture_page(line(*zip(words, boxes, strict=True)))
    content = PdfReader(io.BytesIO(result)).pages[0]
    (font,) = content["/Resources"]["/Font"].values()
    cmap = font.get_object()["/ToUnicode"].get_data().decode()
    meaning = {
        code: bytes.fromhex(text).decode("utf-16-be")
        for code, text in re.findall("<(....)> <([0-9A-F]+)>", cmap)
    }
    streams = content["/Contents"][0].get_object().get_data().decode()
    codes = re.findall("....", "".join(re.findall("<([0-9A-F]+)>", streams)))
    shown = sorted("".join(meaning[code] for code in codes).replace(" ", "").translate(MIRRORS))
    assert shown == sorted("".join(words).replace(" ", "").translate(MIRRORS))
