"""ALTO: valid by the published rules, every word once and at its place on the page as the file shows it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from lxml import etree
from tests.documents.strategies import documents, wild_texts
from tests.documents.writers.alto_rules import NAMESPACE, violations
from tests.documents.writers.extraction import line

from sampan.documents.geometry import homography
from sampan.documents.model import (
    Cell,
    Document,
    FigureBlock,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Source,
    Style,
    Table,
    TableBlock,
    TextBlock,
    Word,
)
from sampan.documents.writers import WriteOptions, render


def written(document: Document, options: WriteOptions | None = None) -> etree._Element:
    text = render(document, "alto", options)
    assert isinstance(text, str)
    return etree.fromstring(text.encode())


def all_of(root: etree._Element, name: str) -> list[etree._Element]:
    return list(root.iter(NAMESPACE + name))


def place(element: etree._Element) -> tuple[float, ...]:
    return tuple(float(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))


def sample(unit: str = "px", **page: object) -> Document:
    cells = [
        Cell(
            row=0,
            column=0,
            column_span=2,
            text="Head",
            header=True,
            lines=[line(("Head", (20, 200, 60, 212)))],
        ),
        Cell(row=1, column=0, text="a", lines=[line(("a", (20, 220, 30, 232)))]),
        Cell(row=1, column=1, text="", lines=[]),
    ]
    first = line(("A", (10, 60, 20, 72)), ("repre-", (24, 60, 70, 72)))
    second = line(("sentation,", (10, 80, 70, 92)), ("well-", (74, 80, 100, 92)))
    third = line(("known", (10, 100, 50, 112)), ("مرحبا", (60, 100, 90, 112)))
    blocks = [
        TextBlock(id="a", kind="header", box=(10, 5, 90, 15), text="Journal", lines=[line(("Journal", (10, 5, 90, 15)))]),
        HeadingBlock(id="b", box=(10, 30, 90, 42), order=0, level=2, text="Intro", lines=[line(("Intro", (10, 30, 50, 42)))]),
        TextBlock(
            id="c", box=(10, 60, 100, 112), order=1, lines=[first, second, third],
            text="A representation, well-known مرحبا",
        ),
        FigureBlock(id="d", box=(110, 30, 190, 90), order=2),
        FigureBlock(id="e", box=(110, 95, 190, 150), order=3, lines=[line(("axis", (120, 100, 150, 110)))], text="axis"),
        ListBlock(
            id="f", box=(110, 160, 190, 180), order=4, text="• item",
            items=[ListItem(text="item", lines=[line(("item", (120, 160, 150, 172)))])],
        ),
        TableBlock(id="g", box=(15, 195, 100, 240), order=5, table=Table(rows=2, columns=2, cells=cells), text="Head\na"),
        TextBlock(id="h", kind="page_number", box=(95, 285, 105, 295), text="7", lines=[line(("7", (95, 285, 105, 295)))]),
    ]  # fmt: skip
    drawn = Page(number=3, width=200, height=300, unit=unit, blocks=blocks, **page)
    source = Source(name='a "b" & c.png', media_type="image/png", sha256="ab" * 32)
    return Document(generator="sampan 1.2.3", source=source, pages=[drawn])


def test_a_page_with_everything_follows_the_rules() -> None:
    root = written(sample(), WriteOptions(language="en-GB"))
    assert violations(root) == []
    assert [element.get("CONTENT") for element in all_of(root, "String")] == [
        "Journal", "7", "Intro", "A", "repre", "sentation,", "well-", "known", "مرحبا", "axis", "item", "Head", "a",
    ]  # fmt: skip
    assert all_of(root, "MeasurementUnit")[0].text == "pixel"
    assert all_of(root, "fileName")[0].text == 'a "b" & c.png'
    (page,) = all_of(root, "Page")
    assert {name: page.get(name) for name in ("PHYSICAL_IMG_NR", "PRINTED_IMG_NR", "WIDTH", "HEIGHT", "LANG")} == {
        "PHYSICAL_IMG_NR": "3", "PRINTED_IMG_NR": "7", "WIDTH": "200", "HEIGHT": "300", "LANG": "en-GB",
    }  # fmt: skip


def test_furniture_lies_in_the_margins_and_order_is_said() -> None:
    root = written(sample())
    (top,), (bottom,) = all_of(root, "TopMargin"), all_of(root, "BottomMargin")
    assert [string.get("CONTENT") for string in top.iter(NAMESPACE + "String")] == ["Journal"]
    assert [string.get("CONTENT") for string in bottom.iter(NAMESPACE + "String")] == ["7"]
    tags = {
        tag.get("ID"): tag.get("LABEL") for name in ("LayoutTag", "OtherTag") for tag in all_of(root, name)
    }
    blocks = {element.get("ID"): element for element in root.iter() if element.get("ID")}
    kinds = [tags[blocks[ref.get("REF")].get("TAGREFS")] for ref in all_of(root, "ElementRef")]
    assert kinds == ["heading 2", "text", "figure", "figure", "list", "table"]


def test_tables_and_figures() -> None:
    root = written(sample())
    composed = {element.get("TYPE"): element for element in all_of(root, "ComposedBlock")}
    assert sorted(composed) == ["figure", "list", "table"]
    tags = {tag.get("ID"): tag.get("LABEL") for tag in all_of(root, "OtherTag")}
    cells = [(tags[cell.get("TAGREFS")], place(cell)) for cell in composed["table"]]
    assert cells == [
        ("header row 1 column 1 spanning 1 × 2", (20, 200, 40, 12)),
        ("row 2 column 1", (20, 220, 10, 12)),
    ]
    assert place(all_of(root, "Illustration")[0]) == (110, 30, 80, 60)
    assert [child.tag.removeprefix(NAMESPACE) for child in composed["figure"]] == [
        "Illustration",
        "TextBlock",
    ]


def test_lines_in_no_cell_and_lines_that_only_cells_have_are_said_once() -> None:
    head = line(("Head", (20, 200, 40, 212)), ("Tail", (60, 200, 80, 212)))
    beside = line(("beside", (20, 240, 80, 252)))
    cells = [
        Cell(row=0, column=0, text="Head", lines=[line(("Head", (20, 200, 40, 212)))]),
        Cell(row=0, column=1, text="Tail", lines=[line(("Tail", (60, 200, 80, 212)))]),
        Cell(row=0, column=2, text="–", lines=[line(("–", (90, 200, 95, 212)))]),
    ]
    table = Table(rows=1, columns=3, cells=cells)
    block = TableBlock(id="g", box=(15, 195, 100, 260), order=0, table=table, lines=[head, beside])
    page = Page(number=1, width=200, height=300, unit="px", blocks=[block])
    root = written(Document(source=Source(name="a", media_type="image/png"), pages=[page]))
    assert violations(root) == []
    assert [string.get("CONTENT") for string in all_of(root, "String")] == ["Head", "Tail", "–", "beside"]
    assert [part.get("TAGREFS") is not None for part in all_of(root, "TextBlock")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_parted_word_is_whole_in_both_its_parts() -> None:
    root = written(sample())
    strings = {string.get("CONTENT"): string for string in all_of(root, "String")}
    assert [
        (strings[part].get("SUBS_TYPE"), strings[part].get("SUBS_CONTENT"))
        for part in ("repre", "sentation,")
    ] == [
        ("HypPart1", "representation"),
        ("HypPart2", "representation"),
    ]
    (hyphen,) = all_of(root, "HYP")
    assert hyphen.get("CONTENT") == "-" and strings["well-"].get("SUBS_TYPE") is None
    x, _, width, _ = place(strings["repre"])
    assert x == 24 and place(hyphen)[0] == pytest.approx(x + width, abs=0.02)
    assert sum(place(hyphen)[k] for k in (0, 2)) == pytest.approx(70, abs=0.02)


def test_spaces_stand_between_words_and_not_between_ideographs() -> None:
    words = line(
        ("a", (0, 0, 10, 10)),
        ("b", (14, 0, 20, 10)),
        ("漢", (24, 0, 34, 10)),
        ("字", (36, 0, 46, 10)),
        text="a b 漢字",
    )
    block = TextBlock(id="a", box=(0, 0, 50, 10), order=0, lines=[words])
    page = Page(number=1, width=50, height=50, unit="px", blocks=[block])
    root = written(Document(source=Source(name="a", media_type="image/png"), pages=[page]))
    (only,) = all_of(root, "TextLine")
    assert [child.tag.removeprefix(NAMESPACE) for child in only] == [
        "String",
        "SP",
        "String",
        "SP",
        "String",
        "String",
    ]
    assert place(all_of(root, "SP")[0]) == (10, 0, 4, 10)


def test_points_become_tenths_of_a_millimetre_and_styles_are_shared() -> None:
    bold = Style(font="Serif", size=12, bold=True, italic=True, color="#10a0ff")
    words = [
        Word(text=text, box=(72 * i, 72, 72 * i + 36, 84), style=bold) for i, text in enumerate(("a", "b"))
    ]
    block = TextBlock(
        id="a", box=(0, 72, 108, 84), order=0, lines=[Line(text="a b", box=(0, 72, 108, 84), words=words)]
    )
    page = Page(number=1, width=720, height=144, unit="pt", blocks=[block])
    root = written(Document(source=Source(name="a", media_type="application/pdf"), pages=[page]))
    assert violations(root) == []
    assert all_of(root, "MeasurementUnit")[0].text == "mm10"
    assert all_of(root, "Page")[0].get("WIDTH") == "2540"
    assert place(all_of(root, "String")[1]) == (254, 254, 127, 42.33)
    (style,) = all_of(root, "TextStyle")
    assert dict(style.attrib) == {
        "ID": "style_1", "FONTFAMILY": "Serif", "FONTSIZE": "12", "FONTCOLOR": "10a0ff", "FONTSTYLE": "bold italics",
    }  # fmt: skip
    assert {string.get("STYLEREFS") for string in all_of(root, "String")} == {"style_1"}


def test_turned_and_tilted_pages_are_described_as_the_file_shows_them() -> None:
    turned = homography.quarter_turns(270, 200, 300)  # upright → the page on its side
    root = written(sample(rotation=90, to_source=homography.to_tuple(turned)))
    assert violations(root) == []
    (page,) = all_of(root, "Page")
    assert (page.get("WIDTH"), page.get("HEIGHT"), page.get("ROTATION")) == ("300", "200", "90")
    strings = {string.get("CONTENT"): place(string) for string in all_of(root, "String")}
    assert strings["Intro"] == (30, 150, 12, 40)
    assert len(all_of(root, "LeftMargin")) == len(all_of(root, "RightMargin")) == 1
    tilted = written(sample(skew=5.0, to_source=homography.to_tuple(homography.rotation(5, (100, 150)))))
    assert violations(tilted) == []
    outline = all_of(tilted, "TextLine")[2].find(f"{NAMESPACE}Shape/{NAMESPACE}Polygon").get("POINTS").split()
    (x0, y0), (x1, y1) = (tuple(map(float, point.split(","))) for point in outline[:2])
    assert (y1 - y0) / (x1 - x0) == pytest.approx(0.0875, abs=0.002)


@given(documents(wild_texts))
@settings(max_examples=80, deadline=None)
def test_any_document_follows_the_rules(document: Document) -> None:
    for number, page in enumerate(document.pages, start=1):
        page.number = number
    assert [each for each in violations(written(document)) if each != "Layout holds "] == []
