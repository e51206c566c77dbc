"""Whole pages with the truth of their blocks, lines, words and tables: data for detectors of text and of layout.

A page is a running head, columns that fill from the top with headings, paragraphs, lists, figures, tables, formulas
and references, and a foot. Its blocks carry the ten classes of the CDLA set, which the released layout model knows
(PP-StructureV2, arXiv 2210.05391, §3.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.backgrounds import background
from sampan.vision.synthesis.figures import draw_figure
from sampan.vision.synthesis.finishing import DrawnPage, finish
from sampan.vision.synthesis.fonts import FontFace
from sampan.vision.synthesis.geometry import Box, union
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.prose import Prose
from sampan.vision.synthesis.seeds import between, generator, happens, pick
from sampan.vision.synthesis.sheet import Ink, Sheet
from sampan.vision.synthesis.tables import draw_table, measure, plan_table
from sampan.vision.synthesis.typefaces import Chances, SynthesisOptions, Typefaces
from sampan.vision.synthesis.typesetting import fitting, wrapped

CLASSES = (
    "text", "title", "figure", "figure_caption", "table", "table_caption", "header", "footer", "reference", "equation",
)  # fmt: skip
"""Classes of blocks, in CDLA's order."""


class PageOptions(SynthesisOptions):
    """What pages are drawn; part of the recipe of a detector of text or of layout."""

    width: tuple[int, int] = Field((640, 1100), description="least and most pixels across")
    columns: dict[int, float] = Field(
        default={1: 5.0, 2: 4.0, 3: 1.0}, description="numbers of columns and their shares"
    )
    elements: dict[str, float] = Field(
        default={"paragraph": 10.0, "heading": 3.0, "list": 2.0, "figure": 1.4, "table": 1.4, "equation": 0.8,
                 "reference": 0.6},
        description="what columns are filled with, and how often",
    )  # fmt: skip


@dataclass
class _Style:
    """How one page is set."""

    regular: FontFace
    bold: FontFace
    italic: FontFace
    size: float
    leading: float
    justified: bool
    indent: float
    gap: float
    """Space between blocks, in pixels."""
    ink: Ink
    accent: Ink


@dataclass
class _Column:
    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left


class PageSynthesizer:
    """Draws pages by number."""

    def __init__(self, options: PageOptions, library: Library | None = None) -> None:
        self.options = options
        shares = options.shares()
        self._languages = Chances(shares)
        self._profiles = Chances(options.degradations)
        self._elements = Chances(options.elements)
        self._columns = Chances({str(number): share for number, share in options.columns.items()})
        self.library = library or Library.open(shares, options.library)
        self.faces = Typefaces(self.library.fonts, shares, options)
        self._makers: dict[str, Callable[..., bool]] = {
            "paragraph": self._paragraph, "heading": self._heading, "list": self._list, "figure": self._figure,
            "table": self._table, "equation": self._equation, "reference": self._references,
        }  # fmt: skip

    def draw(self, index: int) -> DrawnPage:
        """Page number `index` ≥ 0."""
        options = self.options
        rng = generator(options.seed, "page", index)
        code = self._languages.draw(rng)
        faces = self.faces.family(rng, code)
        prose = Prose(language(code), self.library.texts, options.split, faces)
        profile = self._profiles.draw(rng)
        width = options.width[0] + int(rng.random() * (options.width[1] - options.width[0] + 1))
        height = round(width * (between(rng, 1.25, 1.45) if happens(rng, 0.85) else between(rng, 0.65, 0.8)))
        colour = happens(rng, 0.35)
        kind = "plain" if profile in ("clean", "screen") else None
        sheet = Sheet(background(rng, height, width, colour, kind=kind))
        if profile not in ("clean", "screen"):
            sheet.wear = degradation.page_wear(rng)
        style = _style(rng, faces, width, colour)
        columns = self._frame(rng, sheet, prose, style)
        for column in columns:
            self._fill(rng, sheet, prose, style, column)
        names = list(dict.fromkeys(face.name for face in faces))
        return finish(sheet, rng, profile, style.size, code, names)

    def _frame(self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style) -> list[_Column]:
        """Head, foot and title of the page; gives the columns between them."""
        side = sheet.width * between(rng, 0.05, 0.13)
        top, bottom = sheet.height * between(rng, 0.05, 0.1), sheet.height * (1 - between(rng, 0.05, 0.1))
        left, right = side, sheet.width - side
        small = style.size * 0.85
        if happens(rng, 0.6):
            text = fitting(style.italic, prose.title(rng, 7), small, right - left)
            box = sheet.write(style.italic, text, small, left, top - style.leading * 0.6, style.ink)
            if happens(rng, 0.5):
                number = str(1 + int(rng.random() * 400))
                at = right - style.regular.at(small).getlength(number)
                if at > box[2] + style.size:
                    box = union(
                        [
                            box,
                            sheet.write(
                                style.regular, number, small, at, top - style.leading * 0.6, style.ink
                            ),
                        ]
                    )
            self._own(sheet, "header", box)
            if happens(rng, 0.4):
                sheet.rule(left, top - style.leading * 0.3, right, top - style.leading * 0.3 + 1, style.ink)
            top += style.leading * 0.6
        if happens(rng, 0.7):
            number = pick(rng, ("{}", "– {} –", "[{}]", "- {} -")).format(1 + int(rng.random() * 400))
            if style.regular.covers(number):
                wide = style.regular.at(small).getlength(number)
                at = pick(rng, (left, (left + right - wide) / 2, right - wide))
                base = min(bottom + style.leading * 1.3, sheet.height - small)
                self._own(sheet, "footer", sheet.write(style.regular, number, small, at, base, style.ink))
        count = int(self._columns.draw(rng))
        if happens(rng, 0.45):
            top = self._page_title(rng, sheet, prose, style, _Column(left, right, top, bottom)) + style.gap
        gutter = style.size * between(rng, 1.2, 2.6)
        width = (right - left - gutter * (count - 1)) / count
        return [
            _Column(left + i * (width + gutter), left + i * (width + gutter) + width, top, bottom)
            for i in range(count)
        ]

    def _page_title(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, room: _Column
    ) -> float:
        size = style.size * between(rng, 1.5, 2.4)
        text = wrapped(style.bold, prose.title(rng, 10), size, room.width)[:2]
        return self._lines(sheet, "title", style.bold, text, size, room, style.accent, happens(rng, 0.5))

    def _fill(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> None:
        """Puts elements into the column until it is full or three in a row do not fit."""
        failed = 0
        while failed < 3 and column.bottom - column.top > 2 * style.leading:
            done = self._makers[self._elements.draw(rng)](rng, sheet, prose, style, column)
            if done:
                column.top += style.gap
                failed = 0
            else:
                failed += 1

    def _own(self, sheet: Sheet, kind: str, box: Box, first: int | None = None) -> None:
        """A block round `box` that owns the lines from number `first` on (the newest ones that have none)."""
        block = sheet.block(kind, box)
        for line in sheet.lines[first:] if first is not None else sheet.lines:
            if line.block < 0:
                line.block = block

    def _lines(
        self, sheet: Sheet, kind: str, face: FontFace, lines: list[str], size: float, room: _Column, ink: Ink,
        centred: bool = False,
    ) -> float:  # fmt: skip
        """Sets lines from the room's top, ragged or centred, as one block; gives the y below them."""
        leading = size * 1.25
        boxes = []
        for number, text in enumerate(lines):
            wide = face.at(size).getlength(text)
            x = room.left + (room.width - wide) / 2 if centred else room.left
            boxes.append(sheet.write(face, text, size, x, room.top + leading * number + size * 0.95, ink))
        self._own(sheet, kind, union(boxes))
        return room.top + leading * len(lines)

    def _heading(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        size = style.size * between(rng, 1.1, 1.6)
        if column.bottom - column.top < size * 4:
            return False
        text = prose.title(rng, 7)
        if happens(rng, 0.4):
            text = f"{1 + int(rng.random() * 9)}{pick(rng, ('.', '', '.1', '.2.'))} {text}"
        lines = wrapped(style.bold, text, size, column.width)[:2]
        column.top = self._lines(sheet, "title", style.bold, lines, size, column, style.accent)
        return True

    def _paragraph(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        per_line = max(8, int(column.width / style.size * 2))
        room = int((column.bottom - column.top) / style.leading)
        wanted = min(room, 2 + int(rng.random() * 10))
        if wanted < 1:
            return False
        text = prose.paragraph(rng, per_line * wanted)
        lines = wrapped(style.regular, text, style.size, column.width, style.indent)[:wanted]
        self._set_paragraph(sheet, style, lines, column, "text")
        return True

    def _set_paragraph(
        self, sheet: Sheet, style: _Style, lines: list[str], column: _Column, kind: str
    ) -> None:
        font = style.regular.at(style.size)
        space = font.getlength(" ")
        boxes = []
        for number, text in enumerate(lines):
            left = column.left + (style.indent if number == 0 else 0.0)
            base = column.top + style.leading * number + style.size * 0.95
            words = text.split(" ")
            last = number == len(lines) - 1
            if style.justified and not last and len(words) > 1:
                wide = [font.getlength(word) for word in words]
                slack = (column.right - left - sum(wide)) / (len(words) - 1)
                if slack < 3 * space:
                    runs, x = [], left
                    for word, size in zip(words, wide, strict=True):
                        runs.append((word, x))
                        x += size + slack
                    boxes.append(sheet.write_words(style.regular, runs, style.size, base, style.ink))
                    continue
            boxes.append(sheet.write(style.regular, text, style.size, left, base, style.ink))
        self._own(sheet, kind, union(boxes))
        column.top += style.leading * len(lines)

    def _list(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        marks = pick(rng, ("•", "–", "1.", "1)", "*", "—"))
        hang = style.size * 1.6
        inner = _Column(column.left + hang, column.right, column.top, column.bottom)
        plain = _with(style, indent=0.0)
        first = len(sheet.lines)
        boxes: list[Box] = []
        for number in range(1, 3 + int(rng.random() * 5)):
            lines = wrapped(style.regular, prose.sentence(rng), style.size, inner.width)[:3]
            if inner.top + style.leading * len(lines) > column.bottom:
                break
            mark = marks.replace("1", str(number))
            if not style.regular.covers(mark):
                mark = "-"
            base = inner.top + style.size * 0.95
            # Mark and text are one line to a reader, so they are one line of the truth.
            runs = [(mark, column.left), (lines[0], inner.left)]
            boxes.append(sheet.write_words(style.regular, runs, style.size, base, style.ink))
            for line in lines[1:]:
                base += style.leading
                boxes.append(sheet.write(plain.regular, line, style.size, inner.left, base, style.ink))
            inner.top += style.leading * len(lines)
        if not boxes:
            return False
        self._own(sheet, "text", union(boxes), first)
        column.top = inner.top
        return True

    def _references(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        small = _with(style, size=style.size * 0.85, leading=style.leading * 0.85, indent=0.0)
        entries = []
        for number in range(1, 2 + int(rng.random() * 4)):
            year = 1950 + int(rng.random() * 80)
            entries.append(f"[{number}] {prose.title(rng, 3)}. {prose.sentence(rng)} {year}.")
        lines = [
            line for entry in entries for line in wrapped(small.regular, entry, small.size, column.width)
        ]
        if column.top + small.leading * len(lines) > column.bottom:
            return False
        self._set_paragraph(sheet, _with(small, justified=False), lines, column, "reference")
        return True

    def _caption(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column, kind: str
    ) -> None:
        size = style.size * 0.88
        text = f"{prose.label(rng)} {1 + int(rng.random() * 20)}{pick(rng, ('.', ':', ' –'))} {prose.title(rng, 8)}"
        lines = wrapped(style.italic, text, size, column.width)[:2]
        column.top = self._lines(sheet, kind, style.italic, lines, size, column, style.ink, happens(rng, 0.6))

    def _figure(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        height = column.width * between(rng, 0.35, 0.8)
        if column.top + height + 3 * style.leading > column.bottom:
            return False
        inset = column.width * between(rng, 0, 0.12)
        box = (column.left + inset, column.top, column.right - inset, column.top + height)
        draw_figure(rng, sheet, box, style.ink)
        sheet.block("figure", box)
        column.top += height + style.size * 0.4
        if happens(rng, 0.8):
            self._caption(rng, sheet, prose, style, column, "figure_caption")
        return True

    def _table(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        size = style.size * between(rng, 0.8, 1.0)
        for _ in range(4):
            plan = plan_table(
                rng, prose, 2 + int(rng.random() * 9), 2 + int(rng.random() * 4), happens(rng, 0.3)
            )
            at = measure(rng, plan, style.regular, style.bold, size)
            room = column.bottom - column.top - 3 * style.leading
            if at.xs[-1] <= column.width and at.ys[-1] <= room:
                break
        else:
            return False
        above = happens(rng, 0.6)
        if above:
            self._caption(rng, sheet, prose, style, column, "table_caption")
            column.top += style.size * 0.3
        x = column.left + (column.width - at.xs[-1]) * pick(rng, (0.0, 0.5))
        first = len(sheet.lines)
        draw_table(sheet, plan, at, x, column.top, (style.regular, style.bold), size, style.ink)
        self._own(sheet, "table", (x, column.top, x + at.xs[-1], column.top + at.ys[-1]), first)
        column.top += at.ys[-1] + style.size * 0.4
        if not above and happens(rng, 0.6):
            self._caption(rng, sheet, prose, style, column, "table_caption")
        return True

    def _equation(
        self, rng: np.random.Generator, sheet: Sheet, prose: Prose, style: _Style, column: _Column
    ) -> bool:
        """A displayed formula in one line of letters, signs and figures, with its number."""
        del prose
        size = style.size * between(rng, 1.0, 1.3)
        if column.top + 2.5 * size > column.bottom:
            return False
        names = "abcdfghkmnpqstuvwxyz"
        terms = []
        for _ in range(2 + int(rng.random() * 4)):
            tail = pick(rng, ("", f"({pick(rng, names)})", f"/{pick(rng, names)}"))
            terms.append(pick(rng, ("", "2", "3", "0.5")) + pick(rng, names) + tail)
        text = terms[0] + " = " + "".join(f"{term} {pick(rng, '+-')} " for term in terms[1:-1]) + terms[-1]
        if not style.italic.covers(text):
            return False
        wide = style.italic.at(size).getlength(text)
        if wide > column.width * 0.8:
            return False
        base = column.top + size * 1.3
        box = sheet.write(style.italic, text, size, column.left + (column.width - wide) / 2, base, style.ink)
        number = f"({1 + int(rng.random() * 30)})"
        if happens(rng, 0.5):
            at = column.right - style.regular.at(style.size).getlength(number)
            box = union([box, sheet.write(style.regular, number, style.size, at, base, style.ink)])
        self._own(sheet, "equation", box)
        column.top += 2.2 * size
        return True


def _style(
    rng: np.random.Generator, faces: tuple[FontFace, FontFace, FontFace], width: int, colour: bool
) -> _Style:
    size = float(max(9, round(width / between(rng, 42, 78))))
    ink: Ink = between(rng, 0, 60)
    accent = ink
    if colour and happens(rng, 0.4):
        accent = (between(rng, 0, 150), between(rng, 0, 110), between(rng, 0, 150))
    return _Style(
        *faces, size=size, leading=size * between(rng, 1.12, 1.6), justified=happens(rng, 0.5),
        indent=size * 1.5 if happens(rng, 0.4) else 0.0, gap=size * between(rng, 0.3, 1.4), ink=ink, accent=accent,
    )  # fmt: skip


def _with(style: _Style, **changes: float) -> _Style:
    return _Style(**{**style.__dict__, **changes})
