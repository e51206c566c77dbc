"""What a font file says of itself, and what its glyphs look like: the checks that keep labels true.

Names, weight and coverage come from the tables `name`, `OS/2`, `post` and `cmap` (OpenType 1.9); the looks from
drawing glyphs with FreeType.
"""

from __future__ import annotations

import functools
import logging
import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sampan.vision.synthesis.character_map import is_symbol, mapped_characters

logging.getLogger("fontTools").setLevel(logging.ERROR)  # old fonts break rules that do not matter here

_SIZE = 48
_LEAST = frozenset(map(ord, "0123456789.,-xdpX"))
"""What every font must have to be of use."""
_CASES = (("a", "A"), ("e", "E"), ("g", "G"), ("r", "R"), ("д", "Д"), ("б", "Б"), ("ф", "Ф"))
"""Letters whose two forms differ in more than size."""
_ALIKE = 0.82
"""Mean overlap of small letters with capitals above which a font is taken to have one case only."""


def tables(path: Path) -> Iterator[Any]:
    """The faces of a font file; none if it cannot be read."""
    try:
        if path.suffix.lower() in (".ttc", ".otc"):
            yield from TTCollection(str(path), lazy=True).fonts
        elif path.suffix.lower() != ".pfb":
            yield TTFont(str(path), lazy=True)
    except Exception:  # as below
        return


def describe(font: Any) -> dict[str, Any] | None:
    """Family, style, weight, slant, licence and covered characters; None if the tables say too little."""
    try:
        if "glyf" not in font and "CFF " not in font and "CFF2" not in font:
            return None  # bitmaps only
        table = font.reader["cmap"]
        glyphs = mapped_characters(table)
        if is_symbol(table) or not glyphs or not glyphs.issuperset(_LEAST):
            return None
        names, os2 = font["name"], font["OS/2"]
        family = names.getDebugName(16) or names.getDebugName(1)
        style = names.getDebugName(17) or names.getDebugName(2) or "Regular"
        licence = names.getDebugName(13) or names.getDebugName(14) or ""
        # Version, italicAngle, underline's place and thickness, isFixedPitch: what the table begins with.
        _, angle, _, _, pitch = struct.unpack_from(">iihhI", font.reader["post"])
        italic = bool(os2.fsSelection & 1) or angle != 0
        weight = int(os2.usWeightClass)
    except Exception:  # fontTools raises many kinds for broken files, and one font less does no harm
        return None
    if not family:
        return None
    return {
        "family": family.strip(),
        "style": style.strip(),
        "weight": weight,
        "italic": italic,
        "mono": pitch != 0,
        "licence": " ".join(licence.split())[:160],
        "characters": glyphs,
    }


def has_two_cases(path: Path, index: int, characters: Collection[int]) -> bool:
    """False if the small letters are drawn as (smaller) capitals, as in capitals-only and small-capitals fonts."""
    known = [pair for pair in _CASES if all(ord(char) in characters for char in pair)]
    pairs = known[:4]
    if not pairs:
        return True
    try:
        font = ImageFont.truetype(str(path), _SIZE, index=index, layout_engine=ImageFont.Layout.BASIC)
        overlaps = [_overlap(_shape(font, small), _shape(font, capital)) for small, capital in pairs]
    except OSError:
        return False
    return float(np.mean(overlaps)) < _ALIKE


def has_letter_shapes(path: Path, index: int) -> bool:
    """Whether x, d, p and X stand as letters do: some fonts for formulas map other signs to the codes of letters."""
    try:
        font = ImageFont.truetype(str(path), _SIZE, index=index, layout_engine=ImageFont.Layout.BASIC)
        (_, x_top, _, x_foot), (_, d_top, _, _), (_, _, _, p_foot), (_, capital_top, _, capital_foot) = (
            font.getbbox(char, anchor="ls") for char in "xdpX"
        )
    except OSError:
        return False
    on_line = max(abs(x_foot), abs(capital_foot)) <= 0.12 * _SIZE
    return on_line and d_top < x_top < 0 and capital_top < x_top and p_foot > x_foot


def _shape(font: ImageFont.FreeTypeFont, char: str) -> NDArray[np.bool_]:
    """The glyph's ink stretched to a square of 24 × 24."""
    left, top, right, bottom = font.getbbox(char, anchor="ls")
    if right <= left or bottom <= top:
        return np.zeros((24, 24), np.bool_)
    image = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), char, fill=255, font=font, anchor="ls")
    return np.asarray(image.resize((24, 24), Image.Resampling.BOX)) > 127


def _overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    union = np.logical_or(first, second).sum()
    return float(np.logical_and(first, second).sum() / union) if union else 1.0


def all_inked(path: Path, index: int, text: str) -> bool:
    """Whether every character of `text` that is not a space leaves ink that is not the missing-glyph box."""
    return all(_inked(path, index, char) for char in text)


@functools.lru_cache(maxsize=1 << 17)
def _inked(path: Path, index: int, char: str) -> bool:
    if char.isspace():
        return True
    font, missing = _probe(path, index)
    drawn = _ink(font, char)
    if not drawn.any():
        return False
    # The hinter may treat the missing glyph otherwise than a copy of it, so they need not agree to the last level.
    return drawn.shape != missing.shape or np.abs(drawn - missing).sum() > 0.2 * missing.sum()


@functools.lru_cache(maxsize=64)
def _probe(path: Path, index: int) -> tuple[ImageFont.FreeTypeFont, NDArray[np.int32]]:
    """The face at a small size, and its missing-glyph box (that of a code point that no font may have)."""
    font = ImageFont.truetype(str(path), 20, index=index, layout_engine=ImageFont.Layout.BASIC)
    return font, _ink(font, "\U0010ffff")


def _ink(font: ImageFont.FreeTypeFont, char: str) -> NDArray[np.int32]:
    """The glyph's coverage (h, w)."""
    mask = font.getmask(char, mode="L")
    width, height = mask.size
    return np.frombuffer(bytes(mask), np.uint8).reshape(height, width).astype(np.int32)
