"""Scores of a whole run from the scores of its pages.

Three ways to average the edit distance, all in use: `page` (mean over pages; the leaderboard's),
`whole` (ratio of the sums over all pages) and `sample` (mean over pairs). TEDS has `page` and
`sample`. Pages without the kind of element are left out of its mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sampan.documents.evaluation.page import PageResult, Pair

Summary = dict[str, Any]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _edits(pages: Sequence[PageResult], kind: str, strict: bool) -> dict[str, float | None]:
    def value(pair: Pair) -> tuple[int, int]:
        return (pair.strict_edit, pair.strict_longest) if strict else (pair.edit, pair.longest)

    pairs = [value(pair) for page in pages for pair in page.pairs if pair.kind == kind]
    total = sum(longest for _, longest in pairs)
    by_page = (page.text_edit(strict) if kind == "text" else page.formula_edit() for page in pages)
    return {
        "page": _mean(by_page),
        "whole": sum(edit for edit, _ in pairs) / total if total else None,
        "sample": _mean(edit / longest for edit, longest in pairs if longest),
    }


def overall(text_edit: float | None, table_teds: float | None, formula: float | None) -> float | None:
    """Mean of (1 − text edit), table TEDS and formula score, each × 100, over those that exist.

    OmniDocBench takes CDM, a rendering metric, as formula score. Any value of 0 … 1 fits here.
    """
    parts = [None if text_edit is None else 1 - text_edit, table_teds, formula]
    mean = _mean(parts)
    return None if mean is None else 100 * mean


def summarise(pages: Sequence[PageResult], formula_cdm: float | None = None) -> Summary:
    """All metrics of a run, and page metrics per attribute value.

    `formula_cdm` is the mean CDM from another program; without it `1 − formula edit` stands in
    Overall, which then must not be compared with published ones (`overall.formula` says which).
    """
    tables = [pair for page in pages for pair in page.pairs if pair.kind == "table"]
    text = _edits(pages, "text", strict=False)
    formula_edit = _edits(pages, "formula", strict=False)
    teds_page = _mean(page.teds() for page in pages)
    stand_in = None if formula_edit["page"] is None else 1 - formula_edit["page"]
    return {
        "pages": len(pages),
        "missing_predictions": sum(page.missing for page in pages),
        "fallbacks": sum(page.fallback for page in pages),
        "text": {"edit": text, "strict_edit": _edits(pages, "text", strict=True)},
        "formula": {"edit": formula_edit},
        "table": {
            "teds": {"page": teds_page, "sample": _mean(pair.teds for pair in tables)},
            "teds_structure": {
                "page": _mean(page.teds(structure=True) for page in pages),
                "sample": _mean(pair.teds_structure for pair in tables),
            },
            "tables": len(tables),
        },
        "order": {"edit": _mean(page.order() for page in pages)},
        "overall": {
            "value": overall(text["page"], teds_page, formula_cdm if formula_cdm is not None else stand_in),
            "formula": "cdm" if formula_cdm is not None else ("edit" if stand_in is not None else "absent"),
            "average": "page",
        },
        "attributes": {"page": _page_attributes(pages), "block": _block_attributes(pages)},
    }


def _page_attributes(pages: Sequence[PageResult]) -> dict[str, dict[str, float | int | None]]:
    groups: dict[str, list[PageResult]] = {}
    for page in pages:
        for name, value in page.attributes.items():
            groups.setdefault(f"{name}: {value}", []).append(page)
    return {
        label: {
            "pages": len(group),
            "text_edit": _mean(page.text_edit() for page in group),
            "teds": _mean(page.teds() for page in group),
            "order_edit": _mean(page.order() for page in group),
        }
        for label, group in sorted(groups.items())
    }


def _block_attributes(pages: Sequence[PageResult]) -> dict[str, dict[str, float | int | None]]:
    groups: dict[str, list[Pair]] = {}
    for page in pages:
        for pair in page.pairs:
            for name, value in pair.attributes.items():
                groups.setdefault(f"{pair.kind}: {name}: {value}", []).append(pair)
    return {
        label: {
            "blocks": len(group),
            "edit": _mean(pair.edit / pair.longest for pair in group if pair.longest),
            "teds": _mean(pair.teds for pair in group),
        }
        for label, group in sorted(groups.items())
    }
