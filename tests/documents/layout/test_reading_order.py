"""Order of blocks: layouts with a known order, any input order, mirrored and turned pages."""

from __future__ import annotations

import random

import pytest

from sampan.documents.layout.reading_order import reading_order

SIZE = (600.0, 800.0)
Box = tuple[float, float, float, float]

TITLE: Box = (50, 20, 550, 50)
TWO_COLUMNS: list[Box] = [
    TITLE,
    (50, 60, 290, 200), (50, 210, 290, 400), (310, 60, 550, 300), (310, 310, 550, 400),
]  # fmt: skip
LAYOUTS: dict[str, list[Box]] = {
    "one column": [TITLE, (50, 60, 550, 100), (50, 110, 400, 130), (50, 140, 550, 300)],
    "two columns": TWO_COLUMNS,
    "two columns, aligned gaps": [(x, y, x + 240, y + 90) for x in (50, 310) for y in (60, 160, 260, 360)],
    "figure across between columns": [
        *TWO_COLUMNS, (50, 420, 550, 500), (50, 520, 290, 700), (310, 520, 550, 700),
    ],
    "three columns under authors": [
        TITLE, (60, 60, 180, 75), (240, 60, 360, 75), (420, 60, 540, 75),
        (50, 100, 200, 400), (50, 405, 200, 700), (225, 100, 375, 700), (400, 100, 550, 300), (400, 310, 550, 700),
    ],
    "figure across two of three columns": [
        TITLE, (50, 60, 200, 380), (50, 500, 200, 700), (225, 60, 375, 380), (225, 500, 375, 700), (400, 60, 550, 700),
    ],
    "date to the right over a name to the left": [(50, 20, 550, 60), (400, 80, 550, 92), (50, 110, 200, 122), (50, 130, 550, 200)],
    "form": [box for y in range(100, 200, 20) for box in ((50.0, y, 150.0, y + 11.0), (300.0, y, 500.0, y + 11.0))],
    "side note": [TITLE, (50, 60, 420, 200), (50, 210, 420, 500), (450, 100, 550, 160)],
}  # fmt: skip


def ordered(boxes: list[Box], kinds: list[str] | None = None, **more: object) -> list[int]:
    return reading_order(boxes, kinds or ["text"] * len(boxes), SIZE, text_height=10.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("seed", range(5))
def test_known_layouts_in_any_input_order(name: str, seed: int) -> None:
    chance = random.Random(seed)
    boxes = LAYOUTS[name]
    mixed = list(range(len(boxes)))
    chance.shuffle(mixed)
    jittered = [tuple(v + chance.uniform(-0.4, 0.4) for v in boxes[i]) for i in mixed]
    assert [mixed[i] for i in ordered(jittered)] == list(range(len(boxes)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [n for n in LAYOUTS if n != "date to the right over a name to the left"])
def test_right_to_left_is_the_mirrored_order(name: str) -> None:
    mirrored = [(SIZE[0] - x1, y0, SIZE[0] - x0, y1) for x0, y0, x1, y1 in LAYOUTS[name]]
    assert ordered(mirrored, direction="rtl") == list(range(len(mirrored)))


def test_vertical_text_runs_from_the_right_column_to_the_left() -> None:
    columns = [(x, 50.0, x + 12.0, 700.0) for x in (500.0, 470.0, 440.0, 410.0)]
    assert ordered([columns[2], columns[0], columns[3], columns[1]], direction="ttb") == [1, 3, 0, 2]


def test_headers_come_first_and_footnotes_and_footers_last() -> None:
    boxes: list[Box] = [(50, 700, 290, 720), (50, 780, 550, 790), *TWO_COLUMNS, (50, 5, 550, 15)]
    kinds = ["footnote", "footer", *["text"] * 5, "header"]
    assert ordered(boxes, kinds) == [7, 2, 3, 4, 5, 6, 0, 1]


def test_heading_over_balanced_columns_starts_a_section() -> None:
    boxes: list[Box] = [
        (50, 60, 290, 300), (310, 60, 550, 298), (50, 320, 200, 334), (50, 340, 290, 600), (310, 340, 550, 600),
    ]  # fmt: skip
    assert ordered(boxes, ["text", "text", "heading", "text", "text"]) == [0, 1, 2, 3, 4]


def test_heading_in_a_column_does_not_cut_the_other_column() -> None:
    boxes: list[Box] = [
        (50, 60, 290, 300), (50, 320, 200, 334), (50, 340, 290, 600), (310, 60, 550, 315), (310, 330, 550, 600),
    ]  # fmt: skip
    assert ordered(boxes, ["text", "heading", "text", "text", "text"]) == [0, 1, 2, 3, 4]


def test_every_block_once_whatever_the_boxes() -> None:
    chance = random.Random(3)
    for _ in range(60):
        boxes: list[Box] = []
        for _ in range(chance.randrange(0, 25)):
            x, y = chance.uniform(0, 580), chance.uniform(0, 780)
            boxes.append((x, y, x + chance.uniform(0, 300), y + chance.uniform(0, 200)))
        assert sorted(ordered(boxes)) == list(range(len(boxes)))
