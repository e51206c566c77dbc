"""Regions and lines into blocks: nothing lost, order, lists, code, captions, tables."""

from __future__ import annotations

import random

import pytest
from tests.documents.layout.synthetic import Sheet, prose

from sampan.documents.assembly import assemble_page
from sampan.documents.layout import RuleLayout
from sampan.documents.model import Block, Cell, Line, Page, Table
from sampan.documents.stages import Region, Rulings, TextLayer

SIZE = (612.0, 792.0)


def assemble(sheet: Sheet, seed: int = 0, **more: object) -> list[Block]:
    lines = list(sheet.lines)
    random.Random(seed).shuffle(lines)
    regions = RuleLayout().find(lines, SIZE, text_layer=TextLayer(lines, Rulings(), **more))  # type: ignore[arg-type]
    return assemble_page(lines, regions, SIZE, page_number=3, tables=None, unit="pt")


@pytest.mark.parametrize("styled", [True, False])
def test_two_columns_read_one_after_the_other(styled: bool) -> None:
    sheet = Sheet(styled)
    expected = []
    for x in (60, 316):
        y = 100.0
        for seed in range(4):
            words = prose(seed + int(x), 60)
            expected.append(" ".join(words))
            y = sheet.paragraph(words, x, y, 236) + 8
    blocks = assemble(sheet)
    assert [block.text for block in blocks] == expected
    assert [block.order for block in blocks] == list(range(8))
    assert [block.id for block in blocks] == [f"p3-b{k}" for k in range(8)]


@pytest.mark.parametrize("styled", [True, False])
@pytest.mark.parametrize("bullet", ["•", ".", "o", "-"])
def test_list_items_with_levels(styled: bool, bullet: str) -> None:
    sheet = Sheet(styled)
    y = sheet.paragraph(prose(0, 50), 60, 100, 480) + 4
    expected = []
    for number, level in enumerate((0, 1, 1, 0)):
        words = ["Item", *prose(number, 60)]
        expected.append((" ".join(words), level))
        left = 75 + 17 * level
        sheet.line(bullet, left - 11, y)
        y = sheet.paragraph(words, left, y, 440 - left) + 2
    (block,) = [block for block in assemble(sheet) if block.kind == "list"]
    assert [(item.text, item.level) for item in block.items] == expected
    assert all(not item.ordered for item in block.items)
    assert block.items[0].marker == ("-" if bullet == "-" else "•")


def test_numbered_list_keeps_its_numbers() -> None:
    sheet = Sheet()
    y = sheet.paragraph(prose(0, 50), 60, 100, 480) + 4
    for number in range(9, 12):
        sheet.line(f"{number}. boats on the river", 70, y)
        y += 14
    (block,) = [block for block in assemble(sheet) if block.kind == "list"]
    assert [(item.marker, item.text, item.ordered) for item in block.items] == [
        (f"{number}.", "boats on the river", True) for number in range(9, 12)
    ]


@pytest.mark.parametrize("styled", [True, False])
def test_code_keeps_lines_indents_and_blank_lines(styled: bool) -> None:
    source = "def row(boat, river):\n    while boat.drifts():\n        boat.pull(2)\n\n    return boat\n\nrow(boat, river)"
    sheet = Sheet(styled)
    y = sheet.paragraph(prose(0, 60), 60, 60, 480) + 10
    for text in source.split("\n"):
        if text:
            x = 60 + 6 * (len(text) - len(text.lstrip()))
            line = sheet.line(text.strip(), x, y, monospace=True)
            line.box = (x, y, x + 6 * len(text.strip()), y + 12)
        y += 12.5
    sheet.paragraph(prose(1, 60), 60, y + 20, 480)
    (block,) = [block for block in assemble(sheet) if block.kind == "code"]
    assert block.text == source


def test_caption_is_bound_to_its_figure() -> None:
    sheet = Sheet()
    y = sheet.paragraph(prose(0, 60), 60, 60, 480)
    sheet.line("Figure 1: Rain on the river", 60, 306, 9)
    sheet.paragraph(prose(1, 60), 60, 340, 480)
    blocks = assemble(sheet, images=[(60, y + 10, 540, 300)])
    assert [block.kind for block in blocks] == ["text", "figure", "caption", "text"]
    assert blocks[2].caption_of == blocks[1].id
    assert blocks[1].captions == ["Figure 1: Rain on the river"]


def test_tables_are_taken_by_index_and_fall_back_to_text() -> None:
    lines = [
        Line(text=f"c{r}{c}", box=(60 + 100 * c, 100 + 20 * r, 90 + 100 * c, 112 + 20 * r))
        for r in range(3)
        for c in range(2)
    ]
    regions = [Region("text", (0, 0, 10, 10)), Region("table", (60, 100, 190, 152))]
    table = Table(rows=1, columns=2, cells=[Cell(row=0, column=0, text="a"), Cell(row=0, column=1, text="b")])
    (block,) = assemble_page(lines, regions, SIZE, page_number=1, tables={1: table}, unit="pt")
    assert block.kind == "table"
    assert (block.text, block.table, len(block.lines)) == ("a\tb", table, 6)
    blocks = assemble_page(lines, regions, SIZE, page_number=1, tables={}, unit="pt")
    assert [block.text for block in blocks] == ["c00 c01", "c10 c11", "c20 c21"]


def test_no_line_is_lost_or_doubled_on_random_pages() -> None:
    chance = random.Random(11)
    kinds = ["title", "heading", "text", "list", "table", "figure", "formula", "caption", "header", "footer", "footnote",
             "page_number", "code", "seal", "reference", "aside"]  # fmt: skip
    for _ in range(40):
        lines, regions = [], []
        for k in range(chance.randrange(0, 40)):
            x, y = chance.uniform(0, 600), chance.uniform(0, 780)
            lines.append(
                Line(text=f"{k} text", box=(x, y, x + chance.uniform(0, 300), y + chance.uniform(0, 20)))
            )
        for _ in range(chance.randrange(0, 12)):
            x, y = chance.uniform(0, 500), chance.uniform(0, 700)
            regions.append(
                Region(chance.choice(kinds), (x, y, x + chance.uniform(0, 300), y + chance.uniform(0, 200)))
            )  # type: ignore[arg-type]
        blocks = assemble_page(lines, regions, SIZE, page_number=1, tables=None, unit="pt")
        assert sorted(line.text for block in blocks for line in block.lines) == sorted(
            line.text for line in lines
        )
        assert len({block.id for block in blocks}) == len(blocks)
        counted = [block.order for block in blocks if block.order is not None]
        assert counted == list(range(len(counted)))
        assert Page(number=1, width=612, height=792, unit="pt", blocks=blocks).model_dump_json()
