"""HTML tables as trees, from markup of any quality.

What a model writes may be cut short, wrongly nested or hostile, so that the reader is the lenient
`html.parser` with the closing rules of HTML for table parts, a limit on nesting and spans clamped
as browsers clamp them. Two views are made of the tree:

- `normalised_table`: one canonical HTML string for matching (OmniDocBench's table normaliser).
- `TableTree`: the nodes of the tree edit distance of TEDS (X. Zhong et al., "Image-based table
  recognition", 2020, §4): table → tr → td, a td being (colspan, rowspan, list of content tokens).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

MAX_DEPTH = 64
"""Deeper elements are read as if their tags were not there."""
MAX_SPAN = 1000
"""The HTML standard's bound of colspan; larger values count as this."""

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_SECTIONS = frozenset(("thead", "tbody", "tfoot"))
_UNWRAPPED = frozenset(
    ("thead", "tbody", "tfoot", "span", "sup", "sub", "div", "p", "a", "font", "html", "body", "colgroup")
)
_DROPPED = frozenset(("script", "style", "caption", "col", "template", "noscript"))
_BLANKS = re.compile(r"\s+")


@dataclass
class Element:
    """One element of the markup."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """All descendants, in document order."""
        stack = [iter(self.children)]
        while stack:
            for child in stack[-1]:
                if isinstance(child, Element):
                    yield child
                    stack.append(iter(child.children))
                    break
            else:
                stack.pop()

    def text(self) -> str:
        """Everything written inside."""
        parts: list[str] = []
        stack: list[Element | str] = list(reversed(self.children))
        while stack:
            node = stack.pop()
            if isinstance(node, str):
                parts.append(node)
            else:
                stack += reversed(node.children)
        return "".join(parts)


class _Builder(HTMLParser):
    """Builds the tree. A new row ends the open row, a new cell the open cell, within the nearest table."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            self._close_within_table(("td", "th"))
        elif tag == "tr":
            self._close_within_table(("tr",))
        elif tag in _SECTIONS:
            self._close_within_table(tuple(_SECTIONS))
        if len(self._open) > MAX_DEPTH and tag not in _VOID:
            return
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self._open) - 1, 0, -1):
            if self._open[at].tag == tag:
                del self._open[at:]
                return
            if self._open[at].tag == "table":  # a stray end tag in a table closes nothing outside it
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def _close_within_table(self, tags: tuple[str, ...]) -> None:
        for at in range(len(self._open) - 1, 0, -1):
            if self._open[at].tag == "table":
                return
            if self._open[at].tag in tags:
                del self._open[at:]
                return


def parse_html(markup: str) -> Element:
    """The tree of any markup, under an element named `root`. Never fails."""
    builder = _Builder()
    builder.feed(markup)
    builder.close()
    return builder.root


def _span(attributes: dict[str, str], name: str) -> int:
    digits = re.match(r"\s*(\d{1,9})", attributes.get(name, ""))
    return min(max(int(digits.group(1)), 1), MAX_SPAN) if digits else 1


def _clean(element: Element) -> list[Element | str]:
    """Children as the normaliser leaves them: th is td, wrappers are gone, only spans stay as attributes."""
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, str):
            children.append(child)
        elif child.tag in _DROPPED:
            continue
        elif child.tag == "math":
            source = child.attributes.get("alttext")
            children.append(f"${source}$" if source else child.text())
        elif child.tag in _UNWRAPPED:
            children += _clean(child)
        else:
            tag = "td" if child.tag == "th" else child.tag
            spans = {name: str(_span(child.attributes, name)) for name in ("colspan", "rowspan")}
            kept = {name: value for name, value in spans.items() if tag == "td" and value != "1"}
            children.append(Element(tag, kept, _clean(child)))
    return children


def find_table(markup: str, normalise: bool = True) -> Element | None:
    """The first table of the markup, or None. Normalised: see the module's head; otherwise as written."""
    for element in parse_html(markup).walk():
        if element.tag == "table":
            if normalise:
                element = Element("table", {}, _clean(element))
            _collapse(element)
            return element
    return None


def _collapse(table: Element) -> None:
    """NFKC and single blanks inside cells; what stands between rows and cells is dropped."""
    structure = {"table", "tr"} | _SECTIONS
    for element in [table, *table.walk()]:
        joined: list[Element | str] = []
        for child in element.children:
            if isinstance(child, str) and joined and isinstance(joined[-1], str):
                joined[-1] += child
            else:
                joined.append(child)
        if element.tag in structure:
            element.children = [child for child in joined if isinstance(child, Element)]
            continue
        for at, child in enumerate(joined):
            if isinstance(child, str):
                text = _BLANKS.sub(" ", unicodedata.normalize("NFKC", child))
                if element.tag in ("td", "th"):
                    text = text.lstrip() if at == 0 else text
                    text = text.rstrip() if at == len(joined) - 1 else text
                joined[at] = text
        element.children = [child for child in joined if child]


def _write(element: Element) -> str:
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in element.attributes.items())
    inner = "".join(
        html.escape(child, quote=False) if isinstance(child, str) else _write(child)
        for child in element.children
    )
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"


def normalised_table(markup: str) -> str:
    """One canonical string for the first table of the markup; empty where there is none."""
    table = find_table(markup)
    return "" if table is None else f"<html><body>{_write(table)}</body></html>"


def cell_texts(markup: str) -> list[str]:
    """Texts of the cells of the first table, in reading order, empty ones left out."""
    table = find_table(markup)
    cells = [] if table is None else [e.text().strip() for e in table.walk() if e.tag == "td"]
    return [text for text in cells if text]


def table_grid(markup: str) -> list[list[str]]:
    """Rows of slots with the text of the cell that covers them; a span repeats its text."""
    table = find_table(markup)
    rows = [] if table is None else [e for e in table.walk() if e.tag == "tr"]
    grid: list[dict[int, str]] = [{} for _ in rows]
    for r, row in enumerate(rows):
        column = 0
        for cell in row.children:
            if not isinstance(cell, Element) or cell.tag != "td":
                continue
            while column in grid[r]:
                column += 1
            text = cell.text().strip()
            for rr in range(r, min(r + _span(cell.attributes, "rowspan"), len(rows))):
                for cc in range(column, column + _span(cell.attributes, "colspan")):
                    grid[rr].setdefault(cc, text)
    width = max((max(row) + 1 for row in grid if row), default=0)
    return [[row.get(c, "") for c in range(width)] for row in grid]


@dataclass
class TableTree:
    """Nodes of the tree edit distance, node 0 being the table."""

    children: list[list[int]]
    labels: list[tuple[str, int, int]]
    """(tag, colspan, rowspan); the spans are 0 for everything that is not a cell."""
    tokens: list[tuple[str, ...]]
    """Contents of the cells: characters and inline tags."""
    counted: int
    """Descendants of the table element, inline tags inside cells included: the denominator of TEDS."""


def _tokens(element: Element) -> list[str]:
    tokens: list[str] = []
    for child in element.children:
        if isinstance(child, str):
            tokens += child
        else:
            tokens += [f"<{child.tag}>", *_tokens(child), f"</{child.tag}>"]
    return tokens


def table_tree(markup: str, normalise: bool = True) -> TableTree | None:
    """Tree of the first table of the markup, or None where there is none."""
    table = find_table(markup, normalise)
    if table is None:
        return None
    tree = TableTree([[]], [("table", 0, 0)], [()], sum(1 for _ in table.walk()))
    stack = [(table, 0)]
    while stack:
        element, number = stack.pop()
        for child in element.children:
            if isinstance(child, str):
                continue
            at = len(tree.labels)
            tree.children[number].append(at)
            tree.children.append([])
            if child.tag == "td":
                spans = (_span(child.attributes, "colspan"), _span(child.attributes, "rowspan"))
                tree.labels.append(("td", *spans))
                tree.tokens.append(tuple(_tokens(child)))
            else:
                tree.labels.append((child.tag, 0, 0))
                tree.tokens.append(())
                stack.append((child, at))
    return tree
