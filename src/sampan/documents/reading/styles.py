"""`Style` objects for words: one for each look of a page, shared by all words that have it."""

from __future__ import annotations

import numpy as np

from sampan.documents.model import Style
from sampan.documents.reading import pdfium
from sampan.documents.reading.glyphs import Glyphs
from sampan.documents.reading.pieces import Piece


class Styles:
    """Looks of a page's text objects; made while the PDFium page is open, for the colours."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._faces = glyphs.faces
        self._bold: list[bool] = glyphs.bold.tolist()
        self._colors = _fill_colors(glyphs.objects)
        self._of_look: dict[tuple[int, float, bool, str | None, bool, int], Style] = {}

    def of(self, glyph: int, piece: Piece) -> Style:
        """Style of a piece whose first glyph is `glyph`."""
        face, color, bold = self._faces[piece.owner], self._colors[piece.owner], self._bold[glyph]
        # Text objects with one font share one FontFace, so its identity stands for it.
        key = (id(face), piece.size, bold, color, piece.cjk, piece.script)
        style = self._of_look.get(key)
        if style is None:
            style = self._of_look[key] = Style(
                font=face.name,
                size=round(piece.size, 1),
                bold=bold,
                italic=face.italic,
                # CJK fonts call themselves fixed in pitch; that says nothing about code.
                monospace=face.monospace and not piece.cjk,
                superscript=piece.script > 0,
                subscript=piece.script < 0,
                color=color,
            )
        return style


def _fill_colors(objects: list[int]) -> list[str | None]:
    """`#rrggbb` of every text object; None for patterns, whose getter fails and leaves alpha at 0."""
    rgba = pdfium.filled(pdfium.object_fill_color, len(objects), 4, np.uint32, objects)
    colors = ((rgba[0] << 16) | (rgba[1] << 8) | rgba[2]).tolist()
    return [f"#{color:06x}" if alpha else None for color, alpha in zip(colors, rgba[3].tolist(), strict=True)]
