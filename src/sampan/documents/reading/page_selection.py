"""Which pages to read: `"1-3,7,10-"` → `[1, 2, 3, 7, 10, 11, …]`.

    selection = part { "," part }
    part      = number | number "-" number | number "-" | "-" number

Pages count from 1. An open end means the last page, an open start the first. The pages come back
in ascending order, each once, whatever order the parts stand in. An explicit number beyond the
last page is refused, so that a typing error is not answered with silence.
"""

from __future__ import annotations

import re

from sampan.errors import OptionError

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_RANGE = re.compile(r"(\d{1,9})?\s*-\s*(\d{1,9})?", re.ASCII)


def select_pages(selection: str | None, total: int) -> list[int]:
    """Page numbers, from 1 to `total`, that `selection` names; None selects all."""
    if selection is None:
        return list(range(1, total + 1))
    chosen: set[int] = set()
    for part in selection.split(","):
        first, last = _bounds(part, selection, total)
        for number in (first, last):
            if not 1 <= number <= total:
                pages = "1 page" if total == 1 else f"{total} pages"
                raise OptionError(
                    f"pages {selection!r} names page {number}, but the document has {pages}: "
                    f"choose from 1-{total}"
                )
        if first > last:
            raise OptionError(
                f"pages {selection!r} holds the range {part.strip()!r}, which runs backwards: "
                f"write {last}-{first}"
            )
        chosen.update(range(first, last + 1))
    return sorted(chosen)


def _bounds(part: str, selection: str, total: int) -> tuple[int, int]:
    part = part.strip()
    if _NUMBER.fullmatch(part):
        return int(part), int(part)
    match = _RANGE.fullmatch(part)
    if match is None or match.groups() == (None, None):
        raise OptionError(
            f"pages {selection!r} cannot be understood at {part!r}: "
            "write page numbers and ranges such as 1-3,7,10-"
        )
    first = int(match[1]) if match[1] is not None else 1
    # max() lets the check against the document name the user's own number when it is too large.
    last = int(match[2]) if match[2] is not None else max(total, first)
    return first, last
