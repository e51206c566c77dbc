"""Draws tables of known structure: words with boxes, rulings, fills and, if wanted, a picture.

The layout is a plain CSS-like one: columns as wide as their widest content, text wrapped at a maximal
width, cells padded, text aligned per column and vertically. It shares nothing with the recognisers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sampan.documents.model import Box, Cell, Line, Table, Word
from sampan.documents.stages import Rulings, TableInput


@dataclass
class Look:
    """How a table is drawn. Lengths are in pixels."""

    rules: str = "full"  # full, open (no outer border), rows, booktabs, columns, none
    partial_rules: bool = True  # booktabs: short rules under spanning header cells
    size: int = 20
    pad_x: float = 10
    pad_y: float = 6
    leading: float = 1.25
    max_width: float = 260
    aligns: list[str] = field(default_factory=list)
    valign: str = "middle"
    header_align: str = "center"
    zebra: bool = False
    double: bool = False
    origin: tuple[float, float] = (60, 50)
    jitter: float = 0.0


@dataclass
class Rendered:
    table: Table
    given: TableInput
    look: Look


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def render(table: Table, look: Look, picture: bool = False, seed: int = 0) -> Rendered:
    rng = random.Random(seed)
    font = _font(look.size)
    space = font.getlength(" ")
    step = look.size * look.leading

    def wrap(text: str, width: float) -> list[list[str]]:
        lines: list[list[str]] = []
        for word in text.split():
            if lines and font.getlength(" ".join([*lines[-1], word])) <= width:
                lines[-1].append(word)
            else:
                lines.append([word])
        return lines

    natural = np.zeros(table.columns)
    for cell in table.cells:
        if cell.column_span == 1:
            lines = wrap(cell.text, look.max_width)
            width = max((font.getlength(" ".join(line)) for line in lines), default=0)
            natural[cell.column] = max(natural[cell.column], width)
    natural = np.maximum(natural, look.size) + 2 * look.pad_x
    for cell in table.cells:
        if cell.column_span > 1:
            part = slice(cell.column, cell.column + cell.column_span)
            longest = max((font.getlength(word) for word in cell.text.split()), default=0)
            wanted = max(min(font.getlength(cell.text), look.max_width), longest) + 2 * look.pad_x
            natural[part] += max(0.0, wanted - natural[part].sum()) / cell.column_span
    xs = look.origin[0] + np.concatenate([[0], np.cumsum(natural)])
    heights = np.full(table.rows, step + 2 * look.pad_y)
    wrapped: dict[int, list[list[str]]] = {}
    for index, cell in enumerate(table.cells):
        width = xs[cell.column + cell.column_span] - xs[cell.column] - 2 * look.pad_x
        wrapped[index] = wrap(cell.text, width + 0.01)
        part = slice(cell.row, cell.row + cell.row_span)
        wanted = len(wrapped[index]) * step + 2 * look.pad_y
        heights[part] += max(0.0, wanted - heights[part].sum()) / cell.row_span
    ys = look.origin[1] + np.concatenate([[0], np.cumsum(heights)])
    headers = sum(
        all(c.header for c in table.cells if c.row <= row < c.row + c.row_span) for row in range(table.rows)
    )

    lines: list[Line] = []
    cells: list[Cell] = []
    for index, cell in enumerate(table.cells):
        x0, x1 = xs[cell.column], xs[cell.column + cell.column_span]
        y0, y1 = ys[cell.row], ys[cell.row + cell.row_span]
        cells.append(cell.model_copy(update={"box": (float(x0), float(y0), float(x1), float(y1))}))
        total = len(wrapped[index]) * step
        y = {"top": y0 + look.pad_y, "middle": (y0 + y1 - total) / 2, "bottom": y1 - look.pad_y - total}[
            look.valign
        ]
        align = look.aligns[cell.column] if look.aligns else "left"
        if cell.header or cell.column_span > 1:
            align = look.header_align
        for text in wrapped[index]:
            width = font.getlength(" ".join(text))
            x = {"left": x0 + look.pad_x, "right": x1 - look.pad_x - width, "center": (x0 + x1 - width) / 2}[
                align
            ]
            top = y + (step - look.size) / 2
            words = []
            for word in text:
                end = x + font.getlength(word)
                dx, dy = rng.gauss(0, look.jitter), rng.gauss(0, look.jitter)
                words.append(Word(text=word, box=(x + dx, top + dy, end + dx, top + look.size + dy)))
                x = end + space
            box = (words[0].box[0], top, words[-1].box[2], top + look.size)
            lines.append(Line(text=" ".join(text), box=box, words=words, origin="text_layer"))
            y += step

    horizontal, vertical = _rules(table, look, xs, ys, headers)
    fills: list[Box] = []
    if look.zebra:
        fills = [(xs[0], ys[row], xs[-1], ys[row + 1]) for row in range(headers, table.rows, 2)]
    box = (float(xs[0]), float(ys[0]), float(xs[-1]), float(ys[-1]))
    image = None
    if picture:
        canvas = Image.new("RGB", (int(xs[-1] + look.origin[0]), int(ys[-1] + look.origin[1])), "white")
        pen = ImageDraw.Draw(canvas)
        for fill in fills:
            pen.rectangle(fill, fill=(235, 235, 240))
        for segment in [*horizontal, *vertical]:
            pen.line([tuple(segment[:2]), tuple(segment[2:])], fill=(30, 30, 30), width=2)
        for line in lines:
            for word in line.words:
                pen.text((word.box[0], word.box[1]), word.text, fill="black", font=font)
        image = np.asarray(canvas)[:, :, ::-1].copy()
    given = TableInput(
        box=box,
        lines=lines,
        image=image,
        rulings=Rulings(
            np.asarray(horizontal, np.float32).reshape(-1, 4), np.asarray(vertical, np.float32).reshape(-1, 4)
        ),
        fills=fills,
    )
    return Rendered(table.model_copy(update={"cells": cells}), given, look)


def _rules(
    table: Table, look: Look, xs: np.ndarray, ys: np.ndarray, headers: int
) -> tuple[list[list[float]], list[list[float]]]:
    grid = table.grid()
    horizontal: list[list[float]] = []
    vertical: list[list[float]] = []

    def across(line: int, first: int, last: int) -> None:
        horizontal.append([xs[first], ys[line], xs[last], ys[line]])
        if look.double:
            horizontal.append([xs[first], ys[line] + 3, xs[last], ys[line] + 3])

    if look.rules in ("full", "open", "rows"):
        outer = look.rules != "open"
        for line in range(0 if outer else 1, table.rows + (1 if outer else 0)):
            for column in range(table.columns):
                inner = 0 < line < table.rows
                if not (inner and grid[line - 1][column] is grid[line][column]):
                    across(line, column, column + 1)
        if look.rules != "rows":
            for line in range(0 if outer else 1, table.columns + (1 if outer else 0)):
                for row in range(table.rows):
                    inner = 0 < line < table.columns
                    if not (inner and grid[row][line - 1] is grid[row][line]):
                        vertical.append([xs[line], ys[row], xs[line], ys[row + 1]])
    elif look.rules in ("booktabs", "columns"):
        for line in {0, headers, table.rows}:
            across(line, 0, table.columns)
        if look.rules == "columns":
            for line in range(table.columns + 1):
                for row in range(table.rows):
                    if not (0 < line < table.columns and grid[row][line - 1] is grid[row][line]):
                        vertical.append([xs[line], ys[row], xs[line], ys[row + 1]])
        elif look.partial_rules:
            for cell in table.cells:
                if cell.row + cell.row_span < headers and cell.column_span > 1:
                    inset = 4
                    y = ys[cell.row + cell.row_span]
                    left, right = xs[cell.column] + inset, xs[cell.column + cell.column_span] - inset
                    horizontal.append([left, y, right, y])
    return horizontal, vertical
