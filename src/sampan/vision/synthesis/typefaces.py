"""What all generators are told alike (languages, splits, seed), and the choice of faces for a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.fonts import EVERYDAY, EVERYDAY_WEIGHT, FontFace, FontLibrary, Split
from sampan.vision.synthesis.languages import expand, language
from sampan.vision.synthesis.seeds import pick, pick_weighted


class SynthesisOptions(BaseModel):
    """What every generator is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: dict[str, float] = Field(default={"en": 1.0}, description="share of each language or group")
    seed: int = 0
    split: Split = Field("train", description="texts: train, held-out or all")
    fonts: Split = Field("train", description="font families: train, held-out or all")
    families: tuple[str, ...] = Field((), description="only families that begin with one of these")
    degradations: dict[str, float] = Field(default_factory=lambda: dict(degradation.PROFILES))
    library: Path | None = Field(
        None, description="folder of gathered fonts and texts instead of the system's"
    )

    @field_validator("degradations")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - set(degradation.PROFILES))
        if unknown or not any(share > 0 for share in value.values()):
            raise ValueError(f"degradations are {', '.join(degradation.PROFILES)}, not {unknown}")
        return value

    def shares(self) -> dict[str, float]:
        """Shares of single languages; raises `OptionError` if they are not positive."""
        shares = expand(dict(self.languages))
        if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
            raise OptionError(f"shares of languages {self.languages} must be positive numbers")
        return {code: share for code, share in shares.items() if share > 0}


class Chances:
    """Names with their weights."""

    def __init__(self, weights: dict[str, float]) -> None:
        self.names = [name for name, weight in weights.items() if weight > 0]
        self._sums = list(accumulate(weights[name] for name in self.names))

    def draw(self, rng: np.random.Generator) -> str:
        return pick_weighted(rng, self.names, self._sums)


class Typefaces:
    """The faces that can write each of some languages, drawn family by family.

    A family is drawn as often whether it has two faces or seventy; those of everyday print come up more often.
    """

    def __init__(self, fonts: FontLibrary, codes: Iterable[str], options: SynthesisOptions) -> None:
        self._fonts: dict[str, FontLibrary] = {}
        self._chances: dict[str, Chances] = {}
        for code in codes:
            found = able(fonts.split(options.fonts), code, options.families)
            if not len(found):
                named = f", named {', '.join(options.families)}" if options.families else ""
                raise InputError(
                    f"no font here can write {language(code).name} ({options.fonts} families{named}): install "
                    "fonts such as fonts-liberation or fonts-noto-core, or fonts-unfonts-core for Korean"
                )
            self._fonts[code] = found
            self._chances[code] = Chances(
                {family: EVERYDAY_WEIGHT if family.startswith(EVERYDAY) else 1.0 for family in found.families}
            )

    def all(self) -> list[FontFace]:
        found = {(face.path, face.index): face for fonts in self._fonts.values() for face in fonts}
        return list(found.values())

    def one(self, rng: np.random.Generator, code: str, text: str) -> FontFace | None:
        """A face that draws all of `text`, or None if six tries find none."""
        for _ in range(6):
            face = self._pick(rng, self._family(rng, code))
            if face.covers(text):
                return face
        return None

    def family(self, rng: np.random.Generator, code: str) -> tuple[FontFace, FontFace, FontFace]:
        """A text face with its bold and its italic, or the nearest that the family has."""
        faces = self._family(rng, code)
        upright = [face for face in faces if not face.italic] or list(faces)
        regular = min(upright, key=lambda face: (abs(face.weight - 400), face.style))
        bold = min(upright, key=lambda face: (abs(face.weight - 700), face.style))
        leaning = [face for face in faces if face.italic] or [regular]
        return regular, bold, min(leaning, key=lambda face: (abs(face.weight - 400), face.style))

    def _family(self, rng: np.random.Generator, code: str) -> Sequence[FontFace]:
        return self._fonts[code].families[self._chances[code].draw(rng)]

    @staticmethod
    def _pick(rng: np.random.Generator, faces: Sequence[FontFace]) -> FontFace:
        face = pick(rng, faces)
        if face.weight < 300 or face.weight > 750:
            face = pick(rng, faces)  # hairlines and blacks are rarer than text weights
        return face


def able(fonts: FontLibrary, code: str, families: tuple[str, ...] = ()) -> FontLibrary:
    """The faces that can write a language; East Asian ones only Korean."""
    spoken = language(code)
    korean = spoken.script == "hangul"
    needed = "가나다라마바사아자차카타파하힣" if korean else spoken.alphabet
    return FontLibrary(
        face
        for face in fonts.covering(needed + "0123456789.,-")
        if (korean or not face.east_asian) and (not families or face.family.startswith(families))
    )
