"""The objects of a PDF as they stand in the file, found by their own `n g obj` and not by the file's tables.

Only for looking before PDFium does (`pdf_guard`): every definition of a number counts, the replaced and
unreachable ones too, so a table that lies hides nothing. Objects inside object streams (ISO 32000-1 §7.5.7) are
among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sampan.documents.reading.stream_filters import exceeds, unfolded
from sampan.errors import LimitError

MAX_OBJECTS = 1_000_000

_HEAD = re.compile(rb"(\d{1,10})[\s\0]+\d{1,5}[\s\0]+\Z")
# Words inside strings and comments are no keywords.
_END = re.compile(
    rb"\((?:[^()\\]|\\.)*\)|%[^\r\n]*|(?P<stream>\bstream\r?\n?)|(?P<end>\bendobj\b)", re.DOTALL
)
_LENGTH = re.compile(rb"/Length[\s\0]+(\d{1,12})(?![\s\0]+\d+[\s\0]+R)")
_FILTER = re.compile(rb"/(?:Filter|F)[\s\0]*(?:/([A-Za-z0-9]+)|\[([^\[\]<>]{0,1000})\])")
_WHOLE = re.compile(rb"[+-]?\d{1,12}")
_MOST_HEADER = 1 << 22
"""An object without a stream is looked at to this length."""


@dataclass(slots=True)
class PdfObject:
    """One definition: its text up to `stream` or `endobj`, and where its stream lies."""

    text: bytes
    start: int = -1
    length: int = 0
    within: bytes = field(default=b"", repr=False)

    @property
    def is_stream(self) -> bool:
        return self.start >= 0

    @property
    def filters(self) -> list[bytes]:
        found = _FILTER.search(self.text)
        if found is None:
            return []
        return [found[1]] if found[1] else re.findall(rb"/([A-Za-z0-9]+)", found[2])

    @property
    def content(self) -> bytes:
        """The stream as it lies in the file."""
        return self.within[self.start : self.start + self.length]


def read_objects(data: bytes, name: str, limit: int) -> dict[int, list[PdfObject]]:
    """Every object by its number. LimitError for an object stream that unfolds to more than `limit` bytes."""
    objects: dict[int, list[PdfObject]] = {}
    count = 0
    for number, found in _written(data):
        count += 1
        if count > MAX_OBJECTS:
            raise _too_many(name)
        objects.setdefault(number, []).append(found)
    for found in [one for many in objects.values() for one in many]:
        if found.is_stream and b"/ObjStm" in found.text:
            if exceeds(found.content, found.filters, limit):
                raise LimitError(
                    f"{name} holds a list of objects that unfolds to more than {limit:,} bytes: "
                    "raise max_stream_bytes if you trust it"
                )
            content, _ = unfolded(found.content, found.filters, limit)
            for number, text in _packed(found.text, bytes(content)):
                count += 1
                if count > MAX_OBJECTS:
                    raise _too_many(name)
                objects.setdefault(number, []).append(PdfObject(text))
    return objects


def _too_many(name: str) -> LimitError:
    return LimitError(f"{name} has more than {MAX_OBJECTS:,} objects: save it again with fewer pages")


def _written(data: bytes) -> Iterator[tuple[int, PdfObject]]:
    at = searched = 0
    while (at := data.find(b"obj", at)) >= 0:
        head = _HEAD.search(data, max(0, at - 20), at)
        at += 3
        if head is None:
            continue
        start, text = -1, data[at : at + 4096]
        # Up to `searched` no keyword stands: heads without ends must not be gone over again and again.
        for found in _END.finditer(data, max(at, searched), at + _MOST_HEADER):
            if found.lastgroup == "stream":
                start, text = found.end(), data[at : found.start()]
                break
            if found.lastgroup == "end":
                text = data[at : found.start()]
                break
        else:
            searched = at + _MOST_HEADER
        if start < 0:
            yield int(head[1]), PdfObject(text)
            at += len(text)
            continue
        length = _stream_length(data, start, text)
        yield int(head[1]), PdfObject(text, start, length, data)
        at = start + length


def _stream_length(data: bytes, start: int, text: bytes) -> int:
    """The declared length if the stream ends there, else up to the next `endstream`."""
    declared = _LENGTH.search(text)
    if declared is not None:
        length = int(declared[1])
        if data[start + length : start + length + 12].lstrip().startswith(b"endstream"):
            return length
    end = data.find(b"endstream", start)
    return (end if end >= 0 else len(data)) - start


def _packed(text: bytes, content: bytes) -> Iterator[tuple[int, bytes]]:
    first = re.search(rb"/First[\s\0]+(\d{1,9})", text)
    if first is None:
        return
    begin = int(first[1])
    values = [int(value) for value in _WHOLE.findall(content[:begin])]
    places = sorted(zip(values[1::2], values[::2], strict=False))[:MAX_OBJECTS]
    for place, (offset, number) in enumerate(places):
        stop = places[place + 1][0] if place + 1 < len(places) else len(content) - begin
        yield number, content[begin + offset : begin + stop]
