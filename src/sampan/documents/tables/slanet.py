"""SLANet-plus: table structure from the picture (PP-StructureV2, §3.3; runtime rules of its release).

The picture's longer side becomes 488 pixels, zero-padded right and below to a square, ImageNet mean and
deviation on BGR. The graph decodes greedily and returns at every step the token's probabilities (T, 50) and
eight location numbers (T, 8), the corners of the cell's text as fractions of the padded square. After
500 tokens it stops, so a long table comes back cut: `complete` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Table
from sampan.documents.stages import Image
from sampan.documents.tables.grid import Grid
from sampan.documents.tables.structure import from_structure_tokens
from sampan.documents.tables.words import Floats, Ints
from sampan.runtime import open_model
from sampan.weights import locate

SIDE = 488
_MEAN = np.asarray([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.asarray([0.229, 0.224, 0.225], np.float32)
_OPENS_CELL = ("<td>", "<td", "<td></td>")


@dataclass(slots=True)
class Structure:
    """What the model says about a table."""

    table: Table
    """Cells without text."""
    boxes: Floats
    """(N, 4) box of each cell's text in pixels of the picture, in the order of `table.cells`."""
    confidence: float
    """Mean probability of the tokens."""
    complete: bool


class SLANet:
    """Opened weights; call with the cut-out of one table (H, W, 3) BGR."""

    def __init__(self, weights: Path | None = None, threads: int | None = None) -> None:
        self.model = open_model(weights or locate("slanet-plus"), threads)
        self.vocabulary = ["sos", *self.model.metadata["character"].split("\n"), "eos"]

    def __call__(self, image: Image) -> Structure:
        name = next(iter(self.model.inputs))
        location, probability = self.model({name: prepare(image)})
        return decode(location[0], probability[0], self.vocabulary, image.shape[:2])


def prepare(image: Image) -> NDArray[np.float32]:
    """(H, W, 3) → (1, 3, 488, 488)"""
    height, width = image.shape[:2]
    ratio = SIDE / max(height, width)
    size = max(1, int(width * ratio)), max(1, int(height * ratio))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    square = np.zeros((SIDE, SIDE, 3), np.float32)
    square[: size[1], : size[0]] = (resized / 255 - _MEAN) / _DEVIATION
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None])


def decode(
    location: NDArray[np.float32],
    probability: NDArray[np.float32],
    vocabulary: list[str],
    size: tuple[int, int],
) -> Structure:
    """Tokens (T, V) and locations (T, 8) up to the end sign, as a mended table with boxes in pixels."""
    steps = probability.argmax(1)  # (T,)
    ends = np.flatnonzero(steps == len(vocabulary) - 1)
    length = int(ends[0]) if len(ends) else len(steps)
    tokens = [vocabulary[step] for step in steps[:length]]
    table, origin = from_structure_tokens(tokens)
    corners = location[origin].reshape(len(origin), 4, 2) * max(size)
    boxes = np.concatenate([corners.min(1), corners.max(1)], axis=1).astype(np.float64)
    confidence = float(probability[:length].max(1).mean()) if length else 0.0
    return Structure(table, boxes, confidence, complete=bool(len(ends)))


def structure_grid(found: Structure, boxes: Floats, xs: Floats | None, ys: Floats | None) -> Grid | None:
    """The structure as a grid. Lines that the words tell are kept where their number agrees; the others lie
    midway between the boxes (N, 4), in page units, of the cells on either side. None if the boxes are out of order.
    """
    table = found.table
    if not table.cells:
        return None
    spans = np.asarray([(c.row, c.column, c.row_span, c.column_span) for c in table.cells], np.int64)
    if xs is None or len(xs) != table.columns + 1:
        xs = _lines(spans[:, 1], spans[:, 3], boxes[:, 0], boxes[:, 2], table.columns)
    if ys is None or len(ys) != table.rows + 1:
        ys = _lines(spans[:, 0], spans[:, 2], boxes[:, 1], boxes[:, 3], table.rows)
    if (np.diff(xs) <= 0).any() or (np.diff(ys) <= 0).any():
        return None
    empty = [
        (row, column, 1, 1)
        for row, slots in enumerate(table.grid())
        for column, cell in enumerate(slots)
        if cell is None
    ]
    cells = np.asarray(sorted([*map(tuple, spans.tolist()), *empty]), np.int64)
    heads = sum(all(c is None or c.header for c in row) for row in table.grid())
    return Grid(xs=xs, ys=ys, cells=cells, confidence=found.confidence, header_rows=heads or None)


def _lines(start: Ints, span: Ints, low: Floats, high: Floats, count: int) -> Floats:
    """Boundaries (count + 1,) between slots from the extents of the cells that begin and end at them."""
    lines = [float(low.min())]
    for line in range(1, count):
        before, after = high[start + span == line], low[start == line]
        ends = float(np.median(before)) if len(before) else lines[-1]
        begins = float(np.median(after)) if len(after) else ends
        lines.append((ends + begins) / 2)
    return np.asarray([*lines, float(high.max())])
