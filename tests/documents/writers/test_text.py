"""Plain text: order, tables as rows, nothing that a terminal would act upon."""

from __future__ import annotations

import re

from hypothesis import given, settings
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import (
    Cell,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.writers import WriteOptions, render

BOX = (0.0, 0.0, 1.0, 1.0)


def test_every_kind() -> None:
    cells = [
        Cell(row=0, column=0, column_span=2, text="A\tB"),
        Cell(row=1, column=1, text="two\nlines"),
    ]
    blocks = [
        TextBlock(id="0", box=BOX, kind="header", text="Journal"),
        TextBlock(id="1", box=BOX, text="One.\x1b[31m", order=0),
        TableBlock(id="2", box=BOX, table=Table(rows=2, columns=3, cells=cells), captions=["T"], order=1),
        ListBlock(
            id="3", box=BOX, items=[ListItem(text="a"), ListItem(text="b", level=1, marker="1.")], order=2
        ),
        CodeBlock(id="4", box=BOX, text="  x\r\n\ty", order=3),
        FigureBlock(id="5", box=BOX, text="inside", captions=["F"], order=4),
        FormulaBlock(id="6", box=BOX, latex="a^2", number="(1)", order=5),
        TextBlock(id="7", box=BOX, continues="1", order=6),
    ]
    page = Page(number=1, width=1, height=1, unit="px", blocks=blocks)
    document = Document(source=Source(name="a", media_type="b"), pages=[page, page])
    once = "One.[31m\n\nT\n\nA B\t\t\n\ttwo lines\t\n\n• a\n  1. b\n\n  x\n\ty\n\ninside\n\nF\n\na^2 (1)"
    assert render(document, "txt") == f"{once}\n\n{once}\n"
    assert render(document, "txt", WriteOptions(page_breaks=True)) == f"{once}\n\f{once}\n"
    with_furniture = render(document, "txt", WriteOptions(furniture=True))
    assert isinstance(with_furniture, str) and with_furniture.startswith("Journal\n\nOne.")


@given(documents(wild_texts))
@settings(max_examples=80, deadline=None)
def test_any_document_becomes_harmless_text(document: Document) -> None:
    text = render(document, "txt")
    assert isinstance(text, str) and text.endswith("\n")
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", text)
