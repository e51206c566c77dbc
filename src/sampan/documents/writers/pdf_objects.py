"""PDF objects behind one another: an update at the end of a file, or a file of its own.

An incremental update (ISO 32000-1 §7.5.6) leaves every byte of the file where it is and adds new and changed objects
behind them, so that pages that nobody asked to change are the same bytes as before, signatures keep what they sign,
and the work is that of the pages that change. A cross-reference stream continues cross-reference
streams, a table continues tables (§7.5.4, §7.5.8): not all readers follow a mixed chain.
"""

from __future__ import annotations

import io
import logging
import struct

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from sampan.errors import InputError

# What pypdf mends in a damaged file is no news for the person who parses it; it would go to standard error.
logging.getLogger("pypdf").addHandler(logging.NullHandler())

_KEPT = ("/Root", "/Info", "/ID")
"""Entries of the trailer that hold for the updated file too."""


class PdfObjects:
    """Collects objects; `finish` gives the file."""

    def __init__(self, data: bytes = b"") -> None:
        """`data` is the file to be updated; without it a new file begins.

        The file must be one that pypdf reads and that is not encrypted. Raises InputError (or what pypdf
        raises) where there is nothing sound to add to.
        """
        self._data = data or b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
        self._objects: dict[tuple[int, int], PdfObject] = {}
        self._trailer = DictionaryObject()
        self._previous: int | None = None
        self._as_stream = False
        self._next = 1
        self.reader: PdfReader | None = None
        if data:
            self.reader = PdfReader(io.BytesIO(data), strict=False)
            self._continue(self.reader)

    def add(self, value: PdfObject) -> IndirectObject:
        """Puts a new object into the file."""
        reference = IndirectObject(self._next, 0, self.reader)
        self._next += 1
        self._objects[reference.idnum, 0] = value
        return reference

    def replace(self, reference: IndirectObject, value: PdfObject) -> None:
        """Lets `value` take the place of an object of the file."""
        self._objects[reference.idnum, reference.generation] = value

    def finish(self, root: IndirectObject | None = None, producer: str = "") -> bytes:
        """The whole file. `root` is the catalogue of a new file, `producer` the program that made it."""
        if not self._objects and self.reader is not None:
            return self._data
        if root is not None:
            self._trailer[NameObject("/Root")] = root
            self._trailer[NameObject("/Info")] = self.add(dictionary(Producer=TextStringObject(producer)))
        out = io.BytesIO()
        out.write(self._data)
        if not self._data.endswith(b"\n"):
            out.write(b"\n")
        places: dict[tuple[int, int], int] = {}
        for (number, generation), value in sorted(self._objects.items()):
            places[number, generation] = out.tell()
            out.write(b"%d %d obj\n" % (number, generation))
            value.write_to_stream(out)
            out.write(b"\nendobj\n")
        start = out.tell()
        if self._previous is not None:
            self._trailer[NameObject("/Prev")] = NumberObject(self._previous)
        if self._as_stream:
            self._write_stream(out, places)
        else:
            self._write_table(out, places)
        out.write(b"startxref\n%d\n%%%%EOF\n" % start)
        return out.getvalue()

    def _continue(self, reader: PdfReader) -> None:
        if not self._data.startswith(b"%PDF-"):
            raise InputError(
                "the PDF does not begin with its header, so its offsets are not those of the file"
            )
        at = self._data.rfind(b"startxref")
        words = self._data[at + 9 : at + 64].split()
        if at < 0 or not words or not words[0].isdigit() or int(words[0]) >= len(self._data):
            raise InputError("the PDF does not say where its cross-reference table is")
        self._previous = int(words[0])
        self._as_stream = not self._data[self._previous :].lstrip().startswith(b"xref")
        for key in _KEPT:
            if key in reader.trailer:
                self._trailer[NameObject(key)] = reader.trailer.raw_get(key)
        if "/Root" not in self._trailer or not isinstance(self._trailer["/Root"], DictionaryObject):
            raise InputError("the PDF has no catalogue")
        numbers = [number for table in reader.xref.values() for number in table]
        size = reader.trailer.get("/Size", 1)
        self._next = max([int(size) - 1, *numbers, *reader.xref_objStm]) + 1

    def _write_table(self, out: io.BytesIO, places: dict[tuple[int, int], int]) -> None:
        entries = {number: (place, generation) for (number, generation), place in places.items()}
        out.write(b"xref\n")
        if self.reader is None:
            out.write(b"0 1\n0000000000 65535 f \n")
        for run in _runs(sorted(entries)):
            out.write(b"%d %d\n" % (run[0], len(run)))
            for number in run:
                out.write(b"%010d %05d n \n" % entries[number])
        self._trailer[NameObject("/Size")] = NumberObject(self._next)
        out.write(b"trailer\n")
        self._trailer.write_to_stream(out)
        out.write(b"\n")

    def _write_stream(self, out: io.BytesIO, places: dict[tuple[int, int], int]) -> None:
        entries = {number: (place, generation) for (number, generation), place in places.items()}
        own = self._next
        entries[own] = (out.tell(), 0)
        runs = _runs(sorted(entries))
        table = DecodedStreamObject()
        table.set_data(b"".join(struct.pack(">BQH", 1, *entries[number]) for run in runs for number in run))
        table.update(self._trailer)
        table[NameObject("/Type")] = NameObject("/XRef")
        table[NameObject("/W")] = ArrayObject([NumberObject(1), NumberObject(8), NumberObject(2)])
        table[NameObject("/Index")] = ArrayObject(
            [NumberObject(value) for run in runs for value in (run[0], len(run))]
        )
        table[NameObject("/Size")] = NumberObject(own + 1)
        out.write(b"%d 0 obj\n" % own)
        table.write_to_stream(out)
        out.write(b"\nendobj\n")


def _runs(numbers: list[int]) -> list[list[int]]:
    """Ascending numbers as runs without gaps."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] + 1 == number:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def dictionary(**entries: PdfObject) -> DictionaryObject:
    """`dictionary(Type=…)` is `<< /Type … >>`."""
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def numbers(*values: float) -> ArrayObject:
    return ArrayObject(
        [NumberObject(value) if isinstance(value, int) else FloatObject(value) for value in values]
    )


def packed(data: bytes, **entries: PdfObject) -> StreamObject:
    """A stream, compressed without loss."""
    plain = DecodedStreamObject()
    plain.set_data(data)
    stream: StreamObject = plain.flate_encode()
    stream.update(dictionary(**entries))
    return stream
