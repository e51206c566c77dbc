"""Characters that may stand in a text file: what every writer does to a text before it escapes it.

Damaged PDFs and hostile files bring characters that no text format can carry: halves of surrogate pairs,
control characters (among them the escape sequences of terminals) and Unicode's noncharacters.
HTML, XML, Markdown and terminals disagree on what they do to them, so they go before anything is written.
"""

from __future__ import annotations

import re

# Vertical tab, form feed, next line, line and paragraph separator end a line just as a carriage return does.
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# C0 and C1 controls but tab and line feed, and what XML 1.0 (section 2.2) does not admit.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` with `\\n` as its only line end, without control characters, as valid Unicode."""
    return _UNWANTED.sub("", _LINE_END.sub("\n", whole(text)))


def whole(text: str) -> str:
    """`text` as valid Unicode: pairs of surrogates joined, halves replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def one_line(text: str) -> str:
    """`text` clean and on one line, runs of white space as one space."""
    return " ".join(clean(text).split())


def has_rtl(text: str) -> bool:
    """Whether the first letter with a direction is Hebrew, Arabic or another right-to-left one.

    Unicode Standard Annex 9, rules P2 and P3, by ranges of blocks.
    """
    for character in text:
        if character.isalpha():
            code = ord(character)
            return 0x590 <= code <= 0x8FF or 0xFB1D <= code <= 0xFEFC or 0x10800 <= code <= 0x10FFF
    return False
