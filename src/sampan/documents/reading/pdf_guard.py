"""Looks a PDF over before PDFium opens it, for parts that are small in the file and huge in memory.

    commands   a page's drawing commands, with everything that its forms draw in turn: each one becomes an object
               of some 300 bytes, and forms that draw forms multiply (ten deep by ten wide are 10¹⁰)
    streams    what one stream unfolds to; Flate makes 1,000 bytes of one, twice applied 1,000,000
    pictures   width × height as the dictionary or the picture's own header (JPEG, JPEG 2000, JBIG2) declares
    patterns   tiles so narrow that a page takes more than 10⁸ of them, and patterns painted with patterns
    glyphs     Type 3 glyphs that write with Type 3 glyphs, which multiply as forms do

Whatever is found anywhere in the file counts, used or not. A file made to be misread can still get by (encrypted
streams cannot be looked into), so files of strangers belong into a process with a memory limit as well.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable

from sampan.documents.options import ParseOptions
from sampan.documents.reading.image_header import read_header
from sampan.documents.reading.pdf_objects import PdfObject, read_objects
from sampan.documents.reading.stream_filters import Octets, exceeds, unfolded
from sampan.errors import InputError, LimitError

TEXT_WEIGHT = 3
"""A piece of text takes three times the memory of a path."""
FORM_WEIGHT = 20
"""A form that is drawn takes the time of so many commands before it draws anything."""
MAX_TILES = 100_000_000
MAX_SCANS = 200
"""Passes of a progressive JPEG; usual are about ten."""

_PAGE_SIDE = 1000.0
_HEADER = 1 << 20
"""So much of a packed picture is unfolded to find its header."""
_PIXEL_BYTES = 8
_DEEPEST = 40

_COMMAND = re.compile(
    rb"(?<![^\s\0\])>}])(?:(?P<text>T[jJ]|['\"])|[fFSsBb]\*?|q|sh|EI|Do|W\*?)(?![^\s\0\[(<{/%])"
)
_DRAWN = re.compile(rb"/([^\s\0/<>\[\](){}%]+)[\s\0]+Do(?![^\s\0\[(<{/%])")
_NAMED = re.compile(rb"/([^\s\0/<>\[\](){}%]+)[\s\0]+(\d{1,10})[\s\0]+\d{1,5}[\s\0]+R")
_REFERENCE = re.compile(rb"(\d{1,10})[\s\0]+\d{1,5}[\s\0]+R")
_CONTENTS = re.compile(rb"/Contents[\s\0]*(?:\[([\d\sR\0]*)\]|(\d{1,10})[\s\0]+\d{1,5}[\s\0]+R)")
_INDIRECT = re.compile(rb"/(?:Resources|XObject)[\s\0]+(\d{1,10})[\s\0]+\d{1,5}[\s\0]+R")
_DRAWABLE = re.compile(rb"/Subtype[\s\0]*/Form\b|/PatternType")
_CHOSEN = re.compile(rb"/([^\s\0/<>\[\](){}%]+)[\s\0]+(?:scn|SCN)(?![^\s\0\[(<{/%])")
_PAINT = re.compile(rb"(?<![^\s\0\])>}])(?:[fFBbSs]\*?|T[jJ]|['\"])(?![^\s\0\[(<{/%])")
_TYPE3 = re.compile(rb"/Subtype[\s\0]*/Type3\b")
_INLINE = re.compile(rb"(?<!\S)BI\s((?:(?!BI\s).){1,1000}?)\sID\s", re.DOTALL)
_IMAGE = re.compile(rb"/Subtype[\s\0]*/Image\b")
_NUMBER = rb"[\s\0]+([+-]?[\d.]{1,20})(?![\s\0]+\d{1,5}[\s\0]+R)"


def check_pdf(data: bytes, name: str, options: ParseOptions) -> None:
    """Raises LimitError if the PDF in `data` holds more than `options` allows."""
    objects = read_objects(data, name, options.max_stream_bytes)
    pages: list[PdfObject] = []
    drawn: list[tuple[int, bytes]] = []
    for number, definitions in objects.items():
        for found in definitions:
            if found.is_stream:
                where = f"object {number} of {name}"
                picture = _IMAGE.search(found.text) is not None
                if picture:
                    _check_picture(found, where, options)
                most = max(options.max_stream_bytes, _PIXEL_BYTES * options.max_pixels * picture)
                _check_stream(found, where, most)
                _check_pattern(found.text, where)
                # Annotations and patterns draw forms too, without any page's content naming them.
                if _DRAWABLE.search(found.text):
                    drawn.append((number, found.text))
            if b"/Contents" in found.text:
                pages.append(found)
            if b"/CharProcs" in found.text:
                _check_glyphs(found, objects, f"object {number} of {name}")
    # Bytes are counted first, which is quick and never less than commands, and commands only where that is too many.
    quick, exact = _Drawing(objects, name, options, len), _Drawing(objects, name, options, _count)
    most = options.max_commands
    if any(quick.commands(page) > most and exact.commands(page) > most for page in pages) or any(
        quick.drawn(*one) > most and exact.drawn(*one) > most for one in drawn
    ):
        raise LimitError(
            f"a page of {name} draws with more than {most:,} commands: print it to a new PDF "
            "or raise max_commands if you trust it"
        )


def _check_stream(found: PdfObject, where: str, limit: int) -> None:
    if exceeds(found.content, found.filters, limit):
        raise LimitError(
            f"{where} unfolds to more than {limit:,} bytes: raise max_stream_bytes if you trust the file"
        )


def _check_picture(found: PdfObject, where: str, options: ParseOptions) -> None:
    sizes = [(_value(found.text, rb"W(?:idth)?"), _value(found.text, rb"H(?:eight)?"))]
    if any(name in (b"DCTDecode", b"DCT", b"JPXDecode", b"JBIG2Decode") for name in found.filters):
        content, kind = unfolded(found.content, found.filters, _HEADER)
        sizes += _declared(content, kind)
        scans = content.count(b"\xff\xda") if kind == b"DCTDecode" else 0
        if scans > MAX_SCANS:
            raise LimitError(f"{where} is a picture of {scans} passes (limit {MAX_SCANS}): save it again")
    _check_sizes(sizes, where, options)


def _check_sizes(sizes: list[tuple[float, float]], where: str, options: ParseOptions) -> None:
    for width, height in sizes:
        if width * height > options.max_pixels:
            raise LimitError(
                f"{where} is a picture of {width:.0f} × {height:.0f} = {width * height:,.0f} pixels "
                f"(limit {options.max_pixels:,}): save it smaller or raise max_pixels"
            )


def _check_inline(content: Octets, where: str, options: ParseOptions) -> None:
    """Pictures inside a content stream, ISO 32000-1 §8.9.7."""
    for found in _INLINE.finditer(content):
        sizes = [(_value(found[1], rb"W(?:idth)?"), _value(found[1], rb"H(?:eight)?"))]
        if b"/DCT" in found[1]:
            sizes += _declared(content[found.end() : found.end() + _HEADER], b"DCTDecode")
        _check_sizes(sizes, where, options)


def _check_glyphs(font: PdfObject, objects: dict[int, list[PdfObject]], where: str) -> None:
    """Refuses a Type 3 font whose glyphs write with a Type 3 font."""
    dictionaries = [font.text]
    for key in (rb"/CharProcs", rb"/Resources", rb"/Font"):
        pattern = re.compile(key + rb"[\s\0]+(\d{1,10})[\s\0]+\d{1,5}[\s\0]+R")
        for number in [int(value) for text in dictionaries for value in pattern.findall(text)]:
            dictionaries += [one.text for one in objects.get(number, ()) if not one.is_stream]
    named = [
        one
        for text in dictionaries
        for _, number in _NAMED.findall(text)
        for one in objects.get(int(number), ())
    ]
    if any(_TYPE3.search(one.text) for one in named) and any(_writes(one) for one in named if one.is_stream):
        raise LimitError(f"{where} is a font whose letters are written in such a font: print it to a new PDF")


def _writes(glyph: PdfObject) -> bool:
    content, _ = unfolded(glyph.content, glyph.filters, _HEADER)
    return any(found["text"] for found in _COMMAND.finditer(content))


def _declared(content: Octets, kind: bytes | None) -> list[tuple[float, float]]:
    """Sizes in the picture's own header."""
    if kind == b"DCTDecode":
        try:
            frames = read_header(bytes(content[max(content.find(b"\xff\xd8"), 0) :]), "image/jpeg").frames
            return [(float(width), float(height)) for width, height in frames]
        except InputError:
            return []
    if kind == b"JPXDecode":
        # ITU-T T.800 §A.5.1: SIZ, its length, capabilities, then the reference grid; colours count as more pixels.
        sizes = []
        for place in re.finditer(rb"\xff\x4f\xff\x51", content):
            at = place.start()
            if at + 42 <= len(content):
                right, low, left, top = struct.unpack_from(">IIII", content, at + 8)
                (components,) = struct.unpack_from(">H", content, at + 40)
                sizes.append((max(right - left, 0) * max(1.0, components / 4), float(max(low - top, 0))))
        return sizes
    # ITU-T T.88 §7.4.8: a page information segment of 19 bytes opens with width and height.
    found = re.findall(rb"\x30\x00.\x00\x00\x00\x13(.{4})(.{4})", content, re.DOTALL)
    sizes = [(float(int.from_bytes(w, "big")), float(int.from_bytes(h, "big"))) for w, h in found]
    return [(width, height if height < 0xFFFFFFFF else 1.0) for width, height in sizes]


def _check_pattern(text: bytes, where: str) -> None:
    if b"/XStep" not in text and b"/YStep" not in text:
        return
    matrix = re.search(rb"/Matrix[\s\0]*\[([^\[\]/]{0,400})\]", text)
    try:
        a, b, c, d = [float(value) for value in matrix[1].split()][:4] if matrix else [1.0, 0.0, 0.0, 1.0]
    except ValueError:
        a, b, c, d = 1.0, 0.0, 0.0, 1.0
    across = abs(_value(text, rb"XStep", 1.0)) * max(abs(a), abs(b))
    down = abs(_value(text, rb"YStep", 1.0)) * max(abs(c), abs(d))
    tiles = (_PAGE_SIDE / max(across, 1e-9)) * (_PAGE_SIDE / max(down, 1e-9))
    if tiles > MAX_TILES:
        raise LimitError(
            f"{where} is a pattern of tiles {across:g} × {down:g} points wide (limit {MAX_TILES:,} tiles a page): "
            "print the document to a new PDF"
        )


def _value(text: bytes, key: bytes, missing: float = 0.0) -> float:
    """The largest number that stands after `key`."""
    found = []
    for match in re.finditer(rb"/" + key + _NUMBER, text):
        try:
            found.append(float(match[1]))
        except ValueError:
            continue
    return max(found, key=abs) if found else missing


class _Drawing:
    """Counts the commands of pages with all that their forms draw, as `count` counts those of one stream."""

    def __init__(
        self,
        objects: dict[int, list[PdfObject]],
        name: str,
        options: ParseOptions,
        count: Callable[[Octets], int],
    ) -> None:
        self._objects = objects
        self._name = name
        self._options = options
        self._enough = options.max_commands + 1
        self._most_bytes = options.max_stream_bytes
        self._count = count
        self._streams: dict[int, tuple[int, Counter[bytes]]] = {}
        self._names_of: dict[bytes, dict[bytes, set[int]]] = {}
        self._known: dict[tuple[int, bytes, int], int] = {}

    def commands(self, page: PdfObject) -> int:
        total = 0
        for number, times in Counter(self._contents(page)).items():
            total += times * self.drawn(number, page.text)
            if total >= self._enough:
                break
        return total

    def _contents(self, page: PdfObject) -> list[int]:
        numbers: list[int] = []
        for found in _CONTENTS.finditer(page.text):
            given = _REFERENCE.findall(found[1]) if found[1] is not None else [found[2]]
            for number in map(int, given):
                arrays = [one.text for one in self._objects.get(number, ()) if not one.is_stream]
                numbers += [int(value) for text in arrays for value in _REFERENCE.findall(text)] or [number]
        return numbers

    def drawn(self, number: int, resources: bytes, depth: int = 0) -> int:
        """Commands that content or form `number` comes to; `resources` is the text that its names stand in.

        PDFium draws forms inside themselves as well, down to its deepest level.
        """
        key = (number, resources, depth)
        if key in self._known:
            return self._known[key]
        if depth > _DEEPEST:
            return 1
        count, drawn = self._stream(number)
        if drawn:
            for form in self._objects.get(number, ()):
                own = form.text if b"/Resources" in form.text else resources
                names = self._names(own)
                for name, times in drawn.items():
                    inner = [self.drawn(child, own, depth + 1) for child in names.get(name, ())]
                    if inner:
                        count = min(count + times * (FORM_WEIGHT + max(inner)), self._enough)
        self._known[key] = count
        return count

    def _stream(self, number: int) -> tuple[int, Counter[bytes]]:
        """Commands that stand in a stream itself, at least one, and how often it draws each name."""
        if number not in self._streams:
            count, drawn = 1, Counter[bytes]()
            for found in self._objects.get(number, ()):
                if found.is_stream:
                    content, _ = unfolded(found.content, found.filters, self._most_bytes)
                    count = max(count, self._count(content))
                    if b"Do" in content:
                        drawn |= Counter(_DRAWN.findall(content))
                    if b"BI" in content:
                        _check_inline(content, f"a picture in object {number} of {self._name}", self._options)
                    if b"/PatternType" in found.text and b"scn" in content.lower():
                        # Every paint may be one with the pattern that was chosen before it.
                        paints = len(_PAINT.findall(content))
                        drawn |= Counter(dict.fromkeys(_CHOSEN.findall(content), paints))
            self._streams[number] = (count, drawn)
        return self._streams[number]

    def _names(self, resources: bytes) -> dict[bytes, set[int]]:
        """Which forms the names in resources stand for, those in indirect dictionaries among them."""
        if resources not in self._names_of:
            names: dict[bytes, set[int]] = {}
            texts, seen = [resources], set[int]()
            for text in texts:
                for name, number in _NAMED.findall(text):
                    if any(
                        one.is_stream and _DRAWABLE.search(one.text)
                        for one in self._objects.get(int(number), ())
                    ):
                        names.setdefault(name, set()).add(int(number))
                for number in map(int, _INDIRECT.findall(text)):
                    if number not in seen:
                        seen.add(number)
                        texts += [one.text for one in self._objects.get(number, ()) if not one.is_stream]
            self._names_of[resources] = names
        return self._names_of[resources]


def _count(content: Octets) -> int:
    return sum(TEXT_WEIGHT if found["text"] else 1 for found in _COMMAND.finditer(content))
