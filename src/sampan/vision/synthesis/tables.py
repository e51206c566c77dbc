"""Tables with rules or without, with spans and header rows: pictures, structure tokens and cells.

A table is planned as a grid of cells, some of which span others; its columns get the widths that its texts ask for;
then it is drawn on a sheet. The tokens are PubTabNet's (`annotations.pubtabnet`), the ink boxes hug the texts, as
SLANet's training data has them (PP-StructureV2, arXiv 2210.05391).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from sampan.vision.synthesis import degradation
from sampan.vision.synthesis.backgrounds import background
from sampan.vision.synthesis.finishing import DrawnPage, finish
from sampan.vision.synthesis.fonts import FontFace
from sampan.vision.synthesis.geometry import Box, corners, union
from sampan.vision.synthesis.languages import language
from sampan.vision.synthesis.library import Library
from sampan.vision.synthesis.prose import Prose
from sampan.vision.synthesis.seeds import between, generator, happens, pick
from sampan.vision.synthesis.sheet import Ink, PageCell, PageTable, Sheet
from sampan.vision.synthesis.typefaces import Chances, SynthesisOptions, Typefaces

STYLES: dict[str, float] = {
    "ruled": 34.0, "horizontal": 22.0, "borderless": 14.0, "zebra": 10.0, "outer": 8.0, "columns": 6.0, "header": 6.0,
}  # fmt: skip
"""Which rules are drawn, and how often."""


class TableOptions(SynthesisOptions):
    """What tables are drawn; part of a table recogniser's recipe."""

    rows: tuple[int, int] = Field((2, 14), description="least and most rows")
    columns: tuple[int, int] = Field((2, 7), description="least and most columns")
    size: tuple[float, float] = Field((11.0, 22.0), description="pixels per em")
    span: float = Field(0.35, ge=0, le=1, description="chance of a table to have cells that span others")


@dataclass
class PlannedCell:
    row: int
    column: int
    rows: int
    columns: int
    header: bool
    lines: list[str]


@dataclass
class Plan:
    """A table before it is drawn."""

    rows: int
    columns: int
    header: int
    """Rows of the head."""
    cells: list[PlannedCell]
    aligned: list[str]
    """left, right or centre for each column."""
    style: str


def plan_table(
    rng: np.random.Generator, prose: Prose, rows: int, columns: int, spans: bool, style: str | None = None
) -> Plan:
    """Cells with their texts; every place of the grid belongs to exactly one cell."""
    header = 0 if happens(rng, 0.12) else (2 if rows > 4 and happens(rng, 0.2) else 1)
    kinds = ["words" if column == 0 else pick(rng, _COLUMN_KINDS) for column in range(columns)]
    taken = np.zeros((rows, columns), np.bool_)
    cells: list[PlannedCell] = []
    for row in range(rows):
        for column in range(columns):
            if taken[row, column]:
                continue
            high, wide = 1, 1
            head = row < header
            if spans and happens(rng, 0.3 if head else 0.1):
                limit = header if head else rows
                if happens(rng, 0.6 if head else 0.35):
                    while (
                        column + wide < columns
                        and wide < 4
                        and not taken[row, column + wide]
                        and happens(rng, 0.65)
                    ):
                        wide += 1
                else:
                    while (
                        row + high < limit
                        and high < 4
                        and not taken[row + high, column]
                        and happens(rng, 0.65)
                    ):
                        high += 1
            taken[row : row + high, column : column + wide] = True
            text = ""
            if head:
                text = prose.title(rng, 2)[:28].strip()
            elif not happens(rng, 0.07):
                text = prose.words(rng) if kinds[column] == "words" else prose.figure(rng, kinds[column])
            cells.append(PlannedCell(row, column, high, wide, head, _broken(rng, text)))
    aligned = [
        "left" if kind == "words" else pick(rng, ("right", "right", "centre", "left")) for kind in kinds
    ]
    return Plan(rows, columns, header, cells, aligned, style or _STYLE_CHANCES.draw(rng))


_COLUMN_KINDS = ("number", "number", "price", "date", "code", "words")
_STYLE_CHANCES = Chances(STYLES)


def _broken(rng: np.random.Generator, text: str) -> list[str]:
    """The text on one line or, if it is long, on two or three."""
    words = text.split(" ")
    if len(text) < 14 or len(words) < 2 or happens(rng, 0.35):
        return [text] if text else []
    per = max(1, (len(words) + 1) // (2 if len(text) < 26 else 3))
    return [" ".join(words[start : start + per]) for start in range(0, len(words), per)]


@dataclass
class Measures:
    """Places of a planned table's grid, from its top left corner."""

    xs: list[float]
    ys: list[float]
    pad_x: float
    pad_y: float
    leading: float


def measure(rng: np.random.Generator, plan: Plan, regular: FontFace, bold: FontFace, size: float) -> Measures:
    """Widths that the texts need, and heights that their lines need."""
    pad_x, pad_y = size * between(rng, 0.3, 0.9), size * between(rng, 0.15, 0.55)
    leading = size * between(rng, 1.1, 1.35)
    widths = [size * between(rng, 1.0, 2.5)] * plan.columns
    heights = [leading] * plan.rows
    for cell in sorted(plan.cells, key=lambda cell: cell.columns):
        face = bold if cell.header else regular
        need = max((face.at(size).getlength(line) for line in cell.lines), default=0.0) + 2 * pad_x
        span = range(cell.column, cell.column + cell.columns)
        short = need - sum(widths[column] for column in span)
        for column in span:
            widths[column] += max(0.0, short / cell.columns)
    for cell in plan.cells:
        need = leading * len(cell.lines)
        rows = range(cell.row, cell.row + cell.rows)
        short = need - sum(heights[row] for row in rows)
        for row in rows:
            heights[row] += max(0.0, short / cell.rows)
    xs, ys = [0.0], [0.0]
    for width in widths:
        xs.append(xs[-1] + np.ceil(width))
    for height in heights:
        ys.append(ys[-1] + np.ceil(height + 2 * pad_y))
    return Measures(xs, ys, pad_x, pad_y, leading)


def draw_table(
    sheet: Sheet, plan: Plan, at: Measures, x: float, y: float, faces: tuple[FontFace, FontFace], size: float, ink: Ink,
    block: int = -1,
) -> PageTable:  # fmt: skip
    """Draws a measured table with its top left corner at (x, y), and records its lines and the table."""
    x, y = round(x), round(y)
    xs, ys = [x + place for place in at.xs], [y + place for place in at.ys]
    if plan.style == "zebra":
        for row in range(plan.header % 2, plan.rows, 2):
            sheet.rule(xs[0], ys[row], xs[-1], ys[row + 1], ink, 0.1)
    if plan.style == "header" and plan.header:
        sheet.rule(xs[0], ys[0], xs[-1], ys[plan.header], ink, 0.18)
    cells: list[PageCell] = []
    for cell in plan.cells:
        room: Box = (
            xs[cell.column], ys[cell.row], xs[cell.column + cell.columns], ys[cell.row + cell.rows],
        )  # fmt: skip
        face = faces[1] if cell.header else faces[0]
        aligned = "centre" if cell.header and cell.columns > 1 else plan.aligned[cell.column]
        inked: list[Box] = []
        height = at.leading * len(cell.lines)
        for number, line in enumerate(cell.lines):
            wide = face.at(size).getlength(line)
            left = {
                "left": room[0] + at.pad_x,
                "right": room[2] - at.pad_x - wide,
                "centre": (room[0] + room[2] - wide) / 2,
            }[aligned]
            base = (room[1] + room[3] - height) / 2 + at.leading * (number + 0.5) + size * 0.34
            inked.append(sheet.write(face, line, size, left, base, ink, block))
        cells.append(
            PageCell(
                cell.row, cell.column, cell.rows, cell.columns, cell.header, " ".join(cell.lines), corners(room),
                corners(union(inked)) if inked else None,
            )
        )  # fmt: skip
        _borders(sheet, plan, room, cell, size, ink)
    table = PageTable(structure_tokens(plan), cells, corners((xs[0], ys[0], xs[-1], ys[-1])))
    sheet.tables.append(table)
    return table


def _borders(sheet: Sheet, plan: Plan, room: Box, cell: PlannedCell, size: float, ink: Ink) -> None:
    """The rules of one cell: each draws its lower and right one, the first row and column also the others."""
    thick = max(1.0, size * 0.05)
    x0, y0, x1, y1 = room
    last_row = cell.row + cell.rows == plan.rows
    last_column = cell.column + cell.columns == plan.columns
    head_end = cell.row + cell.rows == plan.header
    style = plan.style
    edge = last_row or head_end
    across = style in ("ruled", "horizontal") or (style == "zebra" and edge)
    along = style in ("ruled", "columns")
    outside = style in ("ruled", "outer")
    if across or (outside and last_row) or (style == "outer" and head_end):
        sheet.rule(x0, y1, x1 + thick, y1 + thick, ink)
    if cell.row == 0 and (across or outside or style == "zebra"):
        sheet.rule(x0, y0, x1 + thick, y0 + thick, ink)
    if (along and not (style == "columns" and last_column)) or (outside and last_column):
        sheet.rule(x1, y0, x1 + thick, y1 + thick, ink)
    if cell.column == 0 and outside:
        sheet.rule(x0, y0, x0 + thick, y1 + thick, ink)


def structure_tokens(plan: Plan) -> list[str]:
    """PubTabNet's tokens; the head and the body are there only if they have rows."""
    by_row: dict[int, list[PlannedCell]] = {row: [] for row in range(plan.rows)}
    for cell in sorted(plan.cells, key=lambda cell: (cell.row, cell.column)):
        by_row[cell.row].append(cell)
    tokens: list[str] = []
    for name, rows in (("thead", range(plan.header)), ("tbody", range(plan.header, plan.rows))):
        if not rows:
            continue
        tokens.append(f"<{name}>")
        for row in rows:
            tokens.append("<tr>")
            for cell in by_row[row]:
                if cell.columns == cell.rows == 1:
                    tokens.append("<td>")
                else:
                    tokens.append("<td")
                    if cell.rows > 1:
                        tokens.append(f' rowspan="{cell.rows}"')
                    if cell.columns > 1:
                        tokens.append(f' colspan="{cell.columns}"')
                    tokens.append(">")
                tokens.append("</td>")
            tokens.append("</tr>")
        tokens.append(f"</{name}>")
    return tokens


class TableSynthesizer:
    """Draws pictures of one table by number."""

    def __init__(self, options: TableOptions, library: Library | None = None) -> None:
        self.options = options
        shares = options.shares()
        self._languages = Chances(shares)
        self._profiles = Chances(options.degradations)
        self.library = library or Library.open(shares, options.library)
        self.faces = Typefaces(self.library.fonts, shares, options)

    def draw(self, index: int) -> DrawnPage:
        """Table number `index` ≥ 0; `tables[0]` of the page is the truth."""
        options = self.options
        rng = generator(options.seed, "table", index)
        code = self._languages.draw(rng)
        regular, bold, _ = self.faces.family(rng, code)
        prose = Prose(language(code), self.library.texts, options.split, (regular, bold))
        size = float(round(between(rng, *options.size)))
        rows = options.rows[0] + int(rng.random() * (options.rows[1] - options.rows[0] + 1))
        columns = options.columns[0] + int(rng.random() * (options.columns[1] - options.columns[0] + 1))
        plan = plan_table(rng, prose, rows, columns, happens(rng, options.span))
        at = measure(rng, plan, regular, bold, size)
        margins = [round(size * between(rng, 0.2, 1.8)) for _ in range(4)]
        width = int(at.xs[-1]) + margins[0] + margins[2] + 2
        height = int(at.ys[-1]) + margins[1] + margins[3] + 2
        profile = self._profiles.draw(rng)
        colour = happens(rng, 0.3)
        kind = "plain" if profile in ("clean", "screen") else None
        sheet = Sheet(background(rng, height, width, colour, kind=kind))
        if profile not in ("clean", "screen"):
            sheet.wear = degradation.page_wear(rng)
        ink = between(rng, 0, 70)
        sheet.block("table", (margins[0], margins[1], margins[0] + at.xs[-1], margins[1] + at.ys[-1]))
        draw_table(sheet, plan, at, margins[0], margins[1], (regular, bold), size, ink, 0)
        return finish(sheet, rng, profile, size, code, [regular.name, bold.name])
