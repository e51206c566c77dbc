"""What only several pages together tell: running heads, heading levels, text and tables that go on."""

from __future__ import annotations

from sampan.documents.assembly import assemble_document
from sampan.documents.model import (
    Block,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Style,
    Table,
    TableBlock,
    TextBlock,
)


def lines_of(
    text: str, x: float, y: float, size: float = 10.0, bold: bool = False, width: float = 240.0
) -> list[Line]:
    style = Style(size=size, bold=bold)
    return [
        Line(text=part, box=(x, y + 1.3 * size * k, x + width, y + 1.3 * size * k + 1.2 * size), style=style)
        for k, part in enumerate(text.split("\n"))
    ]


def text(name: str, content: str, x: float, y: float, order: int = 0) -> TextBlock:
    lines = lines_of(content, x, y)
    box = (x, y, x + 240, lines[-1].box[3])
    return TextBlock(id=name, box=box, order=order, lines=lines, text=content.replace("\n", " "))


def heading(name: str, content: str, y: float, size: float, bold: bool = True) -> HeadingBlock:
    return HeadingBlock(
        id=name, box=(50, y, 290, y + size), order=0, lines=lines_of(content, 50, y, size, bold), text=content
    )


def pages(*contents: list[Block]) -> list[Page]:
    return [
        Page(number=k + 1, width=600, height=800, unit="pt", blocks=blocks)
        for k, blocks in enumerate(contents)
    ]


def test_text_goes_on_over_columns_and_pages() -> None:
    made = pages(
        [text("a", "The boat was mea-", 50, 700), text("b", "sured twice and\nthen the river", 310, 100, 1)],
        [text("c", "rose again.", 50, 100), text("d", "A new day.", 50, 200, 1)],
    )
    assemble_document(made)
    a, b, c, d = (block for page in made for block in page.blocks)
    assert a.text == "The boat was measured twice and then the river rose again."
    assert (b.text, b.continues, c.text, c.continues) == ("", "a", "", "a")
    assert (d.text, d.continues) == ("A new day.", None)
    assert len(b.lines) == 2


def test_finished_sentences_and_paragraphs_in_one_column_do_not_go_on() -> None:
    made = pages(
        [text("a", "The boat left.", 50, 100), text("b", "and it came back", 50, 200, 1)],
        [text("c", "Then it slept.", 50, 100)],
    )
    assemble_document(made)
    assert all(block.continues is None and block.text for page in made for block in page.blocks)


def test_repeated_edges_are_furniture() -> None:
    made = pages(*[
        [text(f"h{k}", f"Boats, part {k}", 50, 40), text(f"t{k}", f"Story {k}.", 50, 300, 1), text(f"n{k}", f"{k}", 280, 770, 2)]
        for k in range(1, 5)
    ])  # fmt: skip
    assemble_document(made)
    for page in made:
        assert [block.kind for block in page.blocks] == ["header", "text", "page_number"]
        assert [block.order for block in page.blocks] == [None, 0, None]


def test_levels_agree_over_the_document() -> None:
    made = pages(
        [heading("a", "Boats", 100, 18), heading("b", "Oars", 200, 14), heading("c", "Blades", 300, 11)],
        [heading("d", "Oars again", 100, 14.1), heading("e", "Rivers", 200, 18)],
    )
    assemble_document(made)
    assert [block.level for page in made for block in page.blocks] == [1, 2, 3, 2, 1]  # type: ignore[union-attr]


def test_section_numbers_beat_sizes() -> None:
    made = pages(
        [
            heading("a", "2.1 Oars", 100, 14),
            heading("b", "Blades", 200, 14),
            heading("c", "3 Rivers", 300, 14),
        ]
    )
    assemble_document(made)
    assert [block.level for block in made[0].blocks] == [2, 1, 1] or [b.level for b in made[0].blocks] == [
        2,
        2,
        1,
    ]  # type: ignore[union-attr]


def test_tables_and_lists_go_on() -> None:
    table = Table(rows=1, columns=2)
    item = [ListItem(text="x", marker="4.", ordered=True)]
    first = TableBlock(id="a", box=(50, 600, 500, 780), order=0, table=table)
    second = TableBlock(id="b", box=(51, 60, 499, 200), order=0, table=table)
    other = TableBlock(id="c", box=(51, 60, 499, 200), order=0, table=Table(rows=1, columns=3))
    made = pages([first], [second], [other])
    assemble_document(made)
    assert [page.blocks[0].continues for page in made] == [None, "a", None]
    lists = pages(*[[ListBlock(id=name, box=(50, 60, 300, 90), order=0, items=item)] for name in "ab"])
    assemble_document(lists)
    assert [page.blocks[0].continues for page in lists] == [None, "a"]
