"""The words of a page where the file shows them: what the page-faithful formats say.

A page is described upright; searchable PDF, hOCR and ALTO describe it as the file shows it. So every box and quad goes
through `Page.to_source` here, and comes out as four corners in reading direction. Every line that was read
is said exactly once, furniture too, in reading order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry import homography
from sampan.documents.model import (
    Block,
    Box,
    Direction,
    Document,
    Line,
    ListBlock,
    Page,
    Quad,
    Style,
    TableBlock,
    Word,
)
from sampan.documents.page_images import SourceImages
from sampan.documents.reading.scripts import is_cjk
from sampan.documents.writers.characters import has_rtl, one_line
from sampan.errors import InputError

Corners = NDArray[np.float64]
"""(4, 2): top left, top right, bottom right, bottom left of the text itself."""


_DESCENDING = frozenset("gjpqyQçşţ,;ßþµ")
_DESCENT, _IDEOGRAPH_DESCENT = 0.21, 0.12
"""Parts of a line's height that lie below the line on which its letters stand."""


@dataclass(slots=True)
class PlacedWord:
    text: str
    corners: Corners
    confidence: float
    spaced: bool
    """Whether white space parts it from the word before it."""
    style: Style | None


@dataclass(slots=True)
class PlacedLine:
    """A line with its words in logical order."""

    line: Line
    words: list[PlacedWord]
    corners: Corners
    direction: Direction

    def moved(self, matrix: homography.Matrix) -> PlacedLine:
        """The line in other coordinates."""
        words = [replace(word, corners=homography.apply(matrix, word.corners)) for word in self.words]
        return replace(self, words=words, corners=homography.apply(matrix, self.corners))

    @property
    def angle(self) -> float:
        """Degrees, clockwise as seen, by which the text is turned from running to the right."""
        (x0, y0), (x1, y1) = self.corners[3], self.corners[2]
        return float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))


def to_page_as_shown(page: Page) -> homography.Matrix:
    """Upright coordinates → the page as the file shows it, in the page's own unit."""
    return homography.from_tuple(page.to_source)


def placed_lines(lines: Iterable[Line], matrix: homography.Matrix) -> Iterator[PlacedLine]:
    """Lines that say something, each with at least one word."""
    for line in lines:
        direction: Direction = line.direction
        if direction == "ltr" and has_rtl(line.text):
            direction = "rtl"
        words = []
        for word, spaced in _words(line):
            corners = homography.apply(matrix, corners_of(word.box, word.quad, direction))
            words.append(PlacedWord(one_line(word.text), corners, word.confidence, spaced, word.style))
        if words:
            corners = homography.apply(matrix, corners_of(line.box, line.quad, direction))
            yield PlacedLine(line, words, corners, direction)


def sizes_as_shown(document: Document) -> list[tuple[float, float]]:
    """Width and height of every page as the file shows it, in the page's own unit.

    The model knows the upright page alone. A page that was turned or straightened is asked of the file; if that
    is gone, the page is as large as what was read of it.
    """
    turned = [page for page in document.pages if page.to_source is not None]
    known: dict[int, tuple[float, float]] = {}
    if turned and isinstance(document._images, SourceImages):
        with suppress(InputError), document._images.open() as source:
            for page in turned:
                shown = source.page(page.number)
                known[page.number] = shown.width, shown.height
    sizes: list[tuple[float, float]] = []
    for page in document.pages:
        size = page.width, page.height
        if page.to_source is not None:
            whole = corners_of((0.0, 0.0, page.width, page.height), None)
            _, _, right, bottom = bounds(homography.apply(to_page_as_shown(page), whole))
            size = known.get(page.number, (max(right, 1.0), max(bottom, 1.0)))
        sizes.append(size)
    return sizes


def parts_of(block: Block) -> list[list[Line]]:
    """The lines of a block: by cells or items if it has such, and what is in none of them; else all together."""
    parts: list[list[Line]] = []
    if isinstance(block, TableBlock):
        parts = [cell.lines for cell in block.table.cells if cell.lines]
    elif isinstance(block, ListBlock):
        parts = [item.lines for item in block.items if item.lines]
    # Cells know more than the block (dashes that only the grid tells) and perhaps less (a line beside the grid).
    said = {mark for part in parts for line in part for mark in _marks(line)}
    rest = [line for line in block.lines if not any(mark in said for mark in _marks(line))]
    return [*parts, rest] if rest else parts


def lines_of(block: Block) -> list[Line]:
    """All lines of a block, each once."""
    return [line for part in parts_of(block) for line in part]


def _marks(line: Line) -> list[tuple[str, Box]]:
    """What tells a line's words again after it was cut into cells."""
    return [(word.text, word.box) for word in line.words] or [(line.text, line.box)]


def baseline(line: PlacedLine) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the letters of a line stand, from its left to its right end.

    Nothing measures it: boxes hold the ink, so the letters stand above the bottom by as much as descenders take.
    """
    text = line.line.text
    descends = any(character in _DESCENDING for character in text)
    lift = _DESCENT if descends else _IDEOGRAPH_DESCENT if any(map(is_cjk, text)) else 0.0
    top_left, top_right, bottom_right, bottom_left = line.corners
    left = bottom_left + lift * (top_left - bottom_left)
    right = bottom_right + lift * (top_right - bottom_right)
    return (float(left[0]), float(left[1])), (float(right[0]), float(right[1]))


def corners_of(box: Box, quad: Quad | None, direction: Direction = "ltr") -> Corners:
    """Corners in reading direction; a vertical line without a quad runs down its box."""
    if quad is not None:
        return np.array(quad, np.float64)
    x0, y0, x1, y1 = box
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    return np.roll(corners, -1, axis=0) if direction == "ttb" and y1 - y0 > 0 else corners


def bounds(corners: Corners) -> tuple[float, float, float, float]:
    """The upright box around some corners."""
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return x0, y0, x1, y1


def _words(line: Line) -> Iterator[tuple[Word, bool]]:
    """Words with whether the line's text has a space before each."""
    words = [word for word in line.words if one_line(word.text)] or _divided(line)
    at, before = 0, ""
    for number, word in enumerate(words):
        place = line.text.find(word.text, at)
        between = line.text[at:place] if place >= 0 else ""
        if place >= 0 and not between.strip():
            spaced = bool(between)
            at = place + len(word.text)
        else:
            # The line's text and its words disagree: spaces as its script sets them.
            spaced = not (is_cjk(before[-1:]) and is_cjk(word.text[:1]))
        yield word, spaced and number > 0
        before = word.text


def _divided(line: Line) -> list[Word]:
    """Words of a line that has none, its length shared out among its characters."""
    texts = one_line(line.text).split()
    if not texts:
        return []
    corners = corners_of(line.box, line.quad, line.direction)
    top, bottom = corners[1] - corners[0], corners[2] - corners[3]
    total = sum(map(len, texts)) + len(texts) - 1
    words, at = [], 0
    right_to_left = line.direction == "rtl" or has_rtl(line.text)
    for text in texts:
        start, end = at / total, (at + len(text)) / total
        if right_to_left:
            start, end = 1 - end, 1 - start
        part = np.array(
            [
                corners[0] + start * top,
                corners[0] + end * top,
                corners[3] + end * bottom,
                corners[3] + start * bottom,
            ]
        )
        a, b, c, d = ((float(x), float(y)) for x, y in part)
        words.append(
            Word(text=text, box=bounds(part), quad=(a, b, c, d), confidence=line.confidence, style=line.style)
        )
        at += len(text) + 1
    return words
