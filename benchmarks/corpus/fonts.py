"""Font families of the corpus: Debian's fonts, apart for the two splits, with exact ink boxes.

Install them with `apt-get install` + `PACKAGES`. Only fonts with TrueType outlines can be embedded by
reportlab, which rules out Noto CJK (CFF outlines).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTCollection, TTFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont as EmbeddedFont

ROOT = Path("/usr/share/fonts")
PACKAGES = (
    "fonts-dejavu-core fonts-dejavu-extra fonts-liberation fonts-noto-core fonts-noto-mono fonts-crosextra-carlito "
    "fonts-crosextra-caladea fonts-open-sans fonts-lato fonts-firacode fonts-arphic-uming fonts-arphic-ukai "
    "fonts-wqy-zenhei fonts-wqy-microhei fonts-ipafont-gothic fonts-ipafont-mincho fonts-vlgothic"
)

_T = "truetype"
# family: (path with {style}, names of regular, bold, italic, bold italic, index in a collection)
FILES: dict[str, tuple[str, tuple[str, str, str, str], int]] = {
    "liberation-serif": (f"{_T}/liberation/LiberationSerif-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "liberation-sans": (f"{_T}/liberation/LiberationSans-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "carlito": (f"{_T}/crosextra/Carlito-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "noto-serif": (f"{_T}/noto/NotoSerif-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "open-sans": (f"{_T}/open-sans/OpenSans-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "caladea": (f"{_T}/crosextra/Caladea-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "lato": (f"{_T}/lato/Lato-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "noto-sans": (f"{_T}/noto/NotoSans-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "dejavu-serif": (f"{_T}/dejavu/DejaVuSerif{{}}.ttf", ("", "-Bold", "-Italic", "-BoldItalic"), 0),
    "dejavu-sans": (f"{_T}/dejavu/DejaVuSans{{}}.ttf", ("", "-Bold", "-Oblique", "-BoldOblique"), 0),
    "liberation-mono": (f"{_T}/liberation/LiberationMono-{{}}.ttf", ("Regular", "Bold", "Italic", "BoldItalic"), 0),
    "noto-mono": (f"{_T}/noto/NotoSansMono-{{}}.ttf", ("Regular", "Bold", "Regular", "Bold"), 0),
    "dejavu-mono": (f"{_T}/dejavu/DejaVuSansMono{{}}.ttf", ("", "-Bold", "-Oblique", "-BoldOblique"), 0),
    "fira-code": (f"{_T}/firacode/FiraCode-{{}}.ttf", ("Regular", "Bold", "Regular", "Bold"), 0),
    "zenhei": (f"{_T}/wqy/wqy-zenhei.ttc", ("", "", "", ""), 0),
    "microhei": (f"{_T}/wqy/wqy-microhei.ttc", ("", "", "", ""), 0),
    "uming-cn": (f"{_T}/arphic/uming.ttc", ("", "", "", ""), 0),
    "uming-tw": (f"{_T}/arphic/uming.ttc", ("", "", "", ""), 1),
    "ukai-cn": (f"{_T}/arphic/ukai.ttc", ("", "", "", ""), 0),
    "ukai-tw": (f"{_T}/arphic/ukai.ttc", ("", "", "", ""), 1),
    "ipa-mincho": ("opentype/ipafont-mincho/ipam.ttf", ("", "", "", ""), 0),
    "ipa-gothic": ("opentype/ipafont-gothic/ipag.ttf", ("", "", "", ""), 0),
    "vl-gothic": (f"{_T}/vlgothic/VL-Gothic-Regular.ttf", ("", "", "", ""), 0),
    "vl-pgothic": (f"{_T}/vlgothic/VL-PGothic-Regular.ttf", ("", "", "", ""), 0),
}  # fmt: skip

FAMILIES: dict[str, dict[str, list[str]]] = {
    "dev": {
        "latin": ["liberation-serif", "liberation-sans", "carlito", "noto-serif", "open-sans"],
        "mono": ["liberation-mono", "noto-mono"],
        "zh-hans": ["zenhei", "uming-cn"],
        "zh-hant": ["uming-tw"],
        "ja": ["ipa-mincho", "ipa-gothic"],
    },
    "test": {
        "latin": ["caladea", "lato", "noto-sans", "dejavu-serif", "dejavu-sans"],
        "mono": ["dejavu-mono", "fira-code"],
        "zh-hans": ["microhei", "ukai-cn"],
        "zh-hant": ["ukai-tw", "microhei"],
        "ja": ["vl-gothic", "vl-pgothic"],
    },
}
CJK = ("zh-hans", "zh-hant", "ja")


@dataclass(frozen=True)
class Glyph:
    """One glyph in units of the em: advance width and ink box (y upwards)."""

    advance: float
    x0: float
    y0: float
    x1: float
    y1: float


class Face:
    """One font file: widths, ink and the name under which it is embedded."""

    def __init__(self, family: str, style: int) -> None:
        pattern, styles, index = FILES[family]
        path = ROOT / pattern.format(styles[style])
        if not path.exists():
            raise SystemExit(f"font {path} is missing: apt-get install {PACKAGES}")
        self.family, self.style = family, style
        self.name = f"{family}-{style}"
        font: Any = (
            TTCollection(str(path), lazy=True).fonts[index]
            if path.suffix == ".ttc"
            else TTFont(str(path), lazy=True)
        )
        self._em = font["head"].unitsPerEm
        self._cmap: dict[int, str] = font.getBestCmap()
        self._metrics = font["hmtx"].metrics
        self._glyf = font["glyf"]
        self._cache: dict[str, Glyph] = {}
        pdfmetrics.registerFont(EmbeddedFont(self.name, str(path), subfontIndex=index))
        tall = "国" if family in _CJK_FAMILIES else "bp"
        self.top = max(self.glyph(c).y1 for c in tall)
        self.bottom = min(self.glyph(c).y0 for c in tall)

    def has(self, char: str) -> bool:
        return ord(char) in self._cmap

    def glyph(self, char: str) -> Glyph:
        found = self._cache.get(char)
        if found is None:
            name = self._cmap.get(ord(char))
            if name is None:
                raise ValueError(f"font {self.name} has no glyph for {char!r} (U+{ord(char):04X})")
            shape, em = self._glyf[name], self._em
            advance = self._metrics[name][0] / em
            if shape.numberOfContours == 0:
                found = Glyph(advance, 0.0, 0.0, advance, 0.0)
            else:
                found = Glyph(advance, shape.xMin / em, shape.yMin / em, shape.xMax / em, shape.yMax / em)
            self._cache[char] = found
        return found

    def width(self, text: str, size: float) -> float:
        return sum(self.glyph(char).advance for char in text) * size

    def ink(
        self, text: str, x: float, baseline: float, size: float, spacing: float = 0.0
    ) -> tuple[float, float, float, float]:
        """Box (y downwards) of the drawn text: its ink, and at least the height of its letters."""
        pen, left, right, top, bottom = 0.0, 0.0, 0.0, self.top, self.bottom
        for char in text:
            glyph = self.glyph(char)
            left, right = min(left, pen + glyph.x0), max(right, pen + max(glyph.x1, glyph.advance))
            top, bottom = max(top, glyph.y1), min(bottom, glyph.y0)
            pen += glyph.advance + spacing / size
        return x + left * size, baseline - top * size, x + right * size, baseline - bottom * size


_CJK_FAMILIES = {name for split in FAMILIES.values() for language in CJK for name in split[language]}


@functools.cache
def face(family: str, bold: bool = False, italic: bool = False) -> Face:
    return Face(family, int(bold) + 2 * int(italic))
