"""Hypothesis strategies for arbitrary valid documents, shared by all tests that take a `Document`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sampan.documents.model import (
    Block,
    CaptionBlock,
    Cell,
    CodeBlock,
    Document,
    Failure,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Source,
    Style,
    Table,
    TableBlock,
    TextBlock,
    Word,
)

SNIPPETS = [
    "<script>alert(1)</script>",
    "a | b",
    "`code`",
    "``",
    "$5 and $6",
    "*bold*",
    "_it_",
    "snake_case",
    "1. one",
    "- dash",
    "> quote",
    "[a](b)",
    "![a](b)",
    "[x]: y",
    "&amp;",
    "~~no~~",
    "\\",
    "---",
    "===",
    "|--|--|",
    "漢字かな交じり",
    "שלום עולם",
    "مرحبا",
    "3.5",
    "C:\\dir\\*",
    "]]>",
    "\"quoted\" 'text'",
    "<!-- -->",
    "{{x}}",
    "javascript:alert(1)",
    "\t",
    "```",
    "+ plus",
    "10) ten",
    "e\u0301",
    "\U0001f600",
    "- [ ] todo",
    "www.a.b",
]
"""Texts that mean something in some output format."""

plain_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=20
)
texts = st.lists(st.one_of(plain_text, st.sampled_from(SNIPPETS)), max_size=5).map(" ".join)
"""One line of valid Unicode, often with markup in it."""
wild_texts = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=12),
        st.sampled_from(
            [*SNIPPETS, "\x00", "\x1b[31m", "\ud800", "\udc00x", "\r\n", "\u2028", "\u202e", "\n\n"]
        ),
    ),
    max_size=5,
).map("".join)
"""Anything a Python string can hold: control characters, lone surrogates, line ends of all kinds."""

numbers = st.floats(-1000, 2000, allow_nan=False).map(lambda value: round(value, 2) + 0.0)
confidences = st.floats(0, 1).map(lambda value: round(value, 4))


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x0, x1 = sorted((draw(numbers), draw(numbers)))
    y0, y1 = sorted((draw(numbers), draw(numbers)))
    return x0, y0, x1, y1


points = st.tuples(numbers, numbers)
quads = st.none() | st.tuples(points, points, points, points)
styles = st.none() | st.builds(
    Style,
    font=st.none() | st.just("Serif"),
    size=st.none() | numbers,
    bold=st.booleans(),
    monospace=st.booleans(),
    color=st.none() | st.just("#10a0ff"),
)


def words(text: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Word]:
    return st.builds(Word, text=text, box=boxes(), quad=quads, confidence=confidences, style=styles)


def lines(text: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Line]:
    return st.builds(
        Line,
        text=text,
        box=boxes(),
        quad=quads,
        confidence=confidences,
        origin=st.sampled_from(["text_layer", "ocr", "vlm"]),
        model=st.none() | st.just("pp-ocrv6-tiny-rec"),
        words=st.lists(words(text), max_size=2),
        direction=st.sampled_from(["ltr", "rtl", "ttb"]),
    )


@st.composite
def tables(draw: st.DrawFn, text: st.SearchStrategy[str] = texts) -> Table:
    """A grid cut into cells with spans, some slots left free."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken or draw(st.integers(0, 9)) == 0:
                continue
            height = draw(st.integers(1, min(2, rows - row)))
            width = draw(st.integers(1, min(2, columns - column)))
            slots = {(row + i, column + j) for i in range(height) for j in range(width)}
            if slots & taken:
                slots, height, width = {(row, column)}, 1, 1
            taken |= slots
            cells.append(
                Cell(
                    row=row,
                    column=column,
                    row_span=height,
                    column_span=width,
                    text=draw(text),
                    header=row == 0 and height == 1,
                    box=draw(st.none() | boxes()),
                    confidence=draw(confidences),
                )
            )
    return Table(rows=rows, columns=columns, cells=cells)


def list_items(text: st.SearchStrategy[str] = texts) -> st.SearchStrategy[ListItem]:
    return st.one_of(
        st.builds(ListItem, text=text, level=st.integers(0, 3), box=st.none() | boxes()),
        st.builds(
            ListItem,
            text=text,
            level=st.integers(0, 3),
            ordered=st.just(True),
            marker=st.sampled_from(["1.", "2.", "3)", "a)", "iv.", "(7)", "12345678901."]),
        ),
    )


@st.composite
def blocks(
    draw: st.DrawFn, id: str, ids: list[str], order: int | None, text: st.SearchStrategy[str] = texts
) -> Block:
    shared: dict[str, Any] = {
        "id": id,
        "box": draw(boxes()),
        "quad": draw(quads),
        "order": order,
        "confidence": draw(confidences),
        "lines": draw(st.lists(lines(text), max_size=2)),
        "text": draw(text),
    }
    if order is None:
        return TextBlock(kind=draw(st.sampled_from(["header", "footer", "page_number"])), **shared)
    captions = draw(st.lists(text, max_size=2))
    choice = draw(st.integers(0, 7))
    if choice == 0:
        kinds = ["title", "text", "footnote", "reference", "aside", "seal"]
        return TextBlock(kind=draw(st.sampled_from(kinds)), **shared)
    if choice == 1:
        return HeadingBlock(level=draw(st.integers(1, 6)), **shared)
    if choice == 2:
        return CaptionBlock(caption_of=draw(st.none() | st.sampled_from(ids)), **shared)
    if choice == 3:
        return ListBlock(items=draw(st.lists(list_items(text), max_size=6)), **shared)
    if choice == 4:
        return TableBlock(table=draw(tables(text)), captions=captions, **shared)
    if choice == 5:
        return FigureBlock(captions=captions, image=draw(st.none() | text), **shared)
    if choice == 6:
        return FormulaBlock(latex=draw(st.none() | text), number=draw(st.none() | text), **shared)
    return CodeBlock(language=draw(st.none() | text), captions=captions, **shared)


@st.composite
def pages(draw: st.DrawFn, number: int = 1, text: st.SearchStrategy[str] = texts) -> Page:
    furniture = draw(st.lists(st.booleans(), max_size=4))
    ids = [f"p{number}-b{index}" for index in range(len(furniture))]
    order = 0
    found = []
    for id, is_furniture in zip(ids, furniture, strict=True):
        found.append(draw(blocks(id, ids, None if is_furniture else order, text)))
        order += not is_furniture
    return Page(
        number=number,
        width=draw(st.sampled_from([595.28, 612, 1000])),
        height=draw(st.sampled_from([841.89, 792, 20])),
        unit=draw(st.sampled_from(["pt", "px"])),
        rotation=draw(st.sampled_from([0, 90, 180, 270])),
        skew=draw(st.sampled_from([0.0, -1.25])),
        to_source=draw(st.none() | st.just((0.1, 1.5, -3e-7, 0, 1, 2, 1e-9, 0, 1))),
        origin=draw(st.sampled_from(["text_layer", "ocr", "vlm", "mixed", "none"])),
        blocks=found,
        seconds=draw(st.dictionaries(st.sampled_from(["ocr", "layout", "box"]), confidences)),
    )


@st.composite
def documents(draw: st.DrawFn, text: st.SearchStrategy[str] = texts) -> Document:
    """Documents of up to two pages, with coordinates as precise as the JSON writer keeps them."""
    return Document(
        source=Source(name=draw(text), media_type="application/pdf", title=draw(st.none() | text)),
        pages=[draw(pages(number, text)) for number in range(1, 1 + draw(st.integers(0, 2)))],
        failures=draw(st.lists(st.builds(Failure, stage=text, message=text), max_size=1)),
    )
