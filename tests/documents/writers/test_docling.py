"""docling-core itself reads what is written, and finds texts, tables, places and pictures where they belong."""

from __future__ import annotations

import json
import re
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import (
    Block,
    CaptionBlock,
    Cell,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.characters import clean

docling = pytest.importorskip("docling_core.types.doc")
pytestmark = pytest.mark.filterwarnings("error")

BOX = (10.0, 20.0, 110.0, 40.0)


def read(document: Document, **options: Any) -> Any:
    output = render(document, "docling", WriteOptions(**options))
    assert isinstance(output, str)
    output.encode()
    return docling.DoclingDocument.model_validate_json(output)


def document(*pages: list[Block], unit: Any = "pt") -> Document:
    return Document(
        source=Source(name="boats.v2.pdf", media_type="application/pdf", sha256="ab" * 32),
        pages=[
            Page(number=number, width=200, height=300, unit=unit, blocks=blocks)
            for number, blocks in enumerate(pages, 1)
        ],
    )


def test_structure_survives_in_docling_and_its_markdown() -> None:
    table = Table(
        rows=3,
        columns=3,
        cells=[
            Cell(row=0, column=0, column_span=2, text="Wide", header=True, box=(1, 2, 3, 4)),
            Cell(row=0, column=2, text="C", header=True),
            Cell(row=1, column=0, row_span=2, text="Tall", header=True),
            Cell(row=1, column=1, text="1"),
            Cell(row=1, column=2, text="2"),
            Cell(row=2, column=2, text="4"),
        ],
    )
    items = [
        ListItem(text="one", marker="1.", ordered=True),
        ListItem(text="sub", level=1),
        ListItem(text="two", marker="2.", ordered=True),
    ]
    found = read(
        document(
            [
                TextBlock(id="h", kind="header", box=(10, 5, 50, 12), text="Running head"),
                TextBlock(id="t", kind="title", box=BOX, text="Small\nBoats", order=0),
                HeadingBlock(id="s", box=BOX, text="Hull", level=2, order=1),
                TextBlock(id="p", box=BOX, text="Three planks.", order=2),
                ListBlock(id="l", box=BOX, items=items, order=3),
                CaptionBlock(id="c", box=(0, 50, 10, 60), text="Table 1", caption_of="tb", order=4),
                TableBlock(id="tb", box=BOX, table=table, captions=["Table 1"], order=5),
                CodeBlock(id="co", box=BOX, text="\n  x = 1\n", language="python", order=6),
                FormulaBlock(id="f", box=BOX, latex="a^2", number="(3)", order=7),
                TextBlock(id="fn", kind="footnote", box=BOX, text="1 A note.", order=8),
                TextBlock(id="n", kind="page_number", box=(100, 290, 110, 298), text="7"),
            ]
        )
    )
    assert re.sub(" +(?=[^ ]* *\\|)", " ", found.export_to_markdown()) == (
        "# Small Boats\n\n### Hull\n\nThree planks.\n\n1. one\n    - sub\n2. two\n\nTable 1\n\n"
        "| Wide | Wide | C |\n|--------|--------|-----|\n| Tall | 1 | 2 |\n| Tall | | 4 |\n\n"
        "```\n  x = 1\n```\n\n$$a^2 \\tag{3}$$\n\n1 A note."
    )
    assert [item.code_language.value for item in found.texts if item.label.value == "code"] == ["Python"]
    labels = {item.text: item.label.value for item in found.texts}
    assert labels["1 A note."] == "footnote" and labels["Table 1"] == "caption"
    assert {item.text for item in found.texts if item.content_layer.value == "furniture"} == {
        "Running head", "7",
    }  # fmt: skip
    assert labels["Running head"] == "page_header" and labels["7"] == "page_footer"
    cells = {cell.text: cell for cell in found.tables[0].data.table_cells}
    assert cells["Wide"].column_header and not cells["Wide"].row_header and cells["Wide"].col_span == 2
    assert cells["Tall"].row_header and not cells["Tall"].column_header and cells["Tall"].row_span == 2
    assert cells["Wide"].bbox.as_tuple() == (1, 2, 3, 4)
    assert cells["Wide"].bbox.coord_origin.value == "TOPLEFT"
    assert [found.tables[0].caption_text(found), found.name] == ["Table 1", "boats.v2"]
    assert found.origin.binary_hash == int("ab" * 8, 16) and found.origin.filename == "boats.v2.pdf"


def test_boxes_are_where_they_were() -> None:
    found = read(document([TextBlock(id="p", box=BOX, text="x", order=0)], unit="px"))
    prov = found.texts[0].prov[0]
    assert (prov.bbox.l, prov.bbox.t, prov.bbox.r, prov.bbox.b) == (10, 280, 110, 260)
    upright = prov.bbox.to_top_left_origin(page_height=found.pages[1].size.height)
    assert upright.as_tuple() == BOX and prov.charspan == (0, 1)


def test_text_that_goes_on_has_a_place_on_each_page() -> None:
    lines = [Line(text="x" * size, box=BOX) for size in (30, 10)]
    first = TextBlock(id="a", box=BOX, text="y" * 40, order=0, lines=lines[:1])
    second = TextBlock(id="b", box=(0, 0, 9, 9), continues="a", order=0, lines=lines[1:])
    found = read(document([first], [second]))
    assert [(prov.page_no, prov.charspan) for prov in found.texts[0].prov] == [(1, (0, 30)), (2, (30, 40))]
    assert len(found.texts) == 1


@pytest.mark.parametrize("caption_first", [True, False])
def test_pictures_are_inside_with_caption_and_text(caption_first: bool) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)
    figure = FigureBlock(id="f", box=(10, 20, 60, 90), text="in it", captions=["Fig. 1", "More"], order=0)
    caption = CaptionBlock(id="c", box=BOX, text="Fig. 1", caption_of="f", order=1)
    source = document([caption, figure] if caption_first else [figure, caption], unit="px")
    source._images = lambda page, scale: picture
    found = read(source)
    image = found.pictures[0].get_image(found)
    assert image.size == (50, 70)
    assert np.array_equal(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR), picture[20:90, 10:60])
    assert found.pictures[0].caption_text(found) == "Fig. 1 More" or [
        caption.resolve(found).text for caption in found.pictures[0].captions
    ] == ["Fig. 1", "More"]
    markdown = found.export_to_markdown()
    assert markdown.count("Fig. 1") == markdown.count("More") == 1
    inside = [item for item in found.texts if item.text == "in it"]
    assert len(inside) == 1 and inside[0].parent.cref == "#/pictures/0"


@given(documents(wild_texts))
@settings(max_examples=60, deadline=None)
def test_any_document_is_valid_and_says_every_text(document: Document) -> None:
    found = read(document)
    texts = {item.text for item in found.texts}
    cells = [cell.text for table in found.tables for cell in table.data.table_cells]
    for page in document.pages:
        for block in page.blocks:
            if block.kind == "table":
                assert {clean(cell.text).strip() for cell in block.table.cells} <= set(cells)
            elif block.kind == "list" and block.items:
                assert {clean(item.text).strip() for item in block.items} <= texts
            elif block.kind in ("text", "footnote", "reference", "aside", "seal", "header", "footer"):
                assert clean(block.text).strip() in texts | {""}
    assert len(found.pictures) == sum(block.kind == "figure" for block in document.blocks())
    found.export_to_markdown()
    found.export_to_html()
    for item, _ in found.iterate_items(included_content_layers=set(docling.ContentLayer)):
        assert all(prov.page_no in found.pages for prov in item.prov)


@given(documents())
@settings(max_examples=20, deadline=None)
def test_compact_is_the_same_document(document: Document) -> None:
    spread, compact = (str(render(document, "docling", WriteOptions(compact=c))) for c in (False, True))
    assert json.loads(spread) == json.loads(compact) and compact.count("\n") == 1


@given(documents())
@settings(max_examples=20, deadline=None)
def test_reading_and_writing_again_changes_nothing(document: Document) -> None:
    once = read(document)
    again = docling.DoclingDocument.model_validate(once.export_to_dict())
    assert again.export_to_dict() == once.export_to_dict()


def test_files_of_other_kinds_and_without_digest_are_valid() -> None:
    other = document([TextBlock(id="p", box=BOX, text="x", order=0)])
    other.source.media_type = "image/x-nothing"
    assert read(other).origin is None
    other.source = Source(name="a.png", media_type="image/png", sha256="no hex")
    assert read(other).origin.binary_hash == 0
