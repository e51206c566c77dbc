"""Tables as OCR delivers them: word boxes that wobble, lines run together, marks left out, rules drawn thick."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.documents.model import Line, Table, Word
from sampan.documents.stages import Rulings, TableInput
from sampan.documents.tables import recogniser
from sampan.documents.tables.recogniser import TableReader

HEIGHT = 24.0
ADVANCE = 11.0


@pytest.fixture(autouse=True)
def only_geometry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What words tell well must not cost a network."""

    def refuse(**_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(recogniser, "SLANet", refuse)


def line(text: str, x: float, y: float, right: bool = False) -> Line:
    """A line of fixed pitch, its words apart by one advance; `x` is its left or right end, `y` its middle."""
    start = x - ADVANCE * len(text) if right else x
    words, position = [], 0
    for part in text.split():
        position = text.index(part, position)
        box = (
            start + ADVANCE * position,
            y - HEIGHT / 2,
            start + ADVANCE * (position + len(part)),
            y + HEIGHT / 2,
        )
        words.append(Word(text=part, box=box))
        position += len(part)
    return Line(
        text=text, box=(start, y - HEIGHT / 2, start + ADVANCE * len(text), y + HEIGHT / 2), words=words
    )


def read(lines: list[Line], rulings: Rulings | None = None, image: np.ndarray | None = None) -> Table:
    boxes = np.array([one.box for one in lines])
    box = (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())
    table = TableReader().recognise(TableInput(box, lines, image, rulings=rulings))
    assert table is not None
    return table


def spans(table: Table) -> dict[str, tuple[int, int]]:
    return {c.text: (c.row_span, c.column_span) for c in table.cells if c.row_span * c.column_span > 1}


def texts(table: Table) -> list[list[str]]:
    return [[cell.text if cell else "" for cell in row] for row in table.grid()]


def test_a_total_is_a_row_of_its_own() -> None:
    """Its figure is as wide as the column, as wrapped text would be, but figures do not wrap."""
    rows = [("1", "Upper gate", "356,69 €", "2.496,86 €"), ("2", "Old mill", "326,38 €", "1.631,92 €")]
    lines = []
    for k, cells in enumerate([*rows, ("3", "Quarry", "129,12 €", "1.678,61 €")]):
        lines += [line(cells[0], 20, 40 + 33 * k), line(cells[1], 60, 40 + 33 * k)]
        lines += [line(cells[2], 400, 40 + 33 * k, right=True), line(cells[3], 560, 40 + 33 * k, right=True)]
    lines += [line("Total", 400, 139, right=True), line("33.128,88 €", 560, 139, right=True)]
    table = read(lines, Rulings())
    assert table.rows == 4
    assert spans(table) == {"Total": (1, 3)}


@pytest.mark.parametrize("counts", [(2, 2), (2, 4), (4, 2)])
def test_labels_between_rows_have_a_column(counts: tuple[int, ...]) -> None:
    """No label stands on a text row with anything else, so no row alone shows the column's gap."""
    lines = [line("Place", 200, 30), line("Share", 500, 30, right=True)]
    y, names = 70.0, []
    for group, count in enumerate(counts):
        for k in range(count):
            lines += [
                line(f"Mill {group}{k}", 200, y + 36 * k),
                line(f"{k + 3}.{group}", 500, y + 36 * k, right=True),
            ]
        names.append(["upper", "lower"][group] + " reach")
        lines.append(line(names[-1], 20, y + 36 * (count - 1) / 2))
        y += 36 * count
    table = read(lines, Rulings())
    assert (table.rows, table.columns) == (1 + sum(counts), 3)
    assert spans(table) == {name: (count, 1) for name, count in zip(names, counts, strict=True)}


def season_table(offset: float = 0.0) -> list[Line]:
    """Headings over two columns each, centred over their cells (of 200 px) and not over the figures in them."""
    lines = [line("Station", 20, 48), line("First season", 334, 30), line("Last season", 740, 30)]
    for k, name in enumerate(("Count", "Mean", "Peak", "Cost")):
        lines.append(line(name, 390 + 200 * k, 66, right=True))
    for row in range(5):
        y = 100 + 36 * row
        lines.append(line(f"Gate {row}", 20, y))
        for k in range(4):
            wobble = offset * ((row + k) % 3 - 1)
            figure = str(31 + row) if (row + k) % 4 else "87.5%"
            lines.append(line(figure, 390 + 200 * k + wobble, y, right=True))
    return lines


@pytest.mark.parametrize("offset", [0.0, 2.0])
def test_headings_do_not_widen_their_first_column(offset: float) -> None:
    table = read(season_table(offset), Rulings())
    assert (table.rows, table.columns) == (7, 5)
    assert spans(table) == {"Station": (2, 1), "First season": (1, 2), "Last season": (1, 2)}


def test_rules_under_neighbouring_headings_stay_apart() -> None:
    short = [[204.0, 48, 590, 48], [598.0, 48, 990, 48]]
    full = [[10.0, 16, 1000, 16], [10.0, 82, 1000, 82], [10.0, 262, 1000, 262]]
    rulings = Rulings(np.array([*short, *full], np.float32))
    assert spans(read(season_table(), rulings)) == {
        "Station": (2, 1), "First season": (1, 2), "Last season": (1, 2)
    }  # fmt: skip


@pytest.mark.parametrize(("length", "sign"), [(5, "-"), (10, "–"), (20, "—")])
def test_dashes_are_found_in_blank_cells(length: int, sign: str) -> None:
    rng = np.random.default_rng(length)
    image = np.full((260, 620, 3), 236, np.uint8)
    lines = []
    for row in range(6):
        lines.append(line(f"Gate {row}", 20, 30 + 40 * row))
        for k in range(2):
            if (row, k) not in ((2, 1), (4, 0)):
                lines.append(line("48.5", 300 + 200 * k, 30 + 40 * row, right=True))
    for one in lines:
        x0, y0, x1, y1 = (int(v) for v in one.box)
        cv2.rectangle(image, (x0, y0 + 5), (x1, y1 - 5), (40, 40, 40), -1)
    cv2.rectangle(image, (500 - length, 111), (499, 112), (40, 40, 40), -1)
    image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    grid = texts(read(lines, image=image))
    assert grid[2][2] == sign
    assert grid[4][1] == ""


def test_a_stroke_read_as_the_chinese_one_is_a_dash_among_figures() -> None:
    lines = []
    for row, figure in enumerate(("4.0", "一", "2.6", "849", "15")):
        lines += [line(f"Gate {row}", 20, 30 + 40 * row), line(figure, 300, 30 + 40 * row, right=True)]
    table = read(lines, image=np.full((240, 400, 3), 240, np.uint8))
    assert [row[1] for row in texts(table)] == ["4.0", "–", "2.6", "849", "15"]


def test_thick_lines_of_a_small_table_are_rulings() -> None:
    """Thickness counts in text heights: the cut-out of a small table says nothing of it."""
    image = np.full((230, 400, 3), 235, np.uint8)
    lines = []
    for row in range(4):
        lines.append(line("label" if row in (0, 1) else "", 30, 45 + 45 * row))
        lines += [
            line(f"{row}4.7", 260, 45 + 45 * row, right=True),
            line("5.3", 360, 45 + 45 * row, right=True),
        ]
    lines = [one for one in lines if one.text]
    for y in (22, 67, 112, 157, 202):
        cv2.line(image, (20, y) if y != 157 else (130, y), (380, y), (60, 60, 60), 4)
    for x in (20, 130, 290, 380):
        cv2.line(image, (x, 22), (x, 202), (60, 60, 60), 4)
    table = read(lines, image=cv2.GaussianBlur(image, (3, 3), 0))
    assert (table.rows, table.columns) == (4, 3)
    assert [(c.row, c.column, c.row_span) for c in table.cells if c.row_span > 1] == [(2, 0, 2)]


boxes = st.tuples(*[st.floats(-50, 250)] * 4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=6), boxes, st.booleans()), max_size=8),
    boxes,
    st.lists(boxes, max_size=6),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([1.0, 0.01, 4.0]),
)
def test_odd_input_gives_a_table_or_none(
    said: list[tuple[str, tuple[float, ...], bool]],
    region: tuple[float, float, float, float],
    rulings: list[tuple[float, ...]],
    size: tuple[int, int],
    scale: float,
) -> None:
    lines = [
        Line(text=text, box=box, words=[Word(text=text, box=box)] if worded else [])  # type: ignore[arg-type]
        for text, box, worded in said
    ]
    drawn = np.array(rulings, np.float32).reshape(-1, 4)
    reader = TableReader()
    reader.__dict__["_slanet"] = None
    for image, lines_drawn in (
        (np.zeros((*size, 3), np.uint8), None),
        (None, Rulings(drawn, drawn[:, [1, 0, 3, 2]])),
    ):
        found = reader.recognise(TableInput(region, lines, image, scale, lines_drawn))
        assert found is None or found.rows * found.columns > 0
