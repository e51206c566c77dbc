"""Text for whole pages: paragraphs, titles, table cells and labels of one language in the faces of one page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sampan.vision.synthesis.fonts import FontFace, Split
from sampan.vision.synthesis.languages import Language
from sampan.vision.synthesis.phrases import Phrases
from sampan.vision.synthesis.seeds import between, happens, pick
from sampan.vision.synthesis.texts import TextLibrary


class Prose:
    """Draws text that every one of `faces` covers."""

    def __init__(
        self, language: Language, library: TextLibrary, split: Split, faces: tuple[FontFace, ...]
    ) -> None:
        self.language = language
        self._faces = faces
        self._texts = library.texts(language.code, split)
        self._short = Phrases(
            language, library, split, (1, 24), {"number": 3, "price": 2, "date": 1.5, "code": 1, "words": 2.5}
        )
        self._words = Phrases(language, library, split, (3, 34), {"words": 1})

    def sentence(self, rng: np.random.Generator) -> str:
        return self._covered(rng, self._sentence)

    def _sentence(self, rng: np.random.Generator) -> str:
        if len(self._texts.sentences):
            return str(pick(rng, self._texts.sentences))
        return " ".join(pick(rng, self._texts.words) for _ in range(int(between(rng, 4, 12)))) + "."

    def paragraph(self, rng: np.random.Generator, characters: int) -> str:
        """Sentences, about as many as fill `characters`; short fragments are closed with a full stop."""
        parts: list[str] = []
        while sum(map(len, parts)) < characters:
            text = self.sentence(rng)
            parts.append(text if text[-1] in ".!?…:;," else text + ".")
        return " ".join(parts)

    def title(self, rng: np.random.Generator, words: int = 6) -> str:
        """A heading: the first words of a sentence, or a few words; sometimes in capitals."""
        text = self.sentence(rng) if happens(rng, 0.6) else self.words(rng)
        text = " ".join(text.split(" ")[:words]).rstrip(".,;:–—- ")
        text = text[:1].upper() + text[1:]
        raised = text.upper()
        if happens(rng, 0.15) and self.covers(raised) and len(raised) == len(text):
            return raised
        return text or pick(rng, self._texts.words)

    def words(self, rng: np.random.Generator) -> str:
        return self._covered(rng, lambda stream: self._words.draw(stream).text)

    def value(self, rng: np.random.Generator) -> str:
        """What stands in a cell or a field: a number, price, date, code or words."""
        return self._covered(rng, lambda stream: self._short.draw(stream).text)

    def figure(self, rng: np.random.Generator, kind: str) -> str:
        """A value of one kind, as a column of a table holds them: number, price, date, code or words."""
        made = Phrases.__dict__[f"_{kind}"]
        return self._covered(rng, lambda stream: str(made(self._short, stream))[:24])

    def label(self, rng: np.random.Generator) -> str:
        known = [label for label in self.language.labels if self.covers(label)]
        if known and happens(rng, 0.6):
            return pick(rng, known)
        word = self._covered(rng, lambda stream: " ".join(pick(stream, self._texts.words) for _ in range(2)))
        return (word if happens(rng, 0.4) else word.split(" ")[0]).capitalize()

    def covers(self, text: str) -> bool:
        return all(face.covers(text) for face in self._faces)

    def _covered(self, rng: np.random.Generator, make: Callable[[np.random.Generator], str]) -> str:
        for _ in range(20):
            text = " ".join(make(rng).split())
            if text and self.covers(text):
                return text
        kept = "".join(char for char in text if self.covers(char)).strip()
        return " ".join(kept.split()) or "0"
