"""Text that must not be trusted, and text that must be."""

from __future__ import annotations

from sampan.documents.reading import open_source
from sampan.documents.stages import TextLayer

from .pdf_samples import HELVETICA, SamplePage, pdf, text

PROSE = [
    "Between the lower weir and the ferry the concentration fell",
    "and the observers agreed in most of the readings they took,",
    "as one expects when coarse grains settle out quickly there.",
]
GERMAN = [
    "Die Messstation am linken Ufer wurde im Herbst versetzt,",
    "weil das Wasser dort langsamer und ruhiger vorbeifliesst.",
]
PICTURE = (
    b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8",
    b"\x00\xff\xff\x00",
)
FULL_PAGE = b"q 595 0 0 842 0 0 cm /Im Do Q\n"


def layer(content: bytes, fonts: dict[str, bytes] | None = None) -> TextLayer | None:
    page = SamplePage(content, fonts=fonts or {"F1": HELVETICA}, objects={"Im": PICTURE})
    with open_source(pdf(page)) as source:
        return source.page(1).text_layer()


def written(lines: list[str], extra: str = "", top: int = 700) -> bytes:
    return b"".join(text(72, top - 16 * n, line, extra=extra) for n, line in enumerate(lines))


def soup(lines: list[str]) -> list[str]:
    """Letters exchanged as by a font whose map is wrong."""
    table = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qxzjkvbwgfpymcuhlrdsntiaeo")
    return [line.translate(table) for line in lines]


def test_prose_is_trusted() -> None:
    for prose in (PROSE, GERMAN):
        found = layer(written(prose))
        assert found is not None and found.unreliable == [] and [line.text for line in found.lines] == prose


def test_glyph_soup_is_not() -> None:
    found = layer(written(soup(PROSE)))
    assert found is not None and len(found.unreliable) == 1
    x0, y0, x1, y1 = found.unreliable[0]
    assert x0 < 75 and y0 < 842 - 700 and y1 > 842 - 668 and x1 > 350


def test_a_font_without_a_map_spoils_only_its_own_region() -> None:
    unmapped = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 65 /LastChar 90 /Encoding "
        b"<< /Type /Encoding /Differences [65 " + b" ".join(b"/g%d" % n for n in range(26)) + b"] >> >>"
    )
    shifted = "".join(chr(65 + n % 26) for n in range(40))
    content = written(PROSE) + text(72, 300, shifted, font="F2")
    found = layer(content, {"F1": HELVETICA, "F2": unmapped})
    assert found is not None
    assert all(y0 > 500 for _, y0, _, _ in found.unreliable)


def test_a_good_invisible_layer_over_a_scan_is_kept() -> None:
    found = layer(FULL_PAGE + written(PROSE, "3 Tr"))
    assert found is not None and found.unreliable == [] and [line.text for line in found.lines] == PROSE


def test_a_bad_invisible_layer_is_read_again() -> None:
    found = layer(FULL_PAGE + written(soup(PROSE), "3 Tr"))
    assert found is not None and found.lines == []
    assert found.unreliable == [(0, 0, 595, 842)]


def test_invisible_text_under_visible_text_is_dropped() -> None:
    found = layer(written(PROSE) + written([line.upper() for line in PROSE], "3 Tr"))
    assert found is not None and [line.text for line in found.lines] == PROSE


def test_a_scan_with_a_stamp_is_read_but_a_background_or_a_small_picture_is_not() -> None:
    stamped = layer(FULL_PAGE + text(72, 20, "page 3"))
    assert stamped is not None and stamped.unreliable == [(0, 0, 595, 842)]
    background = layer(FULL_PAGE + written(PROSE))
    assert background is not None and background.unreliable == []
    small = layer(b"q 200 0 0 200 72 400 cm /Im Do Q " + text(72, 700, "Figure 1"))
    assert small is not None and small.unreliable == [] and small.images == [(72, 242, 272, 442)]
