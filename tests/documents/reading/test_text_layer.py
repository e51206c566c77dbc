"""Text layers of PDFs whose every glyph is placed by the test."""

from __future__ import annotations

import numpy as np
import pytest

from sampan.documents.model import Line
from sampan.documents.reading import open_source
from sampan.documents.stages import TextLayer

from .pdf_samples import BOLD, COURIER, HELVETICA, ITALIC, SamplePage, pdf, text

FONTS = {"F1": HELVETICA, "F2": BOLD, "F3": ITALIC, "F4": COURIER}


def layer(page: SamplePage) -> TextLayer:
    with open_source(pdf(page)) as source:
        found = source.page(1).text_layer()
    assert found is not None
    return found


def lines(content: bytes, **options: object) -> list[Line]:
    return layer(SamplePage(content, fonts=FONTS, **options)).lines  # type: ignore[arg-type]


def texts(content: bytes) -> list[str]:
    return [line.text for line in lines(content)]


def test_words_boxes_and_styles() -> None:
    (line,) = lines(
        b"1 0 0 rg "
        + text(100, 700, "Hello ")
        + text(131, 700, "brave", font="F2")
        + text(170, 700, "world", font="F3")
    )
    assert line.text == "Hello brave world" and line.origin == "text_layer" and line.direction == "ltr"
    hello, brave, world = line.words
    # Helvetica's advances: H 722, e 556, l 222, l 222, o 556 thousandths of an em.
    assert hello.box[0] == pytest.approx(100, abs=0.1)
    assert hello.box[2] == pytest.approx(100 + 12 * 2.278, abs=0.1)
    assert hello.box[1] < 842 - 700 - 8 and 842 - 700 < hello.box[3] < 842 - 700 + 4
    assert hello.style is not None and brave.style is not None and world.style is not None
    assert (hello.style.font, hello.style.size, hello.style.color) == ("Helvetica", 12, "#ff0000")
    assert (hello.style.bold, brave.style.bold, world.style.bold) == (False, True, False)
    assert (hello.style.italic, brave.style.italic, world.style.italic) == (False, False, True)
    assert not hello.style.monospace and not hello.style.superscript


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 40, 450, 740)])
def test_boxes_lie_on_the_ink_of_the_picture(
    rotate: int, crop: tuple[float, float, float, float] | None
) -> None:
    content = text(120, 650, "Mast", size=40) + text(200, 300, "keel", size=30)
    with open_source(pdf(SamplePage(content, rotate=rotate, crop=crop))) as source:
        page = source.page(1)
        image = page.image(72)
        found = page.text_layer()
    expected = (595, 842) if crop is None else (400, 700)
    assert (page.width, page.height) == (expected if rotate % 180 == 0 else expected[::-1])
    assert found is not None and [line.text for line in found.lines] == ["Mast", "keel"]
    ink = (image < 128).all(axis=2)
    for line in found.lines:
        x0, y0, x1, y1 = (round(value) for value in line.box)
        inside = ink[y0:y1, x0:x1]
        assert inside.sum() > 0.1 * inside.size
        ink[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2] = False
    assert not ink.any()


def test_turned_lines_carry_their_corners() -> None:
    found = lines(
        b"BT /F1 12 Tf 0 1 -1 0 300 300 Tm (Rotated up) Tj ET BT /F1 20 Tf .8 .6 -.6 .8 100 500 Tm (Tilted) Tj ET"
    )
    up, tilted = found
    assert (up.text, tilted.text) == ("Rotated up", "Tilted")
    assert up.quad is not None and tilted.quad is not None
    # Text that climbs: its first corner is the lower left one on the page.
    assert up.quad[0][1] > up.quad[1][1] and up.quad[0][0] == pytest.approx(up.quad[1][0], abs=0.1)
    dx, dy = np.subtract(tilted.quad[1], tilted.quad[0])
    assert dy / dx == pytest.approx(-0.75, abs=0.02)
    # Helvetica: T 611, i 222, l 222, t 278, e 556, d 556.
    assert np.hypot(dx, dy) == pytest.approx(20 * 2.445, rel=0.06)


def test_columns_and_cells_are_cut_and_justified_prose_is_not() -> None:
    columns = b"".join(
        text(x, 700 - 14 * row, f"{side} line {row}")
        for side, x in (("left", 72), ("right", 150))
        for row in range(3)
    )
    assert texts(columns) == [f"{side} line {row}" for side in ("left", "right") for row in range(3)]
    cells = b"".join(text(x, 700 - 14 * row, f"{row}{x}") for row in range(3) for x in (72, 112, 152))
    assert texts(cells) == [f"{row}{x}" for row in range(3) for x in (72, 112, 152)]
    justified = text(72, 700, "wide spaces between the words", extra="9 Tw") + text(
        72, 686, "and some more of the same", extra="10 Tw"
    )
    assert texts(justified) == ["wide spaces between the words", "and some more of the same"]


def test_list_markers_stay_with_their_items() -> None:
    content = b"".join(
        text(72, 700 - 14 * row, f"{row + 1}.") + text(92, 700 - 14 * row, f"item {row}") for row in range(3)
    )
    assert texts(content) == ["1. item 0", "2. item 1", "3. item 2"]


def test_letter_spacing_makes_no_words() -> None:
    assert texts(text(72, 700, "SPACED TITLE", extra="4 Tc")) == ["SPACED TITLE"]
    assert texts(text(72, 700, "lightly spaced", extra="1 Tc")) == ["lightly spaced"]


def test_words_without_typed_spaces() -> None:
    assert texts(b"BT /F1 10 Tf 72 700 Td [(no) -250 (spa) -20 (ces) -250 (typed)] TJ ET") == [
        "no spaces typed"
    ]


def test_superscripts_and_subscripts() -> None:
    content = (
        text(72, 700, "mc", 12)
        + text(89, 705, "2", 7)
        + text(98, 700, "and H", 12)
        + text(132, 697, "2", 7)
        + text(136, 700, "O", 12)
    )
    (line,) = lines(content)
    assert line.text.replace(" ", "") == "mc2andH2O"
    page = layer(SamplePage(text(72, 700, "mass", 12) + text(101, 705, "3", 7)))
    (single,) = page.lines
    assert single.text == "mass3" and single.box[2] > 101


def test_fake_bold_is_printed_once() -> None:
    (line,) = lines(text(72, 700, "ballad") + text(72.3, 700, "ballad") + text(72, 700.2, "ballad"))
    assert line.text == "ballad"
    assert line.box[2] < 72 + 34


def test_text_outside_the_page_is_dropped() -> None:
    assert texts(text(72, 700, "here") + text(-300, 700, "left") + text(72, 2000, "above")) == ["here"]


def test_text_in_forms_is_placed_by_all_matrices() -> None:
    form = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Matrix [1 0 0 1 5 5] "
        b"/Resources << /Font << /F1 4 0 R >> >>",
        b"BT /F1 12 Tf 20 20 Td (In form) Tj ET 10 10 m 60 10 l S",
    )
    page = layer(SamplePage(b"q 2 0 0 2 10 10 cm /X1 Do Q", objects={"X1": form}))
    (line,) = page.lines
    assert line.box[0] == pytest.approx(60, abs=0.5) and line.style is not None and line.style.size == 24
    assert page.rulings.horizontal == pytest.approx(np.array([[40, 802, 140, 802]]), abs=2.5)


def test_a_page_without_text_has_no_layer() -> None:
    with open_source(pdf(SamplePage(b"0 0 m 100 100 l S"))) as source:
        assert source.page(1).text_layer() is None


def test_monospace() -> None:
    (line,) = lines(text(72, 700, "while True", font="F4"))
    assert line.text == "while True" and line.style is not None and line.style.monospace


@pytest.mark.parametrize("seed", range(4))
def test_random_grids_of_words(seed: int) -> None:
    """Words strewn over a page come back as they were drawn, whatever the order of drawing."""
    rng = np.random.default_rng(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    cells = [(72 + 150 * c, 760 - 24 * r) for r in range(20) for c in range(3)]
    drawn = ["".join(rng.choice(list(letters), rng.integers(2, 10))) for _ in cells]
    order = rng.permutation(len(cells))
    found = lines(b"".join(text(*cells[i], drawn[i]) for i in order))
    found.sort(key=lambda line: (round(line.box[1] / 12), line.box[0]))
    assert [line.text for line in found] == drawn
    for line, (x, y) in zip(found, cells, strict=True):
        assert line.box[0] == pytest.approx(x, abs=1)
        assert line.box[1] < 842 - y < line.box[3]
