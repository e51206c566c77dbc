"""Dashes for "none" in cells: too small for a text detector, so they are looked for in the picture.

A single short level stroke in an otherwise blank cell is a dash; its length tells which (in ems of the text: hyphen
a third, en dash a half, em dash one). What a recogniser took for the Chinese one in a column of figures is one too.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Cell, Line, Table, Word
from sampan.documents.stages import Image, TableInput
from sampan.documents.tables.words import is_number

HYPHEN, EN_DASH = 0.235, 0.65
"""Longest of either in heights of a text line's box."""
CONFIDENCE = 0.6
MOST = 400
"""Blank cells to look into; a form with more of them is blank."""


def with_dashes(table: Table, given: TableInput, height: float) -> Table:
    """The table with dashes in cells that were read as blank; `height` is that of a line of text."""
    if given.image is None:
        return table
    blank = [i for i, cell in enumerate(table.cells) if not cell.text and cell.box is not None]
    found: dict[int, Cell] = {}
    for index in blank if len(blank) <= MOST else []:
        cell = table.cells[index]
        assert cell.box is not None
        # A table without a frame ends with its texts, and the dash may end there too.
        first, last = cell.column == 0, cell.column + cell.column_span == table.columns
        box = (
            cell.box[0] - 0.5 * height * first,
            cell.box[1],
            cell.box[2] + 0.5 * height * last,
            cell.box[3],
        )
        if (stroke := _stroke(given.image, box, given.scale, height)) is not None:
            length = (stroke[2] - stroke[0]) / height
            sign = "-" if length < HYPHEN else "–" if length < EN_DASH else "—"
            word = Word(text=sign, box=stroke, confidence=CONFIDENCE)
            line = Line(text=sign, box=stroke, words=[word], confidence=CONFIDENCE, origin="ocr")
            found[index] = cell.model_copy(update={"text": sign, "lines": [line], "confidence": CONFIDENCE})
    for column in range(table.columns):
        own = [(i, c) for i, c in enumerate(table.cells) if c.column == column and not c.header and c.text]
        ones = [(i, c) for i, c in own if c.text == "一"]
        if ones and sum(is_number(c.text) for _, c in own) >= 0.6 * len(own):
            found.update((i, c.model_copy(update={"text": "–"})) for i, c in ones)
    if not found:
        return table
    return table.model_copy(update={"cells": [found.get(i, cell) for i, cell in enumerate(table.cells)]})


def _stroke(image: Image, box: Box, scale: float, height: float) -> Box | None:
    """Box of the level stroke that is all the ink of a cell, in page units."""
    inset = 0.12 * height
    x0, y0 = max(int((box[0] + inset) * scale), 0), max(int((box[1] + inset) * scale), 0)
    patch = image[y0 : int((box[3] - inset) * scale), x0 : int((box[2] - inset) * scale)]
    if min(patch.shape[:2]) < 5:
        return None
    gray = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY) if patch.ndim == 3 else patch
    paper = float(np.median(gray))
    depth = paper - float(gray.min())
    noise = float(np.median(np.abs(gray.astype(np.float32) - paper)))
    if depth < max(40.0, 8 * noise):
        return None
    dark: NDArray[np.uint8] = (gray < paper - 0.5 * depth).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    rows, columns = dark.shape
    left, top, width, tall = stats[1:, :4].T
    # Rulings and what hangs in from the neighbours touch the edge.
    own = stats[1:][(left > 0) & (top > 0) & (left + width < columns) & (top + tall < rows)]
    ink = own[:, cv2.CC_STAT_AREA]
    if not len(own) or ink.max() < 0.75 * ink.sum():
        return None
    x, y, w, h, area = (int(v) for v in own[int(ink.argmax())])
    unit = height * scale
    level = h <= max(0.16 * unit, 3.0) and w >= 1.8 * h and area >= 0.6 * w * h
    # Dashes stand near the middle of the line, not at its foot as full stops and underlines do.
    middle = abs(y + h / 2 - rows / 2) < 0.3 * unit
    if not (level and middle and 0.15 * unit <= w <= 1.2 * unit):
        return None
    return (x0 + x) / scale, (y0 + y) / scale, (x0 + x + w) / scale, (y0 + y + h) / scale
