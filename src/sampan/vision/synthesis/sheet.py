"""A sheet of paper that text and rules are put on, which remembers where everything stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.vision.synthesis.fonts import FontFace
from sampan.vision.synthesis.geometry import Box, Matrix, corners, map_points, union
from sampan.vision.synthesis.typesetting import set_line

Quad = NDArray[np.float32]


@dataclass
class PageWord:
    text: str
    quad: Quad
    """(4, 2), clockwise from the top left as one reads."""


@dataclass
class PageLine:
    text: str
    quad: Quad
    words: list[PageWord]
    block: int
    """Index of the block that it belongs to, or −1."""


@dataclass
class Block:
    kind: str
    """One of `pages.CLASSES`."""
    quad: Quad


@dataclass
class PageCell:
    """A cell of a table."""

    row: int
    column: int
    rows: int
    columns: int
    header: bool
    text: str
    quad: Quad
    """The room between the cell's borders, drawn or not."""
    ink: Quad | None
    """Round the cell's text; None if it is empty."""


@dataclass
class PageTable:
    structure: list[str]
    """HTML tokens as PubTabNet has them."""
    cells: list[PageCell]
    quad: Quad


@dataclass
class PageField:
    """A field of a form: what is asked, what is answered, or a heading."""

    kind: str
    """question, answer, header or choice."""
    text: str
    quad: Quad
    of: int
    """Index of the field that this one answers, or −1."""


Ink = tuple[float, float, float] | float


@dataclass
class Sheet:
    """Pixels float32 (h, w, c) and what has been put on them; coordinates are edges of pixels."""

    pixels: NDArray[np.float32]
    wear: Callable[[NDArray[np.uint8], float], NDArray[np.uint8]] | None = None
    """What printing does to a line's mask, given its size."""
    lines: list[PageLine] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    tables: list[PageTable] = field(default_factory=list)
    fields: list[PageField] = field(default_factory=list)

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def write(
        self, face: FontFace, text: str, size: float, x: float, base: float, ink: Ink, block: int = -1
    ) -> Box:
        """Sets a line from pen position (x, base), records it, and gives the box of its ink."""
        return self.write_words(face, [(text, x)], size, base, ink, block)

    def write_words(
        self,
        face: FontFace,
        runs: list[tuple[str, float]],
        size: float,
        base: float,
        ink: Ink,
        block: int = -1,
    ) -> Box:
        """As `write`, for runs of text at places of their own that make one line."""
        words: list[PageWord] = []
        boxes: list[Box] = []
        for text, x in runs:
            line = set_line(face, text, size)
            left, top = round(x - line.origin[0]), round(base - line.origin[1])
            mask = self.wear(line.mask, size) if self.wear is not None else line.mask
            self._blend(mask, left, top, ink)
            for word in line.words:
                a, b, c, d = word.box
                box = (a + left, b + top, c + left, d + top)
                boxes.append(box)
                words.append(PageWord(word.text, corners(box)))
        whole = union(boxes)
        self.lines.append(PageLine(" ".join(word.text for word in words), corners(whole), words, block))
        return whole

    def rule(self, x0: float, y0: float, x1: float, y1: float, ink: Ink, strength: float = 1.0) -> None:
        """A filled upright rectangle: a rule, a border, a shade; at least one pixel thick."""
        left, top = max(0, round(x0)), max(0, round(y0))
        right, bottom = max(left + 1, round(x1)), max(top + 1, round(y1))
        part = self.pixels[top:bottom, left:right]
        part += (self._colour(ink) - part) * np.float32(strength)

    def frame(self, box: Box, thick: float, ink: Ink) -> None:
        """The outline of a box, inside it."""
        x0, y0, x1, y1 = box
        self.rule(x0, y0, x1, y0 + thick, ink)
        self.rule(x0, y1 - thick, x1, y1, ink)
        self.rule(x0, y0, x0 + thick, y1, ink)
        self.rule(x1 - thick, y0, x1, y1, ink)

    def polyline(self, points: list[tuple[float, float]], thick: int, ink: Ink) -> None:
        ends = np.round(np.array(points)).astype(np.int32)
        colour = [float(value) for value in np.broadcast_to(self._colour(ink), (self.pixels.shape[2],))]
        cv2.polylines(self.pixels, [ends], False, colour, max(1, thick), cv2.LINE_AA)

    def block(self, kind: str, box: Box) -> int:
        self.blocks.append(Block(kind, corners(box)))
        return len(self.blocks) - 1

    def _blend(self, mask: NDArray[np.uint8], left: int, top: int, ink: Ink) -> None:
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(self.height, top + mask.shape[0]), min(self.width, left + mask.shape[1])
        if y1 <= y0 or x1 <= x0:
            return
        share = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) * np.float32(
            1 / 255
        )
        part = self.pixels[y0:y1, x0:x1]
        part += (self._colour(ink) - part) * share

    def _colour(self, ink: Ink) -> NDArray[np.float32]:
        tone = np.atleast_1d(np.asarray(ink, np.float32))
        return tone if self.pixels.shape[2] == 3 else tone.mean(keepdims=True)

    def moved(self, matrix: Matrix) -> Sheet:
        """The records with every place mapped by a homography; the pixels stay behind."""

        def quad(points: Quad) -> Quad:
            return map_points(points, matrix)

        def line(old: PageLine) -> PageLine:
            words = [PageWord(word.text, quad(word.quad)) for word in old.words]
            return replace(old, quad=quad(old.quad), words=words)

        def cell(old: PageCell) -> PageCell:
            return replace(old, quad=quad(old.quad), ink=None if old.ink is None else quad(old.ink))

        return Sheet(
            self.pixels,
            None,
            [line(old) for old in self.lines],
            [replace(block, quad=quad(block.quad)) for block in self.blocks],
            [
                replace(table, cells=[cell(old) for old in table.cells], quad=quad(table.quad))
                for table in self.tables
            ],
            [replace(entry, quad=quad(entry.quad)) for entry in self.fields],
        )
