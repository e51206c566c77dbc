"""Annotated pages: what a prediction is measured against.

A page is a list of blocks with category, content and reading order, whatever it was read from
(`omnidocbench`, `sources`). Which categories are scored as what follows OmniDocBench.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Literal

Scored = Literal["text", "table", "formula", "ignored", "none"]

CATEGORIES: dict[str, Scored] = {
    "title": "text",
    "text_block": "text",
    "reference": "text",
    "code_txt": "text",
    "list": "text",
    "list_group": "text",
    "seal": "text",
    "table": "table",
    "equation_isolated": "formula",
    # Read or not, these are never scored and never punished.
    "figure_caption": "ignored",
    "figure_footnote": "ignored",
    "table_caption": "ignored",
    "table_footnote": "ignored",
    "equation_caption": "ignored",
    "code_txt_caption": "ignored",
    "header": "ignored",
    "footer": "ignored",
    "page_number": "ignored",
    "page_footnote": "ignored",
    "abandon": "ignored",
    "equation_ignore": "ignored",
    # No text to compare.
    "figure": "none",
    "chart": "none",
    "need_mask": "none",
    "table_mask": "none",
    "text_mask": "none",
    "organic_chemical_formula_mask": "none",
    "algorithm_mask": "none",
    "unknown_mask": "none",
}


@dataclass(frozen=True, slots=True)
class TruthBlock:
    """One annotated block. `content` is Markdown text, HTML for tables, LaTeX for formulas."""

    id: str
    category: str
    content: str
    order: int | None = None
    ignore: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def scored(self) -> Scored:
        kind = CATEGORIES.get(self.category, "text")
        return "ignored" if self.ignore and kind != "none" else kind


@dataclass(frozen=True, slots=True)
class TruthPage:
    """One annotated page."""

    name: str
    blocks: list[TruthBlock]
    attributes: dict[str, str] = field(default_factory=dict)


def join_truncated(blocks: list[TruthBlock], pairs: list[tuple[str, str]]) -> list[TruthBlock]:
    """Blocks with every paragraph that was broken over columns or pages put together again.

    `pairs` names (first part, next part). The whole stands where its first part stood.
    """
    leader: dict[str, str] = {block.id: block.id for block in blocks}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for first, second in pairs:
        if first in leader and second in leader:
            leader[find(second)] = find(first)
    position = {block.id: at for at, block in enumerate(blocks)}
    groups: dict[str, list[TruthBlock]] = {}
    for block in blocks:
        groups.setdefault(find(block.id), []).append(block)
    joined = []
    for group in groups.values():
        group.sort(key=lambda b: (b.order is None, b.order or 0, position[b.id]))
        content = " ".join(block.content.strip() for block in group)
        # A hyphen at the break belongs to the line, not to the word, if a letter follows in lower case.
        for before, after in itertools.pairwise(group):
            left, right = before.content.rstrip(), after.content.lstrip()
            if left.endswith("-") and right[:1].islower():
                content = content.replace(f"{left} {right}", f"{left[:-1]}{right}")
        joined.append(replace(group[0], content=content))
    return sorted(joined, key=lambda block: position[block.id])
