"""HTML is well formed, says every text, and lets no text become markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from tests.documents.strategies import documents, wild_texts

from sampan.documents.model import (
    Cell,
    CodeBlock,
    Document,
    FigureBlock,
    HeadingBlock,
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.writers import FORMATS, WriteOptions, render
from sampan.documents.writers.characters import one_line
from sampan.documents.writers.flow import Flow

BOX = (1.0, 2.0, 3.456, 4.0)
VOID = {"meta", "br", "img"}
TAG_NAMES = """
html head title style body article section figure figcaption table caption thead tbody tr th td ul ol li p
pre code div header footer aside h1 h2 h3 h4 h5 h6
"""
TAGS = VOID | set(TAG_NAMES.split())


class Reader(HTMLParser):
    """Checks that tags nest and are known ones; collects texts and attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)) and not any(name.startswith("on") for name in names)
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment {data!r}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def read(document: Document, **options: object) -> Reader:
    text = render(document, "html", WriteOptions.model_validate(options))
    assert isinstance(text, str)
    text.encode()
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def document_of(*blocks: object) -> Document:
    page = {"number": 1, "width": 100, "height": 50, "unit": "pt", "blocks": list(blocks)}
    source = Source(name="a.pdf", media_type="application/pdf")
    return Document(source=source, pages=[Page.model_validate(page)])


@given(documents(wild_texts))
@settings(max_examples=100, deadline=None)
def test_any_document_becomes_safe_html(document: Document) -> None:
    reader = read(document)
    everything = one_line(" ".join(reader.texts)).replace(" ", "")
    for _, passages in Flow(document).pages():
        for passage in passages:
            block = passage.block
            said = [*passage.captions]
            if isinstance(block, TableBlock) and block.table.cells:
                said += [cell.text for cell in block.table.cells]
            elif isinstance(block, ListBlock) and block.items:
                said += [item.text for item in block.items]
            elif not isinstance(block, FigureBlock) and getattr(block, "latex", None) is None:
                said.append(block.text)
            for text in said:
                assert one_line(text).replace(" ", "") in everything


def test_structure() -> None:
    cells = [
        Cell(row=0, column=0, text="A", header=True),
        Cell(row=0, column=1, text="B", header=True),
        Cell(row=1, column=0, text="C", header=True),
        Cell(row=1, column=1, text="1"),
    ]
    items = [
        ListItem(text="a"),
        ListItem(text="b", level=1, ordered=True, marker="3."),
        ListItem(text="c", ordered=True, marker="iv."),
    ]
    document = document_of(
        TextBlock(id="t", box=BOX, kind="title", text="A & B", order=0),
        HeadingBlock(id="h", box=BOX, text="One", level=2, order=1),
        TextBlock(id="r", box=BOX, text="שלום, world", order=2),
        TableBlock(
            id="tab", box=BOX, table=Table(rows=2, columns=2, cells=cells), captions=["Table 1"], order=3
        ),
        ListBlock(id="l", box=BOX, items=items, order=4),
        CodeBlock(id="c", box=BOX, text="a <b>\n  c", language="c++", captions=["Listing"], order=5),
    )
    html = render(document, "html", WriteOptions(language="en"))
    assert isinstance(html, str)
    read(document)
    place = 'data-box="1.00 2.00 3.46 4.00"'
    assert '<html lang="en">' in html and "<title>A &amp; B</title>" in html
    assert 'data-page="1" data-width="100.00" data-height="50.00" data-unit="pt"' in html
    assert f'<h1 id="t" {place}>A &amp; B</h1>' in html
    assert f'<h3 id="h" {place}>One</h3>' in html
    assert f'<p id="r" {place} dir="rtl">שלום, world</p>' in html
    assert f'<table id="tab" {place}><caption>Table 1</caption><thead><tr><th scope="col">A</th>' in html
    assert '<tr><th scope="row">C</th><td>1</td></tr>' in html
    assert (
        '<ul id="l" ' in html
        and '<li>a<ol><li value="3">b</li></ol></li></ul><ol><li>iv. c</li></ol>' in html
    )
    assert '<code class="language-c++">a &lt;b&gt;\n  c</code></pre><figcaption>Listing</figcaption>' in html


def test_figures_are_shown_with_their_text_as_alternative() -> None:
    figure = FigureBlock(id="f", box=BOX, text='50 "%"', captions=["Figure 1"], order=0)
    html = FORMATS["html"].render(document_of(figure), {"f": "data:image/png;base64,AAAA"})
    assert '<img src="data:image/png;base64,AAAA" alt="50 &quot;%&quot;"><figcaption>Figure 1</fig' in str(
        html
    )
    assert "<img" not in str(render(document_of(figure), "html"))


@pytest.mark.parametrize("source", ["javascript:alert(1)", "https://a.b/c.png", "//a.b/c.png"])
def test_nothing_is_loaded_from_elsewhere(source: str) -> None:
    figure = FigureBlock(id="f", box=BOX, image=source, order=0)
    assert not any(tag == "img" for tag, _ in read(document_of(figure)).seen)
    assert "default-src 'none'" in str(render(document_of(figure), "html"))
