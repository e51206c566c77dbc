"""The document model: the contract between reading stages, writers, server and users.

`Document → Page → Block (→ Table → Cell) → Line → Word`, typed and versioned. Every text
carries its confidence and where it came from; every coordinate is in its page's own units.

Coordinates
    A page is described *upright*: as a person reads it, after the file's own rotation, the
    rotation found by the reader, deskewing and perspective correction. x grows to the right,
    y downwards, the origin is the top left corner. Units are PDF points (1/72 inch) for PDF pages and
    pixels for images. `Page.to_source` maps upright coordinates back to the page as the file shows it.

Order
    `Page.blocks` is in reading order. Page furniture (header, footer, page number) has
    `order = None`, everything else counts 0, 1, 2 … over the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PrivateAttr, model_validator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA_VERSION: Literal["1.0"] = "1.0"

Point = tuple[FiniteFloat, FiniteFloat]
Box = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
"""Axis-aligned box x0, y0, x1, y1 with x0 ≤ x1 and y0 ≤ y1."""
Quad = tuple[Point, Point, Point, Point]
"""Four corners in reading direction: top left, top right, bottom right, bottom left of the text itself."""
Homography = tuple[
    FiniteFloat, FiniteFloat, FiniteFloat,
    FiniteFloat, FiniteFloat, FiniteFloat,
    FiniteFloat, FiniteFloat, FiniteFloat,
]  # fmt: skip
"""Row-major 3 × 3 matrix acting on (x, y, 1)."""

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Origin = Literal["text_layer", "ocr", "vlm"]
Direction = Literal["ltr", "rtl", "ttb"]

MAX_TABLE_CELLS = 100_000
"""Upper bound of rows × columns of one table, so that a hostile span cannot exhaust memory."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=False)


class Style(_Strict):
    """How text looks. `size` is in page units; `color` is `#rrggbb`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    font: str | None = None
    size: FiniteFloat | None = None
    bold: bool = False
    italic: bool = False
    monospace: bool = False
    superscript: bool = False
    subscript: bool = False
    color: str | None = None


class Word(_Strict):
    """One word. `quad` is given only where the text is not parallel to the axes."""

    text: str
    box: Box
    quad: Quad | None = None
    confidence: Confidence = 1.0
    style: Style | None = None


class Line(_Strict):
    """One printed line. `text` is what a person would type for it; `words` cover it with boxes."""

    text: str
    box: Box
    quad: Quad | None = None
    confidence: Confidence = 1.0
    origin: Origin = "ocr"
    model: str | None = None
    """Name of the weights that read it, as in `sampan weights list`; None for a text layer."""
    words: list[Word] = Field(default_factory=list)
    style: Style | None = None
    direction: Direction = "ltr"


class Cell(_Strict):
    """One table cell; `row` and `column` count from 0 and name its top left slot in the grid."""

    row: int = Field(ge=0)
    column: int = Field(ge=0)
    row_span: int = Field(default=1, ge=1)
    column_span: int = Field(default=1, ge=1)
    text: str = ""
    header: bool = False
    box: Box | None = None
    lines: list[Line] = Field(default_factory=list)
    confidence: Confidence = 1.0

    def slots(self) -> Iterator[tuple[int, int]]:
        """Every (row, column) slot that the cell covers."""
        for row in range(self.row, self.row + self.row_span):
            for column in range(self.column, self.column + self.column_span):
                yield row, column


class Table(_Strict):
    """A grid of cells with spans. Every slot belongs to at most one cell; cells are in row-major order."""

    rows: int = Field(ge=0)
    columns: int = Field(ge=0)
    cells: list[Cell] = Field(default_factory=list)

    @model_validator(mode="after")
    def _grid_is_consistent(self) -> Self:
        # A billion rows of no columns would still be a billion lists.
        if max(self.rows, 1) * max(self.columns, 1) > MAX_TABLE_CELLS:
            raise ValueError(
                f"table of {self.rows} × {self.columns} slots is larger than the limit of {MAX_TABLE_CELLS}"
            )
        taken: set[tuple[int, int]] = set()
        for cell in self.cells:
            # Checked before slots() runs, so that a span of a billion is refused and not walked.
            if cell.row + cell.row_span > self.rows or cell.column + cell.column_span > self.columns:
                raise ValueError(
                    f"cell at row {cell.row}, column {cell.column} with span {cell.row_span} × "
                    f"{cell.column_span} leaves the {self.rows} × {self.columns} grid"
                )
            for slot in cell.slots():
                if slot in taken:
                    raise ValueError(f"two cells share the slot at row {slot[0]}, column {slot[1]}")
                taken.add(slot)
        return self

    def grid(self) -> list[list[Cell | None]]:
        """Rows of slots, each holding the cell that covers it or None."""
        slots: list[list[Cell | None]] = [[None] * self.columns for _ in range(self.rows)]
        for cell in self.cells:
            for row, column in cell.slots():
                slots[row][column] = cell
        return slots


class _BlockBase(_Strict):
    id: str
    """Unique in the document: `p3-b7` is the eighth block of page 3."""
    box: Box
    quad: Quad | None = None
    order: int | None = None
    confidence: Confidence = 1.0
    lines: list[Line] = Field(default_factory=list)
    text: str = ""
    """The logical text: lines joined, hyphenation undone. For tables and lists, their cells and items in order."""
    continues: str | None = None
    """Id of the block, in an earlier column or page, that this one carries on."""


class TextBlock(_BlockBase):
    """Running text and everything that is nothing but text."""

    kind: Literal[
        "title", "text", "header", "footer", "footnote", "page_number", "reference", "aside", "seal"
    ] = "text"


class HeadingBlock(_BlockBase):
    kind: Literal["heading"] = "heading"
    level: int = Field(default=1, ge=1, le=6)


class CaptionBlock(_BlockBase):
    kind: Literal["caption"] = "caption"
    caption_of: str | None = None
    """Id of the figure, table, code or formula that it belongs to."""


class ListItem(_Strict):
    text: str
    marker: str = "•"
    ordered: bool = False
    level: int = Field(default=0, ge=0)
    box: Box | None = None
    lines: list[Line] = Field(default_factory=list)


class ListBlock(_BlockBase):
    kind: Literal["list"] = "list"
    items: list[ListItem] = Field(default_factory=list)


class TableBlock(_BlockBase):
    kind: Literal["table"] = "table"
    table: Table
    captions: list[str] = Field(default_factory=list)


class FigureBlock(_BlockBase):
    """A picture; `text` holds what was read inside it. `image` is set by writers that cut it out."""

    kind: Literal["figure"] = "figure"
    image: str | None = None
    captions: list[str] = Field(default_factory=list)


class FormulaBlock(_BlockBase):
    kind: Literal["formula"] = "formula"
    latex: str | None = None
    number: str | None = None


class CodeBlock(_BlockBase):
    """Source code; `text` keeps line breaks and indentation."""

    kind: Literal["code"] = "code"
    language: str | None = None
    captions: list[str] = Field(default_factory=list)


Block = Annotated[
    TextBlock | HeadingBlock | CaptionBlock | ListBlock | TableBlock | FigureBlock | FormulaBlock | CodeBlock,
    Field(discriminator="kind"),
]


class Failure(_Strict):
    """Something that went wrong and was survived: the rest of the document is still there."""

    stage: str
    message: str
    page: int | None = None


class Page(_Strict):
    """One page, upright. `rotation` is how far it was turned clockwise to get there, on top of the file's own."""

    number: int = Field(ge=1)
    width: FiniteFloat = Field(gt=0)
    height: FiniteFloat = Field(gt=0)
    unit: Literal["pt", "px"]
    rotation: Literal[0, 90, 180, 270] = 0
    skew: FiniteFloat = 0.0
    """Small angle in degrees, clockwise positive, that was taken out."""
    to_source: Homography | None = None
    """Upright coordinates → coordinates of the page as the file shows it; None is the identity."""
    origin: Origin | Literal["mixed", "none"] = "none"
    blocks: list[Block] = Field(default_factory=list)
    seconds: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Wall time of every stage."""

    @property
    def text(self) -> str:
        """Plain text in reading order, without page furniture."""
        return "\n\n".join(block.text for block in self.blocks if block.order is not None and block.text)


class Source(_Strict):
    """The file that was read."""

    name: str
    media_type: str
    sha256: str | None = None
    bytes: int | None = None
    pages: int | None = None
    """Number of pages in the file, of which `Document.pages` may hold a selection."""
    title: str | None = None
    author: str | None = None


class PageImages(Protocol):
    """Gives the picture of an upright page again, for figures, overlays and viewers."""

    def __call__(self, page: Page, scale: float) -> NDArray[np.uint8]:
        """BGR picture (height, width, 3) of the upright `page` at `scale` pixels per page unit."""
        ...


class Document(_Strict):
    """What `sampan.parse` returns and what every writer takes."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    generator: str = "sampan"
    source: Source
    pages: list[Page] = Field(default_factory=list)
    failures: list[Failure] = Field(default_factory=list)

    _images: PageImages | None = PrivateAttr(default=None)

    def add(self, outcome: Page | Failure) -> None:
        """Take a page, or why it could not be read."""
        if isinstance(outcome, Page):
            self.pages.append(outcome)
        else:
            self.failures.append(outcome)

    def image_of(self, page: Page, scale: float) -> NDArray[np.uint8] | None:
        """BGR picture of an upright page, or None where the source is no longer at hand (read from JSON)."""
        return None if self._images is None else self._images(page, scale)

    @property
    def text(self) -> str:
        """Plain text of all pages in reading order."""
        return "\n\n".join(text for page in self.pages if (text := page.text))

    def blocks(self) -> Iterator[Block]:
        """All blocks of all pages in reading order."""
        for page in self.pages:
            yield from page.blocks
