"""Word documents (DOCX, ECMA-376) that can be edited: real headings, lists, tables, columns, headers and footers.

The text flows as Word wants it; it is the document's structure that is kept, not where each line stood. What
Word cannot say is said in plain text: formulas as their LaTeX, markers of lists that Word does not know.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from typing import Any

from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from sampan.documents.model import (
    Block,
    CodeBlock,
    Document,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    Page,
    TableBlock,
)
from sampan.documents.writers import docx_styles as styles
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.docx_columns import column_runs
from sampan.documents.writers.docx_elements import Element, element, paragraph
from sampan.documents.writers.docx_furniture import add_furniture
from sampan.documents.writers.docx_lists import Numbering
from sampan.documents.writers.docx_pages import TWIPS, Layout, Sections, papers
from sampan.documents.writers.docx_tables import MAX_COLUMNS, table_element
from sampan.documents.writers.flow import Flow, Passage
from sampan.documents.writers.office_package import reproducible
from sampan.documents.writers.options import WriteOptions
from sampan.documents.writers.table_slices import column_slices

MAX_PROPERTY = 255
"""Letters of a title or an author in a document's properties."""

_STYLES = {
    "title": "Title", "caption": "Caption", "header": "Header", "footer": "Footer", "page_number": "Footer",
    "footnote": styles.FOOTNOTE, "reference": styles.REFERENCE, "aside": styles.ASIDE,
}  # fmt: skip


def render(document: Document, figures: Mapping[str, str], options: WriteOptions) -> bytes:
    package = styles.new_package(document, options.language)
    _set_properties(package, document, options)
    _Body(package, document, figures, options).write()
    file = io.BytesIO()
    package.save(file)
    return reproducible(file.getvalue())


def _set_properties(package: Any, document: Document, options: WriteOptions) -> None:
    source = document.source
    properties = package.core_properties
    title = source.title or next((b.text for b in document.blocks() if b.kind == "title" and b.text), None)
    properties.title = one_line(title or source.name)[:MAX_PROPERTY]
    properties.author = properties.last_modified_by = one_line(source.author or "")[:MAX_PROPERTY]
    properties.language = one_line(options.language or styles.script_language(document) or "")[:MAX_PROPERTY]
    properties.comments = ""
    properties.revision = 1


class _Body:
    def __init__(
        self, package: Any, document: Document, figures: Mapping[str, str], options: WriteOptions
    ) -> None:
        self._package = package
        self._document = document
        self._figures = figures
        self._options = options
        self._papers = papers(document)
        self._sections = Sections(package)
        self._numbering = Numbering(package)
        self._end: Element = package.element.body.find(qn("w:sectPr"))

    def write(self) -> None:
        is_first = True
        for page, passages in Flow(self._document, self._options.furniture).pages():
            breaks = self._options.page_breaks and not is_first
            for run in column_runs(page, [passage.block for passage in passages]):
                layout = Layout(self._papers[page.number], run.columns, run.rtl)
                begins_page = self._sections.go_on_with(layout, breaks)
                if is_first and not self._options.furniture:
                    add_furniture(self._package, self._document)
                is_first = False
                for passage in passages[run.start : run.end]:
                    elements = list(self._passage(passage, page, layout))
                    if breaks and not begins_page and elements:
                        self._break_page(elements[0])
                    breaks = breaks and not elements
                    for made in elements:
                        self._append(made)
        if self._follows_table():
            self._end.addprevious(element("p"))

    def _append(self, made: Element) -> None:
        # Word takes two tables without a paragraph between them for one.
        if made.tag == qn("w:tbl") and self._follows_table():
            self._end.addprevious(element("p"))
        self._end.addprevious(made)

    def _follows_table(self) -> bool:
        last = self._end.getprevious()
        return last is not None and last.tag == qn("w:tbl")

    def _break_page(self, first: Element) -> None:
        """Let `first` begin a page; a table cannot, so an empty paragraph does it."""
        if first.tag != qn("w:p"):
            self._append(paragraph("", page_break=True))
            return
        properties = first.find(qn("w:pPr"))
        if properties is None:
            properties = element("pPr")
            first.insert(0, properties)
        before = [properties.find(qn(f"w:{name}")) for name in ("pStyle", "keepNext")]
        properties.insert(sum(found is not None for found in before), element("pageBreakBefore"))

    def _passage(self, passage: Passage, page: Page, layout: Layout) -> Iterator[Element]:
        block = passage.block
        texts = [text for caption in passage.captions if (text := one_line(caption))]
        if isinstance(block, TableBlock) and block.table.cells:
            # A table's caption stands above it, as in print.
            yield from (paragraph(text, "Caption", keep_next=True) for text in texts)
            for part in column_slices(block.table, MAX_COLUMNS):
                yield table_element(part, round(layout.text_width * TWIPS))
            return
        if isinstance(block, FigureBlock):
            yield from self._figure(block, page, layout, texts)
        else:
            yield from self._block(block)
        yield from (paragraph(text, "Caption") for text in texts)

    def _block(self, block: Block) -> Iterator[Element]:
        text = clean(block.text).strip()
        if isinstance(block, HeadingBlock):
            yield paragraph(one_line(text), f"Heading{block.level}")
        elif isinstance(block, ListBlock) and block.items:
            yield from self._numbering.paragraphs(block)
        elif isinstance(block, CodeBlock):
            yield paragraph(clean(block.text).strip("\n"), styles.CODE)
        elif isinstance(block, FormulaBlock) and block.latex:
            number = one_line(block.number or "")
            yield paragraph(one_line(block.latex) + (f"\t{number}" if number else ""), styles.FORMULA)
        elif text:
            yield paragraph(text, _STYLES.get(block.kind))

    def _figure(
        self, block: FigureBlock, page: Page, layout: Layout, captions: list[str]
    ) -> Iterator[Element]:
        head, mark, data = self._figures.get(block.id, "").partition(";base64,")
        if not mark or not head.startswith("data:image/"):
            if text := clean(block.text).strip():
                yield paragraph(text)
            return
        made = paragraph("", keep_next=bool(captions))
        run = Paragraph(made, self._package._body).add_run()
        shape = run.add_picture(io.BytesIO(base64.b64decode(data)))
        wanted = (block.box[2] - block.box[0]) / page.width * layout.paper.width
        width = min(max(wanted, 12.0), layout.text_width)
        height = width * shape.height / shape.width
        # Room is left for the caption.
        width *= min(1.0, 0.85 * layout.text_height / height)
        shape.height = Pt(width * shape.height / shape.width)
        shape.width = Pt(width)
        description = one_line(block.text) or (captions[0] if captions else "Figure")
        shape._inline.docPr.set("descr", description)
        yield made
