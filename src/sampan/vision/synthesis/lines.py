"""Single lines of text as a detector cuts them out of a page: the training data of recognisers.

    source = LineSynthesizer(LineOptions(languages={"ru": 0.6, "uk": 0.4}, seed=7))
    line = source.draw(123_456)     # always the same line: picture, text, words, face

A line is a phrase of one language, set in a face that covers it, in worn ink on a made background, a little turned
and cut with uneven margins, and then printed, scanned, faxed or photographed (`degradation`). Line i depends on the
options, the seed, i and the fonts and texts that are there, and on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from sampan.errors import OptionError
from sampan.vision.synthesis import degradation, phrases
from sampan.vision.synthesis.backgrounds import background
from sampan.vision.synthesis.fonts import FontFace
from sampan.vision.synthesis.geometry import Matrix, map_box, rotation, scaling, translation, warp
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.phrases import Phrase, Phrases
from sampan.vision.synthesis.seeds import between, generator, happens
from sampan.vision.synthesis.typefaces import Chances, SynthesisOptions, Typefaces
from sampan.vision.synthesis.typesetting import SetLine, set_line


class LineOptions(SynthesisOptions):
    """What lines are drawn; part of a recogniser's recipe."""

    height: int | None = Field(48, ge=8, le=512, description="height of the pictures, or null: as cut")
    length: tuple[int, int] = Field((1, 48), description="least and most characters of a line")
    size: tuple[float, float] = Field((9.5, 44.0), description="pixels per em where the line was seen")
    kinds: dict[str, float] = Field(default_factory=lambda: dict(phrases.KINDS))
    characters: str | None = Field(
        None, description="only lines that these characters can spell (the space always)"
    )

    @field_validator("size")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 4 <= value[0] <= value[1] <= 400:
            raise ValueError(f"sizes run from at least 4 up to at most 400 pixels per em, not {value}")
        return value


@dataclass
class LineWord:
    text: str
    quad: NDArray[np.float32]
    """(4, 2), x and y in pixels of the picture, clockwise from the top left as one reads."""


@dataclass
class Line:
    image: NDArray[np.uint8]
    """(h, w, 3), blue-green-red."""
    text: str
    language: str
    kind: str
    degradation: str
    face: FontFace
    size: float
    """Pixels per em in the picture."""
    type: SetLine = field(repr=False)
    matrix: Matrix = field(repr=False)
    """Homography from `type`'s mask to the picture, in edges of pixels."""

    @cached_property
    def words(self) -> list[LineWord]:
        """The words with the quads of their ink."""
        return [LineWord(word.text, map_box(word.box, self.matrix)) for word in self.type.words]


class LineSynthesizer:
    """Draws lines by number. It can be pickled; fonts are opened where they are first used."""

    def __init__(self, options: LineOptions, library: Library | None = None) -> None:
        self.options = options
        shares = options.shares()
        self._languages = Chances(shares)
        self._profiles = Chances(options.degradations)
        self.library = library or Library.open(shares, options.library)
        self._faces = Typefaces(self.library.fonts, shares, options)
        self._known = frozenset(options.characters) | {" "} if options.characters is not None else None

    @cached_property
    def _phrases(self) -> dict[str, Phrases]:
        chosen = self.options
        return {
            code: Phrases(language(code), self.library.texts, chosen.split, chosen.length, chosen.kinds)
            for code in self._languages.names
        }

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_phrases"}

    def faces(self) -> list[FontFace]:
        """All faces that lines may be set in."""
        return self._faces.all()

    def draw(self, index: int) -> Line:
        """Line number `index` ≥ 0."""
        rng = generator(self.options.seed, "line", index)
        code = self._languages.draw(rng)
        for _ in range(50):
            phrase = self._phrases[code].draw(rng)
            if self._known is not None and not self._known.issuperset(phrase.text):
                continue
            face = self._faces.one(rng, code, phrase.text)
            if face is not None:
                return self._render(rng, code, phrase, face)
        raise OptionError(
            f"50 phrases in '{code}' could not be drawn: the {len(self._known or ())} `characters` or the fonts lack "
            "what its text is made of"
        )

    def _render(self, rng: np.random.Generator, code: str, phrase: Phrase, face: FontFace) -> Line:
        low, high = self.options.size
        em = low * (high / low) ** float(rng.random())
        profile = self._profiles.draw(rng)
        crisp = profile in ("clean", "screen") and happens(rng, 0.6)
        # Type on a screen is hinted to its pixels; print is not, so it is drawn large and made small.
        scale = 1.0 if crisp or em > 30 else 2.0
        tracking = 0.0
        if happens(rng, 0.14) and not face.mono:
            tracking = between(rng, -0.03, 0.25) if happens(rng, 0.7) else between(rng, 0.2, 0.5)
        line = set_line(face, phrase.text, em * scale, tracking)
        mask = line.mask if crisp or profile == "clean" else degradation.wear_ink(line.mask, rng, em * scale)
        mask, top = self._with_neighbours(rng, code, line, mask, face)
        matrix, width, height = _cut(rng, line, scale, em, straight=crisp)
        on_sheet = matrix @ translation(0, -top)
        alpha = _warp(mask, on_sheet, width, height, scale)
        image = self._print(rng, alpha, em, profile)
        worn = degradation.apply(image, profile, rng, em)
        zoom = 1.0
        if self.options.height is not None and height != self.options.height:
            zoom = self.options.height / height
            width = max(1, round(width * zoom))
            worn = cv2.resize(worn, (width, self.options.height), interpolation=cv2.INTER_LINEAR)
            across = width / alpha.shape[1]
            matrix = scaling(across, zoom) @ matrix
        if worn.ndim == 2 or worn.shape[2] == 1:
            worn = cv2.cvtColor(worn, cv2.COLOR_GRAY2BGR)
        return Line(
            np.ascontiguousarray(worn), phrase.text, code, phrase.kind, profile, face, em * zoom, line, matrix
        )

    def _with_neighbours(
        self, rng: np.random.Generator, code: str, line: SetLine, mask: NDArray[np.uint8], face: FontFace
    ) -> tuple[NDArray[np.uint8], int]:
        """The mask on a larger sheet with the feet or heads of other lines, and the row where it lies on it."""
        if not happens(rng, 0.16):
            return mask, 0
        height, width = mask.shape
        rise = round(line.size * between(rng, 1.0, 1.35))
        sheet = np.zeros((height + 2 * rise, width), np.uint8)
        for sign in (-1, 1):
            if not happens(rng, 0.6):
                continue
            text = self._phrases[code].draw(rng).text
            if not face.covers(text):
                continue
            other = set_line(face, text, line.size)
            top = rise + sign * rise + round(line.origin[1] - other.origin[1])
            shown = other.mask[:, :width]
            first, last = max(0, top), min(sheet.shape[0], top + shown.shape[0])
            if last > first:
                place = sheet[first:last, : shown.shape[1]]
                np.maximum(place, shown[first - top : last - top], out=place)
        place = sheet[rise : rise + height]
        np.maximum(place, mask, out=place)
        return sheet, rise

    def _print(
        self, rng: np.random.Generator, alpha: NDArray[np.uint8], em: float, profile: str
    ) -> NDArray[np.float32]:
        """Ink on a background, with rules that tables and forms leave in a cut."""
        colour = happens(rng, 0.3) and profile not in ("fax", "copy")
        dark = happens(rng, 0.09) and profile not in ("fax", "copy")
        plain = "plain" if profile in ("clean", "screen") and happens(rng, 0.7) else None
        height, width = alpha.shape
        surface = background(rng, height, width, colour, dark, plain)
        paper = surface.mean(axis=(0, 1))
        level = float(paper.mean())
        # Bilevel pictures are made of text that was dark on light; elsewhere ink may be pale.
        pale = profile not in ("fax", "copy") and happens(rng, 0.3)
        gap = between(rng, 0.55, 1.0) if pale else 1.0
        reach = (255 - level) if dark else level
        ink = paper + (1 if dark else -1) * reach * gap * between(rng, 0.82, 1.0)
        if colour and happens(rng, 0.4):
            ink = ink + (rng.random(3) - 0.5) * 90 * min(1.0, reach / 255)
        if happens(rng, 0.07):
            _rules(rng, alpha, em)
        share = alpha[..., None].astype(np.float32) * np.float32(1 / 255)
        surface += (np.clip(ink, 0, 255).astype(np.float32) - surface) * share
        return surface


def _cut(
    rng: np.random.Generator, line: SetLine, scale: float, em: float, straight: bool
) -> tuple[Matrix, int, int]:
    """The way from the mask to the cut-out picture, and the picture's width and height."""
    left, top, right, bottom = line.box
    base = line.origin[1]
    if bottom - top < 0.4 * line.size or happens(rng, 0.3):
        # Detectors frame dashes and dots, and often all text, by the height of a line.
        top, bottom = min(top, base - 0.72 * line.size), max(bottom, base + 0.05 * line.size)
    matrix: Matrix = scaling(1 / scale, 1 / scale)
    if not straight:
        if happens(rng, 0.45):
            turn = np.deg2rad(float(np.clip(rng.normal(0, 0.7), -2.2, 2.2)))
            # A long line that leans must not leave its own cut.
            limit = 0.35 * line.size / max(right - left, 1.0)
            turn = float(np.clip(turn, -limit, limit))
            matrix = rotation(turn) @ matrix
        if happens(rng, 0.15):
            matrix = np.array([[1, between(rng, -0.18, 0.18), 0], [0, 1, 0], [0, 0, 1.0]]) @ matrix
        if happens(rng, 0.2):
            matrix = scaling(between(rng, 0.82, 1.2), 1) @ matrix
        if happens(rng, 0.12):
            span = max((right - left) / scale, 1.0)
            lens = np.eye(3)
            lens[2, 0] = between(rng, -0.12, 0.12) / span
            matrix = lens @ matrix
    ends = map_box((left, top, right, bottom), matrix)
    margins = [em * between(rng, 0.0, 0.32) for _ in range(4)]
    if happens(rng, 0.12):  # tight, or just into the ink
        margins[int(rng.random() * 4)] = em * between(rng, -0.04, 0.02)
    x0, y0 = ends.min(axis=0) - margins[:2]
    x1, y1 = ends.max(axis=0) + margins[2:]
    if straight:
        x0, y0 = np.floor(x0), np.floor(y0)
    width, height = max(4, int(np.ceil(x1 - x0))), max(6, int(np.ceil(y1 - y0)))
    return translation(-x0, -y0) @ matrix, width, height


def _warp(
    mask: NDArray[np.uint8], matrix: Matrix, width: int, height: int, scale: float
) -> NDArray[np.uint8]:
    """The mask seen through `matrix`."""
    if scale > 1.5:  # first a fair half, so that the warp need not skip pixels
        half = mask[: mask.shape[0] // 2 * 2, : mask.shape[1] // 2 * 2]
        mask = cv2.resize(half, (half.shape[1] // 2, half.shape[0] // 2), interpolation=cv2.INTER_AREA)
        matrix = matrix @ scaling(2, 2)
    return np.asarray(warp(mask, matrix, width, height), np.uint8)


def _rules(rng: np.random.Generator, alpha: NDArray[np.uint8], em: float) -> None:
    """Borders of cells at the cut's edges, or an underline."""
    height, width = alpha.shape
    thick = max(1, round(em * between(rng, 0.02, 0.07)))
    ink = int(between(rng, 120, 256))
    if happens(rng, 0.6):
        row = (
            height - thick - int(rng.random() * max(1.0, em * 0.12))
            if happens(rng, 0.7)
            else int(rng.random() * 3)
        )
        band = alpha[max(0, row) : max(0, row) + thick]
        np.maximum(band, ink, out=band)
    if happens(rng, 0.5):
        column = int(rng.random() * max(1.0, em * 0.1))
        if happens(rng, 0.5):
            column = width - column - thick
        strip = alpha[:, column : column + thick]
        np.maximum(strip, ink, out=strip)
