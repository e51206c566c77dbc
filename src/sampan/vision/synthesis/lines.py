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
from itertools import accumulate
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis import degradation, phrases
from sampan.vision.synthesis.backgrounds import background
from sampan.vision.synthesis.fonts import EVERYDAY, EVERYDAY_WEIGHT, FontFace, FontLibrary, Split
from sampan.vision.synthesis.languages import expand, language
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.phrases import Phrase, Phrases
from sampan.vision.synthesis.seeds import between, generator, happens, pick, pick_weighted
from sampan.vision.synthesis.typesetting import SetLine, set_line

Matrix = NDArray[np.float64]


class LineOptions(BaseModel):
    """What lines are drawn; part of a recogniser's recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: dict[str, float] = Field(default={"en": 1.0}, description="share of each language or group")
    seed: int = 0
    height: int | None = Field(48, ge=8, le=512, description="height of the pictures, or null: as cut")
    length: tuple[int, int] = Field((1, 48), description="least and most characters of a line")
    split: Split = Field("train", description="texts: train, held-out or all")
    fonts: Split = Field("train", description="font families: train, held-out or all")
    families: tuple[str, ...] = Field((), description="only families that begin with one of these")
    size: tuple[float, float] = Field((9.5, 44.0), description="pixels per em where the line was seen")
    kinds: dict[str, float] = Field(default_factory=lambda: dict(phrases.KINDS))
    degradations: dict[str, float] = Field(default_factory=lambda: dict(degradation.PROFILES))
    characters: str | None = Field(
        None, description="only lines that these characters can spell (the space always)"
    )
    library: Path | None = Field(
        None, description="folder of gathered fonts and texts instead of the system's"
    )

    @field_validator("degradations")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - set(degradation.PROFILES))
        if unknown or not value:
            raise ValueError(f"degradations are {', '.join(degradation.PROFILES)}, not {unknown}")
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
        shares = expand(dict(options.languages))
        if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
            raise OptionError(f"shares of languages {options.languages} must be positive numbers")
        self._codes = [code for code, share in shares.items() if share > 0]
        self._code_sums = list(accumulate(shares[code] for code in self._codes))
        self.library = library or Library.open(self._codes, options.library)
        self._profiles = [name for name, share in options.degradations.items() if share > 0]
        self._profile_sums = list(accumulate(options.degradations[name] for name in self._profiles))
        self._known = frozenset(options.characters) | {" "} if options.characters is not None else None
        self._faces = {code: self._faces_for(code) for code in self._codes}

    @cached_property
    def _phrases(self) -> dict[str, Phrases]:
        chosen = self.options
        return {
            code: Phrases(language(code), self.library.texts, chosen.split, chosen.length, chosen.kinds)
            for code in self._codes
        }

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_phrases"}

    def _faces_for(self, code: str) -> tuple[list[str], list[float], FontLibrary]:
        """Families that can spell the language, with running sums of their weights."""
        spoken = language(code)
        needed = spoken.alphabet if spoken.script != "hangul" else "가나다라마바사아자차카타파하힣"
        fonts = self.library.fonts.split(self.options.fonts).covering(needed + "0123456789.,-")
        chosen = FontLibrary(
            face
            for face in fonts
            if (spoken.script == "hangul" or not face.east_asian)
            and (not self.options.families or face.family.startswith(self.options.families))
        )
        if not len(chosen):
            raise InputError(
                f"no font here can write {spoken.name} ({self.options.fonts} families"
                f"{', named ' + ', '.join(self.options.families) if self.options.families else ''}): "
                "install fonts such as fonts-liberation or fonts-noto-core, or fonts-unfonts-core for Korean"
            )
        families = list(chosen.families)
        weights = (EVERYDAY_WEIGHT if family.startswith(EVERYDAY) else 1.0 for family in families)
        return families, list(accumulate(weights)), chosen

    def faces(self) -> list[FontFace]:
        """All faces that lines may be set in."""
        found = {(face.path, face.index): face for _, _, fonts in self._faces.values() for face in fonts}
        return list(found.values())

    def draw(self, index: int) -> Line:
        """Line number `index` ≥ 0."""
        rng = generator(self.options.seed, "line", index)
        code = pick_weighted(rng, self._codes, self._code_sums)
        for _ in range(50):
            phrase = self._phrases[code].draw(rng)
            if self._known is not None and not self._known.issuperset(phrase.text):
                continue
            face = self._face(rng, code, phrase.text)
            if face is not None:
                return self._render(rng, code, phrase, face)
        raise OptionError(
            f"50 phrases in '{code}' could not be drawn: `characters` ({len(self._known or ())}) or the fonts "
            f"({len(self._faces[code][2])} faces) lack what its text is made of"
        )

    def _face(self, rng: np.random.Generator, code: str, text: str) -> FontFace | None:
        families, sums, fonts = self._faces[code]
        for _ in range(6):
            faces = fonts.families[pick_weighted(rng, families, sums)]
            face = pick(rng, faces)
            if (face.weight < 300 or face.weight > 750) and len(faces) > 1:
                face = pick(rng, faces)  # hairlines and blacks are rarer than text weights
            if face.covers(text):
                return face
        return None

    def _render(self, rng: np.random.Generator, code: str, phrase: Phrase, face: FontFace) -> Line:
        low, high = self.options.size
        em = low * (high / low) ** float(rng.random())
        profile = pick_weighted(rng, self._profiles, self._profile_sums)
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
        on_sheet = matrix @ np.array([[1, 0, 0], [0, 1, -top], [0, 0, 1.0]])
        alpha = _warp(mask, on_sheet, width, height, scale)
        image = self._print(rng, alpha, em, profile)
        worn = degradation.apply(image, profile, rng, em)
        zoom = 1.0
        if self.options.height is not None and height != self.options.height:
            zoom = self.options.height / height
            width = max(1, round(width * zoom))
            worn = cv2.resize(worn, (width, self.options.height), interpolation=cv2.INTER_LINEAR)
            across = width / alpha.shape[1]
            matrix = np.diag([across, zoom, 1.0]) @ matrix
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
    matrix: Matrix = np.diag([1 / scale, 1 / scale, 1.0])
    if not straight:
        if happens(rng, 0.45):
            turn = np.deg2rad(float(np.clip(rng.normal(0, 0.7), -2.2, 2.2)))
            # A long line that leans must not leave its own cut.
            limit = 0.35 * line.size / max(right - left, 1.0)
            turn = float(np.clip(turn, -limit, limit))
            cos, sin = np.cos(turn), np.sin(turn)
            matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]) @ matrix
        if happens(rng, 0.15):
            matrix = np.array([[1, between(rng, -0.18, 0.18), 0], [0, 1, 0], [0, 0, 1.0]]) @ matrix
        if happens(rng, 0.2):
            matrix = np.diag([between(rng, 0.82, 1.2), 1, 1]) @ matrix
        if happens(rng, 0.12):
            span = max((right - left) / scale, 1.0)
            lens = np.eye(3)
            lens[2, 0] = between(rng, -0.12, 0.12) / span
            matrix = lens @ matrix
    corners = map_box((left, top, right, bottom), matrix)
    margins = [em * between(rng, 0.0, 0.32) for _ in range(4)]
    if happens(rng, 0.12):  # tight, or just into the ink
        margins[int(rng.random() * 4)] = em * between(rng, -0.04, 0.02)
    x0, y0 = corners.min(axis=0) - margins[:2]
    x1, y1 = corners.max(axis=0) + margins[2:]
    if straight:
        x0, y0 = np.floor(x0), np.floor(y0)
    width, height = max(4, int(np.ceil(x1 - x0))), max(6, int(np.ceil(y1 - y0)))
    return np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]]) @ matrix, width, height


def _warp(
    mask: NDArray[np.uint8], matrix: Matrix, width: int, height: int, scale: float
) -> NDArray[np.uint8]:
    """The mask seen through `matrix`; edges of pixels, not their centres, are what the matrix maps."""
    if scale > 1.5:  # first a fair half, so that the warp need not skip pixels
        half = mask[: mask.shape[0] // 2 * 2, : mask.shape[1] // 2 * 2]
        mask = cv2.resize(half, (half.shape[1] // 2, half.shape[0] // 2), interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.diag([2.0, 2.0, 1.0])
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    centres = np.linalg.inv(shift) @ matrix @ shift
    warped = (
        cv2.warpAffine(mask, centres[:2], (width, height), flags=cv2.INTER_LINEAR)
        if abs(centres[2, 0]) + abs(centres[2, 1]) < 1e-12
        else cv2.warpPerspective(mask, centres, (width, height), flags=cv2.INTER_LINEAR)
    )
    return np.asarray(warped, np.uint8)


def map_box(box: tuple[float, float, float, float], matrix: Matrix) -> NDArray[np.float32]:
    """The four corners of (left, top, right, bottom) through a homography, (4, 2), clockwise from the top left."""
    left, top, right, bottom = box
    corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]], np.float64)
    mapped = corners @ matrix.T
    return (mapped[:, :2] / mapped[:, 2:]).astype(np.float32)


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
