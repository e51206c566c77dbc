"""Pages of lines made by hand, for the tests of layout and assembly."""

from __future__ import annotations

from dataclasses import dataclass, field

from sampan.documents.model import Line, Style, Word

WORDS = "the boat leaves before nine and drifts along under old bridges while rain falls on all of us".split()  # noqa: SIM905


def prose(seed: int, count: int) -> list[str]:
    return [WORDS[(seed * 7 + i * 5) % len(WORDS)] for i in range(count)]


@dataclass
class Sheet:
    """Sets text with letters of half the font size; every line knows its font unless `styled` is False."""

    styled: bool = True
    size: float = 10.0
    lines: list[Line] = field(default_factory=list)

    def line(self, text: str, x: float, y: float, size: float = 0.0, **style: bool) -> Line:
        size = size or self.size
        made = Line(
            text=text,
            box=(x, y, x + 0.5 * size * len(text), y + 1.2 * size),
            origin="text_layer",
            style=Style(size=size, **style) if self.styled else None,  # type: ignore[arg-type]
        )
        self.lines.append(made)
        return made

    def paragraph(
        self, words: list[str], x: float, y: float, width: float, *, indent: float = 0.0, size: float = 0.0
    ) -> float:
        """Ragged right; returns the y below the last line."""
        size = size or self.size
        current: list[str] = []
        start = x + indent
        for word in words:
            if current and start + 0.5 * size * len(" ".join([*current, word])) > x + width:
                self.line(" ".join(current), start, y, size)
                y, current, start = y + 1.3 * size, [], x
            current.append(word)
        self.line(" ".join(current), start, y, size)
        return y + 1.3 * size

    def read(
        self,
        text: str,
        x: float,
        y: float,
        *,
        left: float = 0.0,
        right: float = 0.0,
        tall: float = 0.0,
        size: float = 0.0,
        em: float = 0.5,
    ) -> Line:
        """A line as a reader of pictures gives it: with words, and with a box that is too large on three sides.

        `em` is the width of a character as part of the size.
        """
        made = self.line(text, x, y, size)
        advance = em * (size or self.size)
        made.origin = "ocr"
        made.box = (x - left, y - tall / 2, x + advance * len(text) + right, made.box[3] + tall / 2)
        at = 0
        for word in text.split():
            at = text.index(word, at)
            made.words.append(
                Word(text=word, box=(x + at * advance, y, x + (at + len(word)) * advance, made.box[3]))
            )
            at += len(word)
        return made
