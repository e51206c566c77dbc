"""`TableReader`: from what is known about a table to its grid of cells, by the evidence at hand.

1. Drawn lines that cross and explain the words: the ruled grid.
2. Otherwise the positions of the words, with whatever lines there are.
3. Where the words leave much open (few slots filled, texts across columns) and there is a picture, SLANet-plus
   is asked as well (0.1 s of CPU). Its rows and spans are taken if it counts the same columns; on pictures of
   print that the words tell well it is the weaker judge, above all where columns stand far apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.layout.image_rulings import find_rulings
from sampan.documents.model import MAX_TABLE_CELLS, Table
from sampan.documents.options import ParseOptions
from sampan.documents.stages import Rulings, TableInput
from sampan.documents.tables.aligned import aligned_grid
from sampan.documents.tables.columns import find_columns, word_space
from sampan.documents.tables.dashes import with_dashes
from sampan.documents.tables.grid import Grid
from sampan.documents.tables.header import mark_header
from sampan.documents.tables.matcher import assign, fill, split_at_borders
from sampan.documents.tables.ruled import explained, ruled_grid
from sampan.documents.tables.slanet import SLANet, structure_grid
from sampan.documents.tables.words import TableWords, table_words, text_rows
from sampan.errors import WeightsError
from sampan.runtime.once import once

TRUST = 0.8
"""A ruled grid is taken when it explains this share of the words and of its outer border."""

CLEAR = 0.85
"""Confidence of a word grid that needs no second opinion."""
SURE = 0.9
"""SLANet's mean token probability below which its structure is not used."""
MARGIN = 0.25
"""Margin of SLANet's picture around the table in text heights."""
THICKEST = 0.25
"""Thickest drawn line in text heights."""
LEAST_RULE = 1.15
"""Shortest drawn line in text heights; strokes of letters are shorter."""


class TableReader:
    """Recognises tables; see the file's head for the order of evidence."""

    def __init__(self, options: ParseOptions | None = None) -> None:
        self.options = options or ParseOptions()

    def recognise(self, table: TableInput) -> Table | None:
        """The grid with its text, or None if the region holds no text or nothing tabular."""
        words = table_words(table.lines)
        if not len(words):
            return None
        rulings = table.rulings if table.rulings is not None else drawn_rulings(table, words)
        ruled = ruled_grid(words, rulings, table.box)
        if ruled is not None and ruled.confidence >= TRUST and rows_are_ruled(ruled, words):
            return self._finish(ruled, split_at_borders(words, ruled), table)
        grid = aligned_grid(words, rulings, table.fills, table.box)
        if grid is None:
            return None
        if grid.confidence < CLEAR or grid.columns == 1:
            seen = self._seen(table, words, grid)
            if seen is not None and grid.columns in (1, seen.columns):
                grid = seen
        return self._finish(grid, words, table) if grid.rows * grid.columns <= MAX_TABLE_CELLS else None

    @once
    def _slanet(self) -> SLANet | None:
        """Opened when the first table needs it."""
        try:
            return SLANet(threads=self.options.threads)
        except WeightsError:
            # The words alone still tell most tables; `sampan doctor` names what is missing.
            return None

    def _seen(self, table: TableInput, words: TableWords, grid: Grid) -> Grid | None:
        """The grid that SLANet-plus sees, if it can be trusted."""
        if table.image is None:
            return None
        x0, y0, x1, y1 = _crop(table, words.height * MARGIN)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        if self._slanet is None:
            return None
        found = self._slanet(table.image[y0:y1, x0:x1])
        if not found.complete or found.confidence < SURE:
            return None
        boxes = (found.boxes + np.asarray([x0, y0, x0, y0])) / table.scale
        seen = structure_grid(found, boxes, grid.xs, grid.ys)
        return seen if seen is not None and explained(seen, words) >= TRUST else None

    def _finish(self, grid: Grid, words: TableWords, table: TableInput) -> Table:
        filled = mark_header(fill(grid, words, assign(words, grid.boxes())), grid.header_rows)
        return with_dashes(filled, table, words.height)


def drawn_rulings(table: TableInput, words: TableWords) -> Rulings:
    """Lines of the table's picture, in page units, without the strokes of letters."""
    if table.image is None:
        return Rulings()
    x0, y0, x1, y1 = _crop(table, words.height)
    if x1 <= x0 or y1 <= y0:
        return Rulings()
    scale = table.scale
    found = find_rulings(table.image[y0:y1, x0:x1], THICKEST * words.height * scale)
    shift = np.asarray([x0, y0, x0, y0], np.float32)
    return Rulings(
        _no_strokes((found.horizontal + shift) / scale, words, along=0),
        _no_strokes((found.vertical + shift) / scale, words, along=1),
    )


def _crop(table: TableInput, margin: float) -> tuple[int, int, int, int]:
    """The table's box and a margin in page units, as pixels within the picture."""
    assert table.image is not None
    height, width = table.image.shape[:2]
    x0, y0, x1, y1 = table.box
    return (
        max(0, int((x0 - margin) * table.scale)),
        max(0, int((y0 - margin) * table.scale)),
        min(width, int((x1 + margin) * table.scale) + 1),
        min(height, int((y1 + margin) * table.scale) + 1),
    )


def _no_strokes(segments: NDArray[np.float32], words: TableWords, along: int) -> NDArray[np.float32]:
    """Segments (N, 4) that are longer than letters are high and run mostly outside of words."""
    across = 1 - along
    low, high = segments[:, along], segments[:, along + 2]
    length = np.maximum(high - low, 1e-6)
    position = (segments[:, across] + segments[:, across + 2])[:, None] / 2
    inset = np.full((len(segments), 1), 0.15 * words.height)
    if along == 0:
        # Feet of letters in a row look like an underline; neither borders a cell.
        inset[length < 4 * words.height] = -0.1 * words.height
    boxes = words.boxes
    within = (position > boxes[:, across] + inset) & (position < boxes[:, across + 2] - inset)  # (N, words)
    common = np.minimum(high[:, None], boxes[:, along + 2]) - np.maximum(low[:, None], boxes[:, along])
    covered = np.where(within, np.maximum(common, 0), 0).sum(1) / length
    kept: NDArray[np.float32] = segments[(length > LEAST_RULE * words.height) & (covered < 0.4)]
    return kept


def rows_are_ruled(grid: Grid, words: TableWords) -> bool:
    """Whether the lines separate all rows and columns: no strip holds a block of rows or several columns."""
    if grid.rows == 1 or grid.columns == 1:
        return False
    rows = text_rows(words)
    boxes = grid.boxes()
    cell_of = assign(words, boxes)
    inside = words.centre_y
    for top, bottom in zip(grid.ys[:-1], grid.ys[1:], strict=True):
        printed = [row for row in rows if top < inside[row].mean() < bottom]
        filled = [len(np.unique(grid.cells[cell_of[row], 1])) for row in printed]
        dense = sum(count >= max(2, 0.6 * grid.columns) for count in filled)
        if dense >= 3 and dense >= 0.6 * len(printed) and grid.rows <= 4:
            return False
    if len(rows) >= 3 and grid.columns <= 2:
        space = word_space(words, rows)
        return len(find_columns(words, rows, [], space)) < grid.columns + 1
    return True
