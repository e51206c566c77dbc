"""Sparse text on cluttered surfaces, as on signs, packages and screens: data for detectors of text.

Surfaces are noise, light and coloured patches made here; texts stand at any angle, in colour, sometimes on a plate.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.backgrounds import background, soft_noise
from sampan.vision.synthesis.finishing import DrawnPage, homography
from sampan.vision.synthesis.geometry import (
    Matrix,
    bounds,
    corners,
    map_box,
    map_points,
    rotation,
    translation,
    warp,
)
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.phrases import Phrases
from sampan.vision.synthesis.seeds import between, generator, happens
from sampan.vision.synthesis.sheet import PageLine, PageWord
from sampan.vision.synthesis.typefaces import Chances, SynthesisOptions, Typefaces
from sampan.vision.synthesis.typesetting import SetLine, set_line


class SceneOptions(SynthesisOptions):
    """What scenes are drawn; part of a text detector's recipe."""

    side: tuple[int, int] = Field((480, 960), description="least and most pixels of each side")
    texts: tuple[int, int] = Field((1, 9), description="least and most lines of text")
    size: tuple[float, float] = Field((14.0, 80.0), description="pixels per em")
    angle: float = Field(25.0, ge=0, le=180, description="most degrees that a line leans to either side")


class SceneSynthesizer:
    """Draws scenes by number; `lines` of the page is the truth."""

    def __init__(self, options: SceneOptions, library: Library | None = None) -> None:
        self.options = options
        shares = options.shares()
        self._languages = Chances(shares)
        self._profiles = Chances(
            {name: share for name, share in options.degradations.items() if name not in ("fax", "copy")}
            or {"photo": 1.0}
        )
        self.library = library or Library.open(shares, options.library)
        self.faces = Typefaces(self.library.fonts, shares, options)
        self._phrases = {
            code: Phrases(language(code), self.library.texts, options.split, (1, 22)) for code in shares
        }

    def draw(self, index: int) -> DrawnPage:
        """Scene number `index` ≥ 0."""
        options = self.options
        rng = generator(options.seed, "scene", index)
        code = self._languages.draw(rng)
        height, width = (
            options.side[0] + int(rng.random() * (options.side[1] - options.side[0] + 1)) for _ in range(2)
        )
        pixels = _surface(rng, height, width)
        lines: list[PageLine] = []
        names: list[str] = []
        taken = np.zeros((height, width), np.uint8)
        smallest = 80.0
        for _ in range(options.texts[0] + int(rng.random() * (options.texts[1] - options.texts[0] + 1))):
            text = self._phrases[code].draw(rng).text
            face = self.faces.one(rng, code, text)
            low, high = options.size
            size = low * (high / low) ** float(rng.random())
            if face is None:
                continue
            line = set_line(face, text, size)
            matrix = self._place(rng, line, width, height, taken)
            if matrix is None:
                continue
            _paint(rng, pixels, line, matrix, size)
            words = [PageWord(word.text, map_box(word.box, matrix)) for word in line.words]
            lines.append(PageLine(text, map_box(line.box, matrix), words, -1))
            names.append(face.name)
            smallest = min(smallest, size)
        profile = self._profiles.draw(rng)
        image = degradation.apply(pixels, profile, rng, smallest)
        return DrawnPage(image, lines, [], [], [], code, profile, np.eye(3), list(dict.fromkeys(names)))

    def _place(
        self, rng: np.random.Generator, line: SetLine, width: int, height: int, taken: np.ndarray
    ) -> Matrix | None:
        """A homography that puts the line on free ground within the picture; None after eight tries."""
        left, top, right, bottom = line.box
        for _ in range(8):
            most = self.options.angle
            angle = np.deg2rad(float(np.clip(rng.normal(0, most / 2.5), -most, most)))
            turned = rotation(angle)
            if happens(rng, 0.35):  # seen from the side
                box = corners(line.box).astype(np.float64)
                depth = (rng.random((4, 2)) - 0.5) * [0.16 * (bottom - top), 0.3 * (bottom - top)]
                turned = turned @ homography(box, box + depth)
            x0, y0, x1, y1 = bounds(map_box(line.box, turned))
            if x1 - x0 > width - 8 or y1 - y0 > height - 8:
                continue
            matrix = (
                translation(
                    between(rng, 4, width - 4 - (x1 - x0)) - x0, between(rng, 4, height - 4 - (y1 - y0)) - y0
                )
                @ turned
            )
            margin = line.size * 0.3
            zone = warp(
                np.ones((round(bottom - top + 2 * margin), round(right - left + 2 * margin)), np.uint8),
                matrix @ translation(left - margin, top - margin), width, height,
            )  # fmt: skip
            if not np.logical_and(zone, taken).any():
                np.maximum(taken, zone, out=taken)
                return matrix
        return None


def _surface(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Patches of colour, each with its own texture."""
    pixels = background(rng, height, width, True, dark=happens(rng, 0.4), kind="clutter")
    for _ in range(int(rng.random() * 7)):
        h, w = int(height * between(rng, 0.1, 0.8)), int(width * between(rng, 0.1, 0.8))
        y, x = int(rng.random() * (height - h)), int(rng.random() * (width - w))
        pixels[y : y + h, x : x + w] = background(rng, h, w, True, dark=happens(rng, 0.5)) * between(
            rng, 0.6, 1.0
        )
    return np.clip(pixels + soft_noise(rng, height, width, 3, 3) * between(rng, 0, 6), 0, 255).astype(
        np.float32
    )


def _paint(rng: np.random.Generator, pixels: np.ndarray, line: SetLine, matrix: Matrix, size: float) -> None:
    """Text in a colour that stands out from what is under it, on a plate or with a shadow now and then."""
    height, width = pixels.shape[:2]
    alpha = warp(line.mask, matrix, width, height).astype(np.float32)[..., None] * np.float32(1 / 255)
    x0, y0, x1, y1 = (round(value) for value in bounds(map_points(corners(line.box), matrix)))
    under = pixels[max(0, y0) : y1, max(0, x0) : x1]
    tone = float(under.mean()) if under.size else 128.0
    if happens(rng, 0.35) or float(under.std()) > 45:
        plate = warp(
            np.ones(line.mask.shape, np.float32), matrix, width, height
        )[..., None]  # fmt: skip
        tone = between(rng, 150, 255) if happens(rng, 0.5) else between(rng, 0, 90)
        colour = np.clip(tone + (rng.random(3) - 0.5) * 60, 0, 255).astype(np.float32)
        pixels += (colour - pixels) * plate * np.float32(between(rng, 0.75, 1.0))
    lighter = tone < 128
    ink = between(rng, 190, 255) if lighter else between(rng, 0, 65)
    colour = np.clip(ink + (rng.random(3) - 0.5) * 90, 0, 255).astype(np.float32)
    if happens(rng, 0.15):
        shift = max(1, round(size * 0.06))
        shadow = np.roll(alpha, (shift, shift), axis=(0, 1)) * np.float32(0.6)
        pixels += (np.float32(0 if lighter else 255) - pixels) * shadow
    pixels += (colour - pixels) * alpha
