"""Structure tokens, cells and pictures of tables agree."""

from __future__ import annotations

import numpy as np
import pytest
from lxml import html

from sampan.vision.annotations.pubtabnet import count_cells
from sampan.vision.synthesis.folders import table_label
from sampan.vision.synthesis.geometry import bounds
from sampan.vision.synthesis.tables import STYLES, TableOptions, TableSynthesizer, structure_tokens


@pytest.fixture(scope="module")
def tables(library):
    options = TableOptions(
        languages={"en": 1.0, "ru": 1.0}, fonts="all", split="all", span=0.7, rows=(2, 8), columns=(2, 5),
        degradations={"clean": 1.0, "scan": 1.0},
    )  # fmt: skip
    source = TableSynthesizer(options, library)
    return [source.draw(index) for index in range(24)]


def grid_of(text: str) -> np.ndarray:
    """Which cell holds each place, by the rules of HTML, from a parse that knows nothing of ours."""
    rows = html.fromstring(text).xpath(".//tr")
    places: dict[tuple[int, int], int] = {}
    number = 0
    for row, element in enumerate(rows):
        column = 0
        for cell in element.xpath("./td"):
            while (row, column) in places:
                column += 1
            for down in range(int(cell.get("rowspan", 1))):
                for across in range(int(cell.get("colspan", 1))):
                    assert (row + down, column + across) not in places, "cells overlap"
                    places[row + down, column + across] = number
            number += 1
    height, width = (max(place[axis] for place in places) + 1 for axis in (0, 1))
    assert len(places) == height * width, "the grid has holes"
    assert height == len(rows)
    return np.array([[places[row, column] for column in range(width)] for row in range(height)])


def test_tokens_make_a_whole_grid_whose_cells_are_ours(tables) -> None:
    spans = 0
    for page in tables:
        label = table_label(page.tables[0], "x.png")
        grid = grid_of(label.html)
        cells = sorted(page.tables[0].cells, key=lambda cell: (cell.row, cell.column))
        assert count_cells(label.structure) == len(cells) == len(label.cells) == grid.max() + 1
        texts = [element.text_content() for element in html.fromstring(label.html).xpath(".//td")]
        assert texts == [cell.text for cell in cells]
        for number, cell in enumerate(cells):
            rows, columns = np.where(grid == number)
            assert (rows.min(), columns.min()) == (cell.row, cell.column)
            assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (cell.rows, cell.columns)
            spans += cell.rows > 1 or cell.columns > 1
    assert spans > 5


def test_texts_lie_in_their_cells_and_cells_in_the_table(tables) -> None:
    for page in tables:
        back = np.linalg.inv(page.matrix)
        from sampan.vision.synthesis.geometry import map_points

        table = bounds(map_points(page.tables[0].quad, back))
        for cell in page.tables[0].cells:
            room = bounds(map_points(cell.quad, back))
            assert table[0] - 0.1 <= room[0] and room[2] <= table[2] + 0.1
            assert table[1] - 0.1 <= room[1] and room[3] <= table[3] + 0.1
            assert (cell.ink is None) == (cell.text == "")
            if cell.ink is not None:
                ink = bounds(map_points(cell.ink, back))
                assert room[0] <= ink[0] and room[1] <= ink[1] and ink[2] <= room[2] and ink[3] <= room[3]


def test_cells_of_one_row_do_not_overlap(tables) -> None:
    for page in tables:
        back = np.linalg.inv(page.matrix)
        from sampan.vision.synthesis.geometry import map_points

        rooms = [bounds(map_points(cell.quad, back)) for cell in page.tables[0].cells]
        for first, one in enumerate(rooms):
            for two in rooms[first + 1 :]:
                assert (
                    min(one[2], two[2]) - max(one[0], two[0]) < 0.2
                    or min(one[3], two[3]) - max(one[1], two[1]) < 0.2
                )


def test_all_styles_are_drawn_and_ruled_tables_have_rules(library) -> None:
    from sampan.vision.synthesis.languages import language
    from sampan.vision.synthesis.prose import Prose
    from sampan.vision.synthesis.seeds import generator
    from sampan.vision.synthesis.sheet import Sheet
    from sampan.vision.synthesis.tables import draw_table, measure, plan_table

    face = next(face for face in library.fonts if face.name == "DejaVu Sans Book")
    prose = Prose(language("en"), library.texts, "all", (face, face))
    for style in STYLES:
        rng = generator(0, "table", 3)
        plan = plan_table(rng, prose, 4, 3, spans=False, style=style)
        at = measure(rng, plan, face, face, 14.0)
        sheet = Sheet(np.full((int(at.ys[-1]) + 20, int(at.xs[-1]) + 20, 1), 255, np.float32))
        draw_table(sheet, plan, at, 10, 10, (face, face), 14.0, 0.0)
        middle = sheet.pixels[10 + int(at.ys[2]) : 12 + int(at.ys[2]), 12:-12, 0]
        ruled = bool((middle == 0).all(axis=1).any())
        assert ruled == (style in ("ruled", "horizontal")), style
        assert structure_tokens(plan).count("<tr>") == 4


def test_the_table_models_vocabulary_knows_every_token(tables) -> None:
    pytest.importorskip("torch")
    from sampan.vision.tables.vocabulary import CHINESE, ENGLISH

    for page in tables:
        assert set(page.tables[0].structure) <= set(ENGLISH) and set(page.tables[0].structure) <= set(CHINESE)
