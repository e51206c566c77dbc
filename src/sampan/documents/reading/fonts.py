"""What a PDF font looks like: name, bold, italic, monospace, from its descriptor and its name.

Flags: ISO 32000-1 Table 123. Many files leave flags and weight out, so the name is asked as well;
TeX's Computer Modern and its kin carry their look only there (cmbx, cmti, cmtt).
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass

from sampan.documents.reading import pdfium

_FIXED_PITCH, _ITALIC, _FORCE_BOLD = 1 << 0, 1 << 6, 1 << 18
_BOLD_WEIGHT = 650
"""PDFium derives the weight from StemV; Arial Bold comes out at 690, Arial at 440."""

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_BOLD_NAME = re.compile(
    r"bold|black|heavy|(?<![a-z])(?:semi|demi|extra)(?=$|[^a-z])|demi(?:bold)?$|-(?:bd|md|b)(?:it)?$"
    r"|^(?:cm|ec|sf|lm|t1?x)b(?:x|xti|\d)|^lmroman\d*-(?:bold|demi)|medi$",
    re.IGNORECASE,
)
_ITALIC_NAME = re.compile(
    r"italic|oblique|kursiv|slanted|-(?:bd|b)?it$|^(?:cm|ec|sf|lm)(?:ti|sl|mi|bxti|bxsl|itt|sltt)\d*"
    r"|reguital|mediital|regobl",
    re.IGNORECASE,
)
_MONO_NAME = re.compile(
    r"mono(?!type)|courier|consol|typewriter|menlo|inconsolata|fixed|terminal|lucida ?console|(?:^|[^a-z])code"
    r"|^(?:cm|ec|sf|lm)(?:sl|it|vt)?tt\d*|^cour|nimbusmon|letter ?gothic|andale|source ?code|hack(?:$|-)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FontFace:
    name: str | None = None
    bold: bool = False
    italic: bool = False
    monospace: bool = False


def face_of(font: int | None) -> FontFace:
    """Look of an open PDFium font handle."""
    if not font:
        return FontFace()
    buffer = ctypes.create_string_buffer(256)
    length = pdfium.font_name(font, ctypes.addressof(buffer), len(buffer))
    name = buffer.raw[: max(0, min(length, len(buffer)) - 1)].decode("utf-8", "replace")
    angle = ctypes.c_int()
    pdfium.font_italic_angle(font, ctypes.addressof(angle))
    return face_from(name, max(pdfium.font_flags(font), 0), pdfium.font_weight(font), angle.value)


def face_from(name: str, flags: int, weight: int, italic_angle: int) -> FontFace:
    """The same from a descriptor's values."""
    name = _SUBSET.sub("", name.replace("\0", "").strip())
    return FontFace(
        name=name or None,
        bold=bool(flags & _FORCE_BOLD) or weight >= _BOLD_WEIGHT or bool(_BOLD_NAME.search(name)),
        italic=bool(flags & _ITALIC) or italic_angle != 0 or bool(_ITALIC_NAME.search(name)),
        monospace=bool(flags & _FIXED_PITCH) or bool(_MONO_NAME.search(name)),
    )
