"""The characters that a recogniser knows, and the way between texts and class numbers.

PaddleOCR's order (PaddleOCR 3.0 card §3.4): class 0 is the CTC blank, classes 1 … n are the lines of the dictionary
file, and a space, which such a file cannot hold as a line of its own, comes last.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sampan.errors import InputError, OptionError

BLANK = 0


@dataclass(frozen=True)
class Decoded:
    """What greedy CTC decoding read in one strip."""

    text: str
    confidence: float
    """Mean of the characters' probabilities, each in the first frame of its run; 0 for an empty text."""
    classes: list[int]
    probabilities: list[float]


@dataclass(frozen=True)
class CharacterDictionary:
    """An ordered set of characters; with `space`, an ASCII space is the last class."""

    characters: tuple[str, ...]
    space: bool = True
    _classes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = self.names
        classes = {name: number for number, name in enumerate(names) if number != BLANK}
        if len(classes) != len(names) - 1:
            seen: set[str] = set()
            twice = next(name for name in names[1:] if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise InputError(f"the dictionary has {twice!r} twice: leave each character once")
        object.__setattr__(self, "_classes", classes)

    @classmethod
    def from_file(cls, path: str | Path, space: bool = True) -> CharacterDictionary:
        """One character a line, UTF-8; line ends may be LF or CRLF, empty lines are left out.

        Raises:
            InputError: no such file, not UTF-8, no character in it, or one twice.
        """
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except OSError as error:
            raise InputError(f"cannot read the dictionary {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"the dictionary {path} is not UTF-8: save it as UTF-8") from error
        # splitlines() would also split at U+0085 and U+2028, which may be entries.
        return cls.from_lines((line.rstrip("\r") for line in text.split("\n")), space, str(path))

    @classmethod
    def from_lines(
        cls, lines: Iterable[str], space: bool = True, source: str = "dictionary"
    ) -> CharacterDictionary:
        """From entries in order; empty ones are left out.

        Raises:
            InputError: no entry, or one twice.
        """
        characters = tuple(line for line in lines if line and line != " ")
        if not characters:
            raise InputError(f"{source} holds no characters: write one a line")
        return cls(characters, space)

    @classmethod
    def of_texts(cls, texts: Iterable[str], space: bool = True) -> CharacterDictionary:
        """All characters of the texts (NFC), in the order of their code points."""
        found = {character for text in texts for character in unicodedata.normalize("NFC", text)}
        return cls.from_lines(sorted(found - {" ", "\n", "\r", "\t"}), space, "the texts")

    def save(self, path: str | Path) -> None:
        """Writes the dictionary file that goes beside the weights: one character a line."""
        Path(path).write_text(
            "".join(f"{name}\n" for name in self.characters), encoding="utf-8", newline="\n"
        )

    @property
    def names(self) -> list[str]:
        """Names by class number; that of the blank is empty."""
        return ["", *self.characters, *([" "] if self.space else [])]

    def __len__(self) -> int:
        """Number of classes, the blank among them: the width of the CTC head."""
        return 1 + len(self.characters) + int(self.space)

    def __contains__(self, character: object) -> bool:
        return character in self._classes

    def class_of(self, character: str) -> int:
        """Class number of a character.

        Raises:
            OptionError: it is not in the dictionary.
        """
        try:
            return self._classes[character]
        except KeyError:
            raise OptionError(
                f"{character!r} is not among the dictionary's {len(self) - 1} characters"
            ) from None

    def unknown(self, text: str) -> list[str]:
        """Characters of `text` (NFC) that the dictionary does not have, each once, in order."""
        return list(
            dict.fromkeys(sign for sign in unicodedata.normalize("NFC", text) if sign not in self._classes)
        )

    def encode(self, text: str) -> list[int]:
        """Class numbers of the text's characters (NFC); characters that the dictionary lacks are left out."""
        classes = self._classes
        return [classes[sign] for sign in unicodedata.normalize("NFC", text) if sign in classes]

    def decode(self, classes: Iterable[int]) -> str:
        """The text of class numbers as they stand; blanks say nothing."""
        names = self.names
        return "".join(names[number] for number in classes)

    def decode_ctc(self, probabilities: NDArray[np.float32]) -> Decoded:
        """Greedy reading of (T, V) probabilities: the best class of each frame, runs merged, blanks dropped.

        Raises:
            OptionError: V is not this dictionary's number of classes.
        """
        if probabilities.ndim != 2 or probabilities.shape[1] != len(self):
            raise OptionError(
                f"probabilities of shape {probabilities.shape} do not fit a dictionary of {len(self)} classes "
                "(blank, characters and space): use the dictionary that belongs to the weights"
            )
        return greedy(probabilities.argmax(1).tolist(), probabilities.max(1).tolist(), self.names)


def greedy(best: Sequence[int], scores: Sequence[float], names: Sequence[str]) -> Decoded:
    """The reading of per-frame best classes (T,) with their probabilities (T,)."""
    classes: list[int] = []
    kept: list[float] = []
    before = BLANK
    for number, score in zip(best, scores, strict=True):
        if number not in (BLANK, before):
            classes.append(number)
            kept.append(score)
        before = number
    text = "".join(names[number] for number in classes)
    return Decoded(text, sum(kept) / len(kept) if kept else 0.0, classes, kept)
