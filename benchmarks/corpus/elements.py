"""What a page is made of: paragraphs, headings, lists, code and captions, each placed into a column.

An element answers `place(x, y, width, room)` with what it draws in that much room and what is left over.
Coordinates are points, y downwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from benchmarks.corpus.breaking import (
    Box,
    PlacedLine,
    PlacedWord,
    Run,
    Style,
    TextRow,
    break_lines,
    join_rows,
    place_row,
    tokenise,
)  # fmt: skip

Paint = Callable[[Any], None]
"""Draws on a canvas whose y axis was turned downwards."""


@dataclass
class Drawn:
    """A block with its place: what the ground truth will say, and how it is painted."""

    kind: str
    box: Box
    lines: list[PlacedLine] = field(default_factory=list)
    text: str = ""
    paint: list[Paint] = field(default_factory=list)
    level: int = 1
    ordered: bool = True
    """False for page furniture."""
    key: int = 0
    """Same for the parts of one element; a later part continues the earlier one."""
    caption_of: int = 0
    items: list[dict[str, Any]] = field(default_factory=list)
    table: dict[str, Any] | None = None
    language: str | None = None


@dataclass
class Placement:
    drawn: list[Drawn]
    height: float
    rest: Element | None = None


class Element(Protocol):
    space_before: float
    key: int
    keep_with_next: bool

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        """None if nothing of it fits into `room`."""
        ...


def union(boxes: list[Box]) -> Box:
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def stack(
    rows: list[TextRow], x: float, y: float, width: float, style: Style, first: bool = True
) -> list[PlacedLine]:
    """Broken lines one under the other; y is the top of the first."""
    lines = []
    for index, row in enumerate(rows):
        indent = style.first_indent if first and index == 0 else 0.0
        baseline = y + index * style.leading + style.leading * 0.5 + style.size * 0.35
        lines.append(place_row(row, x + indent, baseline, width - indent, style))
    return lines


_keys = iter(range(1, 10**9))


def next_key() -> int:
    return next(_keys)


@dataclass
class Paragraph:
    text: str
    style: Style
    kind: str = "text"
    space_before: float = 6.0
    level: int = 1
    keep_with_next: bool = False
    unbreakable: bool = False
    key: int = field(default_factory=next_key)
    caption_of: int = 0
    _rows: list[TextRow] | None = None
    _width: float = 0.0
    _first: bool = True

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        style = self.style
        rows = self._rows
        if rows is None:
            rows = break_lines(tokenise(self.text, style), width, style)
        elif abs(width - self._width) > 0.01:
            # The rest of a split paragraph goes into a column of another width.
            joined = join_rows(rows)
            rows = break_lines(tokenise(joined, style), width, replace(style, first_indent=0.0))
        count = min(len(rows), int((room + 0.01) / style.leading))
        if count < len(rows) and (count < 2 or len(rows) - count < 2 or self.unbreakable):
            # No single line is left behind at either side of a break.
            count = 0 if count < 3 or self.unbreakable else count - 1
        if count == 0:
            return None
        part, left = rows[:count], rows[count:]
        lines = stack(part, x, y, width, style, self._first)
        drawn = Drawn(
            self.kind, union([line.box for line in lines]), lines, join_rows(part), level=self.level, key=self.key,
            caption_of=self.caption_of,
        )  # fmt: skip
        rest = replace(self, _rows=left, _width=width, _first=False, space_before=0.0) if left else None
        return Placement([drawn], count * style.leading, rest)


@dataclass
class ListElement:
    """Items with bullets or numbers; breaks only between items."""

    items: list[tuple[str, int]]
    style: Style
    ordered: bool = False
    bullets: tuple[str, str] = ("•", "–")
    space_before: float = 4.0
    indent: float = 16.0
    item_gap: float = 2.0
    keep_with_next: bool = False
    key: int = field(default_factory=next_key)
    _start: int = 1

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        number, used = self._start - 1, 0.0
        drawn = Drawn("list", (x, y, x, y), key=self.key)
        rest: ListElement | None = None
        letters = "abcdefgh"
        child = 0
        for index, (text, level) in enumerate(self.items):
            left = x + self.indent * (level + 1)
            rows = break_lines(tokenise(text, self.style), width - self.indent * (level + 1), self.style)
            height = len(rows) * self.style.leading
            if used + height > room:
                rest = replace(self, items=self.items[index:], space_before=0.0, _start=number + (level == 0))
                break
            if level == 0:
                number, child = number + 1, 0
                marker = f"{number}." if self.ordered else self.bullets[0]
            else:
                child += 1
                marker = f"{letters[child - 1]})" if self.ordered else self.bullets[1]
            lines = stack(rows, left, y + used, width - self.indent * (level + 1), self.style)
            face, baseline = self.style.face, lines[0].runs[0].baseline
            start = left - self.indent * 0.85
            lines[0].runs.insert(0, Run(marker, start, baseline, face, self.style.size, self.style.color))
            lines[0].words.insert(
                0,
                PlacedWord(marker, face.ink(marker, start, baseline, self.style.size), face, self.style.size),
            )
            lines[0].text = f"{marker} {lines[0].text}"
            drawn.items.append(
                {
                    "text": join_rows(rows),
                    "marker": marker,
                    "ordered": self.ordered,
                    "level": level,
                    "lines": lines,
                }
            )
            drawn.lines.extend(lines)
            used += height + self.item_gap
        if not drawn.lines:
            return None
        drawn.box = union([line.box for line in drawn.lines])
        drawn.text = "\n".join(f"{item['marker']} {item['text']}" for item in drawn.items)
        return Placement([drawn], used, rest)


@dataclass
class Code:
    """Monospaced lines with their indentation, on a tinted ground or not; never broken."""

    source: str
    style: Style
    language: str
    ground: tuple[float, float, float] | None = (0.95, 0.95, 0.95)
    space_before: float = 8.0
    keep_with_next: bool = False
    key: int = field(default_factory=next_key)

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        source = self.source.rstrip("\n").split("\n")
        style, pad = self.style, 6.0
        height = len(source) * style.leading + 2 * pad
        if height > room:
            return None
        face, step = style.face, style.face.width(" ", style.size)
        lines = []
        for index, text in enumerate(source):
            if not text.strip():
                continue
            baseline = y + pad + index * style.leading + style.leading * 0.5 + style.size * 0.35
            words, position = [], 0
            for part in text.split(" "):
                if part:
                    words.append(
                        PlacedWord(
                            part,
                            face.ink(part, x + pad + position * step, baseline, style.size),
                            face,
                            style.size,
                        )
                    )
                position += len(part) + 1
            indent = len(text) - len(text.lstrip(" "))
            run = Run(text.strip(" "), x + pad + indent * step, baseline, face, style.size, style.color)
            if run.x + face.width(run.text, style.size) > x + width:
                raise ValueError(f"code line {text!r} is wider than its column")
            lines.append(PlacedLine(words, text.rstrip(), [run]))
        drawn = Drawn(
            "code",
            (x, y, x + width, y + height),
            lines,
            self.source.rstrip("\n"),
            key=self.key,
            language=self.language,
        )
        if self.ground is not None:
            ground = self.ground
            drawn.paint.append(lambda canvas: _ground(canvas, drawn.box, ground))
        else:
            drawn.box = union([line.box for line in lines])
        return Placement([drawn], height)


def _ground(canvas: Any, box: Box, color: tuple[float, float, float]) -> None:
    canvas.setFillColorRGB(*color)
    canvas.rect(box[0], box[1], box[2] - box[0], box[3] - box[1], stroke=0, fill=1)


@dataclass
class Captioned:
    """A figure or table with its caption, kept together."""

    body: Element
    caption: Paragraph
    above: bool
    space_before: float = 10.0
    gap: float = 5.0
    space_after: float = 6.0
    keep_with_next: bool = False

    @property
    def key(self) -> int:
        return self.body.key

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        first, second = (self.caption, self.body) if self.above else (self.body, self.caption)
        one = first.place(x, y, width, room)
        if one is None or one.rest is not None:
            return None
        top = one.height + self.gap
        two = second.place(x, y + top, width, room - top)
        if two is None or two.rest is not None:
            return None
        return Placement(one.drawn + two.drawn, top + two.height + self.space_after)


@dataclass
class Rule:
    """A thin line or empty space; with height 0, the rest of the column."""

    height: float = 6.0
    drawn_width: float = 0.0
    space_before: float = 0.0
    keep_with_next: bool = False
    key: int = field(default_factory=next_key)

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        if self.height > room:
            return None
        if not self.drawn_width:
            return Placement([], self.height or room)
        mark = Drawn("rule", (x, y, x + width, y))

        def paint(canvas: Any) -> None:
            canvas.setStrokeColorRGB(0.2, 0.2, 0.2)
            canvas.setLineWidth(self.drawn_width)
            canvas.line(x, y + self.height / 2, x + width, y + self.height / 2)

        mark.paint.append(paint)
        return Placement([mark], self.height)
