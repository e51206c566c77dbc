"""Word documents read back by python-docx: styles, lists that count, spans, pictures, columns, headers."""

from __future__ import annotations

import io
import re
import time
import zipfile
from typing import Any

import cv2
import docx
import numpy as np
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from lxml import etree
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
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.docx_lists import Count, read_marker

BOX = (60.0, 60.0, 540.0, 80.0)


def text(content: str, kind: Any = "text", box: Any = BOX, order: int | None = 0, id: str = "t") -> TextBlock:
    return TextBlock(id=id, kind=kind, box=box, text=content, order=order)


def document(*pages: list[Block], unit: Any = "pt", size: tuple[float, float] = (600, 800)) -> Document:
    return Document(
        source=Source(name="boats.pdf", media_type="application/pdf"),
        pages=[
            Page(number=number, width=size[0], height=size[1], unit=unit, blocks=blocks)
            for number, blocks in enumerate(pages, 1)
        ],
    )


def read(document: Document, **options: Any) -> Any:
    data = render(document, "docx", WriteOptions(**options))
    assert isinstance(data, bytes)
    return docx.Document(io.BytesIO(data))


def styled(package: Any) -> list[tuple[str, str]]:
    return [(paragraph.style.name, paragraph.text) for paragraph in package.paragraphs]


def test_every_kind_has_its_style() -> None:
    found = read(
        document(
            [
                text("Small Boats", "title"),
                HeadingBlock(id="h", box=BOX, text="Hull", level=2, order=1),
                text("Three\nplanks\tand pegs."),
                CodeBlock(id="c", box=BOX, text="\nif x:\n    y\n", captions=["Listing 1"], order=2),
                FormulaBlock(id="f", box=BOX, latex="a < b", number="(3)", order=3),
                text("1 A note.", "footnote"),
                text("[1] Lu Ban.", "reference"),
                text("Beside.", "aside"),
                CaptionBlock(id="k", box=BOX, text="Free caption", order=7),
                text("SEAL", "seal"),
            ]
        )
    )
    assert styled(found) == [
        ("Title", "Small Boats"), ("Heading 2", "Hull"), ("Normal", "Three\nplanks\tand pegs."),
        ("Source Code", "if x:\n    y"), ("Caption", "Listing 1"), ("Formula", "a < b\t(3)"),
        ("footnote text", "1 A note."), ("Bibliography", "[1] Lu Ban."), ("Aside", "Beside."),
        ("Caption", "Free caption"), ("Normal", "SEAL"),
    ]  # fmt: skip


def find(root: Any, path: str) -> list[Any]:
    return etree.XPath(path, namespaces={"w": qn("w:p")[1:].partition("}")[0]})(root)


def counted(package: Any) -> list[tuple[str, int, str, int]]:
    """Style, level, pattern and the number that Word shows for every list paragraph (ECMA-376, 17.9)."""
    root = package.part.numbering_part.element
    kinds = {kind.get(qn("w:abstractNumId")): kind for kind in root.findall(qn("w:abstractNum"))}
    values: dict[tuple[str, int], int] = {}
    found = []
    for paragraph in package.paragraphs:
        numbers = paragraph._p.xpath("./w:pPr/w:numPr/w:numId/@w:val")
        if not numbers:
            continue
        level = int(paragraph._p.xpath("./w:pPr/w:numPr/w:ilvl/@w:val")[0])
        number = find(root, f"./w:num[@w:numId={numbers[0]}]")[0]
        kind = kinds[find(number, "./w:abstractNumId/@w:val")[0]]
        kind = find(kind, f"./w:lvl[@w:ilvl={level}]")[0]
        start = find(number, f"./w:lvlOverride[@w:ilvl={level}]/w:startOverride/@w:val")
        key = numbers[0], level
        values[key] = values[key] + 1 if key in values else int((start or find(kind, "./w:start/@w:val"))[0])
        form, pattern = find(kind, "./w:numFmt/@w:val")[0], find(kind, "./w:lvlText/@w:val")[0]
        found.append((form, level, pattern, values[key]))
    return found


def test_lists_count_as_printed() -> None:
    def item(marker: str, level: int = 0) -> ListItem:
        return ListItem(text=f"item {marker}", marker=marker, ordered=marker not in "•–", level=level)

    items = [
        item("1."), item("2."), item("a)", 1), item("b)", 1), item("•", 2), item("3."), item("a)", 1),
        item("7."), item("8."), item("(iv)", 1), item("(v)", 1), item("H.", 1), item("I.", 1), item("§ 3"),
        item("9."),
    ]  # fmt: skip
    first = ListBlock(id="l", box=BOX, items=items, order=0)
    second = ListBlock(id="m", box=BOX, items=[item("10."), item("1.")], continues="l", order=0)
    package = read(document([first], [second]))
    assert counted(package) == [
        ("decimal", 0, "%1.", 1), ("decimal", 0, "%1.", 2),
        ("lowerLetter", 1, "%2)", 1), ("lowerLetter", 1, "%2)", 2), ("bullet", 2, "▪", 1),
        ("decimal", 0, "%1.", 3), ("lowerLetter", 1, "%2)", 1), ("decimal", 0, "%1.", 7),
        ("decimal", 0, "%1.", 8), ("lowerRoman", 1, "(%2)", 4), ("lowerRoman", 1, "(%2)", 5),
        ("upperLetter", 1, "%2.", 8), ("upperLetter", 1, "%2.", 9), ("decimal", 0, "%1.", 9),
        ("decimal", 0, "%1.", 10), ("decimal", 0, "%1.", 1),
    ]  # fmt: skip
    assert [style for style, _ in styled(package)].count("List Bullet") == 1
    assert ("List Paragraph", "§ 3\titem § 3") in styled(package)


@pytest.mark.parametrize(
    ("marker", "before", "expected"),
    [
        ("i.", None, Count("lowerRoman", "%.", 1)),
        ("i.", Count("lowerLetter", "%.", 8), Count("lowerLetter", "%.", 9)),
        ("c)", None, Count("lowerLetter", "%)", 3)),
        ("c)", Count("lowerRoman", "%)", 99), Count("lowerRoman", "%)", 100)),
        ("XIV.", None, Count("upperRoman", "%.", 14)),
        ("[12]", None, Count("decimal", "[%]", 12)),
        ("0)", None, Count("decimal", "%)", 0)),
        ("007.", None, None), ("99999.", None, None), ("iiii.", None, None), ("aB.", None, None),
        ("I", None, None), ("-", None, None), ("", None, None), ("1.2.", None, None), ("①", None, None),
    ],
)  # fmt: skip
def test_markers(marker: str, before: Count | None, expected: Count | None) -> None:
    assert read_marker(marker, before) == expected


def test_roman_numbers_agree_with_counting() -> None:
    units = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]
    tens = ["", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"]
    for value in range(1, 100):
        marker = tens[value // 10] + units[value % 10]
        if len(marker) > 1 and len(marker) <= 6:
            assert read_marker(marker + ".") == Count("lowerRoman", "%.", value)


TABLE = Table(
    rows=3,
    columns=3,
    cells=[
        Cell(row=0, column=0, column_span=2, text="Wide", header=True),
        Cell(row=0, column=2, text="C", header=True),
        Cell(row=1, column=0, row_span=2, text="Tall"),
        Cell(row=1, column=1, text="two\nlines"),
        Cell(row=2, column=1, column_span=2, text="漢字"),
    ],
)


def test_tables_keep_spans_and_repeat_headers() -> None:
    block = TableBlock(id="a", box=BOX, table=TABLE, captions=["Table 1"], order=0)
    package = read(document([block, block.model_copy(update={"id": "b", "captions": []})]))
    first, second = package.tables
    for table in (first, second):
        assert [[cell.text for cell in row.cells] for row in table.rows] == [
            ["Wide", "Wide", "C"], ["Tall", "two\nlines", ""], ["Tall", "漢字", "漢字"],
        ]  # fmt: skip
        assert table.cell(0, 0)._tc is table.cell(0, 1)._tc and table.style.name == "Table Grid"
    assert [bool(row._tr.xpath("./w:trPr/w:tblHeader")) for row in first.rows] == [True, False, False]
    assert first.cell(0, 0).paragraphs[0].runs[0].bold and not first.cell(1, 0).paragraphs[0].runs[0].bold
    inner = [type(content).__name__ for content in package.iter_inner_content()]
    # Tables that touched would become one, and a section does not end with a table.
    assert inner == ["Paragraph", "Table", "Paragraph", "Table", "Paragraph"]
    assert package.paragraphs[0].paragraph_format.keep_with_next


def test_all_header_rows_repeat() -> None:
    cells = [Cell(row=row, column=0, text=str(row), header=row < 2) for row in range(3)]
    block = TableBlock(id="a", box=BOX, table=Table(rows=3, columns=1, cells=cells), order=0)
    (table,) = read(document([block])).tables
    assert [bool(row._tr.xpath("./w:trPr/w:tblHeader")) for row in table.rows] == [True, True, False]


def test_tables_too_wide_for_word_go_on_below() -> None:
    cells = [Cell(row=0, column=column, text=str(column)) for column in range(130)]
    block = TableBlock(id="a", box=BOX, table=Table(rows=1, columns=130, cells=cells), order=0)
    tables = read(document([block])).tables
    assert [len(table.columns) for table in tables] == [63, 63, 4]
    assert [cell.text for table in tables for cell in table.rows[0].cells] == [str(i) for i in range(130)]


@pytest.mark.parametrize("unit", ["pt", "px"])
def test_figures_are_pictures_with_words(unit: Any) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (800, 600, 3), np.uint8)
    figure = FigureBlock(id="f", box=(60, 100, 360, 200), text="in\nit", captions=["Figure 1"], order=0)
    source = document([figure], unit=unit)
    source._images = lambda page, scale: picture
    package = read(source)
    (shape,) = package.inline_shapes
    (relation,) = shape._inline.xpath(".//a:blip/@r:embed")
    pixels = cv2.imdecode(
        np.frombuffer(package.part.related_parts[relation].blob, np.uint8), cv2.IMREAD_COLOR
    )
    scale = 1.0 if unit == "px" else 200 / 72
    left, top, right, bottom = (value * scale for value in figure.box)
    assert np.array_equal(pixels, picture[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))])
    section = package.sections[0]
    assert shape.width / section.page_width == pytest.approx(0.5, abs=0.001)
    assert shape.width / shape.height == pytest.approx(pixels.shape[1] / pixels.shape[0], rel=0.01)
    assert shape._inline.docPr.get("descr") == "in it"
    assert styled(package)[1:] == [("Caption", "Figure 1")]


def test_large_figures_fit_the_page_and_lost_ones_say_their_text() -> None:
    source = document(
        [FigureBlock(id="f", box=(0, 0, 600, 8000), text="inside", order=0)], size=(600, 8000), unit="px"
    )
    assert styled(read(source)) == [("Normal", "inside")]
    source._images = lambda page, scale: np.zeros((8000, 600, 3), np.uint8)
    package = read(source)
    section, shape = package.sections[0], package.inline_shapes[0]
    assert shape.height < section.page_height - section.top_margin - section.bottom_margin
    assert shape.height / shape.width == pytest.approx(8000 / 600, rel=0.01)


def columns_of(package: Any) -> list[tuple[int, list[str]]]:
    """Number of columns of each section and the texts in it."""
    found = []
    for section in package.sections:
        number = section._sectPr.xpath("./w:cols/@w:num")
        found.append(
            (int(number[0]) if number else 1, [content.text for content in section.iter_inner_content()])
        )
    return found


def column(x: float, y: float, content: str) -> TextBlock:
    return text(content, box=(x, y, x + 220, y + 190))


def test_columns_are_sections_and_go_on_over_pages() -> None:
    wide = text("wide", box=(60, 60, 540, 90))
    first = [wide, column(60, 100, "a"), column(60, 300, "b"), column(320, 100, "c"), column(320, 300, "d")]
    second = [column(60, 60, "e"), column(320, 60, "f"), text("end", box=(60, 600, 540, 700))]
    package = read(document(first, second))
    assert columns_of(package) == [(1, ["wide"]), (2, ["a", "b", "c", "d", "e", "f"]), (1, ["end"])]
    assert [section.start_type.name for section in package.sections] == [
        "NEW_PAGE",
        "CONTINUOUS",
        "CONTINUOUS",
    ]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([(60, 60, "a"), (60, 260, "b"), (60, 460, "c")], [1]),
        ([(40, 60, "a"), (40, 300, "b"), (320, 60, "c")], [2]),
        ([(320, 60, "a"), (320, 300, "b"), (40, 60, "c")], [2]),  # right column first
    ],
)
def test_one_column_is_no_column(blocks: list[tuple[float, float, str]], expected: list[int]) -> None:
    package = read(document([column(*block) for block in blocks]))
    assert [count for count, _ in columns_of(package)] == expected
    assert [content for _, texts in columns_of(package) for content in texts] == ["a", "b", "c"]


def test_right_to_left_columns_are_marked() -> None:
    package = read(document([column(320, 60, "a"), column(40, 60, "b")]))
    assert package.sections[0]._sectPr.xpath("boolean(./w:bidi)")
    assert (
        not read(document([column(40, 60, "a"), column(320, 60, "b")])).sections[0]._sectPr.xpath("./w:bidi")
    )


def test_a_label_beside_a_paragraph_makes_no_columns() -> None:
    blocks = [text("note", box=(20, 60, 60, 75)), text("body", box=(80, 60, 540, 300))]
    assert [count for count, _ in columns_of(read(document([*blocks])))] == [1]


def test_a_word_set_apart_leaves_its_column_whole() -> None:
    left = [
        column(60, 60, "a"),
        text("torn", box=(60, 260, 240, 300)),
        text("word", box=(265, 262, 278, 275)),
    ]
    left.append(column(60, 310, "b"))
    right = [
        column(320, 60, "c"),
        text("torn", box=(320, 260, 480, 280)),
        text("word", box=(490, 262, 540, 278)),
    ]
    package = read(document([*left, *right, column(320, 290, "d")]))
    assert columns_of(package) == [(2, ["a", "torn", "word", "b", "c", "torn", "word", "d"])]


def test_paper_follows_the_pages() -> None:
    upright, lying = document([text("a")]), document([text("b")], size=(800, 600))
    lying.pages[0].number = 2
    upright.pages += lying.pages
    package = read(upright)
    sizes = [(round(s.page_width.pt), round(s.page_height.pt), s.orientation.name) for s in package.sections]
    assert sizes == [(600, 800, "PORTRAIT"), (800, 600, "LANDSCAPE")]
    assert package.sections[1].start_type.name == "NEW_PAGE"
    picture = read(document([text("a")], unit="px", size=(5000, 100)))
    assert round(picture.sections[0].page_width.pt) == 842


def test_page_breaks_are_there_when_asked_for() -> None:
    table = TableBlock(id="a", box=BOX, table=TABLE, order=0)
    source = document([text("a"), text("b")], [text("c")], [table], [text("d")])
    package = read(source, page_breaks=True)
    assert [p.text for p in package.paragraphs if p.paragraph_format.page_break_before] == ["c", "", "d"]
    assert not any(p.paragraph_format.page_break_before for p in read(source).paragraphs)


def furnished(number: int, head: str, printed: str) -> list[Block]:
    return [
        text(head, "header", (60, 20, 200, 30), None),
        text("Report", "header", (500, 20, 540, 30), None),
        text(f"body {number}"),
        text(printed, "page_number", (290, 780, 310, 790), None),
    ]


def test_running_heads_and_page_numbers_are_words_own() -> None:
    source = document(
        furnished(1, "The Yard", "– 7 –"), furnished(2, "The Yard", "– 8 –"), furnished(3, "Other", "– 9 –")
    )
    package = read(source)
    section = package.sections[0]
    assert [p.text for p in section.header.paragraphs] == ["The Yard\t\tReport"]
    assert section.header.paragraphs[0].style.name == "Header"
    assert section.footer._element.xpath(".//w:fldSimple/@w:instr") == [" PAGE "]
    assert section._sectPr.xpath("./w:pgNumType/@w:start") == ["7"]
    assert [p.text for p in package.paragraphs] == ["body 1", "body 2", "body 3"]
    said = read(source, furniture=True)
    assert ("Header", "Other") in styled(said) and ("Footer", "– 8 –") in styled(said)
    assert said.sections[0].header.is_linked_to_previous


def test_right_to_left_paragraphs_and_runs_are_marked() -> None:
    package = read(document([text("שלום abc עולם 12"), text("abc שלום"), text("plain 12")]))
    marks = [
        (bool(p._p.xpath("./w:pPr/w:bidi")), [(r.text, bool(r.font.rtl)) for r in p.runs])
        for p in package.paragraphs
    ]
    assert marks == [
        (True, [("שלום ", True), ("abc ", False), ("עולם 12", True)]),
        (False, [("abc ", False), ("שלום", True)]),
        (False, [("plain 12", False)]),
    ]
    table = Table(rows=1, columns=1, cells=[Cell(row=0, column=0, text="שלום")])
    block = TableBlock(id="a", box=BOX, table=table, order=0)
    assert read(document([block])).tables[0]._tbl.tblPr.xpath("boolean(./w:bidiVisual)")


@pytest.mark.parametrize(
    ("content", "language", "font", "tags", "core"),
    [
        ("かなと漢字", None, "Yu Gothic", {"eastAsia": "ja-JP", "bidi": "ar-SA"}, "ja"),
        ("汉字和汉字", None, "SimSun", {"eastAsia": "zh-CN", "bidi": "ar-SA"}, "zh"),
        ("한국어", None, "Malgun Gothic", {"eastAsia": "ko-KR", "bidi": "ar-SA"}, "ko"),
        ("漢字", "zh-Hant", "PMingLiU", {"eastAsia": "zh-TW", "bidi": "ar-SA"}, "zh-Hant"),
        ("שלום", None, "SimSun", {"eastAsia": "zh-CN", "bidi": "he-IL"}, "he"),
        ("Grüße 漢字", "de", "SimSun", {"val": "de", "eastAsia": "zh-CN", "bidi": "ar-SA"}, "de"),
        ("Hi", "de\x00\ud800", "SimSun", {"val": "de\ufffd", "eastAsia": "zh-CN", "bidi": "ar-SA"}, "de\ufffd"),
        ("Hello", None, "SimSun", {"eastAsia": "zh-CN", "bidi": "ar-SA"}, ""),
    ],
)  # fmt: skip
def test_language_and_fonts(
    content: str, language: str | None, font: str, tags: dict[str, str], core: str
) -> None:
    package = read(document([text(content)]), language=language)
    defaults = package.styles.element.xpath("./w:docDefaults/w:rPrDefault/w:rPr")[0]
    assert defaults.xpath("./w:rFonts/@w:eastAsia") == [font]
    (lang,) = defaults.xpath("./w:lang")
    assert {etree.QName(key).localname: value for key, value in lang.attrib.items()} == tags
    assert package.core_properties.language == core
    hints = package.paragraphs[0]._p.xpath(".//w:rFonts/@w:hint")
    assert hints == (["eastAsia"] if re.search("[一-鿿぀-ヿ]", content) else [])


def test_properties_come_from_the_document() -> None:
    source = document([text("x")])
    source.source.title, source.source.author = "T\x00i\ntle" + "x" * 400, "Li \ud800"
    properties = read(source).core_properties
    assert properties.title.startswith("Ti tlexx") and len(properties.title) == 255
    assert (properties.author, properties.comments, properties.created) == ("Li \ufffd", "", None)
    assert read(document([text("Boats", "title")])).core_properties.title == "Boats"
    assert read(document([])).core_properties.title == "boats.pdf"


def test_the_hour_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first = render(document([text("x")]), "docx")
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2e9))
    assert render(document([text("x")]), "docx") == first


PROPERTIES = [
    "pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl", "numPr", "suppressLineNumbers", "pBdr", "shd", "tabs",
    "bidi", "adjustRightInd", "snapToGrid", "spacing", "ind", "contextualSpacing", "mirrorIndents", "jc", "outlineLvl", "rPr", "sectPr",
]  # fmt: skip
"""Order of the children of `pPr` (ECMA-376, part 1, CT_PPr), as far as they are written here."""


@given(documents(wild_texts))
@settings(max_examples=20, deadline=None)
def test_any_document_reads_back_with_every_text(document: Document) -> None:
    data = render(document, "docx", WriteOptions(page_breaks=True))
    assert isinstance(data, bytes)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(package.read(name))
    read_back = docx.Document(io.BytesIO(data))
    paragraphs = [squeezed(paragraph.text) for paragraph in read_back.paragraphs]
    cells = {squeezed(cell.text) for table in read_back.tables for row in table.rows for cell in row.cells}
    for block in document.blocks():
        if block.order is None or not clean(block.text).strip():
            continue
        if block.kind == "table":
            assert {squeezed(clean(cell.text)) for cell in block.table.cells} <= cells
        elif block.kind == "list" and block.items:
            for item in block.items:
                assert any(p.endswith(squeezed(clean(item.text))) for p in paragraphs)
        elif block.kind in ("text", "heading", "title", "footnote", "reference", "aside", "seal", "code"):
            assert squeezed(clean(block.text)) in paragraphs
    for properties in read_back.element.iter(qn("w:pPr")):
        order = [PROPERTIES.index(etree.QName(child).localname) for child in properties]
        assert order == sorted(set(order))
    for cell in read_back.element.iter(qn("w:tc")):
        assert cell[-1].tag == qn("w:p")
    assert read_back.element.body[-1].tag == qn("w:sectPr")


def squeezed(text: str) -> str:
    return one_line(text).replace(" ", "")
