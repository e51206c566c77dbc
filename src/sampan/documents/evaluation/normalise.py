"""Text normalisers: what is left of a block's text before it is compared.

`normalise_text` is OmniDocBench's rule: inline maths becomes Unicode, then everything except word
characters and CJK ideographs is deleted, so that blanks, punctuation and Markdown marks never
count. It also deletes decimal points, minus signs and the vowel signs of Indic and Thai scripts;
hence `plain_text`, the strict rule, which keeps all characters and only takes the marks away.
"""

from __future__ import annotations

import html
import re
import unicodedata

from sampan.documents.evaluation.latex import latex_to_text

_INLINE_MATHS = re.compile(r"(?<![\\$])\$(?!\s|\$)([^$\n]+?)(?<![\s\\])\$(?!\d|\$)|\\\((.+?)\\\)")
_TAG = re.compile(
    r"</?(?:b|i|u|s|a|p|br|em|sup|sub|div|span|strong|code|mark|font|center|h[1-6]|li|ul|ol)\b[^<>]*>"
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(
    r"(?<!\w)(_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)|(\*{1,3})(?=\S)(.+?)(?<=\S)\3|(`+)(.+?)\5", re.DOTALL
)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•◦‣▪][ \t]+)+", re.MULTILINE)
_NO_WORD = re.compile(r"[^\w\u4e00-\u9fff]")


def _maths(match: re.Match[str]) -> str:
    source = match.group(1) or match.group(2)
    return latex_to_text(source) if re.search(r"[\\^_]", source) else source


def _unmarked(markdown: str) -> str:
    text = _INLINE_MATHS.sub(_maths, markdown)
    text = _TAG.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _LINE_MARK.sub("", text)
    for _ in range(2):  # bold within italics
        text = _EMPHASIS.sub(lambda m: m.group(2) or m.group(4) or m.group(6), text)
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    return html.unescape(text)


def normalise_text(markdown: str) -> str:
    """Word characters only (the official rule)."""
    return _NO_WORD.sub("", _unmarked(markdown))


def plain_text(markdown: str, keep_lines: bool = False) -> str:
    """The text without Markdown marks, in NFC, with single blanks: the strict rule."""
    text = unicodedata.normalize("NFC", _unmarked(markdown))
    if keep_lines:
        return "\n".join(" ".join(line.split()) for line in text.splitlines())
    return " ".join(text.split())


def inline_maths_spans(markdown: str) -> list[tuple[int, int]]:
    """Where inline formulas stand."""
    return [match.span() for match in _INLINE_MATHS.finditer(markdown)]
