"""Forms: what is asked, what is answered, boxes to tick; data for reading keys and values.

Fields carry the kinds of the XFUND and FUNSD sets (question, answer, header), and each answer names its question.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.backgrounds import background
from sampan.vision.synthesis.finishing import DrawnPage, finish
from sampan.vision.synthesis.fonts import FontFace
from sampan.vision.synthesis.geometry import Box, corners
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.prose import Prose
from sampan.vision.synthesis.seeds import between, generator, happens, pick
from sampan.vision.synthesis.sheet import Ink, PageField, Sheet
from sampan.vision.synthesis.typefaces import Chances, SynthesisOptions, Typefaces
from sampan.vision.synthesis.typesetting import fitting


class FormOptions(SynthesisOptions):
    """What forms are drawn."""

    width: tuple[int, int] = Field((640, 1100), description="least and most pixels across")
    filled: float = Field(0.8, ge=0, le=1, description="share of questions that are answered")


class FormSynthesizer:
    """Draws forms by number; `fields` of the page is the truth."""

    def __init__(self, options: FormOptions, library: Library | None = None) -> None:
        self.options = options
        shares = options.shares()
        self._languages = Chances(shares)
        self._profiles = Chances(options.degradations)
        self.library = library or Library.open(shares, options.library)
        self.faces = Typefaces(self.library.fonts, shares, options)

    def draw(self, index: int) -> DrawnPage:
        """Form number `index` ≥ 0."""
        options = self.options
        rng = generator(options.seed, "form", index)
        code = self._languages.draw(rng)
        regular, bold, _ = self.faces.family(rng, code)
        # Answers are often typed in another face than the form was printed in.
        answer = self.faces.family(rng, code)[0] if happens(rng, 0.5) else regular
        prose = Prose(language(code), self.library.texts, options.split, (regular, bold, answer))
        profile = self._profiles.draw(rng)
        width = options.width[0] + int(rng.random() * (options.width[1] - options.width[0] + 1))
        height = round(width * between(rng, 0.8, 1.45))
        colour = happens(rng, 0.35)
        sheet = Sheet(background(rng, height, width, colour, kind="plain" if profile == "clean" else None))
        if profile not in ("clean", "screen"):
            sheet.wear = degradation.page_wear(rng)
        size = float(max(10, round(width / between(rng, 48, 70))))
        ink: Ink = between(rng, 0, 60)
        blue: Ink = (between(rng, 90, 200), between(rng, 0, 60), between(rng, 0, 60))
        pen: Ink = blue if colour and happens(rng, 0.3) else between(rng, 0, 90)
        filler = _Filler(sheet, prose, rng, regular, bold, answer, size, ink, pen, options.filled)
        filler.fill()
        return finish(
            sheet, rng, profile, size, code, list(dict.fromkeys([regular.name, bold.name, answer.name]))
        )


class _Filler:
    """Puts rows of fields on a sheet from its top to its bottom."""

    def __init__(
        self, sheet: Sheet, prose: Prose, rng: np.random.Generator, regular: FontFace, bold: FontFace, answer: FontFace,
        size: float, ink: Ink, pen: Ink, filled: float,
    ) -> None:  # fmt: skip
        self.sheet, self.prose, self.rng = sheet, prose, rng
        self.regular, self.bold, self.answer = regular, bold, answer
        self.size, self.ink, self.pen, self.filled = size, ink, pen, filled
        self.left, self.right = sheet.width * 0.07, sheet.width * 0.93
        self.style = pick(rng, ("boxes", "lines", "dots", "open", "grid"))
        self.colon = pick(rng, (":", "", ":"))

    def fill(self) -> None:
        rng, size = self.rng, self.size
        y = self.sheet.height * between(rng, 0.05, 0.1)
        title = fitting(self.bold, self.prose.title(rng, 6), size * 1.7, self.right - self.left)
        wide = self.bold.at(size * 1.7).getlength(title)
        self._field("header", self.bold, title, size * 1.7, (self.left + self.right - wide) / 2, y, self.ink)
        y += size * 2.6
        step = size * between(rng, 1.9, 2.8)
        while y + step < self.sheet.height * 0.96:
            chance = rng.random()
            if chance < 0.12:
                text = fitting(self.bold, self.prose.title(rng, 4), size * 1.15, self.right - self.left)
                self._field("header", self.bold, text, size * 1.15, self.left, y + size * 0.5, self.ink)
            elif chance < 0.26:
                self._choices(y)
            else:
                count = pick(rng, (1, 2, 2, 3))
                part = (self.right - self.left) / count
                for number in range(count):
                    x = self.left + part * number
                    self._asked(x, x + part - size * 0.8, y, step)
            y += step

    def _asked(self, left: float, right: float, y: float, step: float) -> None:
        size = self.size
        label = self.prose.label(self.rng) + self.colon
        label = fitting(self.regular, label, size, (right - left) * 0.6)
        box = self._field("question", self.regular, label, size, left + size * 0.3, y, self.ink)
        question = len(self.sheet.fields) - 1
        start = box[2] + size * 0.6
        room: Box = (start, y - size * 1.05, right, y + size * 0.45)
        if self.style == "boxes":
            self.sheet.frame(room, 1, self.ink)
        elif self.style == "lines":
            self.sheet.rule(start, y + size * 0.25, right, y + size * 0.25 + 1, self.ink)
        elif self.style == "dots":
            for x in np.arange(start, right, max(3.0, size * 0.3)):
                self.sheet.rule(float(x), y + size * 0.1, float(x) + 1, y + size * 0.1 + 1, self.ink)
        elif self.style == "grid":
            self.sheet.frame((left, y - step * 0.65, right, y + step * 0.35), 1, self.ink)
        if happens(self.rng, self.filled) and right - start > size * 2:
            text = fitting(self.answer, self.prose.value(self.rng), size, right - start - size * 0.4)
            self._field("answer", self.answer, text, size, start + size * 0.3, y, self.pen, question)

    def _choices(self, y: float) -> None:
        """A question with boxes to tick; the ticked ones answer it."""
        size = self.size
        label = fitting(
            self.regular, self.prose.label(self.rng) + self.colon, size, (self.right - self.left) * 0.3
        )
        x = self._field("question", self.regular, label, size, self.left + size * 0.3, y, self.ink)[2] + size
        question = len(self.sheet.fields) - 1
        for _ in range(2 + int(self.rng.random() * 3)):
            text = self.prose.title(self.rng, 1)[:14].strip()
            wide = self.regular.at(size).getlength(text)
            if x + wide + size * 2 > self.right:
                break
            side = size * 0.8
            self.sheet.frame((x, y - side, x + side, y), max(1.0, size * 0.06), self.ink)
            ticked = happens(self.rng, 0.35)
            if ticked:
                inner = size * 0.15
                self.sheet.polyline(
                    [(x + inner, y - side + inner), (x + side - inner, y - inner)], 2, self.pen
                )
                self.sheet.polyline(
                    [(x + inner, y - inner), (x + side - inner, y - side + inner)], 2, self.pen
                )
            of = question if ticked else -1
            kind = "answer" if ticked else "choice"
            x = self._field(kind, self.regular, text, size, x + size * 1.1, y, self.ink, of)[2] + size

    def _field(
        self, kind: str, face: FontFace, text: str, size: float, x: float, y: float, ink: Ink, of: int = -1
    ) -> Box:
        box = self.sheet.write(face, text, size, x, y, ink)
        self.sheet.fields.append(PageField(kind, text, corners(box), of))
        return box
