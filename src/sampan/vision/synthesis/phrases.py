"""What stands on one line: a piece of a sentence, words, numbers, dates, prices, codes, labels with values.

The mixture is that of printed pages with rare things drawn more often than they occur, because a recogniser must
have seen every letter of its alphabet, each capital, and each sign between digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis.fonts import Split
from sampan.vision.synthesis.languages import Language
from sampan.vision.synthesis.seeds import between, happens, pick, pick_weighted
from sampan.vision.synthesis.texts import Pool, TextLibrary

KINDS: dict[str, float] = {
    "sentence": 44.0, "words": 16.0, "rare": 9.0, "capitals": 6.0, "number": 5.0, "date": 4.0, "price": 4.0,
    "code": 4.0, "address": 2.0, "label": 5.0, "item": 4.0, "mixed": 4.0, "letters": 2.0,
}  # fmt: skip
"""Kinds of lines and how often each is drawn."""

_CONSONANTS = "BCDFGHKLMNPRSTVXZ"
_BULLETS = ("•", "–", "—", "-", "*", "·", "§", "№")


@dataclass(frozen=True)
class Phrase:
    text: str
    kind: str


class Phrases:
    """Draws phrases of one language; `length` bounds the number of characters."""

    def __init__(
        self,
        language: Language,
        library: TextLibrary,
        split: Split = "train",
        length: tuple[int, int] = (1, 48),
        kinds: Mapping[str, float] | None = None,
    ) -> None:
        unknown = sorted(set(kinds or ()) - set(KINDS))
        if unknown:
            raise OptionError(f"no kind of line is called '{unknown[0]}': known are {', '.join(KINDS)}")
        if not 1 <= length[0] <= length[1]:
            raise OptionError(f"line length {length[0]} to {length[1]} is not a range of positive numbers")
        shares = dict(kinds or KINDS)
        self.language = language
        self.length = length
        self._texts = library.texts(language.code, split)
        latin = "en" if "en" in library.pools else language.code
        self._latin = library.texts(latin, split)
        if not len(self._texts.words):
            raise InputError(
                f"no {split} words in {language.name} are known here: install packages with its text, such as "
                f"hunspell-{language.code}, or ask for the other split"
            )
        self._names = [name for name, share in shares.items() if share > 0]
        self._sums = list(accumulate(shares[name] for name in self._names))
        self._makers: dict[str, Callable[[np.random.Generator], str]] = {
            "sentence": self._sentence, "words": self._words, "rare": self._rare, "capitals": self._capitals,
            "number": self._number, "date": self._date, "price": self._price, "code": self._code,
            "address": self._address, "label": self._label, "item": self._item, "mixed": self._mixed,
            "letters": self._letters,
        }  # fmt: skip

    def draw(self, rng: np.random.Generator) -> Phrase:
        """A phrase of a length within bounds, without spaces at its ends or two in a row."""
        kind = pick_weighted(rng, self._names, self._sums)
        for _ in range(8):
            text = " ".join(self._makers[kind](rng).split())
            text = self._cut(rng, text)
            if len(text) >= self.length[0]:
                return Phrase(text, kind)
            kind = "sentence"
        return Phrase(text or self.language.alphabet[0], kind)

    def _cut(self, rng: np.random.Generator, text: str) -> str:
        """A run of whole words of `text` that fits; a word longer than the bound is cut off."""
        longest = self.length[1]
        if len(text) <= longest:
            return text
        words = text.split(" ")
        start = int(rng.random() * len(words))
        end, size = start, -1
        while end < len(words) and size + 1 + len(words[end]) <= longest:
            size += 1 + len(words[end])
            end += 1
        return " ".join(words[start:end]) or words[start][:longest]

    def _one(self, rng: np.random.Generator, pool: Pool) -> str:
        return pick(rng, pool) if len(pool) else ""

    def _sentence(self, rng: np.random.Generator) -> str:
        """A line of running text: from the beginning of a sentence, or cut out of its middle."""
        text = self._one(rng, self._texts.sentences) or self._words(rng)
        wish = int(between(rng, 8, self.length[1] + 1))  # lines of pages are long, but not all
        if len(text) > wish:
            words = text.split(" ")
            start = 0 if happens(rng, 0.4) else int(rng.random() * len(words))
            end, size = start, -1
            while end < len(words) and (size < 0 or size + 1 + len(words[end]) <= wish):
                size += 1 + len(words[end])
                end += 1
            text = " ".join(words[start:end])
        if happens(rng, 0.06):
            text = _quoted(rng, text.rstrip("."), self.language)
        return text

    def _word(self, rng: np.random.Generator) -> str:
        """By frequency (a word of a sentence) or by the dictionary, in small letters, capitalised or in capitals."""
        if happens(rng, 0.3):
            word = pick(rng, (self._one(rng, self._texts.sentences) or " ").split(" "))
        else:
            word = self._one(rng, self._texts.words)
        chance = rng.random()
        if chance < 0.15:
            return self._upper(word)
        return word[:1].upper() + word[1:] if chance < 0.4 else word

    def _words(self, rng: np.random.Generator) -> str:
        count = 1 + int(rng.random() ** 2 * 5)
        text = " ".join(self._word(rng) for _ in range(count))
        if happens(rng, 0.25):
            text += pick(rng, (".", ",", ":", ";", "!", "?", "…", "-", " –", " —"))
        if happens(rng, 0.08):
            text = f"({text})" if happens(rng, 0.6) else _quoted(rng, text, self.language)
        return text

    def _rare(self, rng: np.random.Generator) -> str:
        """Words that hold a letter drawn evenly from the alphabet."""
        found = []
        for _ in range(1 + int(rng.random() * 3)):
            letter = pick(rng, self.language.alphabet)
            small = letter.lower()
            word = self._texts.words.containing(small, float(rng.random())) or letter
            found.append(word if small == letter else self._capital_for(letter, word))
        return " ".join(found)

    def _capital_for(self, letter: str, word: str) -> str:
        """The word with that capital in it: as its first letter where it begins so, else all in capitals."""
        if self._upper(word[:1]) == letter:
            return letter + word[1:]
        return self._upper(word)

    def _upper(self, text: str) -> str:
        if self.language.code == "tr":
            text = text.replace("i", "İ")
        if self.language.code == "el":  # capitals drop the accent in Greek, and keep the two dots
            return text.translate(_GREEK_BARE).upper().translate(_GREEK_PLAIN)
        return text.upper()

    def _capitals(self, rng: np.random.Generator) -> str:
        return self._upper(self._sentence(rng) if happens(rng, 0.6) else self._words(rng))

    def _number(self, rng: np.random.Generator) -> str:
        value = float(10 ** between(rng, 0, 7))
        chance = rng.random()
        if chance < 0.3:
            return self._figure(rng, value, int(rng.random() * 3))
        if chance < 0.45:
            sign = pick(rng, ("%", " %", "°", " °C", " kg", " km", " m²", "‰", " mm", " GB"))
            return self._figure(rng, value / 100, int(rng.random() * 3)) + sign
        if chance < 0.6:
            low = int(value) % 2100
            return f"{low}{pick(rng, ('–', '-', '—', ' – '))}{low + 1 + int(rng.random() * 40)}"
        if chance < 0.75:
            values = [float(10 ** between(rng, 0, 5)) for _ in range(int(between(rng, 2, 5)))]
            return " ".join(self._figure(rng, value, 2) for value in values)
        if chance < 0.9:
            return "".join(pick(rng, "0123456789") for _ in range(int(between(rng, 1, 14))))
        return f"{pick(rng, ('№', '#', 'No.', '§', '±', '+', '−'))} {int(value)}".replace("−", "-")

    def _figure(self, rng: np.random.Generator, value: float, places: int) -> str:
        whole = f"{value:,.{places}f}"
        if happens(rng, 0.3):
            whole = whole.replace(",", "")
        table = {",": self.language.thousands.replace("\u00a0", " "), ".": self.language.decimal}
        return "".join(table.get(char, char) for char in whole)

    def _date(self, rng: np.random.Generator) -> str:
        day, month = 1 + int(rng.random() * 28), int(rng.random() * 12)
        year = 1900 + int(rng.random() ** 0.5 * 140)
        if happens(rng, 0.2):
            hour, minute = int(rng.random() * 24), int(rng.random() * 60)
            time = f"{hour:02}:{minute:02}" + (f":{int(rng.random() * 60):02}" if happens(rng, 0.3) else "")
            return time if happens(rng, 0.4) else f"{day:02}.{month + 1:02}.{year} {time}"
        form = pick(rng, self.language.dates)
        if "{month}" in form and not self.language.months:
            form = "{d:02}.{m:02}.{y}"
        name = self.language.months[month] if self.language.months else ""
        return form.format(d=day, m=month + 1, y=year, month=name)

    def _price(self, rng: np.random.Generator) -> str:
        value = float(10 ** between(rng, 0, 6))
        amount = pick(rng, self.language.money).format(
            self._figure(rng, value, 2 if happens(rng, 0.7) else 0)
        )
        return ("-" if happens(rng, 0.05) else "") + amount

    def _code(self, rng: np.random.Generator) -> str:
        """Numbers of contracts, plates, serials: capitals and digits in groups."""
        groups = []
        letters = _CONSONANTS if happens(rng, 0.5) else self._capital_letters()
        for _ in range(1 + int(rng.random() * 4)):
            size = 1 + int(rng.random() * 5)
            source = pick(rng, ("0123456789", letters, "0123456789" + letters))
            groups.append("".join(pick(rng, source) for _ in range(size)))
        return pick(rng, ("-", "/", " ", ".", "")).join(groups)

    def _capital_letters(self) -> str:
        capitals = "".join(char for char in self.language.alphabet if char.isupper())
        return capitals or _CONSONANTS

    def _address(self, rng: np.random.Generator) -> str:
        """Electronic addresses and telephone numbers."""
        words = [_plain(self._one(rng, self._latin.words)) or "page" for _ in range(3)]
        tld = pick(rng, ("com", "org", "net", "ru", "ua", "bg", "rs", "vn", "gr", "kr", "de", "eu", "info"))
        chance = rng.random()
        if chance < 0.35:
            return f"{words[0]}{pick(rng, ('.', '_', '', '-'))}{words[1]}@{words[2]}.{tld}"
        if chance < 0.7:
            start = pick(rng, ("https://", "http://", "www.", "https://www.", ""))
            return f"{start}{words[0]}.{tld}{pick(rng, ('', '/', '/' + words[1], '/' + words[1] + '/' + words[2]))}"
        digits = "".join(pick(rng, "0123456789") for _ in range(7))
        return f"+{int(between(rng, 1, 400))} ({int(between(rng, 10, 999))}) {digits[:3]}-{digits[3:5]}-{digits[5:]}"

    def _label(self, rng: np.random.Generator) -> str:
        if self.language.labels and happens(rng, 0.6):
            name = pick(rng, self.language.labels)
        else:
            word = self._one(rng, self._texts.words)
            name = word[:1].upper() + word[1:]
        value = pick(rng, (self._number, self._date, self._price, self._code, self._words))(rng)
        return f"{name}{pick(rng, (': ', ': ', ' ', ' ', ' – ', ' .... '))}{value}"

    def _item(self, rng: np.random.Generator) -> str:
        number = 1 + int(rng.random() * 30)
        letter = pick(rng, self.language.alphabet)
        mark = pick(
            rng,
            (f"{number}.", f"{number})", f"({number})", f"{number}.{number % 7 + 1}.", f"{letter})", f"{letter}.",
             f"[{number}]", pick(rng, _BULLETS)),
        )  # fmt: skip
        return f"{mark} {self._sentence(rng)}"

    def _mixed(self, rng: np.random.Generator) -> str:
        """Text with Latin words, names with digits, or a part in brackets among its own words."""
        words = self._sentence(rng).split(" ")
        place = int(rng.random() * (len(words) + 1))
        foreign = self._one(rng, self._latin.words) or self._code(rng)
        chance = rng.random()
        if chance < 0.3:
            foreign = self._code(rng)
        elif chance < 0.6:
            foreign = foreign[:1].upper() + foreign[1:]
        if happens(rng, 0.25):
            foreign = f"({foreign})"
        return " ".join([*words[:place], foreign, *words[place:]])

    def _letters(self, rng: np.random.Generator) -> str:
        """Letters drawn evenly, so that no context helps."""
        size = 2 + int(rng.random() * 12)
        return "".join(pick(rng, self.language.alphabet) if happens(rng, 0.93) else " " for _ in range(size))


_GREEK_BARE = str.maketrans("ΐΰ", "ϊϋ")
_GREEK_PLAIN = str.maketrans("ΆΈΉΊΌΎΏ", "ΑΕΗΙΟΥΩ")


def _quoted(rng: np.random.Generator, text: str, language: Language) -> str:
    marks = pick(rng, language.quotes)
    return f"{marks[0]}{text}{marks[1]}"


def _plain(word: str) -> str:
    return "".join(char for char in word.lower() if char.isascii() and char.isalnum())
