"""Tables: ruled, horizontal rules only, borderless or shaded, with spans and cells of several lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from benchmarks.corpus.breaking import PlacedLine, Style, TextRow, break_lines, join_rows, tokenise
from benchmarks.corpus.elements import Drawn, Placement, next_key, stack

Look = Literal["ruled", "horizontal", "borderless", "shaded", "outer"]


@dataclass
class CellSpec:
    text: str
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    align: str | None = None


@dataclass
class TableElement:
    rows: list[list[CellSpec]]
    """Cells in the order of HTML: slots taken by a span from above are left out."""
    columns: int
    aligns: list[str]
    style: Style
    look: Look = "ruled"
    stretch: bool = True
    pad: float = 4.0
    tint: tuple[float, float, float] = (0.87, 0.9, 0.95)
    space_before: float = 6.0
    keep_with_next: bool = False
    key: int = field(default_factory=next_key)

    def _grid(self) -> list[tuple[int, int, CellSpec]]:
        taken: set[tuple[int, int]] = set()
        placed = []
        for r, row in enumerate(self.rows):
            c = 0
            for cell in row:
                while (r, c) in taken:
                    c += 1
                placed.append((r, c, cell))
                taken |= {(r + i, c + j) for i in range(cell.row_span) for j in range(cell.column_span)}
        if len(taken) != len(self.rows) * self.columns:
            raise ValueError("the cells do not fill the table's grid")
        return placed

    def _style(self, cell: CellSpec, column: int) -> Style:
        align = cell.align or ("center" if cell.column_span > 1 else self.aligns[column])
        return replace(
            self.style, align=align, bold=self.style.bold or cell.header, hyphenate=False, first_indent=0.0
        )

    def _widths(self, grid: list[tuple[int, int, CellSpec]], width: float) -> list[float]:
        natural = [0.0] * self.columns
        least = [0.0] * self.columns
        for _, c, cell in grid:
            if cell.column_span == 1 and cell.text:
                style = self._style(cell, c)
                tokens = tokenise(cell.text, style)
                blank = style.face.width(" ", style.size)
                natural[c] = max(
                    natural[c], sum(t.width + blank * t.blank_before for t in tokens) + 2 * self.pad + 0.5
                )
                least[c] = max(least[c], min(60.0, max(t.width for t in tokens)) + 2 * self.pad + 0.5)
        natural = [max(w, 24.0) for w in natural]
        total = sum(natural)
        if total <= width:
            return [w + (width - total) / self.columns for w in natural] if self.stretch else natural
        # Columns with long texts give way; the others keep what they need.
        fair = width / self.columns
        fixed = [w if w <= fair else 0.0 for w in natural]
        flexible = [w if w > fair else 0.0 for w in natural]
        room = width - sum(fixed)
        return [
            f or max(room * x / sum(flexible), low) for f, x, low in zip(fixed, flexible, least, strict=True)
        ]

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        grid = self._grid()
        widths = self._widths(grid, width)
        lefts = [x + sum(widths[:c]) for c in range(self.columns + 1)]
        broken: list[tuple[int, int, CellSpec, list[TextRow], Style, float]] = []
        heights = [0.0] * len(self.rows)
        for r, c, cell in grid:
            style = self._style(cell, c)
            inner = lefts[c + cell.column_span] - lefts[c] - 2 * self.pad
            rows = break_lines(tokenise(cell.text, style), inner, style) if cell.text else []
            need = max(1, len(rows)) * style.leading + self.pad
            broken.append((r, c, cell, rows, style, inner))
            if cell.row_span == 1:
                heights[r] = max(heights[r], need)
        for r, _, cell, rows, style, _ in broken:
            lack = len(rows) * style.leading + self.pad - sum(heights[r : r + cell.row_span])
            if cell.row_span > 1 and lack > 0:
                heights[r + cell.row_span - 1] += lack
        total = sum(heights)
        if total > room:
            return None
        tops = [y + sum(heights[:r]) for r in range(len(self.rows) + 1)]
        cells: list[dict[str, Any]] = []
        every_line: list[PlacedLine] = []
        for r, c, cell, rows, style, inner in sorted(broken, key=lambda entry: entry[:2]):
            top, bottom = tops[r], tops[r + cell.row_span]
            start = (
                top + (bottom - top - len(rows) * style.leading) / 2
                if cell.row_span > 1 or not rows
                else top + self.pad / 2
            )
            lines = stack(rows, lefts[c] + self.pad, start, inner, style)
            cells.append({
                "row": r, "column": c, "row_span": cell.row_span, "column_span": cell.column_span, "header": cell.header,
                "text": join_rows(rows), "box": (lefts[c], top, lefts[c + cell.column_span], bottom), "lines": lines,
            })  # fmt: skip
            every_line.extend(lines)
        table = {"rows": len(self.rows), "columns": self.columns, "cells": cells}
        by_row: dict[int, list[str]] = {}
        for cell_ in cells:
            by_row.setdefault(cell_["row"], []).append(cell_["text"])
        drawn = Drawn(
            "table", (x, y, lefts[-1], tops[-1]), every_line, "\n".join("\t".join(texts) for texts in by_row.values()),
            key=self.key, table=table,
        )  # fmt: skip
        drawn.paint.append(lambda canvas: self._paint(canvas, table, lefts, tops))
        return Placement([drawn], total)

    def _paint(self, canvas: Any, table: dict[str, Any], lefts: list[float], tops: list[float]) -> None:
        head = max(
            (c["row"] + c["row_span"] for c in table["cells"] if c["header"] and c["row"] == 0), default=0
        )
        if self.look == "shaded":
            canvas.setFillColorRGB(*self.tint)
            if head:
                canvas.rect(lefts[0], tops[0], lefts[-1] - lefts[0], tops[head] - tops[0], stroke=0, fill=1)
            canvas.setFillColorRGB(0.965, 0.965, 0.965)
            for r in range(head + 1, len(tops) - 1, 2):
                canvas.rect(lefts[0], tops[r], lefts[-1] - lefts[0], tops[r + 1] - tops[r], stroke=0, fill=1)
        canvas.setStrokeColorRGB(0.1, 0.1, 0.1)
        canvas.setLineWidth(0.6)
        if self.look == "ruled":
            for cell in table["cells"]:
                x0, y0, x1, y1 = cell["box"]
                canvas.rect(x0, y0, x1 - x0, y1 - y0, stroke=1, fill=0)
        elif self.look == "outer":
            canvas.rect(lefts[0], tops[0], lefts[-1] - lefts[0], tops[-1] - tops[0], stroke=1, fill=0)
            canvas.line(lefts[0], tops[head or 1], lefts[-1], tops[head or 1])
        elif self.look == "horizontal":
            for position, weight in ((0, 1.1), (head or 1, 0.6), (len(tops) - 1, 1.1)):
                canvas.setLineWidth(weight)
                canvas.line(lefts[0], tops[position], lefts[-1], tops[position])
            canvas.setLineWidth(0.4)
            for cell in table["cells"]:
                if cell["header"] and cell["column_span"] > 1 and cell["row"] + 1 < head:
                    canvas.line(cell["box"][0] + 3, cell["box"][3], cell["box"][2] - 3, cell["box"][3])
