"""Plain text: what the document says in reading order, for search, diffing and counting.

Blocks are separated by an empty line; table rows are lines whose cells are separated by tabs, a merged
cell standing in its top left slot; list items keep their markers; code keeps its line breaks.
"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.documents.model import (
    Block,
    CodeBlock,
    Document,
    FormulaBlock,
    ListBlock,
    Table,
    TableBlock,
)
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.flow import Flow, Passage
from sampan.documents.writers.options import WriteOptions


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> str:  # noqa: ARG001
    pages = []
    for _, passages in Flow(document, options.furniture).pages():
        pages.append("\n\n".join(text for passage in passages if (text := _passage(passage))))
    if options.page_breaks:
        return "\n\f".join(pages) + "\n"
    return "\n\n".join(page for page in pages if page) + "\n"


def _passage(passage: Passage) -> str:
    captions = [one_line(caption) for caption in passage.captions]
    text = _block(passage.block)
    # A table's caption stands above it, those of figures and code below, as in print.
    parts = [*captions, text] if passage.block.kind == "table" else [text, *captions]
    return "\n\n".join(part for part in parts if part)


def _block(block: Block) -> str:
    if isinstance(block, TableBlock) and block.table.cells:
        return table_rows(block.table)
    if isinstance(block, ListBlock) and block.items:
        return "\n".join(
            f"{'  ' * min(item.level, 20)}{one_line(item.marker)} {one_line(item.text)}".rstrip()
            for item in block.items
        )
    if isinstance(block, CodeBlock):
        return clean(block.text).strip("\n")
    if isinstance(block, FormulaBlock) and not block.text:
        return clean(" ".join(filter(None, (block.latex, block.number)))).strip()
    return clean(block.text).strip()


def table_rows(table: Table) -> str:
    """Rows as lines, cells separated by tabs; tabs and line breaks inside a cell become spaces."""
    texts = {(cell.row, cell.column): one_line(cell.text) for cell in table.cells}
    return "\n".join(
        "\t".join(texts.get((row, column), "") for column in range(table.columns))
        for row in range(table.rows)
    )
