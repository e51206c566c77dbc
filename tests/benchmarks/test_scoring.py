"""The benchmark's scores: what must not cost anything, and what must."""

from __future__ import annotations

import pytest

pytest.importorskip("rapidfuzz")
pytest.importorskip("scipy")

from benchmarks.scoring import (
    Truth,
    html_of_cells,
    normalise,
    order_error,
    plain_of_markdown,
    score_tables,
    score_text,
    tables_of_markdown,
)

from sampan.documents.model import Document, Line, Page, Source, TextBlock

FIRST = "The towpath begins behind the brewery and fol-"
SECOND = "lows the canal to the double lock."
OTHER = "Halfway, a stone with a worn number marks the border of the county."


def truth() -> Truth:
    def block(number: int, order: int | None, *lines: str, kind: str = "text", text: str = "") -> TextBlock:
        made = [Line(text=line, box=(0, 0, 1, 1)) for line in lines]
        return TextBlock(
            kind=kind,
            id=f"p1-b{number}",
            box=(0, 0, 1, 1),
            order=order,
            lines=made,
            text=text or " ".join(lines),
        )

    page = Page(
        number=1, width=10, height=10, unit="px",
        blocks=[
            block(1, None, "Bulletin 7", kind="header"),
            block(2, 0, FIRST, SECOND, text="The towpath begins behind the brewery and follows the canal to the double lock."),
            block(3, 1, OTHER),
        ],
    )  # fmt: skip
    return Truth(Document(source=Source(name="a", media_type="image/png"), pages=[page]))


@pytest.mark.parametrize("furniture", [True, False])
@pytest.mark.parametrize("joined", [True, False])
def test_furniture_and_hyphens_are_free(furniture, joined):
    body = f"{FIRST}\n{SECOND}" if not joined else FIRST[:-1] + SECOND
    answer = ("Bulletin 7\n" if furniture else "") + body + "\n\n" + OTHER
    scores = score_text(answer, truth())
    assert scores == {"character_f1": 1.0, "word_f1": 1.0, "edit": 0.0, "order": 0.0}


def test_swapped_blocks_cost_order_but_not_f1():
    scores = score_text(f"{OTHER}\n{FIRST}\n{SECOND}", truth())
    assert scores["character_f1"] == 1.0
    assert scores["edit"] > 0.5
    assert scores["order"] == 1.0


def test_missing_and_wrong_text_costs_f1():
    lost = score_text(OTHER, truth())
    assert lost["character_f1"] < 0.75
    assert score_text(f"{FIRST}\n{SECOND}\n{OTHER.replace('stone', 'st0ne')}", truth())["word_f1"] < 1.0


def test_blocks_that_differ_in_figures_only_keep_their_order():
    blocks = [f"Readings above {n} have been confirmed by a second sample." for n in (123, 456, 789)]
    assert order_error(normalise("\n".join(blocks)), blocks) == 0.0


def test_blanks_beside_ideographs_do_not_count():
    assert normalise("港口 通讯\n第 7 期 abc  def") == "港口通讯第7期abc def"


def test_markdown_becomes_plain_text():
    markdown = "# A **bold** title\n\n- one\n- two `x = 1`\n\n| a | b |\n|---|---|\n| 1\\|2 | *c* |\n\n![](f.png)\n\n5 \\* 3"
    assert normalise(plain_of_markdown(markdown)) == "A bold title one two x = 1 a b 1|2 c 5 * 3"


def test_tables_are_found_and_matched():
    cells = [(0, 0, 1, 2, "head"), (1, 0, 1, 1, "a"), (1, 1, 1, 1, "b")]
    table = html_of_cells(cells)
    other = html_of_cells([(0, 0, 1, 1, "x"), (1, 0, 1, 1, "y")])
    assert tables_of_markdown(f"text\n\n{table}\n\nmore") == [table]
    pipe = tables_of_markdown("| x |\n|---|\n| y |\n")
    assert pipe == [other]
    scores = score_tables([other, table], [table])
    assert (scores["teds"], scores["surplus"]) == (1.0, 1)
    assert score_tables([], [table])["teds"] == 0.0
    assert (
        score_tables([html_of_cells([(0, 0, 1, 1, "head"), (1, 0, 1, 1, "a"), (1, 1, 1, 1, "b")])], [table])[
            "teds"
        ]
        < 1.0
    )
