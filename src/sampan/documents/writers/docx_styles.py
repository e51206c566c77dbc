"""The styles of a written Word document: Word's own names, plain black type, fonts for every script.

Begins from the template that python-docx brings. Its theme fonts and colours go, so that every program shows the
same; styles for code, formulas, footnotes, references and text at the side are added.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from sampan.documents.model import Document
from sampan.documents.writers.characters import one_line
from sampan.documents.writers.docx_elements import Element, element

CODE, FORMULA, FOOTNOTE = "SourceCode", "Formula", "FootnoteText"
REFERENCE, ASIDE = "Bibliography", "Aside"

MAX_LETTERS = 20_000
"""Letters that are looked at to tell the document's script."""

# East Asian font and language by the language's tag; programs without the font take another of that script.
_EAST_ASIAN = {
    "ja": ("Yu Gothic", "ja-JP"), "ko": ("Malgun Gothic", "ko-KR"), "zh": ("SimSun", "zh-CN"),
    "zh-hant": ("PMingLiU", "zh-TW"), "zh-tw": ("PMingLiU", "zh-TW"), "zh-hk": ("PMingLiU", "zh-HK"),
}  # fmt: skip
_RIGHT_TO_LEFT = {"he": "he-IL", "ar": "ar-SA", "fa": "fa-IR", "ur": "ur-PK"}


def new_package(document: Document, language: str | None) -> Any:
    """An empty Word document (of python-docx) with all styles, for the language of `document`."""
    package = docx.Document()
    styles = package.styles.element
    tag = one_line(language or "") or script_language(document) or ""
    _set_defaults(styles, tag)
    for style in styles.findall(qn("w:style")):
        properties = style.find(qn("w:rPr"))
        for name in ("rFonts", "color"):
            found = None if properties is None else properties.find(qn(f"w:{name}"))
            if found is not None:
                properties.remove(found)
    title = styles.get_by_id("Title").find(qn("w:pPr"))
    title.remove(title.find(qn("w:pBdr")))
    small = element("rPr", element("sz", val=18), element("szCs", val=18))
    mono = element("rFonts", ascii="Consolas", hAnsi="Consolas", cs="Courier New")
    code = element("rPr", mono, element("noProof"), element("sz", val=18), element("szCs", val=18))
    shade = element("shd", val="clear", color="auto", fill="F2F2F2")
    _add(
        styles, FOOTNOTE, "footnote text", element("spacing", after=60, line=240, lineRule="auto"), look=small
    )
    _add(styles, CODE, "Source Code", shade, element("spacing", line=240, lineRule="auto"), look=code)
    _add(styles, FORMULA, "Formula", element("jc", val="center"))
    _add(styles, REFERENCE, "Bibliography", element("ind", left=360, hanging=360))
    _add(styles, ASIDE, "Aside", element("ind", left=360, right=360))
    _drop_thumbnail(package)
    return package


def script_language(document: Document) -> str | None:
    """The language that the letters themselves tell: Japanese, Korean, Chinese, Hebrew or Arabic."""
    seen: Counter[str] = Counter()
    for block in document.blocks():
        for sign in block.text[:2000]:
            code = ord(sign)
            if 0x3040 <= code <= 0x30FF:
                seen["ja"] += 1
            elif 0xAC00 <= code <= 0xD7A3:
                seen["ko"] += 1
            elif 0x3400 <= code <= 0x9FFF:
                seen["zh"] += 1
            elif 0x590 <= code <= 0x5FF:
                seen["he"] += 1
            elif 0x600 <= code <= 0x6FF:
                seen["ar"] += 1
            elif sign.isalpha():
                seen["other"] += 1
        if seen.total() > MAX_LETTERS:
            break
    if not seen:
        return None
    # Japanese has more Chinese characters than kana.
    if 10 * seen["ja"] > seen["zh"]:
        seen["ja"] += seen.pop("zh", 0)
    most = seen.most_common(1)[0][0]
    return None if most == "other" else most


def _set_defaults(styles: Element, language: str) -> None:
    low = language.lower()
    primary = low.partition("-")[0]
    font, east_asia = _EAST_ASIAN.get(low) or _EAST_ASIAN.get(primary) or ("SimSun", "zh-CN")
    properties = styles.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    for name in ("rFonts", "lang"):
        properties.remove(properties.find(qn(f"w:{name}")))
    properties.insert(0, element("rFonts", ascii="Calibri", eastAsia=font, hAnsi="Calibri", cs="Arial"))
    attributes = {"eastAsia": east_asia, "bidi": _RIGHT_TO_LEFT.get(primary, "ar-SA")}
    if language and primary not in _EAST_ASIAN and primary not in _RIGHT_TO_LEFT:
        attributes["val"] = language
    properties.append(element("lang", **attributes))


def _add(styles: Element, id: str, name: str, *layout: Element, look: Element | None = None) -> None:
    styles.append(
        element(
            "style",
            element("name", val=name),
            element("basedOn", val="Normal"),
            element("qFormat"),
            element("pPr", *layout),
            look,
            type="paragraph",
            customStyle=int(name in ("Source Code", "Formula", "Aside")),
            styleId=id,
        )
    )


def _drop_thumbnail(package: Any) -> None:
    """The template's picture of an empty page."""
    relations = package.part.package.rels
    for key, relation in list(relations.items()):
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            del relations[key]
