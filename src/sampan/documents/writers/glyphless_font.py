"""A font without a single visible mark, for text that is there to be found, selected and copied.

Every character in every width that a document uses gets the next free two-byte code of a Type 0 font (ISO 32000-1
§9.7); a ToUnicode map (§9.10.3) says which character the code stands for, in UTF-16, so that all of Unicode is
within reach. The embedded TrueType program (OpenType 1.9: head, hhea, maxp, hmtx, loca, glyf) has one glyph for each
width of a ladder: a contour without area, as wide and high as the letter's cell.
"""

from __future__ import annotations

import bisect
import struct
import unicodedata

from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from sampan.documents.writers.pdf_objects import PdfObjects, dictionary, numbers, packed

MAX_CODES = 65_535
"""Codes of one font; 0 is the glyph for what a font lacks."""
_ENTRIES_A_BLOCK = 100
"""Largest block of a character map (Adobe Technical Note 5014)."""
_NAME = "SampanGlyphless"
_HEIGHT = 1000
"""All of a character lies above the line on which it stands: the box of the text is the box of the word."""
_KINDS = (
    (200, "'’‘`|´·"),
    (260, "ijl.,:;!¡ıìíîï"),
    (340, 'ftrI()[]{}/\\-“”"°*^‐‑ſ'),
    (480, "sczJkvxyae?¿çşšžýÿàáâãäåèéêë"),
    (590, "TFLESPZÉÈÊËŠŽ+=<>~–"),
    (690, "ABCDGHKNOQRUVXY&ÀÁÂÃÄÅÇÑÒÓÔÖØÙÚÛÜ"),
    (870, "mwMW@%—…ŒœÆæ"),
)
_USUAL = {character: width for width, kind in _KINDS for character in kind}
WIDTHS = tuple(sorted({round(20 * 1.06**step) for step in range(128)}))
"""Widths of the glyphs, in thousandths of the font's size: from 20 to 32 times the size, each 6 % wider."""


def advance(character: str) -> int:
    """About how wide a character is in most fonts: how the letters of a word share its box."""
    known = _USUAL.get(character)
    if known is not None:
        return known
    if unicodedata.east_asian_width(character) in "WF":
        return 1000
    return 650 if character.isupper() else 540


def nearest_width(wanted: float) -> int:
    """The width of the ladder that is nearest to a letter's cell."""
    place = bisect.bisect_left(WIDTHS, wanted)
    return min(WIDTHS[max(place - 1, 0) : place + 1], key=lambda width: abs(width - wanted))


class Fonts:
    """As many glyphless fonts as a document's characters need; nearly always one."""

    def __init__(self, pdf: PdfObjects) -> None:
        self._pdf = pdf
        self._fonts: list[tuple[str, GlyphlessFont, IndirectObject]] = []

    def code(self, character: str, width: int) -> tuple[str, int]:
        """Name of the font among a page's resources, and the character's code in it."""
        for name, font, _ in self._fonts:
            code = font.code(character, width)
            if code is not None:
                return name, code
        reference = self._pdf.add(DictionaryObject())
        # Named after its own object, so that no page knows another font by that name.
        self._fonts.append((f"Sampan{reference.idnum}", GlyphlessFont(), reference))
        return self.code(character, width)

    def resources(self) -> DictionaryObject:
        return DictionaryObject({NameObject(f"/{name}"): reference for name, _, reference in self._fonts})

    def finish(self) -> None:
        """Puts the fonts into the file; after this there are no new characters."""
        for _, font, reference in self._fonts:
            self._pdf.replace(reference, font.add_to(self._pdf))


class GlyphlessFont:
    """Hands out codes while text is written; `add_to` puts the font into the file afterwards."""

    def __init__(self) -> None:
        # Readers ask for the width of *the* space to tell gaps between letters from gaps between words, and take
        # the first that they find.
        self._codes: dict[tuple[str, int], int] = {(" ", nearest_width(300)): 1}

    def code(self, character: str, width: int) -> int | None:
        """The code of a character of some width of `WIDTHS`; None if the font is full."""
        code = self._codes.get((character, width))
        if code is None and len(self._codes) < MAX_CODES:
            code = self._codes[character, width] = len(self._codes) + 1
        return code

    def add_to(self, pdf: PdfObjects) -> DictionaryObject:
        """The Type 0 font; everything that it refers to is added to `pdf`."""
        widths = [width for _, width in self._codes]
        glyph = {width: number for number, width in enumerate(WIDTHS, start=1)}
        glyphs = struct.pack(f">{len(widths) + 1}H", 0, *(glyph[width] for width in widths))
        program = _true_type()
        descriptor = dictionary(
            Type=NameObject("/FontDescriptor"),
            FontName=NameObject(f"/{_NAME}"),
            Flags=NumberObject(4 | 1),  # symbolic, fixed pitch: keeps readers from asking for letters' shapes
            FontBBox=numbers(0, 0, max(WIDTHS), _HEIGHT),
            ItalicAngle=NumberObject(0),
            Ascent=NumberObject(_HEIGHT),
            # 0 would be taken for a descent that was forgotten.
            Descent=NumberObject(-1),
            CapHeight=NumberObject(_HEIGHT),
            StemV=NumberObject(80),
            FontFile2=pdf.add(packed(program, Length1=NumberObject(len(program)))),
        )
        descendant = dictionary(
            Type=NameObject("/Font"),
            Subtype=NameObject("/CIDFontType2"),
            BaseFont=NameObject(f"/{_NAME}"),
            CIDSystemInfo=dictionary(
                Registry=TextStringObject("Adobe"),
                Ordering=TextStringObject("Identity"),
                Supplement=NumberObject(0),
            ),
            FontDescriptor=pdf.add(descriptor),
            DW=NumberObject(1000),
            W=ArrayObject([NumberObject(1), numbers(*widths)]),
            CIDToGIDMap=pdf.add(packed(glyphs)),
        )
        return dictionary(
            Type=NameObject("/Font"),
            Subtype=NameObject("/Type0"),
            BaseFont=NameObject(f"/{_NAME}"),
            Encoding=NameObject("/Identity-H"),
            DescendantFonts=ArrayObject([pdf.add(descendant)]),
            ToUnicode=pdf.add(packed(self._to_unicode())),
        )

    def _to_unicode(self) -> bytes:
        entries = [
            f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>"
            for (character, _), code in self._codes.items()
        ]
        blocks = [entries[at : at + _ENTRIES_A_BLOCK] for at in range(0, len(entries), _ENTRIES_A_BLOCK)]
        lines = [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<0000> <FFFF>",
            "endcodespacerange",
            *("\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"]) for block in blocks),
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
        return "\n".join(lines).encode("ascii")


def _true_type() -> bytes:
    """A TrueType program with a glyph for every advance, each a contour of two points: as large as its cell, no area.

    Readers take a character's box from its outline, and a character without one for a character without size.
    """
    outlines = [b""]
    for width in WIDTHS:
        # One contour from (0, 0) to (width, _HEIGHT): two points on the curve, no instructions, long deltas.
        outlines.append(
            struct.pack(">hhhhhHHBBhhhh", 1, 0, 0, width, _HEIGHT, 1, 0, 1, 1, 0, width, 0, _HEIGHT)
        )
    offsets = [sum(map(len, outlines[:count])) for count in range(len(outlines) + 1)]
    glyphs, widest = len(outlines), max(WIDTHS)
    tables = {
        b"glyf": b"".join(outlines),
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, 1000, 0, 0, 0, 0, widest, _HEIGHT, 0, 8, 2, 0, 0,
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhh4hhH",
            0x00010000, _HEIGHT, -1, 0, widest, 0, 0, widest, 1, 0, 0, 0, 0, 0, 0, 0, glyphs,
        ),
        b"hmtx": b"".join(struct.pack(">Hh", width, 0) for width in (0, *WIDTHS)),
        b"loca": struct.pack(f">{glyphs + 1}H", *(offset // 2 for offset in offsets)),
        b"maxp": struct.pack(">I14H", 0x00010000, glyphs, 2, 1, 0, 0, 2, *([0] * 8)),
    }  # fmt: skip
    head = struct.pack(">IHHHH", 0x00010000, len(tables), 64, 2, len(tables) * 16 - 64)
    directory, body = b"", b""
    start = len(head) + 16 * len(tables)
    for tag, table in sorted(tables.items()):
        padded = table + b"\0" * (-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag, checksum, start + len(body), len(table))
        body += padded
    return head + directory + body
