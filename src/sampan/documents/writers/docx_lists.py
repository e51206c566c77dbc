"""Lists as Word numbers them: `numbering.xml` with a definition for each kind of marker.

ECMA-376, part 1, section 17.9. A number that follows the one before in its list goes on counting; any other
begins a numbering of its own at that value, so that Word shows the number that was printed. Markers that Word
cannot count (`(iv-a)`, `§ 3`) stand as text before the item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from docx.oxml.ns import qn

from sampan.documents.model import ListBlock, ListItem
from sampan.documents.writers.characters import clean, one_line
from sampan.documents.writers.docx_elements import Element, element, paragraph

DEEPEST = 8
"""Word knows nine levels, from 0."""
STEP = 360
"""How much further a level is indented, in twips."""
MAX_NUMBER = 32_767
BULLETS = "•◦▪"

_MARKER = re.compile(r"(?P<before>[(\[]?)(?P<number>\d{1,5}|[A-Za-z]{1,6})(?P<after>[.)\]:]{0,2})")
_ROMAN = re.compile(r"m{0,3}(cm|cd|d?c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


@dataclass(frozen=True, slots=True)
class Count:
    """A way of counting (`numFmt`), the signs around the number, and the number."""

    form: str
    pattern: str
    value: int


@dataclass(slots=True)
class _Level:
    """What was counted last at one level of a list."""

    number_id: int
    count: Count


@dataclass(slots=True)
class _State:
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering:
    """Gives the paragraphs of lists and keeps `numbering.xml` in step."""

    def __init__(self, package: Any) -> None:
        self._root: Element = package.part.numbering_part.element
        self._last_kind, self._last_number = (
            max(map(int, self._root.xpath(f"./w:{name}/@w:{name}Id")), default=0)
            for name in ("abstractNum", "num")
        )
        self._kinds: dict[tuple[str, str], int] = {}
        self._bullets: int | None = None
        self._states: dict[str, _State] = {}

    def paragraphs(self, block: ListBlock) -> list[Element]:
        """The items of a list, which goes on counting where it carries on another."""
        state = self._states.get(block.continues or "") or _State()
        self._states[block.id] = state
        return [self._item(item, state) for item in block.items if clean(item.text).strip()]

    def _item(self, item: ListItem, state: _State) -> Element:
        level = min(item.level, DEEPEST)
        text = clean(item.text).strip()
        for deeper in [known for known in state.levels if known > level]:
            del state.levels[deeper]
        if not item.ordered:
            state.levels.pop(level, None)
            return paragraph(text, "ListBullet", number=(self._bullet_list(), level))
        before = state.levels.get(level)
        count = read_marker(one_line(item.marker), before.count if before else None)
        if count is None:
            state.levels.pop(level, None)
            text = f"{one_line(item.marker)}\t{text}" if one_line(item.marker) else text
            return paragraph(text, "ListParagraph", indent=((level + 1) * STEP, STEP))
        if before is not None and _follows(count, before.count):
            number_id = before.number_id
        else:
            number_id = self._new_number(self._kind(count), level, count.value)
        state.levels[level] = _Level(number_id, count)
        return paragraph(text, "ListNumber", number=(number_id, level))

    def _bullet_list(self) -> int:
        if self._bullets is None:
            kind = self._add_kind([("bullet", BULLETS[level % len(BULLETS)]) for level in range(DEEPEST + 1)])
            self._bullets = self._new_number(kind)
        return self._bullets

    def _kind(self, count: Count) -> int:
        key = count.form, count.pattern
        if key not in self._kinds:
            levels = [
                (count.form, count.pattern.replace("%", f"%{level + 1}")) for level in range(DEEPEST + 1)
            ]
            self._kinds[key] = self._add_kind(levels)
        return self._kinds[key]

    def _add_kind(self, levels: list[tuple[str, str]]) -> int:
        self._last_kind += 1
        made = element(
            "abstractNum",
            element("multiLevelType", val="hybridMultilevel"),
            *(
                element(
                    "lvl",
                    element("start", val=1),
                    element("numFmt", val=form),
                    element("lvlText", val=text),
                    element("lvlJc", val="left"),
                    element("pPr", element("ind", left=(level + 1) * STEP, hanging=STEP)),
                    ilvl=level,
                )
                for level, (form, text) in enumerate(levels)
            ),
            abstractNumId=self._last_kind,
        )
        # All definitions stand before the first list.
        self._root.find(qn("w:num")).addprevious(made)
        return self._last_kind

    def _new_number(self, kind: int, level: int = 0, start: int | None = None) -> int:
        self._last_number += 1
        begin = None
        if start is not None:
            begin = element("lvlOverride", element("startOverride", val=start), ilvl=level)
        self._root.append(element("num", element("abstractNumId", val=kind), begin, numId=self._last_number))
        return self._last_number


def _follows(count: Count, before: Count) -> bool:
    return count == Count(before.form, before.pattern, before.value + 1)


def read_marker(marker: str, before: Count | None = None) -> Count | None:
    """How a marker counts, or None where Word cannot; `before` decides whether `i)` follows `h)`."""
    match = _MARKER.fullmatch(marker)
    if match is None or (match["number"].isalpha() and not match["before"] + match["after"]):
        return None
    number, pattern = match["number"], f"{match['before']}%{match['after']}"
    counts: list[Count] = []
    if number.isdecimal():
        value = int(number)
        # A leading zero would be lost.
        return Count("decimal", pattern, value) if str(value) == number and value <= MAX_NUMBER else None
    low = number.lower()
    if number not in (low, number.upper()):
        return None
    case = "lower" if number == low else "upper"
    if _ROMAN.fullmatch(low):
        counts.append(Count(f"{case}Roman", pattern, _roman(low)))
    if len(low) == 1 and low.isascii():
        letter = Count(f"{case}Letter", pattern, ord(low) - ord("a") + 1)
        # Alone, "i" is more often one than the ninth letter, and "c" more often the third than a hundred.
        counts.insert(1 if low == "i" else 0, letter)
    following = [count for count in counts if before is not None and _follows(count, before)]
    return next(iter(following or counts), None)


def _roman(text: str) -> int:
    values = [_ROMAN_VALUES[sign] for sign in text]
    return sum(-value if value < max(values[index:]) else value for index, value in enumerate(values))
