"""The overlay is a well-formed picture with a region, a number and the text of every block."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import Document, HeadingBlock, Line, Page, Source, TextBlock
from sampan.documents.writers import render
from sampan.documents.writers.overlay import COLOURS, MAX_PANEL_LINES, PANEL, _width, _wrapped

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {SVG + tag for tag in ("svg", "title", "path", "rect", "g", "text", "image", "line")}


def drawn(document: Document) -> ElementTree.Element:
    text = render(document, "overlay")
    assert isinstance(text, str)
    return ElementTree.fromstring(text)


@given(documents(wild_texts))
@settings(max_examples=80, deadline=None)
def test_any_document_becomes_a_well_formed_picture(document: Document) -> None:
    root = drawn(document)
    for element in root.iter():
        assert element.tag in ALLOWED
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)
    badges = [element for element in root.iter(SVG + "text") if element.get("text-anchor") == "middle"]
    expected = [
        f"({index})" if block.order is None else str(block.order + 1)
        for page in document.pages
        for index, block in enumerate(page.blocks)
    ]
    assert [badge.text for badge in badges] == expected


def sample() -> Document:
    line = Line(text="漢字", box=(10, 50, 60, 60))
    blocks = [
        TextBlock(id="a", box=(10, 5, 90, 10), kind="header", text="Journal"),
        HeadingBlock(id="b", box=(10, 20, 90, 30), text="Head <1>", level=2, order=0),
        TextBlock(id="c", box=(10, 50, 90, 90), text="漢字", lines=[line], order=1),
    ]
    page = Page(number=3, width=200, height=100, unit="pt", blocks=blocks)
    return Document(source=Source(name="a.pdf", media_type="application/pdf"), pages=[page])


def test_regions_lines_order_and_texts() -> None:
    root = drawn(sample())
    rects = [
        (rect.get("x"), rect.get("y"), rect.get("width"), rect.get("height"))
        for rect in root.iter(SVG + "rect")
    ]
    # The page is drawn 800 pixels wide: four pixels a point.
    for box in [
        ("40.0", "20.0", "320.0", "20.0"),
        ("40.0", "80.0", "320.0", "40.0"),
        ("40.0", "200.0", "200.0", "40.0"),
    ]:
        assert box in rects
    (arrow,) = root.iter(SVG + "line")
    assert [arrow.get(name) for name in ("x1", "y1", "x2", "y2")] == ["200.0", "100.0", "200.0", "280.0"]
    texts = [element.text for element in root.iter(SVG + "text")]
    assert texts[-7:] == [
        "Page 3",
        "(0) header · 1.00",
        "Journal",
        "1 heading 2 · 1.00",
        "Head <1>",
        "2 text · 1.00",
        "漢字",
    ]


def test_the_page_itself_lies_below() -> None:
    document = sample()
    picture = np.full((300, 600, 3), (200, 100, 50), np.uint8)
    scales: list[float] = []

    def images(page: Page, scale: float) -> np.ndarray:
        scales.append(scale)
        return picture

    document._images = images
    (image,) = drawn(document).iter(SVG + "image")
    kind, data = str(image.get("href")).split(",")
    assert kind == "data:image/jpeg;base64"
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == picture.shape and np.abs(decoded.astype(int) - picture).max() < 8
    assert scales == [pytest.approx(300 / 72)]


def test_every_kind_has_a_colour() -> None:
    schema = Page.model_json_schema()
    definitions = [schema["$defs"][name]["properties"] for name in schema["$defs"] if name.endswith("Block")]
    kinds = [kind for one in definitions for kind in one["kind"].get("enum", [one["kind"].get("const")])]
    assert set(kinds) == set(COLOURS)


@pytest.mark.parametrize("text", ["word " * 500, "漢" * 900, "x" * 3000, "a\n" * 50])
def test_long_texts_are_cut_to_the_panel(text: str) -> None:
    lines = _wrapped(text)
    assert len(lines) == MAX_PANEL_LINES and lines[-1].endswith("…")
    assert all(_width(line.removesuffix(" …")) * 13 <= PANEL for line in lines)
    assert _wrapped("short text") == ["short text"]
