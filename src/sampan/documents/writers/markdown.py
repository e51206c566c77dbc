"""GitHub Markdown: headings, paragraphs, nested lists, tables, figures as files, code, formulas.

GitHub Flavored Markdown 0.29 on CommonMark 0.31. A table that a pipe table cannot say is written as HTML.
Figures link to the files that `write` cut out; without files, a figure is its caption and the text in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from sampan.documents.model import (
    Block,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    ListItem,
    Table,
    TableBlock,
)
from sampan.documents.tables.html import to_html
from sampan.documents.tables.markdown import to_markdown
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.figures import safe_source
from sampan.documents.writers.flow import Flow, Passage
from sampan.documents.writers.markdown_escape import escape_inline, escape_line, escape_text
from sampan.documents.writers.options import WriteOptions


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:
    flow = Flow(document, options.furniture)
    parts: list[str] = []
    after_list = False
    for page, passages in flow.pages():
        if options.page_breaks:
            parts.append(f"<!-- page {page.number} -->")
        for passage in passages:
            text = _passage(passage, figures, flow.heading_shift)
            if not text:
                continue
            is_list = isinstance(passage.block, ListBlock) and bool(passage.block.items)
            if is_list and after_list and passage.block.continues is None:
                # Without something between them two lists in a row would be one, and numbered through.
                parts.append("<!-- -->")
            after_list = is_list
            parts.append(text)
    return "\n\n".join(parts) + "\n"


def _passage(passage: Passage, figures: Mapping[str, str], shift: int) -> str:
    block = passage.block
    captions = [escape_text(caption) for caption in passage.captions]
    if isinstance(block, FigureBlock):
        parts = [_figure(block, passage.captions, figures), *captions]
    elif isinstance(block, TableBlock):
        # A table's caption stands above it, as in print.
        parts = [*captions, table(block.table) if block.table.cells else escape_text(block.text)]
    else:
        parts = [_block(block, shift), *captions]
    return "\n\n".join(part for part in parts if part)


def _block(block: Block, shift: int) -> str:
    if isinstance(block, HeadingBlock):
        return heading(block.text, min(block.level + shift, 6))
    if block.kind == "title":
        return heading(block.text, 1)
    if isinstance(block, ListBlock) and block.items:
        return bullet_list(block.items)
    if isinstance(block, CodeBlock):
        return code(block.text, block.language)
    if isinstance(block, FormulaBlock) and block.latex:
        return formula(block.latex, block.number)
    return escape_text(block.text)


def heading(text: str, level: int) -> str:
    escaped = escape_line(one_line(text))
    # A run of # at the end would be taken for the heading's closing sequence.
    escaped = re.sub(r"(?:(?<=[ \t])|^)#+$", lambda closing: "\\" + closing.group(), escaped)
    return f"{'#' * level} {escaped}".rstrip()


def bullet_list(items: list[ListItem]) -> str:
    """Items with their children indented under their parents' text.

    An ordered item keeps its number if Markdown can write it (`3.`, `3)`), otherwise its marker stands
    before its text: `- iv. text`.
    """
    lines: list[str] = []
    parents: list[tuple[int, int]] = []  # (level, column where the item's text begins)
    last_number: dict[int, tuple[int, str]] = {}  # indent → the number before and its delimiter
    for item in items:
        while parents and parents[-1][0] >= item.level:
            parents.pop()
        indent = parents[-1][1] if parents else 0
        last_number = {column: last for column, last in last_number.items() if column <= indent}
        body = escape_text(item.text)
        if not body:
            continue
        number = re.fullmatch(r"(\d{1,9})([.)])", one_line(item.marker)) if item.ordered else None
        if number is not None:
            marker = f"{int(number[1])}{number[2]}"
            # Markdown counts on by itself; a number that does not follow must begin a list of its own,
            # and one that is not 1 can begin it only after an empty line.
            before = last_number.get(indent)
            follows = before is not None and before == (int(number[1]) - 1, number[2])
            if before is not None and not follows:
                lines += ["", " " * indent + "<!-- -->", ""]
            elif before is None and int(number[1]) != 1 and lines:
                lines.append("")
            last_number[indent] = (int(number[1]), number[2])
        else:
            marker = "-"
            last_number.pop(indent, None)
            if item.ordered and item.marker.strip():
                body = escape_line(f"{one_line(item.marker)} ") + " " + body
        parents.append((item.level, indent + len(marker) + 1))
        body = body.replace("\n", "\n" + " " * (indent + len(marker) + 1))
        lines.append(f"{' ' * indent}{marker} {body}")
    return "\n".join(lines).strip("\n")


def table(grid: Table) -> str:
    """A pipe table where it fits, else HTML."""
    cells = [cell.model_copy(update={"text": clean(cell.text).strip(), "lines": []}) for cell in grid.cells]
    plain = grid.model_copy(update={"cells": cells})
    return to_markdown(plain) or to_html(plain)


def code(text: str, language: str | None) -> str:
    body = clean(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    info = language if language and re.fullmatch(r"[\w+#.-]{1,40}", language) else ""
    return f"{fence}{info}\n{body}\n{fence}"


def formula(latex: str, number: str | None) -> str:
    r"""Display mathematics on one line: no line of it can be taken for another block.

    `<` before a letter becomes `\lt`, so that readers without mathematics see no tag.
    """
    body = re.sub(r"<(?=[A-Za-z/!?])", r"\\lt ", one_line(latex))
    label = one_line(number or "").strip("()")
    if label and "\\tag" not in body:
        if re.fullmatch(r"[\w.\-]{1,20}", label):
            body += rf" \tag{{{label}}}"
        else:
            return formula(latex, None) + "\n\n" + escape_text(number or "")
    if "$" in body:
        return code(body, "math")
    return f"$${body}$$"


def _figure(block: FigureBlock, captions: list[str], figures: Mapping[str, str]) -> str:
    source = figures.get(block.id) or safe_source(block.image)
    if source is None:
        return escape_text(block.text)
    # The text inside the picture is its alternative text, so that a search of the file finds it.
    description = one_line(block.text) or (one_line(captions[0]) if captions else "Figure")
    alternative = "".join(
        "\\" + piece if piece in "[]" else escape_inline(piece)
        for piece in re.split(r"([\[\]])", description)
        if piece
    )
    address = source if source.startswith("data:") else quote(clean(source).replace("\n", ""), safe="/._-~")
    return f"![{alternative}]({address})"
