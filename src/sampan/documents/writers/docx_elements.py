"""The small parts of a Word document: elements of WordprocessingML, runs of text, paragraphs.

ECMA-376, part 1, section 17. Children stand in the order that the schema asks for. Built without python-docx's
objects, which look for every style and every table cell again each time and take minutes for a long document.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from docx.oxml.ns import nsmap, qn
from docx.oxml.parser import oxml_parser

from sampan.documents.layout.evidence import is_cjk
from sampan.documents.writers.characters import has_rtl

Element = Any  # lxml.etree._Element: lxml has no types


_NAMESPACES = {"w": nsmap["w"]}
_W = f"{{{nsmap['w']}}}"
_SPACE = qn("xml:space")


def element(name: str, *children: Element | None, **attributes: str | int) -> Element:
    """`element("ind", left=720)` is `<w:ind w:left="720"/>`; children that are None are left out."""
    made = oxml_parser.makeelement(_W + name, nsmap=_NAMESPACES)
    for key, value in attributes.items():
        made.set(_W + key, str(value))
    for child in children:
        if child is not None:
            made.append(child)
    return made


def paragraph(
    text: str,
    style: str | None = None,
    *,
    bold: bool = False,
    keep_next: bool = False,
    page_break: bool = False,
    number: tuple[int, int] | None = None,
    indent: tuple[int, int] | None = None,
) -> Element:
    """A paragraph. `number` is the list (`numId`) and level; `indent` the left and the hanging one in twips."""
    rtl = has_rtl(text)
    properties = [
        element("pStyle", val=style) if style else None,
        element("keepNext") if keep_next else None,
        element("pageBreakBefore") if page_break else None,
        element("numPr", element("ilvl", val=number[1]), element("numId", val=number[0])) if number else None,
        element("bidi") if rtl else None,
        element("ind", left=indent[0], hanging=indent[1]) if indent else None,
    ]
    kept = [child for child in properties if child is not None]
    return element("p", element("pPr", *kept) if kept else None, *runs(text, rtl, bold))


def runs(text: str, rtl: bool = False, bold: bool = False) -> Iterator[Element]:
    """Runs of one direction each; a line break is a break, a tab a tab."""
    for backwards, part in _directions(text, rtl):
        made = element("r", _run_properties(part, backwards, bold))
        for sign, signs in groupby(part, lambda sign: sign if sign in "\n\t" else ""):
            if sign:
                made.extend([element("br" if sign == "\n" else "tab") for _ in signs])
            else:
                content = element("t")
                content.text = "".join(signs)
                content.set(_SPACE, "preserve")
                made.append(content)
        yield made


def _run_properties(text: str, rtl: bool, bold: bool) -> Element | None:
    properties = [
        # Quotation marks and dashes among Chinese characters are as wide as these.
        element("rFonts", hint="eastAsia") if any(map(is_cjk, text)) else None,
        *([element("b"), element("bCs")] if bold else []),
        element("rtl") if rtl else None,
    ]
    kept = [child for child in properties if child is not None]
    return element("rPr", *kept) if kept else None


def _directions(text: str, rtl: bool) -> list[tuple[bool, str]]:
    """Parts that run one way, by the direction of their letters; signs and digits go with what is before."""
    parts: list[tuple[bool, str]] = []
    start, backwards = 0, rtl
    for index, sign in enumerate(text):
        kind = unicodedata.bidirectional(sign)
        now = kind in ("R", "AL") if kind in ("L", "R", "AL") else backwards
        if now != backwards:
            if index > start:
                parts.append((backwards, text[start:index]))
            start, backwards = index, now
    return [*parts, (backwards, text[start:])] if text else []
