"""The stages of reading a page, and what passes between them.

    reading      file → pages                    `PageInput`
    text layer   page → lines already in a PDF   `TextLayer`
    straighten   picture → upright picture       `Upright`
    OCR          picture → lines                 `LineReader`
    layout       lines (+ picture) → regions     `RegionFinder`
    tables       region → grid of cells          `TableRecogniser`
    assembly     regions + lines → blocks        `sampan.documents.assembly`

A stage is any object with the method named here, so each one can be replaced. Lines, words and tables
travel as the document model's own types. Pictures are BGR uint8 arrays (height, width, 3), as
OpenCV and pypdfium2 deliver them and the models expect them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Homography, Line, Table

Image = NDArray[np.uint8]

RegionKind = Literal[
    "title", "heading", "text", "list", "table", "figure", "formula", "caption", "header", "footer",
    "footnote", "page_number", "code", "seal", "reference", "aside",
]  # fmt: skip


@dataclass(slots=True)
class Rulings:
    """Drawn straight lines of a page, in page units: (N, 4) arrays of x0, y0, x1, y1."""

    horizontal: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    vertical: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))


@dataclass(slots=True)
class TextLayer:
    """What a PDF page says about itself, in page points, y downwards."""

    lines: list[Line]
    rulings: Rulings
    images: list[Box] = field(default_factory=list)
    """Boxes of embedded pictures."""
    fills: list[Box] = field(default_factory=list)
    """Boxes of filled rectangles larger than a ruling: shaded cells, code backgrounds, panels."""
    drawings: list[Box] = field(default_factory=list)
    """Boxes of clusters of vector graphics that are not rulings: charts and diagrams."""
    unreliable: list[Box] = field(default_factory=list)
    """Regions whose text is missing or cannot be trusted and must be read by OCR."""


class PageInput(Protocol):
    """One page as the file shows it (the file's own rotation applied)."""

    @property
    def number(self) -> int: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...
    @property
    def unit(self) -> Literal["pt", "px"]: ...

    def image(self, dpi: float) -> Image:
        """The page as a picture; `dpi` is ignored where the page *is* a picture."""
        ...

    def text_layer(self) -> TextLayer | None:
        """The text layer, or None for pictures and PDF pages without any text."""
        ...


@dataclass(slots=True)
class Upright:
    """A straightened picture and how to get back."""

    image: Image
    rotation: Literal[0, 90, 180, 270] = 0
    """Clockwise turn that was applied."""
    skew: float = 0.0
    to_source: Homography | None = None
    """Upright pixels → pixels of the picture before straightening; None is the identity."""


class LineReader(Protocol):
    """Finds and reads the lines of a picture: the OCR engine."""

    def read(self, image: Image) -> list[Line]:
        """Lines in pixel coordinates of `image`, each with words, boxes and confidence, in no special order."""
        ...


@dataclass(slots=True)
class Region:
    """A part of the page with one function."""

    kind: RegionKind
    box: Box
    score: float = 1.0
    source: Literal["model", "rules", "rulings"] = "model"


class RegionFinder(Protocol):
    def find(
        self,
        lines: Sequence[Line],
        size: tuple[float, float],
        image: Image | None = None,
        text_layer: TextLayer | None = None,
    ) -> list[Region]:
        """Regions in the coordinates of `lines`; `size` is the page's (width, height) in the same units.

        `image`, if given, shows the same page; its pixels relate to page units by its width / `size[0]`.
        """
        ...


@dataclass(slots=True)
class TableInput:
    """What is known about one table. All coordinates are those of the page."""

    box: Box
    lines: list[Line]
    """Text lines (with words) that lie in the box."""
    image: Image | None = None
    """Picture of the whole page."""
    scale: float = 1.0
    """Pixels of `image` per page unit."""
    rulings: Rulings | None = None
    """Vector rulings, where the page has a text layer."""
    fills: list[Box] = field(default_factory=list)


class TableRecogniser(Protocol):
    def recognise(self, table: TableInput) -> Table | None:
        """The grid with its text, or None if this is no table."""
        ...
