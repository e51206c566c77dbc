"""Cuts predicted Markdown or HTML into elements that keep their place in the file.

OmniDocBench's order of extraction, with one change: fenced code goes first, so that neither `$$`
nor `<table>` inside a listing is taken for the real thing. What is taken out is replaced by blanks
of equal length, so that positions hold.
"""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import dataclass
from typing import Literal

from sampan.documents.evaluation.latex import strip_delimiters
from sampan.documents.evaluation.table_tree import Element as Node
from sampan.documents.evaluation.table_tree import parse_html

Kind = Literal["text", "code", "table", "formula"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a prediction. `content` is Markdown text, code, HTML of a table, or LaTeX."""

    kind: Kind
    content: str
    position: int


_WHOLE_FENCE = re.compile(r"\A\s*```(?:markdown|md|html)?[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)|<img\b[^<>]*>", re.IGNORECASE)
_DOCUMENT_TAG = re.compile(
    r"<!doctype[^<>]*>|</?(?:html|body)\b[^<>]*>|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
_FENCE = re.compile(
    r"^[ ]{0,3}(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^[ ]{0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_TABLE_TAG = re.compile(r"<table\b[^<>]*>|</table\s*>", re.IGNORECASE)
_DISPLAY = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]", re.DOTALL)
_DELIMITER_ROW = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_EMPHASIS = re.compile(r"(?<![\w*_`\\])(\*{1,3}|_{1,3}|`)(?=[^\s*_`])(.+?)(?<=[^\s\\])\1(?![\w*_`])")
_HEADING = re.compile(r"^[ ]{0,3}#{1,6}[ \t]+\S", re.MULTILINE)


def extract_elements(markdown: str) -> list[Element]:
    """Elements of a Markdown page, by position."""
    whole = _WHOLE_FENCE.match(markdown)
    if whole and "```" not in whole.group(1):
        markdown = whole.group(1)
    text = markdown.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"_{5,}", "____", text)
    text = re.sub(r"[ \u3000]{5,}", "    ", text)
    text = _IMAGE.sub(_blank, text)
    text = _DOCUMENT_TAG.sub(_blank, text)
    found: list[Element] = []

    def take(kind: Kind, content: str, start: int, stop: int) -> None:
        nonlocal text
        if content.strip():
            found.append(Element(kind, content, start))
        # A blank line in its place: the text before and the text behind are different paragraphs.
        width = stop - start
        text = text[:start] + ("\n" * min(2, width)).ljust(width) + text[stop:]

    for fence in list(_FENCE.finditer(text)):
        take("code", fence.group(2).rstrip("\n"), *fence.span())
    for start, stop in _html_tables(text):
        take("table", text[start:stop], start, stop)
    for maths in list(_DISPLAY.finditer(text)):
        take("formula", strip_delimiters(maths.group(1) or maths.group(2)), *maths.span())
    for start, stop in _pipe_tables(text):
        take("table", _pipe_table_html(text[start:stop]), start, stop)
    paragraphs = _split(text, r"\n[ \t]*\n")
    if len(paragraphs) == 1:
        paragraphs = _split(text, r"\n")
    found += [Element("text", content, start) for content, start in paragraphs]
    return sorted(found, key=lambda element: element.position)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _html_tables(text: str) -> list[tuple[int, int]]:
    """Outermost tables; one that is never closed runs to the end."""
    spans = []
    depth = start = 0
    for tag in _TABLE_TAG.finditer(text):
        if tag.group().startswith("</"):
            if depth == 1:
                spans.append((start, tag.end()))
            depth = max(depth - 1, 0)
        else:
            if depth == 0:
                start = tag.start()
            depth += 1
    if depth:
        spans.append((start, len(text)))
    return spans


def _pipe_tables(text: str) -> list[tuple[int, int]]:
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    spans = []
    at = 0
    while at + 1 < len(lines):
        if "|" in lines[at] and "|" in lines[at + 1] and _DELIMITER_ROW.match(lines[at + 1]):
            stop = at + 2
            while stop < len(lines) and "|" in lines[stop]:
                stop += 1
            spans.append((starts[at], starts[stop]))
            at = stop
        else:
            at += 1
    return spans


def _pipe_table_html(source: str) -> str:
    rows = []
    for number, line in enumerate(source.strip("\n").splitlines()):
        if number == 1:
            continue
        row = re.sub(r"(?<!\\)\|$", "", line.strip().removeprefix("|"))
        cells = (cell.replace(r"\|", "|").strip() for cell in re.split(r"(?<!\\)\|", row))
        rows.append("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in cells) + "</tr>")
    return f"<table>{''.join(rows)}</table>"


def _cell(markdown: str) -> str:
    # Inline HTML (<br>, <b>) stays as it is; a lone < or & is escaped, emphasis is taken off.
    markdown = markdown.replace(r"\<", "&lt;").replace(r"\&", "&amp;")
    markdown = _CELL_EMPHASIS.sub(r"\2", markdown)
    markdown = re.sub(r"&(?!#?\w+;)", "&amp;", markdown)
    markdown = re.sub(r"<(?!/?[A-Za-z][^<>]*>)", "&lt;", markdown)
    return re.sub(r"\\([\\`*_{}\[\]<>()#+.!~$-])", r"\1", markdown)


def _split(text: str, separator: str) -> list[tuple[str, int]]:
    """Stretches between separators, headings apart, stripped, with their places."""
    pieces: list[tuple[str, int]] = []
    cuts = [0]
    for match in re.finditer(separator, text):
        cuts += [match.start(), match.end()]
    for heading in _HEADING.finditer(text):
        end = text.find("\n", heading.start())
        cuts += [heading.start(), len(text) if end < 0 else end]
    cuts = sorted({*cuts, len(text)})
    for start, stop in itertools.pairwise(cuts):
        content = text[start:stop]
        if content.strip():
            pieces.append((content.strip(), start + len(content) - len(content.lstrip())))
    return pieces


# fmt: off
_BLOCK_TAGS = frozenset((
    "p", "div", "section", "article", "header", "footer", "aside", "main", "nav", "figure", "figcaption",
    "blockquote", "ul", "ol", "dl", "dt", "dd", "table", "pre", "address", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6",
))
# fmt: on
_SKIPPED_TAGS = frozenset(("script", "style", "head", "template", "noscript", "svg", "button", "select"))


def html_to_markdown(markup: str) -> str:
    """An HTML page as the Markdown that `extract_elements` reads: tables stay HTML, pre becomes a fence."""
    parts: list[str] = []

    def visit(node: Node) -> None:
        for child in node.children:
            if isinstance(child, str):
                parts.append(re.sub(r"\s+", " ", child))
            elif child.tag in _SKIPPED_TAGS:
                continue
            elif child.tag == "table":
                parts.append(f"\n\n{_write_table(child)}\n\n")
            elif child.tag == "pre":
                parts.append(f"\n\n```\n{child.text().strip(chr(10))}\n```\n\n")
            elif child.tag == "math":
                _maths(child, parts)
            elif child.tag == "br":
                parts.append("\n")
            elif child.tag in _BLOCK_TAGS:
                parts.append("\n\n")
                if re.fullmatch(r"h[1-6]", child.tag):
                    parts.append("#" * int(child.tag[1]) + " ")
                visit(child)
                parts.append("\n\n")
            elif child.tag in ("li", "tr"):
                parts.append("\n")
                visit(child)
            else:
                visit(child)

    visit(parse_html(markup))
    return re.sub(r"[ \t]+\n", "\n", "".join(parts))


def _maths(node: Node, parts: list[str]) -> None:
    source = node.attributes.get("alttext")
    for inner in node.walk():
        if inner.tag == "annotation" and "tex" in inner.attributes.get("encoding", ""):
            source = inner.text()
    if not source:
        parts.append(node.text())
    elif node.attributes.get("display") == "block":
        parts.append(f"\n\n$$\n{source}\n$$\n\n")
    else:
        parts.append(f"${source}$")


def _write_table(node: Node) -> str:
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in node.attributes.items())
    inner = "".join(
        re.sub(r"\s+", " ", html.escape(child, quote=False))
        if isinstance(child, str)
        else _write_table(child)
        for child in node.children
    )
    return f"<{node.tag}{attributes}>{inner}</{node.tag}>"
