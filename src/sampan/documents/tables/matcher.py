"""Words into cells, and a grid with its words into a `Table`.

A word goes to the cell that holds most of it; a word in no cell goes to the nearest one, so that no text is
lost. An OCR line may run through several cells: it is cut between its words, and a word that a drawn border
cuts is split there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sampan.documents.geometry.boxes import intersections, iou
from sampan.documents.model import Box, Cell, Line, Table, Word
from sampan.documents.tables.grid import Grid
from sampan.documents.tables.words import Floats, Ints, TableWords, join_lines, text_of

CUT = 0.25
"""A border cuts a word when at least this share of it lies on either side."""


def assign(words: TableWords, boxes: Floats) -> Ints:
    """(N,) index of the cell of each word: largest common area, else the smallest distance to the box."""
    if not len(words):
        return np.zeros(0, np.int64)
    common = intersections(words.boxes, boxes)  # (words, cells)
    centre = np.stack([words.centre_x, words.centre_y], axis=1)[:, None]
    outside = np.maximum(boxes[None, :, :2] - centre, centre - boxes[None, :, 2:])
    distance = np.linalg.norm(np.maximum(outside, 0), axis=2)
    # Where the areas tie (or are none) the distance of the centre decides.
    best = common - 1e-6 * distance / max(words.height, 1e-9) * words.height**2
    return np.asarray(best.argmax(1), np.int64)


def assign_official(lines: Sequence[Line], boxes: Floats) -> Ints:
    """The rule of PP-StructureV2's matcher: for each text line the cell with the smallest (1 − IoU, distance),
    taken lexicographically; distance = L1 of the corners plus the smaller of the two corners' own distances.
    """
    if not lines:
        return np.zeros(0, np.int64)
    own = np.asarray([line.box for line in lines], np.float64)
    gap = 1 - iou(own, boxes)
    difference = np.abs(own[:, None] - boxes[None])
    corner = np.minimum(difference[..., :2].sum(2), difference[..., 2:].sum(2))
    distance = difference.sum(2) + corner
    return np.asarray([np.lexsort((distance[index], gap[index]))[0] for index in range(len(lines))], np.int64)


def split_at_borders(words: TableWords, grid: Grid) -> TableWords:
    """Words cut in two where a vertical border of `grid` runs through them, at the nearest character."""
    boxes = grid.boxes()
    pieces: list[Word] = []
    line_of: list[int] = []
    spans: list[tuple[float, float, float, float]] = []
    cut_any = False
    for index, word in enumerate(words.words):
        x0, y0, x1, y1 = words.boxes[index]
        middle = (y0 + y1) / 2
        row = boxes[(boxes[:, 1] <= middle) & (middle <= boxes[:, 3])]
        margin = CUT * (x1 - x0)
        stops = [x for x in np.unique(row[:, [0, 2]]) if x0 + margin < x < x1 - margin]
        # Only borders that separate two cells at this height, and only between characters.
        cuts = sorted({round((x - x0) / (x1 - x0) * len(word.text)) for x in stops})
        cuts = [cut for cut in cuts if 0 < cut < len(word.text)]
        edges = [0, *cuts, len(word.text)]
        cut_any |= bool(cuts)
        for start, end in pairwise(edges):
            step = (x1 - x0) / len(word.text)
            left, right = x0 + start * step, x0 + end * step
            pieces.append(
                word
                if not cuts
                else word.model_copy(
                    update={"text": word.text[start:end], "box": (left, word.box[1], right, word.box[3])}
                )
            )
            line_of.append(int(words.line_of[index]))
            spans.append((left, float(y0), right, float(y1)))
    if not cut_any:
        return words
    return TableWords(
        lines=words.lines,
        words=pieces,
        line_of=np.asarray(line_of, np.int64),
        boxes=np.asarray(spans, np.float64),
        height=words.height,
    )


def fill(grid: Grid, words: TableWords, cell_of: Ints) -> Table:
    """The table of `grid` with every word in the cell that `cell_of` (N,) names."""
    boxes = grid.boxes()
    content: list[list[int]] = [[] for _ in range(len(grid.cells))]
    for index, cell in enumerate(cell_of.tolist()):
        content[cell].append(index)
    cells = []
    for (row, column, row_span, column_span), box, members in zip(
        grid.cells.tolist(), boxes.tolist(), content, strict=True
    ):
        lines = cell_lines(words, members)
        confidence = [line.confidence for line in lines]
        cells.append(
            Cell(
                row=row,
                column=column,
                row_span=row_span,
                column_span=column_span,
                text=_cell_text(lines, words.height),
                box=(box[0], box[1], box[2], box[3]),
                lines=lines,
                confidence=min(
                    1.0, grid.confidence * (sum(confidence) / len(confidence) if confidence else 1.0)
                ),
            )
        )
    cells.sort(key=lambda cell: (cell.row, cell.column))
    return Table(rows=grid.rows, columns=grid.columns, cells=cells)


def cell_lines(words: TableWords, members: Sequence[int]) -> list[Line]:
    """The given words as lines, each the part of a line that lies in the cell, from top to bottom."""
    by_line: dict[int, list[int]] = {}
    for index in members:
        by_line.setdefault(int(words.line_of[index]), []).append(index)
    lines = [_part_of_line(words, line, part) for line, part in by_line.items()]
    # Pieces of one printed line stand side by side: first by printed line, then from left to right.
    lines.sort(key=lambda line: line.box[1] + line.box[3])
    printed: list[list[Line]] = []
    for line in lines:
        if printed and _same_height(printed[-1][-1].box, line.box):
            printed[-1].append(line)
        else:
            printed.append([line])
    rtl = [[line.direction == "rtl" for line in row] for row in printed]
    return [
        line
        for row, right in zip(printed, rtl, strict=True)
        for line in sorted(row, key=lambda line: line.box[0], reverse=all(right))
    ]


def _same_height(first: Box, second: Box) -> bool:
    common = min(first[3], second[3]) - max(first[1], second[1])
    return common > 0.5 * min(first[3] - first[1], second[3] - second[1])


def _part_of_line(words: TableWords, line: int, part: list[int]) -> Line:
    whole = words.lines[line]
    if len(part) == len(whole.words) and all(
        words.words[i] is w for i, w in zip(part, whole.words, strict=True)
    ):
        return whole
    own = [words.words[index] for index in part]
    x0, x1 = min(word.box[0] for word in own), max(word.box[2] for word in own)
    return whole.model_copy(
        update={
            "text": text_of(words, part),
            "box": (x0, whole.box[1], x1, whole.box[3]),
            "quad": None,
            "words": own,
        }
    )


def _cell_text(lines: Sequence[Line], height: float) -> str:
    texts: list[str] = []
    previous: Line | None = None
    for line in lines:
        if previous is not None and _same_height(previous.box, line.box):
            gap = max(line.box[0] - previous.box[2], previous.box[0] - line.box[2])
            texts[-1] = join_lines([texts[-1], line.text]) if gap < height else f"{texts[-1]} {line.text}"
        else:
            texts.append(line.text)
        previous = line
    return join_lines(texts)
