"""Dictionaries of Sampan's own readers, by name: the letters of a script with figures, punctuation and Latin letters.

Basic Latin letters belong to every one of them: pages in any script carry names, units and addresses in them. A
recogniser of some hundred classes is several times faster at its last layer than one of 18 710 (PaddleOCR 3.0 card
§2: the size of the dictionary is what slowed v5).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from sampan.errors import OptionError
from sampan.vision.text_recognition.dictionary import CharacterDictionary

ASCII = "".join(chr(code) for code in range(0x21, 0x7F))
SIGNS = "«»„“”‚‘’–—…•·§©®™°±×÷€£¥¢№†‡‰′″→←↑↓≤≥≠≈½¼¾²³¹µ"

_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_UKRAINIAN = "ґєії"
_BELARUSIAN = "ў"
_SERBIAN_AND_MACEDONIAN = "ђјљњћџѓѕќѐѝ"
_ACCENTED_LATIN = (
    "àáâãäåāăąæçćĉċčďđèéêëēĕėęěĝğġģĥħìíîïĩīĭįıĵķĺļľłñńņňòóôõöøōŏőœŕŗřśŝşšșţťŧțùúûüũūŭůűųŵýÿŷźżžßðþ"
)
_VIETNAMESE = "".join(
    unicodedata.normalize("NFC", vowel + tone)
    for vowel in "aăâeêioôơuưy"
    for tone in ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
)
_GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"


def alphabet(name: str) -> CharacterDictionary:
    """The dictionary of that name.

    Raises:
        OptionError: there is none.
    """
    try:
        signs = _ALPHABETS[name]
    except KeyError:
        raise OptionError(f"no alphabet {name!r}: there are {', '.join(sorted(_ALPHABETS))}") from None
    return CharacterDictionary.from_lines(dict.fromkeys(signs), space=True, source=name)


def alphabet_names() -> list[str]:
    """Names that `alphabet` knows."""
    return sorted(_ALPHABETS)


def _both_cases(letters: str) -> str:
    upper = (letter.upper() for letter in letters)
    # An upper-case form of two letters (ß → SS) is no character of its own.
    return "".join(dict.fromkeys(letters + "".join(sign for sign in upper if len(sign) == 1)))


def _ksx1001_syllables() -> Iterator[str]:
    """The 2 350 Hangul syllables of KS X 1001 (rows 16 … 40), those in common use."""
    for row in range(0xB0, 0xC9):
        for cell in range(0xA1, 0xFF):
            yield bytes((row, cell)).decode("euc_kr")


_ALPHABETS = {
    "latin-capitals": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "latin": ASCII + SIGNS + _both_cases(_ACCENTED_LATIN) + "ẞİ",
    "cyrillic": ASCII
    + SIGNS
    + _both_cases(_RUSSIAN + _UKRAINIAN + _BELARUSIAN + _SERBIAN_AND_MACEDONIAN)
    + "₴₽",
    "vietnamese": ASCII + SIGNS + _both_cases(_VIETNAMESE + "đ" + _ACCENTED_LATIN) + "ẞİ₫",
    "greek": ASCII + SIGNS.replace("µ", "") + _both_cases(_GREEK) + "΄",
    "korean": ASCII
    + SIGNS
    + "「」『』【】〈〉《》、。・ㆍ※○●◎◇◆□■△▲▽▼☆★₩㎡㎝㎏ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎㅏㅑㅓㅕㅗㅛㅜㅠㅡㅣ"
    + "".join(_ksx1001_syllables()),
}
