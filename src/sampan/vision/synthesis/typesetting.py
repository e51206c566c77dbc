"""Setting text in a face: the ink of one line as a grey mask, and where each word stands in it.

Glyph shapes, hinting, advance widths and pair kerning are FreeType's. With `tracking`, glyphs are placed one by
one and the font's kerning is left out, as type with wide spacing is set.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sampan.vision.synthesis.fonts import FontFace, open_face

_INK = 63
"""Coverage above which a pixel counts as ink when boxes are drawn round it."""


@dataclass
class Word:
    text: str
    start: int
    """Place of its first character in the line's text."""
    box: tuple[float, float, float, float]
    """Left, top, right, bottom of its ink in the mask, in pixels."""


@dataclass
class SetLine:
    """A line of type. Coordinates are pixels of the mask, x to the right and y downwards, edges not centres."""

    text: str
    face: FontFace
    size: float
    mask: NDArray[np.uint8]
    """(h, w), 255 where ink is full."""
    origin: tuple[float, float]
    """Where the pen starts on the base line."""
    advance: float
    """Width from the first pen position to the last."""
    pens: list[float] | None
    """Pen positions before each character and after the last, where tracking set them."""

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of all ink; of the letters' room if there is none."""
        inked = self.mask > _INK
        columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
        if not len(columns):
            x, y = self.origin
            return x, y - self.size * 0.5, x + self.advance, y
        return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)

    @cached_property
    def words(self) -> list[Word]:
        """The runs between spaces, each with its own ink."""
        found: list[Word] = []
        place, pen = 0, self.origin[0]
        font = self.face.at(self.size)
        parts = self.text.split(" ")
        for number, word in enumerate(parts):
            end = place + len(word)
            after = end + 1
            if self.pens is not None:
                pen, last = self.origin[0] + self.pens[place], self.origin[0] + self.pens[end]
                following = last
            elif len(parts) == 1:
                last = following = pen + self.advance
            else:
                last = pen + (font.getlength(word) if word else 0.0)
                following = pen + font.getlength(word + " ") if number < len(parts) - 1 else last
            if word:
                found.append(Word(word, place, _ink(self.mask, pen, last, self.origin[1], self.size)))
            place, pen = after, following
        return found


def set_line(face: FontFace, text: str, size: float, tracking: float = 0.0, pad: int = 2) -> SetLine:
    """`text` in `face` at `size` pixels per em, with `tracking` ems added after each character.

    The mask holds all ink with `pad` empty pixels around.
    """
    font = face.at(size)
    pens: list[float] | None = None
    if tracking:
        steps = [font.getlength(char) + tracking * size for char in text]
        pens = [0.0, *np.cumsum(steps).tolist()]
        advance = pens[-1] - tracking * size
    else:
        advance = font.getlength(text)
    # Room that nearly all ink stays in; measuring it first would take longer than drawing.
    wide = max(0.0, advance)
    sheet, x, y = _drawn(font, text, pens, (-0.6 * size, -1.6 * size, wide + 0.8 * size, 0.8 * size))
    if sheet[0].any() or sheet[-1].any() or sheet[:, 0].any() or sheet[:, -1].any():
        sheet, x, y = _drawn(font, text, pens, (-3 * size, -4 * size, wide + 4 * size, 4 * size))
    rows, columns = np.flatnonzero(sheet.any(axis=1)), np.flatnonzero(sheet.any(axis=0))
    if len(rows):
        y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    else:
        y0, y1, x0, x1 = y - 1, y, x, x + max(1, round(advance))
    mask = np.pad(sheet[y0:y1, x0:x1], pad)
    return SetLine(text, face, size, mask, (float(x - x0 + pad), float(y - y0 + pad)), advance, pens)


def _drawn(
    font: ImageFont.FreeTypeFont, text: str, pens: list[float] | None, room: tuple[float, float, float, float]
) -> tuple[NDArray[np.uint8], int, int]:
    """The ink within `room` (left, top, right, bottom about the first pen position), and where that position is."""
    x, y = math.ceil(-room[0]), math.ceil(-room[1])
    image = Image.new("L", (x + math.ceil(room[2]), y + math.ceil(room[3])))
    draw = ImageDraw.Draw(image)
    if pens is None:
        draw.text((x, y), text, fill=255, font=font, anchor="ls")
    else:
        for char, pen in zip(text, pens, strict=False):
            if not char.isspace():
                draw.text((x + pen, y), char, fill=255, font=font, anchor="ls")
    return np.asarray(image), x, y


def wrapped(face: FontFace, text: str, size: float, width: float, indent: float = 0.0) -> list[str]:
    """The text broken between words so that each line fits; a word wider than a line is cut off."""
    space = width_of(face, " ", size)
    lines: list[str] = []
    current: list[str] = []
    used = indent
    for word in text.split():
        wide = width_of(face, word, size)
        if wide > width - indent:
            word = fitting(face, word, size, width - indent)
            wide = width_of(face, word, size)
        if current and used + space + wide > width:
            lines.append(" ".join(current))
            current, used = [], 0.0
        used += wide + (space if current else 0.0)
        current.append(word)
    return [*lines, " ".join(current)] if current else lines


def fitting(face: FontFace, text: str, size: float, width: float) -> str:
    """As much of the beginning of `text` as fits, at least one character."""
    used = 0.0
    for place, char in enumerate(text):
        used += width_of(face, char, size)
        if used > width:
            return text[:place].rstrip() or text[:1]
    return text


def width_of(face: FontFace, text: str, size: float) -> float:
    """The text's width without kerning, which serves for breaking lines; each character is measured once."""
    return sum(_advance(face.path, face.index, round(size * 4), char) for char in text)


@functools.lru_cache(maxsize=1 << 16)
def _advance(path: Path, index: int, quarters: int, char: str) -> float:
    return float(open_face(path, index, quarters).getlength(char))


def _ink(
    mask: NDArray[np.uint8], first: float, last: float, base: float, size: float
) -> tuple[float, float, float, float]:
    """Bounds of the ink between two pen positions; slanted ends that lean out of them are taken in if they touch."""
    lean = round(size * 0.12)
    low, high = max(0, math.floor(first)), min(mask.shape[1], math.ceil(last))
    columns = mask.max(axis=0) > _INK
    while low > 0 and lean > 0 and columns[low - 1] and columns[min(low, len(columns) - 1)]:
        low, lean = low - 1, lean - 1
    lean = round(size * 0.12)
    while high < len(columns) and lean > 0 and columns[high] and columns[high - 1]:
        high, lean = high + 1, lean - 1
    inked = np.flatnonzero(columns[low:high])
    if not len(inked):
        return first, base - size * 0.5, last, base
    left, right = low + int(inked[0]), low + int(inked[-1]) + 1
    rows = np.flatnonzero(mask[:, left:right].max(axis=1) > _INK)
    return float(left), float(rows[0]), float(right), float(rows[-1] + 1)
