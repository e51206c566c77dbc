"""Markdown says what the document says: read back by an independent CommonMark parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from tests.documents.strategies import SNIPPETS, documents, texts, wild_texts

from sampan.documents.model import (
    Block,
    CaptionBlock,
    Cell,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    ListItem,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.writers import WriteOptions, render
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.markdown import bullet_list, code, formula, heading
from sampan.documents.writers.markdown_escape import escape_text

BOX = (0.0, 0.0, 10.0, 10.0)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SHORT = settings(max_examples=250, deadline=None)


def page_of(*blocks: Block, number: int = 1) -> Page:
    return Page(number=number, width=100, height=100, unit="pt", blocks=list(blocks))


def document_of(*blocks: Block) -> Document:
    return Document(source=Source(name="a.pdf", media_type="application/pdf"), pages=[page_of(*blocks)])


def markdown(*blocks: Block, **options: bool) -> str:
    text = render(document_of(*blocks), "md", WriteOptions(**options))
    assert isinstance(text, str)
    return text


def said(token: Token) -> str:
    """The text of an inline token; fails on anything but text and line breaks."""
    parts = []
    for child in token.children or []:
        if child.type in ("hardbreak", "softbreak"):
            parts.append("\n")
        else:
            assert child.type == "text", f"{child.type} in {token.content!r}"
            parts.append(child.content)
    return "".join(parts)


def stripped_lines(text: str) -> list[str]:
    return [line.strip() for line in clean(text).split("\n") if line.strip()]


@given(st.one_of(texts, wild_texts, st.lists(st.sampled_from(SNIPPETS), max_size=4).map("\n".join)))
@example("a\\")
@example("a\n===")
@example("a | b\n--|--")
@example("* * *")
@example("_ a_b_ __c__ d__e")
@example("2 * 3 * 4 *x*")
@example("[a\\](b)")
@example("![x][y] [^1]: z")
@example("~a~ $x$ <b> &lt; \\&lt;")
@settings(max_examples=600, deadline=None)
def test_any_paragraph_survives(text: str) -> None:
    tokens = PARSER.parse(escape_text(text))
    expected = stripped_lines(text)
    if not expected:
        assert tokens == []
        return
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert said(tokens[1]).split("\n") == expected


@given(st.one_of(texts, wild_texts), st.integers(1, 6))
@example("C #", 1)
@example("#", 2)
@example("a\\", 2)
@example("1. Introduction", 2)
@SHORT
def test_any_heading_survives(text: str, level: int) -> None:
    tokens = PARSER.parse(heading(text, level))
    assert [token.type for token in tokens] == ["heading_open", "inline", "heading_close"]
    assert tokens[0].tag == f"h{level}"
    assert said(tokens[1]) == one_line(text)


@given(wild_texts, st.none() | texts)
@example("a\n````\nb", "python")
@SHORT
def test_any_code_survives(text: str, language: str | None) -> None:
    tokens = PARSER.parse(code(text, language))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content.rstrip("\n") == clean(text).strip("\n")


@pytest.mark.parametrize(
    "prose",
    [
        "A snake_case name, 3.5 kg, a < b and 2 * 3 = 6.",
        "See [12] and (3), e.g. R&D; it costs $5 - about ~4 euros!",
        "Mail a_b@c.de, C# and 50% | 60%, a+b, x > y, #1 of 2, -5 °C",
        "Windows C:\\Users\\me",
        "2024 was fine. 10.5 too.",
        "漢字 (かな)、「引用」。",
    ],
)
def test_prose_is_not_escaped(prose: str) -> None:
    assert escape_text(prose) == prose


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*a*", "\\*a\\*"),
        ("_a_", "\\_a\\_"),
        ("# a", "\\# a"),
        ("1. a", "1\\. a"),
        ("+ a", "\\+ a"),
        ("- a", "\\- a"),
        ("> a", "\\> a"),
        ("`a`", "\\`a\\`"),
        ("<script>", "&lt;script>"),
        ("$x$", "\\$x\\$"),
        ("&amp;", "&amp;amp;"),
        ("[a](b)", "[a\\](b)"),
    ],
)
def test_markup_is_escaped(text: str, expected: str) -> None:
    assert escape_text(text) == expected


def test_document_is_said_once_and_in_order() -> None:
    text = markdown(
        TextBlock(id="h", box=BOX, kind="header", text="Journal"),
        TextBlock(id="t", box=BOX, kind="title", text="Title", order=0),
        HeadingBlock(id="s", box=BOX, text="Section", level=1, order=1),
        TextBlock(id="a", box=BOX, text="A paragraph that goes on.", order=2),
        CaptionBlock(id="c", box=BOX, text="Figure 1. A boat", caption_of="f", order=3),
        FigureBlock(id="f", box=BOX, text="50 %", captions=["Figure 1. A boat"], order=4),
        TextBlock(id="b", box=BOX, text="", continues="a", order=5),
        CaptionBlock(id="d", box=BOX, text="Lost caption", caption_of="nowhere", order=6),
        TextBlock(id="n", box=BOX, kind="page_number", text="7"),
    )
    assert text == (
        "# Title\n\n## Section\n\nA paragraph that goes on.\n\n50 %\n\nFigure 1. A boat\n\nLost caption\n"
    )


def test_furniture_and_page_breaks_on_request() -> None:
    header = TextBlock(id="h", box=BOX, kind="header", text="Journal")
    document = document_of(header)
    document.pages.append(page_of(TextBlock(id="x", box=BOX, text="Body", order=0), number=2))
    assert render(document, "md") == "Body\n"
    options = WriteOptions(furniture=True, page_breaks=True)
    assert render(document, "md", options) == "<!-- page 1 -->\n\nJournal\n\n<!-- page 2 -->\n\nBody\n"


def html_of(items: list[ListItem]) -> str:
    return re.sub(r"\n|</?p>|<!-- -->", "", PARSER.render(bullet_list(items)))


def test_nested_and_ordered_lists() -> None:
    items = [
        ListItem(text="a"),
        ListItem(text="b", level=1, ordered=True, marker="1."),
        ListItem(text="c", level=1, ordered=True, marker="2."),
        ListItem(text="- d\ne", level=2),
        ListItem(text="f"),
    ]
    assert bullet_list(items) == "- a\n  1. b\n  2. c\n     - \\- d\\\n       e\n- f"
    assert html_of(items) == (
        "<ul><li>a<ol><li>b</li><li>c<ul><li>- d<br />e</li></ul></li></ol></li><li>f</li></ul>"
    )


def test_list_numbers_are_kept() -> None:
    items = [ListItem(text=t, ordered=True, marker=m) for t, m in [("x", "3."), ("y", "4."), ("z", "7.")]]
    assert html_of(items) == '<ol start="3"><li>x</li><li>y</li></ol><ol start="7"><li>z</li></ol>'
    nested = [ListItem(text="a"), ListItem(text="b", ordered=True, marker="5)", level=1)]
    assert html_of(nested) == '<ul><li>a<ol start="5"><li>b</li></ol></li></ul>'
    letters = [ListItem(text="x", ordered=True, marker="a)"), ListItem(text="y", ordered=True, marker="iv.")]
    assert html_of(letters) == "<ul><li>a) x</li><li>iv. y</li></ul>"


@given(
    st.lists(
        st.builds(
            ListItem,
            text=texts,
            level=st.integers(0, 3),
            ordered=st.booleans(),
            marker=st.sampled_from(["•", "1.", "2.", "3)", "(7)", "a)"]),
        ),
        min_size=1,
        max_size=7,
    )
)
@SHORT
def test_any_list_survives(items: list[ListItem]) -> None:
    tokens = PARSER.parse(bullet_list(items))
    inline = [said(token) for token in tokens if token.type == "inline"]
    kept = [item for item in items if item.text.strip()]
    assert len(inline) == len(kept)
    for text, item in zip(inline, kept, strict=True):
        decimal = re.fullmatch(r"\d+[.)]", item.marker) is not None
        marker = f"{item.marker} " if item.ordered and not decimal else ""
        assert text == marker + item.text.strip()


def test_two_lists_stay_two() -> None:
    def one(id: str, **extra: str) -> ListBlock:
        return ListBlock(id=id, box=BOX, order=0, items=[ListItem(text=id)], **extra)

    assert PARSER.render(markdown(one("a"), one("b"))).count("<ul>") == 2
    assert PARSER.render(markdown(one("a"), one("b", continues="a"))).count("<ul>") == 1
    document = document_of(one("a"))
    document.pages += [page_of(one("b"), number=2), page_of(one("c", continues="b"), number=3)]
    assert PARSER.render(str(render(document, "md"))).count("<ul>") == 2


def test_tables_are_pipes_where_they_fit_and_html_elsewhere() -> None:
    cells = [
        Cell(row=0, column=0, text="A|B", header=True),
        Cell(row=0, column=1, text="<b>", header=True),
        Cell(row=1, column=0, text="1\x00"),
        Cell(row=1, column=1, text="2"),
    ]
    grid = Table(rows=2, columns=2, cells=cells)
    html = PARSER.render(markdown(TableBlock(id="t", box=BOX, table=grid, order=0, captions=["Table 1"])))
    assert re.findall(r"<p>(.*?)</p>|<t[hd]>(.*?)</t[hd]>", html) == [
        ("Table 1", ""),
        ("", "A|B"),
        ("", "&lt;b&gt;"),
        ("", "1"),
        ("", "2"),
    ]
    wide = Table(rows=2, columns=2, cells=[Cell(row=0, column=0, column_span=2, text="<script>\n\nx")])
    text = markdown(TableBlock(id="t", box=BOX, table=wide, order=0))
    assert text.startswith("<table>") and 'colspan="2"' in text
    assert "<script" not in text and "\n\n" not in text


def test_formulas() -> None:
    assert formula("a < b\n+ c", None) == "$$a < b + c$$"
    assert formula("x", "(3)") == "$$x \\tag{3}$$"
    assert formula("x \\tag{1}", "(3)") == "$$x \\tag{1}$$"
    assert formula("\\text{5$}", None) == "```math\n\\text{5$}\n```"
    assert "<script" not in formula("x<script>", "<script>")
    text = markdown(FormulaBlock(id="f", box=BOX, text="E = mc²", order=0))
    assert text == "E = mc²\n"


@given(documents(wild_texts))
@settings(max_examples=60, deadline=None)
def test_no_document_brings_markup_of_its_own(document: Document) -> None:
    text = render(document, "md")
    assert isinstance(text, str)
    text.encode()
    tokens = PARSER.parse(text)
    for token in tokens:
        if token.type == "html_block":
            tags = set(re.findall(r"<(/?[a-zA-Z!][\w-]*)", token.content))
            assert tags <= {"table", "thead", "tbody", "tr", "th", "td", "br", "!--"} | {
                f"/{tag}" for tag in ("table", "thead", "tbody", "tr", "th", "td")
            }
        for child in token.children or []:
            assert child.type != "html_inline" or child.content == "<!-- -->"
            if child.type == "image":
                assert not re.match(r"(?i)\s*(javascript|file|https?):|/", str(child.attrs["src"]))


def test_figure_without_files_names_its_own_image_only_if_it_lies_nearby() -> None:
    def image(source: str) -> str:
        return markdown(FigureBlock(id="f", box=BOX, image=source, text="A [boat]", order=0))

    assert image("a b/x(1).png") == "![A \\[boat\\]](a%20b/x%281%29.png)\n"
    for source in ("javascript:alert(1)", "http://a.b/c.png", "/etc/passwd", "\\\\server\\x", "file:///x"):
        assert image(source) == "A [boat]\n"


def test_code_block_is_fenced_with_its_language() -> None:
    block = CodeBlock(
        id="c", box=BOX, text="  a = 1\n\tb", language="python", captions=["Listing 1"], order=0
    )
    assert markdown(block) == "```python\n  a = 1\n\tb\n```\n\nListing 1\n"
    hostile = block.model_copy(update={"language": "x\n```\n<script>", "captions": []})
    assert markdown(hostile).startswith("```\n")
