"""From raw text to sentences and words of one language that can be printed and read back.

What is thrown away: program syntax (format directives, paths, options), markup, text in other languages, and
characters that no recogniser of the language knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sampan.vision.synthesis.languages import ASCII_SIGNS, DIGITS, TYPOGRAPHIC_SIGNS, Language

MAX_SENTENCE = 240
_TAG = re.compile(r"<[^<>]{1,80}>")
_PROGRAM = re.compile(
    r"%[-+ #0-9.*]*(?:l|ll|h|z|j|t|I)*[a-zA-Z]|%\(|\$\{|\{[\w.:!]*\}|\{\{|\\[a-z]|&[a-z]+;|[<>{}|\\^~`=]"
    r"|--\w|_\w+_|\w_\w|::|//"
)
_END = re.compile(r"(?<=[.!?…])[\s]+(?=[\"“„«(]?[^\W\d_a-zа-яёіїєґђѓјљњќћўџα-ωά-ώ])")
_SCRIPTS: dict[str, re.Pattern[str]] = {
    "latin": re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "greek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "hangul": re.compile(r"[가-힣]"),
}
_ANY_LETTER = re.compile(r"[^\W\d_]")


def printable(language: Language) -> frozenset[str]:
    """The characters that text of the language is made of: its letters, Latin ones, digits, signs and the space."""
    latin = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    letters = language.alphabet
    if language.script == "hangul":
        letters = "".join(map(chr, range(0xAC00, 0xD7A4)))
    money = "".join(language.money).replace("{}", "")
    quotes = "".join(language.quotes)
    return frozenset(letters + latin + DIGITS + ASCII_SIGNS + TYPOGRAPHIC_SIGNS + money + quotes + " ")


def sentences(
    raw: str, language: Language, allowed: frozenset[str], translated: bool = True
) -> Iterator[str]:
    """The sentences of a piece of raw text that are in the language and printable with `allowed`.

    With `translated`, long ones without any of the language's accented letters are taken for English that nobody
    translated.
    """
    text = unicodedata.normalize("NFC", raw)
    text = _TAG.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").replace("\u00ad", "")
    text = text.replace("\u2011", "-").replace("\u2212", "-").replace("\u02bc", "’")
    for block in re.split(r"\n\s*\n|\t", text):
        for sentence in _END.split(" ".join(block.split())):
            sentence = sentence.strip(" *-–•·")
            if _good(sentence, language, allowed, translated):
                yield sentence


def _good(sentence: str, language: Language, allowed: frozenset[str], translated: bool) -> bool:
    if not 2 <= len(sentence) <= MAX_SENTENCE or not allowed.issuperset(sentence):
        return False
    if _PROGRAM.search(sentence) or "..." in sentence[:3]:
        return False
    letters = len(_ANY_LETTER.findall(sentence))
    own = len(_SCRIPTS[language.script].findall(sentence))
    if letters < 2 or own < 0.7 * letters or letters < 0.5 * len(sentence):
        return False
    if translated and len(sentence) > 40 and _accents(language):
        return any(char in _accents(language) for char in sentence.lower())
    return True


def _accents(language: Language) -> str:
    return (
        "".join(char for char in language.letters if not char.isascii()) if language.script == "latin" else ""
    )


_JOINERS = str.maketrans("", "", "-’'")
_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")


def words(text: str, language: Language, allowed: frozenset[str]) -> Iterator[str]:
    """The words of cleaned or dictionary text that are written in the language's own letters."""
    own = frozenset(language.alphabet) if language.script != "hangul" else allowed
    script = _SCRIPTS[language.script]
    for word in _WORD.findall(unicodedata.normalize("NFC", text)):
        if len(word) <= 30 and script.match(word) and own.issuperset(word.translate(_JOINERS)):
            yield word
