"""Stages put together: which pages and regions are read how, and what becomes of failures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.documents.ocr.drawn import VERA, VERA_BOLD, Drawn
from tests.documents.reading.pdf_samples import HELVETICA, SamplePage, pdf, text

import sampan
from sampan.documents.geometry import homography
from sampan.documents.model import Document, Line, Page, Word
from sampan.documents.options import ParseOptions
from sampan.documents.parser import Parser
from sampan.errors import InputError, OptionError, SampanError

PROSE = [
    "Between the lower weir and the ferry the concentration fell",
    "and the observers agreed in most of the readings they took,",
    "as one expects when coarse grains settle out quickly there.",
    "The station on the left bank was moved in the autumn because",
    "the water runs more slowly there and carries less of the sand",
    "which the floods of the spring had left on the upper meadows.",
]


def written(lines: list[str], top: int = 740, font: str = "F1") -> bytes:
    return b"".join(text(72, top - 18 * n, line, font=font) for n, line in enumerate(lines))


def soup(lines: list[str]) -> list[str]:
    """Letters exchanged as by a font whose map is wrong."""
    table = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qxzjkvbwgfpymcuhlrdsntiaeo")
    return [line.translate(table) for line in lines]


@cache
def picture() -> np.ndarray:
    drawn = Drawn(900, 700)
    drawn.line(80, 50, "Readings of the gauges", 36, VERA_BOLD)
    for index, line in enumerate(PROSE):
        drawn.line(80, 150 + 38 * index, line, 22, VERA)
    for index, line in enumerate(PROSE[:4]):
        drawn.line(80, 440 + 38 * index, line, 22, VERA)
    return drawn.image


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def image_pdf(image: np.ndarray) -> bytes:
    """A PDF page that is one picture, as scanners make them."""
    height, width = image.shape[:2]
    header = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        % (width, height)
    )
    size = (width * 0.5, height * 0.5)
    content = b"q %g 0 0 %g 0 0 cm /Im Do Q\n" % size
    return pdf(SamplePage(content, *size, objects={"Im": (header, image[..., 0].tobytes())}))


@cache
def parser() -> Parser:
    return Parser(threads=1)


@cache
def parsed() -> Document:
    return parser().parse(png(picture()))


def words(page: Page) -> Iterator[Word]:
    for block in page.blocks:
        for line in block.lines:
            yield from line.words


def squeezed(document: Document) -> str:
    """All its text without white space."""
    return "".join(document.text.split())


class Eyes:
    """Stands in for the OCR engine and notes the pictures that it is shown."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.shown: list[tuple[int, ...]] = []

    def read(self, image: np.ndarray) -> list[Line]:
        self.shown.append(image.shape)
        height, width = image.shape[:2]
        box = (0.2 * width, 0.4 * height, 0.8 * width, 0.4 * height + 30)
        return [
            Line(text=t, box=box, confidence=0.9, origin="ocr", words=[Word(text=t, box=box)])
            for t in self.texts
        ]

    def score(self, strips: list[np.ndarray]) -> list[float]:
        return [0.9] * len(strips)


def with_eyes(*texts: str, **options: object) -> tuple[Parser, Eyes]:
    made, eyes = Parser(**options), Eyes(*texts)
    made.__dict__["_ocr"] = eyes
    return made, eyes


def test_a_picture_of_a_page() -> None:
    document = parsed()
    (page,) = document.pages
    assert (page.number, page.width, page.height, page.unit) == (1, 900, 700, "px")
    assert (page.origin, page.rotation, page.to_source) == ("ocr", 0, None)
    assert squeezed(document) == "".join("".join(["Readings of the gauges", *PROSE, *PROSE[:4]]).split())
    assert page.blocks[0].kind in ("title", "heading") and page.blocks[0].text == "Readings of the gauges"
    assert set(page.seconds) >= {"render", "straighten", "ocr", "layout", "assembly"}
    assert document.generator == f"sampan {sampan.__version__}" and document.failures == []


def test_path_bytes_and_file_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "gauges.png"
    path.write_bytes(png(picture()))
    expected = parsed().text
    assert parser().parse(path).text == expected
    assert parser().parse(str(path)).text == expected
    with path.open("rb") as file:
        document = parser().parse(file)
    assert document.text == expected
    assert parser().parse(io.BytesIO(png(picture()))).text == expected


def test_text_layer_is_taken_without_ocr() -> None:
    made, eyes = with_eyes("not this")
    document = made.parse(pdf(SamplePage(written(PROSE)), SamplePage(written(PROSE[:2]))))
    assert [page.origin for page in document.pages] == ["text_layer"] * 2 and eyes.shown == []
    assert squeezed(document) == "".join("".join([*PROSE, *PROSE[:2]]).split())
    assert document.pages[0].unit == "pt"


def test_ocr_always_reads_the_picture_of_the_page() -> None:
    made, eyes = with_eyes("seen", ocr="always", dpi=100)
    document = made.parse(pdf(SamplePage(written(PROSE))))
    assert document.text == "seen" and document.pages[0].origin == "ocr"
    assert eyes.shown == [(1170, 827, 3)] or np.allclose(eyes.shown, [(1169, 826, 3)], atol=1)
    # What was read is in points again.
    (word,) = words(document.pages[0])
    assert word.box == pytest.approx((0.2 * 595, 0.4 * 842, 0.8 * 595, 0.4 * 842 + 30 * 0.72), abs=1)


def test_ocr_never_reads_nothing_else_than_the_text_layer() -> None:
    made, eyes = with_eyes("not this", ocr="never")
    assert squeezed(made.parse(pdf(SamplePage(written(PROSE))))) == "".join("".join(PROSE).split())
    garbage = made.parse(pdf(SamplePage(written(soup(PROSE)))))
    assert eyes.shown == [] and "not this" not in garbage.text
    empty = made.parse(image_pdf(picture()))
    assert empty.text == "" and empty.pages[0].origin == "none" and eyes.shown == []


def test_an_unreliable_region_alone_is_read_again() -> None:
    made, eyes = with_eyes("what the picture says", dpi=144)
    other = HELVETICA.replace(b"Helvetica", b"Times-Roman")
    page = SamplePage(
        written(PROSE, 740) + written(soup(PROSE), 240, "F2"), fonts={"F1": HELVETICA, "F2": other}
    )
    document = made.parse(pdf(page))
    assert len(eyes.shown) == 1
    height, width = eyes.shown[0][:2]
    assert 5 * 18 * 2 < height < 300 and 500 < width < 1190  # six lines, not the page
    assert squeezed(document) == "".join("".join([*PROSE, "what the picture says"]).split())
    assert document.pages[0].origin == "mixed"
    (line,) = [line for block in document.pages[0].blocks for line in block.lines if line.origin == "ocr"]
    # Its box is back in points of the page, where the soup stands.
    x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
    assert 842 - 240 - 15 < y < 842 - 240 + 5 * 18 + 5 and 150 < x < 320


def test_a_page_of_nothing_but_garbage_is_read_as_a_picture() -> None:
    made, eyes = with_eyes("what the picture says", dpi=72)
    lines = [" ".join(soup(PROSE)[n % 6 : n % 6 + 2])[:110] for n in range(46)]
    content = b"".join(text(8, 828 - 18 * n, line) for n, line in enumerate(lines))
    document = made.parse(pdf(SamplePage(content)))
    assert document.text == "what the picture says" and document.pages[0].origin == "ocr"
    assert eyes.shown == [(842, 595, 3)] and "straighten" in document.pages[0].seconds


def test_a_scanned_pdf_reads_like_its_picture() -> None:
    document = Parser(threads=1, dpi=144, tables=False).parse(image_pdf(picture()))
    (page,) = document.pages
    assert (page.unit, page.width, page.height) == ("pt", 450, 350) and page.origin == "ocr"
    assert squeezed(document) == squeezed(parsed())
    for a, b in zip(words(page), words(parsed().pages[0]), strict=True):
        assert a.text == b.text
        assert np.abs(np.array(a.box) * 2 - b.box).max() < 6


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_reads_like_an_upright_one(turn: int) -> None:
    # np.rot90 turns counter-clockwise; the parser turns back clockwise.
    turned = np.ascontiguousarray(np.rot90(picture(), turn // 90))
    document = parser().parse(png(turned))
    (page,) = document.pages
    assert page.rotation == turn and document.text == parsed().text
    assert (page.width, page.height) == pytest.approx((900, 700), abs=2)
    assert page.to_source is not None
    matrix = np.array(page.to_source).reshape(3, 3)
    dark = turned[..., 0] < 128
    covered = np.zeros_like(dark)
    for word in words(page):
        x0, y0, x1, y1 = word.box
        corners = homography.apply(matrix, np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
        left, top = np.floor(corners.min(axis=0) - 2).astype(int)
        right, bottom = np.ceil(corners.max(axis=0) + 2).astype(int)
        inside = dark[max(top, 0) : bottom, max(left, 0) : right]
        assert inside.mean() > 0.05  # every word lies on ink
        covered[max(top, 0) : bottom, max(left, 0) : right] = True
    assert dark[covered].sum() > 0.97 * dark.sum()  # and no ink is left over


def test_orientation_can_be_left_alone() -> None:
    made, eyes = with_eyes("x", orientation=False, deskew=False)
    turned = np.ascontiguousarray(np.rot90(picture()))
    (page,) = made.parse(png(turned)).pages
    assert page.rotation == 0 and page.to_source is None and eyes.shown == [turned.shape]


def test_a_broken_page_is_a_failure_and_the_rest_is_kept() -> None:
    file = pdf(SamplePage(written(PROSE)), SamplePage(b"", broken=True), SamplePage(written(PROSE[:2])))
    document = Parser().parse(file)
    assert [page.number for page in document.pages] == [1, 3]
    (failure,) = document.failures
    assert (failure.page, failure.stage) == (2, "reading") and "2" in failure.message
    assert squeezed(document) == "".join("".join([*PROSE, *PROSE[:2]]).split())


def test_nothing_but_broken_pages_is_an_error() -> None:
    with pytest.raises(InputError, match="no page"):
        Parser().parse(pdf(SamplePage(b"", broken=True), SamplePage(b"", broken=True)))


def test_other_errors_are_not_hidden() -> None:
    made, eyes = with_eyes()

    def fail(image: np.ndarray) -> list[Line]:
        raise SampanError("the engine is out of order")

    eyes.read = fail  # type: ignore[method-assign]
    with pytest.raises(SampanError, match="out of order"):
        made.parse(png(picture()))


def test_pages_one_by_one() -> None:
    file = pdf(*(SamplePage(written([f"This is the page with number {n}."])) for n in range(1, 6)))
    made = Parser()
    pages = made.pages(file)
    assert next(pages).number == 1
    assert [page.number for page in pages] == [2, 3, 4, 5]
    some = list(Parser(pages="2-3,5").pages(file))
    assert [page.number for page in some] == [2, 3, 5]
    assert [page.text for page in some] == [f"This is the page with number {n}." for n in (2, 3, 5)]
    whole = Parser(pages="4").parse(file)
    assert [page.number for page in whole.pages] == [4] and whole.source.pages == 5


def test_a_page_by_itself_raises_its_error() -> None:
    pages = Parser().pages(pdf(SamplePage(written(PROSE)), SamplePage(b"", broken=True)))
    assert next(pages).number == 1
    with pytest.raises(InputError):
        next(pages)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orc": "never"}, r"'orc'.*'ocr'"),
        ({"page": "1"}, r"'page'.*'pages'"),
        ({"zzzzzz": 1}, r"'zzzzzz'.*known are pages, password"),
        ({"ocr": "sometimes"}, r"ocr = 'sometimes'.*'auto', 'always' or 'never'"),
        ({"dpi": 5}, r"dpi = 5.*greater than or equal to 36"),
        ({"batch_size": 0}, r"batch_size = 0"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        sampan.parse(b"", **options)


def test_options_come_one_way_or_the_other() -> None:
    assert Parser(ParseOptions(dpi=100)).options.dpi == 100
    with pytest.raises(OptionError, match="not both: dpi"):
        Parser(ParseOptions(), dpi=100)


def test_furniture_can_be_left_out() -> None:
    pages = [
        SamplePage(text(250, 810, "Annals of the River") + written(PROSE, 700) + text(290, 30, str(n)))
        for n in (11, 12, 13)
    ]
    kept = Parser().parse(pdf(*pages))
    assert sum(block.order is None for block in kept.blocks()) >= 3
    left_out = Parser(furniture=False).parse(pdf(*pages))
    assert all(block.order is not None for block in left_out.blocks())
    assert left_out.text == kept.text


def test_blank_pages_have_no_text() -> None:
    blank = Parser(threads=1).parse(png(np.full((300, 200, 3), 255, np.uint8)))
    assert blank.text == "" and blank.pages[0].blocks == [] and blank.pages[0].origin == "none"
