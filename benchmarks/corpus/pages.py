"""Elements into pages: sections of one to three columns, page furniture, footnotes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.corpus.elements import Drawn, Element, Paragraph, Placement


@dataclass
class Section:
    elements: list[Element]
    columns: int = 1
    gutter: float = 20.0
    balanced: bool = False
    rule: bool = False
    """A thin line between the columns."""


@dataclass
class PageDrawn:
    width: float
    height: float
    blocks: list[Drawn]


@dataclass
class Setting:
    """Size, margins and furniture of the pages of a document."""

    width: float = 595.0
    height: float = 842.0
    left: float = 60.0
    right: float = 60.0
    top: float = 64.0
    bottom: float = 64.0
    furniture: Callable[[int, Setting], list[Drawn]] | None = None
    footnotes: dict[int, list[Paragraph]] = field(default_factory=dict)
    max_pages: int = 1


def fill_column(
    elements: list[Element], x: float, y: float, width: float, room: float
) -> tuple[list[Drawn], list[Element], float]:
    """Places elements down one column; gives what was drawn, what is left, and the height used."""
    drawn: list[Drawn] = []
    used = 0.0
    for index, element in enumerate(elements):
        gap = element.space_before if used > 0 else 0.0
        placement = element.place(x, y + used + gap, width, room - used - gap)
        if placement is not None and element.keep_with_next and index + 1 < len(elements):
            after = used + gap + placement.height
            follower = elements[index + 1]
            if _fits(follower, width, room - after - follower.space_before) is None:
                placement = None
        if placement is None:
            return drawn, elements[index:], used
        drawn.extend(placement.drawn)
        used += gap + placement.height
        if placement.rest is not None:
            return drawn, [placement.rest, *elements[index + 1 :]], used
    return drawn, [], used


def _fits(element: Element, width: float, room: float) -> Placement | None:
    return element.place(0.0, 0.0, width, room)


def fill_columns(
    section: Section, elements: list[Element], x: float, y: float, width: float, room: float
) -> tuple[list[Drawn], list[Element], float]:
    column = (width - section.gutter * (section.columns - 1)) / section.columns
    drawn: list[Drawn] = []
    tallest = 0.0
    for index in range(section.columns):
        part, elements, used = fill_column(elements, x + index * (column + section.gutter), y, column, room)
        drawn.extend(part)
        tallest = max(tallest, used)
        if not elements:
            break
    return drawn, elements, tallest


def compose(sections: list[Section], setting: Setting) -> list[PageDrawn]:
    """Lays the sections out on pages; what does not fit on the last allowed page is left out."""
    pages: list[PageDrawn] = []
    queue = [(section, list(section.elements)) for section in sections]
    while queue and len(pages) < setting.max_pages:
        number = len(pages) + 1
        x, width = setting.left, setting.width - setting.left - setting.right
        notes, floor = _footnotes(setting, number, x, width)
        y = setting.top
        blocks: list[Drawn] = []
        while queue:
            section, elements = queue[0]
            room = floor - y
            drawn, rest, used = fill_columns(section, elements, x, y, width, room)
            if not rest and section.balanced and section.columns > 1:
                low, high = used * 0.4, used
                for _ in range(12):
                    middle = (low + high) / 2
                    trial = fill_columns(section, elements, x, y, width, middle)
                    if trial[1]:
                        low = middle
                    else:
                        high, (drawn, rest, used) = middle, trial
            if section.rule and section.columns > 1 and drawn:
                drawn.append(_column_rules(section, x, y, width, used))
            blocks.extend(drawn)
            y += used + 10.0
            if rest:
                if not drawn and not blocks:
                    raise ValueError("an element is larger than an empty page")
                queue[0] = (section, rest)
                break
            queue.pop(0)
        blocks.extend(notes)
        if setting.furniture is not None:
            furniture = setting.furniture(number, setting)
            blocks[:0] = [block for block in furniture if block.box[1] < setting.height / 2]
            blocks.extend(block for block in furniture if block.box[1] >= setting.height / 2)
        pages.append(PageDrawn(setting.width, setting.height, blocks))
    return pages


def _footnotes(setting: Setting, number: int, x: float, width: float) -> tuple[list[Drawn], float]:
    floor = setting.height - setting.bottom
    notes: list[Drawn] = []
    for note in reversed(setting.footnotes.get(number, [])):
        measured = note.place(x, 0.0, width, 200.0)
        if measured is None:
            continue
        floor -= measured.height
        placed = note.place(x, floor, width, 200.0)
        if placed is not None:
            notes[:0] = placed.drawn
    if notes:
        floor -= 6.0
        top = floor
        mark = Drawn("rule", (x, top, x + 120, top))
        mark.paint.append(lambda canvas: _line(canvas, x, top, x + 120, top))
        notes.insert(0, mark)
        floor -= 8.0
    return notes, floor


def _line(canvas: object, *ends: float) -> None:
    canvas.setStrokeColorRGB(0.3, 0.3, 0.3)  # type: ignore[attr-defined]
    canvas.setLineWidth(0.5)  # type: ignore[attr-defined]
    canvas.line(*ends)  # type: ignore[attr-defined]


def _column_rules(section: Section, x: float, y: float, width: float, height: float) -> Drawn:
    column = (width - section.gutter * (section.columns - 1)) / section.columns
    mark = Drawn("rule", (x, y, x + width, y + height))
    for index in range(1, section.columns):
        place = x + index * (column + section.gutter) - section.gutter / 2
        mark.paint.append(lambda canvas, place=place: _line(canvas, place, y, place, y + height))
    return mark
