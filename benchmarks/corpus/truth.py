"""Ground truth: laid-out pages as the document model says them, in the coordinates of the written file."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus.breaking import Box, PlacedLine
from benchmarks.corpus.elements import Drawn
from benchmarks.corpus.pages import PageDrawn
from sampan.documents.model import (
    Block,
    CaptionBlock,
    Cell,
    CodeBlock,
    Document,
    FigureBlock,
    HeadingBlock,
    Line,
    ListBlock,
    ListItem,
    Page,
    Quad,
    Source,
    Style,
    Table,
    TableBlock,
    TextBlock,
    Word,
)  # fmt: skip

Matrix = NDArray[np.float64]


class Mapping:
    """Points of the laid-out page → coordinates of the file: identity for PDFs, a homography for pictures."""

    def __init__(self, matrix: Matrix | None = None) -> None:
        self.matrix = matrix
        self.aligned = matrix is None or (
            abs(matrix[0, 1]) + abs(matrix[1, 0]) + abs(matrix[2, 0]) + abs(matrix[2, 1]) < 1e-9
            and matrix[0, 0] > 0
        )
        self.scale = 1.0 if matrix is None else float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))

    def corners(self, box: Box) -> NDArray[np.float64]:
        x0, y0, x1, y1 = box
        points = np.array([[x0, y0, 1.0], [x1, y0, 1.0], [x1, y1, 1.0], [x0, y1, 1.0]])
        if self.matrix is None:
            return points[:, :2]
        mapped = points @ self.matrix.T
        return np.asarray(mapped[:, :2] / mapped[:, 2:])

    def box(self, box: Box) -> Box:
        corners = self.corners(box)
        (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
        return round(float(x0), 2), round(float(y0), 2), round(float(x1), 2), round(float(y1), 2)

    def quad(self, box: Box) -> Quad | None:
        if self.aligned:
            return None
        a, b, c, d = ((round(float(x), 2), round(float(y), 2)) for x, y in self.corners(box))
        return a, b, c, d


def _line(line: PlacedLine, mapping: Mapping) -> Line:
    words = [
        Word(
            text=word.text,
            box=mapping.box(word.box),
            quad=mapping.quad(word.box),
            style=Style(
                font=word.face.family, size=round(word.size * mapping.scale, 2), bold=bool(word.face.style & 1),
                italic=bool(word.face.style & 2), monospace="mono" in word.face.family or "code" in word.face.family,
            ),
        )
        for word in line.words
    ]  # fmt: skip
    return Line(
        text=line.text,
        box=mapping.box(line.box),
        quad=mapping.quad(line.box),
        words=words,
        origin="text_layer",
    )


def _block(block: Drawn, identity: str, order: int | None, mapping: Mapping) -> Block:
    common = {
        "id": identity, "box": mapping.box(block.box), "quad": mapping.quad(block.box), "order": order,
        "lines": [_line(line, mapping) for line in block.lines], "text": block.text,
    }  # fmt: skip
    if block.kind == "heading":
        return HeadingBlock(level=block.level, **common)
    if block.kind == "caption":
        return CaptionBlock(**common)
    if block.kind == "list":
        items = [
            ListItem(
                text=item["text"], marker=item["marker"], ordered=item["ordered"], level=item["level"],
                box=mapping.box(_around(item["lines"])), lines=[_line(line, mapping) for line in item["lines"]],
            )
            for item in block.items
        ]  # fmt: skip
        return ListBlock(items=items, **common)
    if block.kind == "table" and block.table is not None:
        cells = [
            Cell(
                row=cell["row"], column=cell["column"], row_span=cell["row_span"], column_span=cell["column_span"],
                text=cell["text"], header=cell["header"], box=mapping.box(cell["box"]),
                lines=[_line(line, mapping) for line in cell["lines"]],
            )
            for cell in block.table["cells"]
        ]  # fmt: skip
        return TableBlock(
            table=Table(rows=block.table["rows"], columns=block.table["columns"], cells=cells), **common
        )
    if block.kind == "figure":
        return FigureBlock(**common)
    if block.kind == "code":
        return CodeBlock(language=block.language, **common)
    return TextBlock(kind=block.kind, **common)  # type: ignore[arg-type]


def _around(lines: list[PlacedLine]) -> Box:
    boxes = [line.box for line in lines]
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def truth_of(
    pages: list[PageDrawn],
    name: str,
    media_type: str,
    data: bytes,
    mapping: Mapping,
    size: tuple[int, int] | None = None,
) -> Document:
    """`size` is the picture's width and height in pixels; None for PDFs, whose pages are in points.

    Captions follow or precede their figure as printed. `continues` names the earlier part of a split block.
    """
    document = Document(
        generator="sampan corpus",
        source=Source(
            name=name,
            media_type=media_type,
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            pages=len(pages),
        ),
    )
    earlier: dict[int, str] = {}
    for number, page in enumerate(pages, 1):
        blocks: list[Block] = []
        own: dict[int, Block] = {}
        captions: list[tuple[Block, int]] = []
        order = 0
        for drawn in page.blocks:
            if drawn.kind == "rule":
                continue
            identity = f"p{number}-b{len(blocks) + 1}"
            block = _block(drawn, identity, order if drawn.ordered else None, mapping)
            order += int(drawn.ordered)
            if drawn.key:
                block.continues = earlier.get(drawn.key)
                earlier[drawn.key] = identity
                own[drawn.key] = block
            if drawn.caption_of:
                captions.append((block, drawn.caption_of))
            blocks.append(block)
        for caption, key in captions:
            target = own.get(key)
            if target is not None and isinstance(caption, CaptionBlock):
                caption.caption_of = target.id
                if isinstance(target, (FigureBlock, TableBlock, CodeBlock)):
                    target.captions.append(caption.id)
        width, height = size if size is not None else (page.width, page.height)
        document.pages.append(
            Page(
                number=number,
                width=width,
                height=height,
                unit="pt" if size is None else "px",
                origin="text_layer",
                blocks=blocks,
            )
        )
    return document
