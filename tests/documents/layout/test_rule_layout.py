"""Regions of whole pages set by hand: what is found, and that no line is lost."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from tests.documents.layout.synthetic import Sheet, prose

from sampan.documents.layout import RuleLayout
from sampan.documents.model import Line, Word
from sampan.documents.options import ParseOptions
from sampan.documents.stages import Region, Rulings, TextLayer

SIZE = (612.0, 792.0)


def find(sheet: Sheet, seed: int = 0, **more: object) -> list[Region]:
    lines = list(sheet.lines)
    random.Random(seed).shuffle(lines)
    return RuleLayout(ParseOptions()).find(lines, SIZE, **more)  # type: ignore[arg-type]


def kinds(regions: list[Region]) -> Counter[str]:
    return Counter(region.kind for region in regions)


def inside(line: Line, region: Region) -> bool:
    x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
    return region.box[0] <= x <= region.box[2] and region.box[1] <= y <= region.box[3]


def article(styled: bool) -> Sheet:
    sheet = Sheet(styled)
    sheet.line("Boats on the River", 60, 60, 22, bold=True)
    y = 110.0
    for number in (1, 2):
        sheet.line(f"{number} Section of Boats", 60, y, 14, bold=True)
        y = sheet.paragraph(prose(number, 60), 60, y + 26, 480) + 8
        y = sheet.paragraph(prose(number + 2, 47), 60, y, 480) + 16
    sheet.line("7", 300, 760)
    return sheet


@pytest.mark.parametrize("styled", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_article(styled: bool, seed: int) -> None:
    regions = find(article(styled), seed)
    assert kinds(regions) == {"title": 1, "heading": 2, "text": 4, "page_number": 1}


@pytest.mark.parametrize("styled", [True, False])
def test_every_line_lies_in_one_region(styled: bool) -> None:
    sheet = article(styled)
    regions = find(sheet)
    assert all(sum(inside(line, region) for region in regions) == 1 for line in sheet.lines)


def test_paragraphs_part_at_indents_without_white_space() -> None:
    sheet = Sheet()
    y = 100.0
    for seed in range(3):
        y = sheet.paragraph(prose(seed, 70), 60, y, 480, indent=15)
    assert kinds(find(sheet)) == {"text": 3}


def test_columns_are_not_linked() -> None:
    sheet = Sheet()
    for x in (60, 316):
        y = 100.0
        for seed in range(3):
            y = sheet.paragraph(prose(seed, 60), x, y, 236) + 8
    regions = find(sheet)
    assert kinds(regions) == {"text": 6}
    assert all(region.box[2] <= 300 or region.box[0] >= 310 for region in regions)


@pytest.mark.parametrize("styled", [True, False])
def test_nested_list_with_hanging_lines(styled: bool) -> None:
    sheet = Sheet(styled)
    y = sheet.paragraph(prose(0, 50), 60, 100, 480) + 4
    for marker, left in (("•", 75), ("–", 92), ("–", 92), ("•", 75)):
        sheet.line(marker, left - 10, y)
        y = sheet.paragraph(prose(len(sheet.lines), 40), left, y, 440 - left) + 2
    sheet.paragraph(prose(5, 50), 60, y + 8, 480)
    regions = find(sheet)
    assert kinds(regions) == {"text": 2, "list": 1}


def test_borderless_table_hugs_its_cells() -> None:
    sheet = Sheet()
    y = sheet.paragraph(prose(0, 60), 60, 100, 480) + 12
    top = y
    for row in range(5):
        for column, x in enumerate((60, 200, 300)):
            sheet.line(f"c{row}{column}", x, y)
        y += 17
    sheet.paragraph(prose(1, 60), 60, y + 8, 480)
    tables = [region for region in find(sheet) if region.kind == "table"]
    assert len(tables) == 1
    assert tables[0].box == pytest.approx((60, top, 315, y - 5), abs=1)


def test_two_columns_of_prose_are_no_table() -> None:
    sheet = Sheet()
    for x in (60, 316):
        sheet.paragraph(prose(0, 240), x, 100, 236)
    assert kinds(find(sheet)) == {"text": 2}


def grid(xs: list[float], ys: list[float]) -> Rulings:
    return Rulings(
        np.array([[xs[0], y, xs[-1], y] for y in ys], np.float32),
        np.array([[x, ys[0], x, ys[-1]] for x in xs], np.float32),
    )


def test_ruled_table_takes_the_box_of_its_rulings() -> None:
    sheet = Sheet()
    sheet.paragraph(prose(0, 60), 60, 60, 480)
    rulings = grid([60, 200, 400], [200, 220, 240])
    for y in (204, 224):
        for x in (64, 204):
            sheet.line("cell", x, y)
    regions = find(sheet, text_layer=TextLayer(sheet.lines, rulings))
    assert [r.box for r in regions if r.kind == "table"] == [(60, 200, 400, 240)]
    assert kinds(regions) == {"text": 1, "table": 1}


def test_frame_around_text_and_empty_grid_are_no_tables() -> None:
    sheet = Sheet()
    sheet.paragraph(prose(0, 60), 60, 60, 480)
    sheet.paragraph(prose(1, 60), 70, 206, 460)
    frame, chart = grid([60, 540], [200, 300]), grid([60, 200, 300, 400, 540], [400, 450, 500, 550, 600])
    for rulings in (frame, chart):
        assert "table" not in kinds(find(sheet, text_layer=TextLayer(sheet.lines, rulings)))


def test_figure_with_labels_and_caption() -> None:
    sheet = Sheet()
    y = sheet.paragraph(prose(0, 60), 60, 60, 480)
    sheet.line("50", 84, 200, 8)
    sheet.line("Figure 1: Rain on the river", 60, 330, 9)
    sheet.paragraph(prose(1, 60), 60, 370, 480)
    regions = find(sheet, text_layer=TextLayer(sheet.lines, Rulings(), drawings=[(95, y + 10, 400, 320)]))
    assert kinds(regions) == {"text": 2, "figure": 1, "caption": 1}
    figure = next(r for r in regions if r.kind == "figure")
    assert figure.box[0] == pytest.approx(84)


@pytest.mark.parametrize("styled", [True, False])
def test_code(styled: bool) -> None:
    sheet = Sheet(styled)
    y = sheet.paragraph(prose(0, 60), 60, 60, 480) + 10
    for depth, text in (
        (0, "def row(boat):"),
        (4, "while boat.drifts():"),
        (8, "boat.pull(2)"),
        (4, "return boat"),
    ):
        line = sheet.line(text, 60 + depth * 6, y, 10, monospace=True)
        line.box = (line.box[0], y, line.box[0] + 6 * len(text), y + 12)
        y += 12.5
    sheet.paragraph(prose(1, 60), 60, y + 10, 480)
    assert kinds(find(sheet)) == {"text": 2, "code": 1}


def test_furniture_and_footnote() -> None:
    sheet = article(True)
    sheet.line("Journal of Boats", 60, 24, 8)
    sheet.line("1 Measured at noon.", 60, 720, 8)
    rule = Rulings(np.array([[60, 714, 160, 714]], np.float32))
    found = kinds(find(sheet, text_layer=TextLayer(sheet.lines, rule)))
    assert (found["header"], found["footnote"], found["page_number"]) == (1, 1, 1)


def test_mirrored_page_gives_mirrored_regions() -> None:
    sheet = article(True)
    expected = sorted((r.kind, *np.round(r.box, 3)) for r in find(sheet))
    for line in sheet.lines:
        x0, y0, x1, y1 = line.box
        line.box, line.direction = (SIZE[0] - x1, y0, SIZE[0] - x0, y1), "rtl"
    mirrored = [
        (r.kind, *np.round((SIZE[0] - r.box[2], r.box[1], SIZE[0] - r.box[0], r.box[3]), 3))
        for r in find(sheet)
    ]
    assert sorted(mirrored) == expected


def test_degenerate_pages() -> None:
    layout = RuleLayout(ParseOptions())
    assert layout.find([], SIZE) == []
    assert layout.find([Line(text=" ", box=(0, 0, 1, 1))], SIZE) == []
    point = Line(text="x", box=(5, 5, 5, 5))
    assert len(layout.find([point], SIZE)) == 1
    same = [Line(text="same", box=(10, 10, 40, 20)) for _ in range(5)]
    assert layout.find(same, SIZE)


def test_random_lines_do_not_break_it() -> None:
    chance = random.Random(5)
    texts = ["1.", "•", "word", "a = f(x)", "Figure 2: x", "（一）中文文本", "12", "long text " * 8, "- item"]
    for _ in range(25):
        lines = []
        for _ in range(chance.randrange(1, 60)):
            x, y = chance.uniform(0, 600), chance.uniform(0, 780)
            lines.append(Line(text=chance.choice(texts), box=(x, y, x + chance.uniform(0, 300), y +
            chance.uniform(0, 20)),
                              direction=chance.choice(["ltr", "rtl", "ttb"])))  # fmt: skip
        regions = RuleLayout(ParseOptions()).find(lines, SIZE)
        assert regions
        for region in regions:
            x0, y0, x1, y1 = region.box
            assert x0 <= x1 and y0 <= y1, region


def test_sentences_in_a_column_of_a_table_are_cells() -> None:
    sheet = Sheet()
    sheet.paragraph(prose(1, 90), 60, 60, 480)
    notes = [
        "Includes the tributary above the bridge",
        "Moved after the flood in the spring",
        "unavailable",
    ]
    for r, note in enumerate(["Status", *notes]):
        for text, x in (
            ("Meadow" if r else "Station", 60),
            (f"{r}.7", 140),
            (f"{9 * r + 1}", 200),
            (note, 260),
        ):
            sheet.line(text, x, 180 + 16 * r, 8)
    sheet.paragraph(prose(2, 90), 60, 320, 480)
    regions = find(sheet)
    (table,) = (region for region in regions if region.kind == "table")
    assert table.box == pytest.approx((60, 180, 260 + 4 * 39, 180 + 3 * 16 + 9.6))
    assert kinds(regions) == {"text": 2, "table": 1}


def test_a_heading_read_as_one_line_does_not_cut_its_table() -> None:
    """It closes the gaps between all columns; the names stay clear of it until the longest one comes."""
    sheet = Sheet(styled=False)
    sheet.line("Place", 60, 100)
    sheet.line("Amount Weight (kg) Highest", 142, 100)
    for row, name in enumerate(("Quay", "Mill", "Weir", "Gate", "North harbour 2", "Lock", "Ford")):
        for x, text in ((60, name), (157, f"{row}.4"), (210, "31.5"), (257, "66")):
            sheet.line(text, x, 120 + 20 * row)
    tables = [region for region in find(sheet) if region.kind == "table"]
    assert len(tables) == 1
    assert all(inside(line, tables[0]) for line in sheet.lines)


@pytest.mark.parametrize(
    ("caption", "belongs"), [("", True), ("Table 2: Samples and peaks here", False), ("All in kg", False)]
)
def test_a_heading_read_as_one_line_belongs_to_its_table(caption: str, belongs: bool) -> None:
    sheet = Sheet(styled=False)
    head = sheet.line(caption or "Place   Samples Highest Share (€)", 60, 102)
    names = [("Place", 60), ("Samples", 110), ("Highest", 160), ("Share", 210), ("(€)", 240)]
    if not caption:
        head.words = [Word(text=t, box=(x, 102, x + 5 * len(t), 114)) for t, x in names]
    for row in range(5):
        for x, text in ((60, "Quay"), (120, f"{row}.4"), (170, "31.5"), (220, "66")):
            sheet.line(text, x, 120 + 18 * row)
    table = next(region for region in find(sheet) if region.kind == "table")
    assert inside(head, table) == belongs
