"""Lines as they are read from pictures: boxes too wide or too high, doubtful sizes, rows in pieces."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from tests.documents.layout.synthetic import Sheet, prose

from sampan.documents.assembly import assemble_page
from sampan.documents.layout import RuleLayout
from sampan.documents.layout.page_lines import text_box
from sampan.documents.model import Block, Line
from sampan.documents.stages import Image, Region

SIZE = (612.0, 792.0)


def find(sheet: Sheet, image: Image | None = None) -> list[Region]:
    random.Random(3).shuffle(sheet.lines)
    return RuleLayout().find(sheet.lines, SIZE, image)


def blocks(sheet: Sheet, image: Image | None = None) -> list[Block]:
    regions = find(sheet, image)
    return assemble_page(sheet.lines, regions, SIZE, page_number=1, tables=None, unit="px")


def column(sheet: Sheet, seed: int, x: float, y: float, rows: int = 6, letters: int = 46) -> list[str]:
    """Prose set line by line; returns its lines."""
    words = " ".join(prose(seed, 200))
    texts = [words[k * letters : (k + 1) * letters].strip() or "and" for k in range(rows)]
    for k, text in enumerate(texts):
        sheet.read(text, x, y + 13 * k)
    return texts


@pytest.mark.parametrize(
    ("text", "left", "right", "expected"),
    [
        ("a line of text", 40, 0, (98, 170)),
        ("a line of text", 0, 30, (100, 172)),
        ("a line of text", 4, 5, (96, 175)),
        ('"     a line of text', 0, 0, (128, 200)),
        ("•     a line of text", 0, 0, (100, 200)),
        ("7     a line of text", 0, 0, (100, 200)),
    ],
)
def test_boxes_end_where_the_words_do(
    text: str, left: float, right: float, expected: tuple[int, int]
) -> None:
    line = Sheet(styled=False).read(text, 100, 50, left=left, right=right)
    x0, y0, x1, y1 = text_box(line)
    assert (x0, x1) == pytest.approx(expected, abs=0.5)
    assert (y0, y1) == (line.box[1], line.box[3])


def test_text_layers_and_vertical_lines_keep_their_boxes() -> None:
    line = Sheet(styled=False).read("a line of text", 100, 50, left=40)
    for change in ({"origin": "text_layer"}, {"direction": "ttb"}, {"words": []}):
        changed = line.model_copy(update=change)
        assert text_box(changed) == line.box


def test_a_box_that_runs_into_the_gutter_does_not_join_the_columns() -> None:
    sheet = Sheet(styled=False)
    expected = [*column(sheet, 1, 60, 100), "Left Heading"]
    sheet.read("Left Heading", 60, 196, size=14)
    expected += column(sheet, 2, 60, 226)
    expected += [*column(sheet, 3, 330, 100, rows=9), "Right Heading"]
    sheet.read("Right Heading", 330, 235, size=14, left=60)
    expected += column(sheet, 4, 330, 265)
    found = " ".join(line.text for block in blocks(sheet) for line in block.lines)
    assert found == " ".join(expected)


def test_chinese_headings_part_from_the_text_around_them() -> None:
    sheet = Sheet(styled=False, size=12)
    parts = ["顾明远", "摘要", "背景与目的"]
    sheet.read("顾明远", 285, 80, em=1.0, tall=3)
    sheet.read("摘要", 292, 112, em=1.0, tall=4)
    for k, text in enumerate(
        ["本文介绍一种只用一盏灯、两个光敏元件和一只玻璃瓶测量河水含沙量的方法，在二"] * 2
    ):
        sheet.read(text, 60, 138 + 20 * k, em=1.0)
    sheet.read("读数随文公开。", 60, 178, em=1.0)
    sheet.read("背景与目的", 60, 208, size=18, em=1.0)
    for k in range(5):
        sheet.read("目的很实际。港池清淤每年花费预算假定泥沙", 60, 238 + 20 * k, em=1.0)
        sheet.read("成员可以享受折扣，对账目有疑问的人请在月", 330, 210 + 20 * k, em=1.0)
    texts = [block.text for block in blocks(sheet)]
    for part in parts:
        assert part in texts


def table(sheet: Sheet, rows: int, **box: float) -> list[Line]:
    names = ["Old mill", "Meadow", "Brewery", "Ferry", "North quay", "Bridge"]
    made = []
    for r in range(rows):
        texts = [names[r], str(7 * r + 3), f"{r}.{r + 1}", f"{40 + r}.5%", str(900 + 17 * r)]
        for text, right in zip(texts, (0, 230, 320, 410, 500), strict=True):
            x = 70.0 if not right else right - 5.0 * len(text)
            made.append(sheet.read(text, x, 300 + 18 * r, **box))
    return made


def test_numbers_in_tall_boxes_are_cells() -> None:
    sheet = Sheet(styled=False)
    column(sheet, 1, 60, 100, letters=90)
    column(sheet, 2, 60, 480, letters=90)
    cells = table(sheet, 6, tall=7)
    (region,) = (r for r in find(sheet) if r.kind == "table")
    assert region.box[1] <= min(line.box[1] for line in cells)
    assert region.box[3] >= max(line.box[3] for line in cells)
    assert region.box[2] == max(line.box[2] for line in cells)


def test_a_row_whose_boxes_touch_belongs_to_the_table() -> None:
    sheet = Sheet(styled=False)
    column(sheet, 1, 60, 100, letters=90)
    column(sheet, 2, 60, 480, letters=90)
    places = (70, 163, 195, 252, 291)
    for text, x in zip(("Station and gate", "Mean", "Most ever", "Share", "Cost"), places, strict=True):
        sheet.read(text, x, 282, left=9, right=9)
    for r, name in enumerate(["Old mill lock", "Meadow", "Brewery", "Ferry", "North quay and so"]):
        row = (name, "31", f"7.{r}", f"9{r}", f"4{r}")
        for text, x in zip(row, (70, 173, 220, 267, 301), strict=True):
            sheet.read(text, x, 300 + 18 * r, left=9, right=9)
    (region,) = (r for r in find(sheet) if r.kind == "table")
    assert region.box[1] == 282
    assert region.box[3] == 300 + 4 * 18 + 12


def pie(sheet: Sheet) -> tuple[Image, list[Line]]:
    image = np.full((792, 612, 3), 250, np.uint8)
    cv2.circle(image, (120, 320), 60, (160, 90, 40), -1)
    legend = [
        sheet.read(text, 198, 290 + 18 * k) for k, text in enumerate(["open 35%", "closed 23%", "moved 42%"])
    ]
    sheet.read("Figure 1. State of all stations in June.", 60, 395)
    column(sheet, 1, 60, 100)
    column(sheet, 2, 60, 450)
    column(sheet, 3, 330, 100, rows=20)
    return image, legend


def test_a_legend_beside_a_figure_is_part_of_it() -> None:
    sheet = Sheet(styled=False)
    image, legend = pie(sheet)
    (figure,) = (r for r in find(sheet, image) if r.kind == "figure")
    for line in legend:
        assert figure.box[0] <= line.box[0]
        assert line.box[2] <= figure.box[2]


def test_short_lines_of_a_column_beside_a_figure_are_no_legend() -> None:
    sheet = Sheet(styled=False)
    image, legend = pie(sheet)
    sheet.read("and then the boat left", 198, 270)
    sheet.read("under the old bridge", 198, 255)
    (figure,) = (r for r in find(sheet, image) if r.kind == "figure")
    assert figure.box[2] < legend[0].box[0]


def test_words_far_apart_in_justified_lines_stay_in_their_paragraph() -> None:
    sheet = Sheet(styled=False)
    texts = column(sheet, 1, 60, 100, rows=3, letters=40)
    # Two loose lines under each other, whose gaps lie over each other too.
    for y, pieces in ((139, ("over, and", "the", "other")), (152, ("deviations", "are", "minor"))):
        for text, x in zip(pieces, (60, 150, 220), strict=True):
            sheet.read(text, x, y)
        texts += [" ".join(pieces)]
    words = " ".join(prose(2, 60))
    for k in range(3):
        sheet.read(words[k * 40 : k * 40 + 40].strip(), 60, 165 + 13 * k)
        texts.append(words[k * 40 : k * 40 + 40].strip())
    column(sheet, 3, 330, 100, rows=12)
    found = " ".join(" ".join(block.text.split()) for block in blocks(sheet))
    assert " ".join(texts) in found


def test_boxes_that_overlap_a_little_are_one_line_of_code() -> None:
    sheet = Sheet(styled=False)
    sheet.read("class Station:", 60, 100, em=0.6)
    sheet.read("def", 84, 114, em=0.6, right=8)
    sheet.read("_init__(self, name, offset=0.0):", 108, 114, em=0.6, left=5)
    for k, text in enumerate(["self.name = name", "self.offset = offset", "self.log = {}"]):
        sheet.read(text, 108, 128 + 14 * k, em=0.6)
    (block,) = blocks(sheet)
    assert block.kind == "code"
    assert block.text.splitlines()[1] == "    def _init__(self, name, offset=0.0):"


def test_a_narrow_gutter_is_not_read_over() -> None:
    """Two columns of loosely justified lines whose gutter is no wider than a word space."""
    rows = 12
    lines = []
    for row in range(rows):
        y = 100.0 + 30 * row
        for x0, name in ((100.0, "left"), (512.0, "right")):
            lines.append(Line(text=f"{name} column text row {row}", box=(x0, y, x0 + 400, y + 24)))
    regions = RuleLayout().find(lines, (1024.0, 800.0))
    for region in regions:
        inside = {
            line.text.split()[0]
            for line in lines
            if region.box[0] <= line.box[0] and line.box[2] <= region.box[2]
            and region.box[1] <= line.box[1] and line.box[3] <= region.box[3]
        }  # fmt: skip
        assert len(inside) <= 1, region
