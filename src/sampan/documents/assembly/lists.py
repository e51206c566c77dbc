"""List regions → items: markers, nesting by indentation, lines that hang under their item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sampan.documents.assembly.joining import Vocabulary, join_lines
from sampan.documents.geometry.boxes import union_box
from sampan.documents.layout.evidence import Marker, list_marker
from sampan.documents.model import Line, ListItem


def list_items(
    rows: Sequence[Sequence[Line]], em: float, vocabulary: Vocabulary | None = None
) -> list[ListItem]:
    """Items of a list from its printed rows, each a sequence of line fragments from left to right."""
    texts = [" ".join(line.text.strip() for line in row) for row in rows]
    lefts = np.array([min(line.box[0] for line in row) for row in rows])
    markers = _markers(texts, lefts, em)
    starts = [k for k, marker in enumerate(markers) if marker is not None]
    if not starts or starts[0] != 0:
        starts = [0, *starts]
    levels = _levels([float(lefts[k]) for k in starts], em)
    items = []
    for position, (start, end) in enumerate(zip(starts, [*starts[1:], len(rows)], strict=True)):
        marker = markers[start]
        body = [texts[start][marker.end :] if marker else texts[start], *texts[start + 1 : end]]
        lines = [line for row in rows[start:end] for line in row]
        items.append(
            ListItem(
                text=join_lines(body, vocabulary),
                marker=_printed(marker) if marker else "•",
                ordered=marker.ordered if marker else False,
                level=levels[position],
                box=union_box([line.box for line in lines]),
                lines=lines,
            )
        )
    return items


def _markers(texts: list[str], lefts: np.ndarray, em: float) -> list[Marker | None]:
    """Markers that count: a doubtful one only where certain or like ones stand at the same indent."""
    found = [list_marker(text) for text in texts]
    result: list[Marker | None] = []
    for k, marker in enumerate(found):
        if marker is None:
            result.append(None)
            continue
        aligned = [
            other
            for j, other in enumerate(found)
            if j != k and other is not None and abs(lefts[j] - lefts[k]) < 0.6 * em
        ]
        # A text line that hangs under an item may begin with "a." or "12." by chance: it would be alone there.
        hangs = k > 0 and not aligned and any(
            other is not None and 0.5 * em < lefts[k] - lefts[j] < 3 * em and j < k
            for j, other in enumerate(found)
        )  # fmt: skip
        text_edge = hangs and marker.ordered and _ordinal(marker.text) not in (1, None)
        result.append(None if text_edge or not (marker.certain or aligned or k == 0) else marker)
    return result


def _ordinal(marker: str) -> int | None:
    """Place that a marker counts to: "3." → 3, "b)" → 2, "iv." → 4 (None if it is no number)."""
    core = marker.strip("()[].")
    if core.isdigit():
        return int(core)
    roman = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
    if core.lower() in roman and core.lower() != "v":
        return roman[core.lower()]
    if len(core) == 1 and core.isalpha() and core.isascii():
        return ord(core.lower()) - ord("a") + 1
    return None


def _levels(lefts: list[float], em: float) -> list[int]:
    """Nesting level of every item by its indentation, as a stack of indents."""
    stack: list[float] = []
    levels = []
    for left in lefts:
        while stack and left < stack[-1] - 0.7 * em:
            stack.pop()
        if not stack or left > stack[-1] + 0.7 * em:
            stack.append(left)
        levels.append(len(stack) - 1)
    return levels


def _printed(marker: Marker) -> str:
    """The marker as a person would type it; what OCR makes of a bullet becomes one again."""
    if marker.ordered:
        return marker.text
    return marker.text if marker.text in "–—-*+‣▪■□◦○✓✔➢➤" else "•"
