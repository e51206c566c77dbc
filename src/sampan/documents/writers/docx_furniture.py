"""Running heads and page numbers, which Word keeps apart from the text.

Word has one header for all pages of a section, so what most pages have at that place is said once; the rest is
left out. A page number becomes a field that counts by itself, beginning with the number that was printed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from docx.oxml.ns import qn

from sampan.documents.model import Block, Document
from sampan.documents.writers.characters import one_line
from sampan.documents.writers.docx_elements import Element, element, paragraph


def add_furniture(package: Any, document: Document) -> None:
    """Header and footer of the first section, which all others take over."""
    section = package.sections[0]
    for kind, container, style in (
        ("header", section.header, "Header"),
        ("footer", section.footer, "Footer"),
    ):
        texts = _most_common(document, kind)
        numbered = _has_number(document, top=kind == "header")
        if not texts and not numbered:
            continue
        root = container._element
        for old in root.findall(qn("w:p")):
            root.remove(old)
        if texts:
            # Word's headers have a tab in the middle and one at the right.
            root.append(paragraph(("\t\t" if len(texts) == 2 else "\t").join(texts), style))
        if numbered:
            root.append(_page_field(style))
    start = _first_number(document)
    if start is not None:
        properties = package.element.body.find(qn("w:sectPr"))
        properties.find(qn("w:cols")).addprevious(element("pgNumType", start=start))


def _most_common(document: Document, kind: str) -> list[str]:
    """The texts that stand on most pages at the same place, from left to right; digits may differ."""
    pages: Counter[tuple[str, ...]] = Counter()
    first: dict[tuple[str, ...], list[str]] = {}
    for page in document.pages:
        blocks = [block for block in page.blocks if block.kind == kind and block.order is None]
        blocks.sort(key=lambda block: block.box[0])
        texts = [text for block in blocks if (text := one_line(block.text))]
        if texts:
            pattern = tuple(re.sub(r"\d+", "#", text) for text in texts)
            pages[pattern] += 1
            first.setdefault(pattern, texts)
    return first[pages.most_common(1)[0][0]] if pages else []


def _numbers(document: Document) -> list[tuple[int, bool, Block]]:
    """Printed page numbers: index of the page, whether at its top, the block."""
    return [
        (index, block.box[1] + block.box[3] < page.height, block)
        for index, page in enumerate(document.pages)
        for block in page.blocks
        if block.kind == "page_number"
    ]


def _has_number(document: Document, top: bool) -> bool:
    places = Counter(at_top for _, at_top, _ in _numbers(document))
    return bool(places) and places.most_common(1)[0][0] == top


def _first_number(document: Document) -> int | None:
    """The number of the first page, if most printed numbers agree on it."""
    starts: Counter[int] = Counter()
    for index, _, block in _numbers(document):
        digits = re.fullmatch(r"\D{0,8}(\d{1,5})\D{0,8}", one_line(block.text))
        if digits:
            starts[int(digits[1]) - index] += 1
    if not starts:
        return None
    start, count = starts.most_common(1)[0]
    return start if start >= 0 and 2 * count > starts.total() else None


def _page_field(style: str) -> Element:
    text = element("t")
    text.text = "1"
    return element(
        "p",
        element("pPr", element("pStyle", val=style), element("jc", val="center")),
        element("fldSimple", element("r", text), instr=" PAGE "),
    )
