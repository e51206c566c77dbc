"""What the characters of a line say about its part in the page: bullets, numbers, captions, code.

Everything here is a question about one string. Markers are read leniently, because OCR turns a bullet into
`·`, `.`, `o`, `-`, `*` or `e`; whether a lenient marker counts is decided by the geometry around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BULLETS = "•●○◦▪▫■□◆◇▶►‣⁃∙·–—-*+✓✔➢➤⚫⬤・"
_MARKER = re.compile(
    rf"""^\s*(?:
        (?P<bullet>[{re.escape(_BULLETS)}])(?=\s|$|[^\W\d_])
      | (?P<number>\(?(?:\d{{1,3}}|[A-Za-z]|[ivxlcIVXLC]{{1,5}})[.)])(?=\s|$|[^\W\d_])
      | (?P<bracket>\[\d{{1,3}}\])(?=\s|$)
      | (?P<circled>[①-⑳])
      | (?P<chinese>[（(]?[一二三四五六七八九十]{{1,3}}[）)、])
    )\s*""",
    re.VERBOSE,
)
_LENIENT = re.compile(r"^\s*(?P<bullet>[.oe°¢»>])\s+(?=\S)")
_SECTION = re.compile(
    r"^\s*(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})(?P<dot>\.?)\s+(?=[^\W\d_])"
    r"|^\s*(?P<letter>[A-Z]\.\d{0,2}(?:\.\d{1,2})*|[IVX]{1,5}\.)\s+(?=[^\W\d_])"
    r"|^\s*(?P<word>(?:Chapter|Section|Part|Appendix|Kapitel|Abschnitt|Anhang|Teil|Chapitre|Annexe|Cap[ií]tulo|Глава|Раздел)"
    r"\s+(?:\d{1,3}|[A-Z]|[IVXLC]+))\b"
    r"|^\s*(?P<cjk>第\s*[一二三四五六七八九十百\d]+\s*[章节節条編])"
)
_CAPTION = re.compile(
    r"^\s*(?:(?P<figure>fig(?:ure|ura|\.)?|abb(?:ildung|\.)?|figur[ae]?|рис(?:унок|\.)?|obr(?:ázek|\.)?|rys(?:unek|\.)?|ill(?:ustration|\.)?"
    r"|chart|diagram|plate|图|圖|図|그림)"
    r"|(?P<table>tab(?:le|elle|leau|la|ela|ella|\.)?|табл(?:ица|\.)?|tabl(?:\.)|表|표)"
    r"|(?P<code>listing|algorithm|algorithmus|code|listado|листинг))"
    r"\s*(?:[A-Z]?\d+(?:[.\-–]\d+)*|[IVX]+)\s*(?:[.:：、|–—-]|\s|$)",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(
    r"^\s*[-–—|·~]?\s*(?:(?:page|seite|p\.|pg\.|página|pagina|стр\.?|strana|第)\s*)?"
    r"(?:\d{1,4}|[ivxlc]{1,7})\s*(?:页|頁|ページ)?"
    r"(?:\s*(?:/|of|von|de|di|sur|из|z|·|共)\s*\d{1,4}\s*(?:页|頁)?)?\s*[-–—|·~]?\s*$",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"^\s*(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]+|\d{1,2}[.)]?|[*†‡§]{1,3}|\[\d{1,2}\]|[a-z]\))\s*(?=\S)")
_CODE = re.compile(
    r"""[{};]\s*$|\)\s*:\s*$|^\s*(?:def|class|return|import|from|for|while|if|elif|else|try|except|with|func|fn|let|const|var|public
    |private|static|void|int|struct|package|using|namespace|\#include|\#!|SELECT|INSERT|echo|print|printf|self|end|local|function)\b[\s(.:"'{]
    |\w+\([^)\s]*\)|\w\([^()]*\)\s*;?$|\s\|\s|^\s*(?:fi|done|esac|end|else|pass|break)\s*;?$|[=!<>+*/-]=|=>|->|::|&&|\|\||^\s*(?://|/\*|\#\s|--\s)|\w+\.\w+\(|\w\[\w*\]|^\s*[}\])]+[;,]?\s*$|\s=\s|^\s*[$>]\s""",
    re.VERBOSE,
)
_SENTENCE_END = re.compile(r"[.!?…:;。！？：；]['\"”’»)\]]*\s*$")
_MATH = re.compile(r"[=±×÷∑∏∫√∞≤≥≠≈∂∇∈∉⊂⊆∪∩∀∃→⇒⇔αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ^_]")
_EQUATION_NUMBER = re.compile(r"\(\s*[A-Z]?\.?\d{1,3}(?:\.\d{1,3})?[a-z]?\s*\)\s*$")


@dataclass(frozen=True, slots=True)
class Marker:
    """What stands before a list item."""

    text: str
    ordered: bool
    end: int
    """Where the item's own text begins in the line."""
    certain: bool = True
    """False for a character that is a bullet only if the geometry says so."""


def list_marker(text: str) -> Marker | None:
    """The bullet or number that the line begins with."""
    found = _MARKER.match(text)
    if found:
        kind = found.lastgroup
        token = found.group().strip()
        # "A. Smith" and "e.g." look like numbers; a lone letter counts only with the geometry's help.
        certain = kind != "bullet" or token not in "-–—*+"
        return Marker(token, kind != "bullet", found.end(), certain)
    found = _LENIENT.match(text)
    if found:
        return Marker(found.group().strip(), False, found.end(), certain=False)
    return None


def section_depth(text: str) -> int | None:
    """Level of a numbered heading: 1 for "2 Methods" or "Chapter 3", 2 for "2.1 Data", and so on."""
    found = _SECTION.match(text)
    if not found:
        return None
    if number := found.group("number") or found.group("letter"):
        return len(number.strip(".").split("."))
    return 2 if found.group("cjk") and found.group("cjk")[-1] in "节節条" else 1


_SECTION_WORDS = frozenset(
    (  # noqa: SIM905
        "abstract,summary,introduction,conclusion,conclusions,references,bibliography,acknowledgements,contents,"
        "zusammenfassung,einleitung,fazit,literatur,inhalt,anhang,appendix,résumé,sommaire,références,bibliographie,"
        "sommario,bibliografia,resumen,introducción,conclusiones,referencias,resumo,introdução,conclusão,referências,"
        "摘要,引言,结论,結論,参考文献,目录,要旨,概要,はじめに,目次"
    ).split(",")
)


def is_section_word(text: str) -> bool:
    """A word that by custom stands alone over a part of a text, such as "Abstract"."""
    return text.strip().rstrip(":：.").casefold() in _SECTION_WORDS


def caption_subject(text: str) -> str | None:
    """`figure`, `table` or `code` if the line opens a caption such as "Figure 3:" or "表 2"."""
    found = _CAPTION.match(text)
    return found.lastgroup if found else None


def is_page_number(text: str) -> bool:
    return bool(_PAGE_NUMBER.match(text))


def opens_footnote(text: str) -> bool:
    return bool(_FOOTNOTE.match(text))


def looks_like_code(text: str) -> bool:
    return bool(_CODE.search(text))


def ends_sentence(text: str) -> bool:
    return bool(_SENTENCE_END.search(text))


def looks_like_formula(text: str) -> bool:
    """Mostly signs and single letters, or an equation number at the end."""
    body = _EQUATION_NUMBER.sub("", text).strip()
    signs = len(_MATH.findall(body))
    words = re.findall(r"[^\W\d_]{4,}", body)
    return signs >= 1 and len(words) <= max(1, signs // 2) and len(body) <= 120 and "=" in body


def is_cjk(character: str) -> bool:
    """Scripts written without spaces between words."""
    code = ord(character)
    return (
        0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x3000 <= code <= 0x303F
        or 0xFF00 <= code <= 0xFFEF
        or 0x20000 <= code <= 0x3FFFF
    )
