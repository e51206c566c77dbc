"""SLANet-plus: its decoding on made-up outputs, its structure on drawn tables."""

from __future__ import annotations

import numpy as np
import pytest
from tests.documents.tables.rendered import Look, render
from tests.documents.tables.test_recogniser import PLAIN, SPANS

from sampan.documents.options import ParseOptions
from sampan.documents.tables.html import from_html, to_html
from sampan.documents.tables.recogniser import TableReader
from sampan.documents.tables.slanet import SIDE, SLANet, decode, prepare, structure_grid

VOCABULARY = ["sos", "<tr>", "</tr>", "<td", ">", "</td>", ' colspan="2"', "<td></td>", "eos"]


def outputs(tokens: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Location (T, 8) and probability (T, V): step t says token t and a box at t hundredths of the square."""
    steps = [VOCABULARY.index(token) for token in tokens]
    probability = np.full((len(steps), len(VOCABULARY)), 0.01, np.float32)
    probability[np.arange(len(steps)), steps] = 0.9
    start = np.arange(len(steps), dtype=np.float32)[:, None] / 100
    corners = np.asarray([0, 0, 0.02, 0, 0.02, 0.01, 0, 0.01], np.float32)
    return start + corners, probability


def test_boxes_belong_to_the_step_that_opens_the_cell() -> None:
    tokens = [
        "<tr>",
        "<td",
        ' colspan="2"',
        ">",
        "</td>",
        "</tr>",
        "<tr>",
        "<td></td>",
        "<td></td>",
        "eos",
        "<tr>",
    ]
    found = decode(*outputs(tokens), VOCABULARY, (300, 200))
    assert [(c.row, c.column, c.column_span) for c in found.table.cells] == [(0, 0, 2), (1, 0, 1), (1, 1, 1)]
    # Fractions of the padded square, whose side is the picture's longer one.
    assert np.allclose(found.boxes, [[3, 3, 9, 6], [21, 21, 27, 24], [24, 24, 30, 27]], atol=1e-3)
    assert found.complete and found.confidence == pytest.approx(0.9)


def test_a_table_beyond_the_token_limit_is_incomplete() -> None:
    found = decode(*outputs(["<tr>", "<td></td>", "</tr>", "<tr>"]), VOCABULARY, (10, 10))
    assert not found.complete


def test_picture_keeps_its_shape_and_is_padded() -> None:
    image = np.full((100, 200, 3), 255, np.uint8)
    tensor = prepare(image)
    assert tensor.shape == (1, 3, SIDE, SIDE)
    assert (tensor[0, :, : SIDE // 2] > 2).all() and (tensor[0, :, SIDE // 2 :] == 0).all()


@pytest.mark.parametrize("table", [PLAIN, SPANS])
@pytest.mark.parametrize("rules", ["full", "booktabs", "none"])
def test_structure_of_drawn_tables(table: object, rules: str) -> None:
    drawn = render(from_html(to_html(table)), Look(rules=rules), picture=True)  # type: ignore[arg-type]
    box = [int(value) for value in drawn.given.box]
    assert drawn.given.image is not None
    found = SLANet(threads=1)(drawn.given.image[box[1] - 5 : box[3] + 5, box[0] - 5 : box[2] + 5])
    truth = [(c.row, c.column, c.row_span, c.column_span) for c in drawn.table.cells]
    assert [(c.row, c.column, c.row_span, c.column_span) for c in found.table.cells] == truth
    grid = structure_grid(found, found.boxes, None, None)
    assert grid is not None and len(grid.cells) == len(truth)


def test_without_weights_the_words_still_make_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from sampan.documents.tables import recogniser
    from sampan.errors import WeightsError

    def missing(threads: int | None = None) -> SLANet:
        raise WeightsError("no weights")

    monkeypatch.setattr(recogniser, "SLANet", missing)
    given = render(PLAIN, Look(rules="none"), picture=True).given
    given.rulings = None
    found = TableReader(ParseOptions()).recognise(given)
    assert found is not None and to_html(found) == to_html(PLAIN)
