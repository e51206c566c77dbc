"""Page tests in the manner of olmOCR-bench: small statements about a page that hold or do not.

They need no full annotation and each failure can be read. A file holds a list of them, as JSON, as
JSON lines or as YAML:

    - {page: report, type: present, text: "net income rose", max_diffs: 1}
    - {page: report, type: absent,  text: "Page 3 of 9"}
    - {page: report, type: order,   before: "Introduction", after: "Conclusion"}
    - {page: report, type: table,   cell: "4.2", left: "4.1", top_heading: "2024"}

`page` is the name of the prediction's file without its suffix; `pdf`, with a suffix, is read as the
same. `max_diffs` is the number of wrong characters that are forgiven.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sampan.documents.evaluation.elements import Element
from sampan.documents.evaluation.levenshtein import Packed
from sampan.documents.evaluation.normalise import plain_text
from sampan.documents.evaluation.table_tree import cell_texts, table_grid
from sampan.errors import InputError

_NEIGHBOURS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


class Assertion(BaseModel):
    """One statement about one page."""

    model_config = ConfigDict(extra="allow")

    page: str
    type: Literal["present", "absent", "order", "table"]
    id: str = ""
    text: str = ""
    before: str = ""
    after: str = ""
    cell: str = ""
    up: str = ""
    down: str = ""
    left: str = ""
    right: str = ""
    top_heading: str = ""
    left_heading: str = ""
    max_diffs: int = Field(default=0, ge=0)
    case_sensitive: bool = True
    first_n: int | None = Field(default=None, ge=1)
    last_n: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _page_of_pdf(cls, data: object) -> object:
        if isinstance(data, dict) and not isinstance(data.get("page"), str) and "pdf" in data:
            return {**data, "page": Path(str(data["pdf"])).stem, "pdf_page": data.get("page")}
        return data

    @model_validator(mode="after")
    def _complete(self) -> Assertion:
        needed = {"present": ["text"], "absent": ["text"], "order": ["before", "after"], "table": ["cell"]}
        for name in needed[self.type]:
            if not getattr(self, name):
                raise ValueError(f"an assertion of type {self.type!r} needs {name!r}")
        return self


@dataclass(frozen=True)
class Verdict:
    """What became of one assertion."""

    assertion: Assertion
    holds: bool
    reason: str = ""


def load_assertions(path: Path) -> list[Assertion]:
    """Assertions of a .json, .jsonl or .yaml file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".jsonl":
            data: object = [json.loads(line) for line in text.splitlines() if line.strip()]
        elif path.suffix.lower() in (".yaml", ".yml"):
            data = yaml.safe_load(text)
        else:
            data = json.loads(text)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, yaml.YAMLError) as error:
        raise InputError(f"cannot read assertions from {path}: {error}") from None
    if not isinstance(data, list):
        raise InputError(f"{path} holds {type(data).__name__}, not a list of assertions")
    assertions = []
    for number, entry in enumerate(data):
        try:
            assertions.append(Assertion.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "entry"
            raise InputError(f"{path}: assertion {number}, {place}: {first['msg']}") from None
    return assertions


def are_assertions(path: Path) -> bool:
    """Whether a file holds assertions and not an annotation."""
    if path.suffix.lower() in (".jsonl", ".yaml", ".yml"):
        return True
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict) and "type" in data[0]


def check_assertion(assertion: Assertion, elements: list[Element] | None) -> Verdict:
    """Whether the assertion holds for a predicted page; a page that is missing fails all of them."""
    if elements is None:
        return Verdict(assertion, False, "no prediction for this page")
    text = "\n".join(
        "\n".join(cell_texts(e.content)) if e.kind == "table" else plain_text(e.content) for e in elements
    )
    text = " ".join(text.split())
    match assertion.type:
        case "present" | "absent":
            part = _part(text, assertion)
            found = bool(_places(assertion.text, part, assertion))
            holds = found == (assertion.type == "present")
            return Verdict(assertion, holds, "" if holds else ("found" if found else "not found"))
        case "order":
            return _check_order(text, assertion)
        case _:
            return _check_table(assertion, elements)


def _part(text: str, assertion: Assertion) -> str:
    if assertion.first_n is None and assertion.last_n is None:
        return text
    head = text[: assertion.first_n] if assertion.first_n else ""
    tail = text[-assertion.last_n :] if assertion.last_n else ""
    return f"{head}\0{tail}"


def _places(needle: str, hay: str, assertion: Assertion) -> list[int]:
    """Ends of the first and of the last stretch of `hay` that is `needle` but for `max_diffs` characters."""
    needle = plain_text(needle)
    if not assertion.case_sensitive:
        needle, hay = needle.lower(), hay.lower()
    allowed = min(assertion.max_diffs, max(len(needle) - 1, 0))
    first, last = hay.find(needle), hay.rfind(needle)
    if first >= 0:
        return [first + len(needle), last + len(needle)]
    if not allowed:
        return []
    distance, end = Packed.of([needle]).best_windows(hay)
    return [int(end[0])] * 2 if distance[0] <= allowed else []


def _check_order(text: str, assertion: Assertion) -> Verdict:
    before = _places(assertion.before, text, assertion)
    after = _places(assertion.after, text, assertion)
    if not before or not after:
        return Verdict(assertion, False, f"{'before' if not before else 'after'!s} not found")
    holds = before[0] < after[-1]
    return Verdict(assertion, holds, "" if holds else "the other way round")


def _check_table(assertion: Assertion, elements: list[Element]) -> Verdict:
    reason = "no table on the page"
    for element in elements:
        if element.kind != "table":
            continue
        grid = table_grid(element.content)
        reason = reason if reason != "no table on the page" else "cell not found"
        for r, row in enumerate(grid):
            for c, value in enumerate(row):
                if not _same(assertion.cell, value, assertion):
                    continue
                wrong = _wrong_neighbours(grid, r, c, assertion)
                if not wrong:
                    return Verdict(assertion, True)
                reason = f"cell found, but not {', '.join(wrong)}"
    return Verdict(assertion, False, reason)


def _same(expected: str, value: str, assertion: Assertion) -> bool:
    value = plain_text(value)
    if abs(len(value) - len(plain_text(expected))) > assertion.max_diffs:
        return False
    return bool(_places(expected, value, assertion)) if value else False


def _wrong_neighbours(grid: list[list[str]], r: int, c: int, assertion: Assertion) -> list[str]:
    wrong = []
    own = grid[r][c]
    for name, (down, right) in _NEIGHBOURS.items():
        expected = getattr(assertion, name)
        if not expected:
            continue
        y, x = r + down, c + right
        while 0 <= y < len(grid) and 0 <= x < len(grid[y]) and grid[y][x] == own:  # through its own span
            y, x = y + down, x + right
        inside = 0 <= y < len(grid) and 0 <= x < len(grid[y])
        if not inside or not _same(expected, grid[y][x], assertion):
            wrong.append(name)
    above = [grid[y][c] for y in range(r)]
    before = grid[r][:c]
    for name, cells in (("top_heading", above), ("left_heading", before)):
        expected = getattr(assertion, name)
        if expected and not any(_same(expected, cell, assertion) for cell in cells):
            wrong.append(name)
    return wrong
