"""One page: which line belongs to which region, what kind of block that makes, and in which order they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sampan.documents.assembly.captions import bind_captions, nearest_subject
from sampan.documents.assembly.code import code_text
from sampan.documents.assembly.joining import Vocabulary, join_lines
from sampan.documents.assembly.lists import list_items
from sampan.documents.geometry.boxes import areas, coverage, union_box
from sampan.documents.layout.evidence import section_depth
from sampan.documents.layout.page_lines import LINE_HEIGHT_PER_SIZE, measure, text_box
from sampan.documents.layout.reading_order import reading_order
from sampan.documents.model import (
    Block,
    Box,
    CaptionBlock,
    CodeBlock,
    Direction,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    Line,
    ListBlock,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.stages import Region, RegionKind, TextLayer

Boxes = NDArray[np.float64]

FURNITURE = ("header", "footer", "page_number")
LEAST_SHARE = 0.4
"""Part of a line that must lie in a region for the line to belong to it."""


def assemble_page(
    lines: Sequence[Line],
    regions: Sequence[Region],
    size: tuple[float, float],
    *,
    page_number: int,
    tables: Mapping[int, Table] | None = None,
    unit: Literal["pt", "px"] = "pt",  # noqa: ARG001 - part of the stage's interface; rules are free of units
    text_layer: TextLayer | None = None,  # noqa: ARG001
) -> list[Block]:
    """Blocks of one page in reading order.

    `tables` maps the index of a table region to its recognised table; the lines of a table region without one become
    text. Lines outside all regions become text blocks of their own, so no text is lost.
    """
    lines = [line for line in lines if line.text.strip()]
    kept = [(region, (tables or {}).get(k)) for k, region in enumerate(regions)]
    page = measure(lines, size)
    owner = _assign(lines, [region for region, _ in kept])
    parts: list[tuple[RegionKind, Box, list[Line], Table | None, float]] = []
    for k, (region, table) in enumerate(kept):
        own = [lines[i] for i in np.flatnonzero(owner == k)]
        kind: RegionKind = region.kind
        if kind == "table" and table is None:
            parts += [
                ("text", union_box([text_box(m) for m in row]), row, None, region.score)
                for row in _rows(own, page.direction)
            ]
            continue
        if not own and kind not in ("figure", "table", "formula", "seal"):
            continue
        box = (
            region.box
            if kind in ("figure", "table", "seal") or not own
            else union_box([text_box(m) for m in own])
        )
        parts.append((kind, box, own, table, region.score))
    for row in _rows([lines[i] for i in np.flatnonzero(owner < 0)], page.direction):
        parts.append(("text", union_box([text_box(m) for m in row]), row, None, 1.0))

    order = _order(parts, size, page.line_height, page.direction)
    vocabulary = Vocabulary(line.text for line in lines)
    blocks: list[Block] = []
    count = 0
    for position, k in enumerate(order):
        kind, box, own, table, score = parts[k]
        em = page.line_height / LINE_HEIGHT_PER_SIZE
        block = _block(kind, f"p{page_number}-b{position}", box, own, table, em, page.direction, vocabulary)
        block.confidence = _confidence(own, score)
        if kind not in FURNITURE:
            block.order = count
            count += 1
        blocks.append(block)
    bind_captions(blocks)
    return blocks


def _assign(lines: Sequence[Line], regions: Sequence[Region]) -> NDArray[np.intp]:
    """Number of the region of every line, -1 for none: most of the line's area; if equal, the smaller region."""
    owner = np.full(len(lines), -1, dtype=np.intp)
    if not len(lines) or not regions:
        return owner
    boxes = np.array([region.box for region in regions])
    share = coverage(np.array([text_box(line) for line in lines]), boxes)
    # Sums of many nearly equal shares: round, then let the smaller region win.
    best = np.lexsort((np.broadcast_to(areas(boxes), share.shape), -np.round(share, 2)), axis=1)[:, 0]
    enough = share[np.arange(len(lines)), best] >= LEAST_SHARE
    owner[enough] = best[enough]
    return owner


def _rows(lines: Sequence[Line], direction: Direction) -> list[list[Line]]:
    """Lines of one region as printed rows from top to bottom, fragments in reading direction."""
    if not lines:
        return []
    boxes = np.array([text_box(line) for line in lines])
    if direction == "ttb":
        order = np.argsort(-boxes[:, 2], kind="stable")
        return [[lines[i]] for i in order]
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    order = np.argsort(middle, kind="stable")
    rows: list[list[int]] = []
    for i in order:
        last = rows[-1] if rows else []
        height = boxes[i, 3] - boxes[i, 1]
        if last and all(
            abs(middle[i] - middle[j]) < 0.5 * min(height, boxes[j, 3] - boxes[j, 1])
            and min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            < 0.3 * min(boxes[i, 2] - boxes[i, 0], boxes[j, 2] - boxes[j, 0])
            for j in last
        ):
            last.append(int(i))
        else:
            rows.append([int(i)])
    sign = -1.0 if direction == "rtl" else 1.0
    return [[lines[i] for i in sorted(row, key=lambda i: sign * boxes[i, 0])] for row in rows]


def _order(
    parts: Sequence[tuple[RegionKind, Box, list[Line], Table | None, float]],
    size: tuple[float, float],
    text_height: float,
    direction: Direction,
) -> list[int]:
    """Order of the parts; a caption moves together with the figure or table that it touches."""
    kinds = [part[0] for part in parts]
    boxes = [part[1] for part in parts]
    companions: dict[int, list[int]] = {}
    for k, kind in enumerate(kinds):
        if kind == "caption":
            text = parts[k][2][0].text if parts[k][2] else ""
            target = nearest_subject(text, boxes[k], kinds, boxes, reach=3.0 * text_height)
            if target is not None:
                companions.setdefault(target, [target]).append(k)
    moved = {k for group in companions.values() for k in group[1:]}
    units = [companions.get(k, [k]) for k in range(len(parts)) if k not in moved]
    order = reading_order(
        [union_box([boxes[k] for k in unit]) for unit in units],
        [kinds[unit[0]] for unit in units],
        size,
        text_height=text_height,
        direction=direction,
    )
    return [k for u in order for k in sorted(units[u], key=lambda k: boxes[k][1] + boxes[k][3])]


def _block(
    kind: RegionKind,
    name: str,
    box: Box,
    lines: list[Line],
    table: Table | None,
    em: float,
    direction: Direction,
    vocabulary: Vocabulary,
) -> Block:
    rows = _rows(lines, direction)
    flow = [line for row in rows for line in row]
    texts = [" ".join(line.text.strip() for line in row) for row in rows]
    if kind == "table" and table is not None:
        return TableBlock(id=name, box=box, lines=flow, table=table, text=_table_text(table))
    if kind == "list":
        items = list_items(rows, em, vocabulary)
        return ListBlock(
            id=name, box=box, lines=flow, items=items, text="\n".join(f"{i.marker} {i.text}" for i in items)
        )
    if kind == "code":
        return CodeBlock(id=name, box=box, lines=flow, text=code_text(rows))
    if kind == "figure":
        return FigureBlock(id=name, box=box, lines=flow, text="\n".join(texts))
    if kind == "formula":
        return FormulaBlock(id=name, box=box, lines=flow, text="\n".join(texts))
    text = join_lines(texts, vocabulary)
    if kind == "heading":
        level = min(section_depth(text) or 1, 6)
        return HeadingBlock(id=name, box=box, lines=flow, text=text, level=level)
    if kind == "caption":
        return CaptionBlock(id=name, box=box, lines=flow, text=text)
    if kind == "table":
        kind = "text"
    return TextBlock(id=name, box=box, lines=flow, text=text, kind=kind)


def _table_text(table: Table) -> str:
    """Cells separated by tabs, rows by newlines."""
    rows: dict[int, list[str]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, []).append(cell.text)
    return "\n".join("\t".join(rows[k]) for k in sorted(rows))


def _confidence(lines: Sequence[Line], score: float) -> float:
    if not lines:
        return float(min(max(score, 0.0), 1.0))
    weight = np.array([max(len(line.text), 1) for line in lines])
    return float(np.clip(np.average([line.confidence for line in lines], weights=weight), 0.0, 1.0))
