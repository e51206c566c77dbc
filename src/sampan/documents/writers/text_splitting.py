"""Long text in parts of limited length, cut where a reader would pause."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

_PAUSES = (
    re.compile(r"\n+"),
    # The end of a sentence: a mark, closing quotes and brackets, and a space where the script has spaces.
    re.compile(r"[.!?…؟۔]['\")\]’”»]*\s+|[。！？；]['\"」』）’”]*"),
    re.compile(r"\s+|[、，]"),
)


def split_text(
    text: str, limit: int, written: Callable[[str], str], first: int | None = None, lines: bool = False
) -> Iterator[tuple[int, int]]:
    """Start and end of each part of `text`, so that `written(part)` has at most `limit` characters.

    The first part has at most `first`. Parts leave out the white space between them, with `lines` only line
    breaks. A part is never empty, so it may be longer where a single character is written longer than that.
    """
    blank = "\n" if lines else None
    start, room = 0, limit if first is None else first
    while start < len(text):
        start += len(text[start:]) - len(text[start:].lstrip(blank))
        rest = text[start:].rstrip(blank)
        if not rest:
            return
        length = _longest(rest, room, written, lines)
        yield start, start + len(rest[:length].rstrip(blank))
        start, room = start + length, limit


def _longest(text: str, limit: int, written: Callable[[str], str], lines: bool) -> int:
    """How much of `text` the next part takes."""
    room = max(1, limit)
    # Nothing is written shorter than it is, so more than `limit` characters need not be looked at.
    while True:
        end = len(text) if len(text) <= room else pause_before(text, room, lines)
        size = len(written(text[:end]))
        if size <= limit or end == 1:
            return end
        room = max(1, min(end - 1, end * limit // size))


def pause_before(text: str, limit: int, lines: bool = False) -> int:
    """The last good place to cut `text` at or before `limit`, at least 1.

    A pause in the second half of what fits is better than a later place inside a sentence or word.
    """
    for pause in _PAUSES[:1] if lines else _PAUSES:
        ends = [match.end() for match in pause.finditer(text, limit // 2, limit)]
        if ends:
            return max(1, ends[-1])
    end = limit
    # An accent stays with its letter.
    while end > max(1, limit - 16) and unicodedata.combining(text[end]):
        end -= 1
    return max(1, end)


def tail_start(text: str, limit: int, written: Callable[[str], str]) -> int:
    """Where the last part of `text` begins that starts after a pause and is written in at most `limit`."""
    earliest = max(0, len(text) - limit)
    if earliest == 0 and len(written(text)) <= limit:
        return 0
    for pause in _PAUSES[1:]:
        for match in pause.finditer(text, earliest):
            if match.end() < len(text) and len(written(text[match.end() :])) <= limit:
                return match.end()
    return len(text)
