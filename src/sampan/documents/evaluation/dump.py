"""Writes every compared pair: as JSON for programs, as an HTML page side by side for people."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sampan.documents.evaluation.levenshtein import edit_operations
from sampan.documents.evaluation.page import EvaluationOptions, PageResult, Pair
from sampan.documents.evaluation.summary import Summary

LONGEST_MARKED = 6000
"""Longer texts are shown without marks."""

_STYLE = """
:root{color-scheme:light dark;--del:#ffd7d5;--ins:#ccf0d0;--line:#8884}
@media (prefers-color-scheme:dark){:root{--del:#7a2020;--ins:#1d5a2a}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1400px;padding:0 1rem}
table.pairs{border-collapse:collapse;width:100%;table-layout:fixed}
table.pairs>tbody>tr>*{border-top:1px solid var(--line);padding:.4rem .6rem;
vertical-align:top;text-align:left;overflow-wrap:anywhere;
white-space:pre-wrap}
th.score,td.score{width:7.5rem}del{background:var(--del);text-decoration:none}
ins{background:var(--ins);text-decoration:none}
details{margin:.6rem 0}summary{cursor:pointer;font-weight:600}.lost{opacity:.6}
"""


def write_json(
    path: Path, summary: Summary, pages: Sequence[PageResult], options: EvaluationOptions, **extra: Any
) -> None:
    """Summary, options and all pages with their pairs."""
    data = {
        "options": asdict(options),
        "summary": summary,
        **extra,
        "pages": [
            {
                "text_edit": page.text_edit(),
                "strict_text_edit": page.text_edit(strict=True),
                "formula_edit": page.formula_edit(),
                "teds": page.teds(),
                "teds_structure": page.teds(structure=True),
                "order": page.order(),
                **asdict(page),
            }
            for page in pages
        ],
    }
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


def write_html(path: Path, pages: Sequence[PageResult]) -> None:
    """One page for audit: truth left, prediction right, worst pages first, differences marked."""
    ordered = sorted(pages, key=lambda page: -(page.text_edit() or 0.0) - (1 - (page.teds() or 1.0)))
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pairs</title>',
        f"<style>{_STYLE}</style></head><body><h1>Compared pairs</h1>",
        "<p>Left the annotation, right the prediction; pages with the lowest scores first.</p>",
    ]
    for number, page in enumerate(ordered):
        scores = [
            f"{name} {value:.3f}"
            for name, value in (
                ("text edit", page.text_edit()),
                ("formula edit", page.formula_edit()),
                ("TEDS", page.teds()),
                ("order edit", page.order()),
            )
            if value is not None
        ]
        flags = [flag for flag, on in (("no prediction", page.missing), ("fallback", page.fallback)) if on]
        head = html.escape(" · ".join([page.name, *scores, *flags]))
        parts.append(f"<details{' open' if number < 3 else ''}><summary>{head}</summary>")
        parts.append(
            '<table class="pairs"><tbody><tr><th class="score">score</th>'
            "<th>truth</th><th>prediction</th></tr>"
        )
        parts += [_row(pair) for pair in page.pairs]
        parts.append("</tbody></table></details>")
    parts.append("</body></html>")
    path.write_text("".join(parts), encoding="utf-8")


def _row(pair: Pair) -> str:
    left, right = _marked(pair.truth, pair.pred)
    if pair.teds is not None:
        score = f"TEDS {pair.teds:.3f}\nTEDS-S {pair.teds_structure or 0.0:.3f}"
    else:
        score = f"{pair.edit} / {pair.longest}\nstrict {pair.strict_edit} / {pair.strict_longest}"
    state = "" if pair.truth_ids and pair.pred else ' class="lost"'
    ids = html.escape(", ".join(pair.truth_ids) or "surplus")
    return (
        f'<tr{state}><td class="score">{pair.kind}\n{ids}\n{score}</td><td>{left}</td><td>{right}</td></tr>'
    )


def _marked(a: str, b: str) -> tuple[str, str]:
    if not a or not b or len(a) > LONGEST_MARKED or len(b) > LONGEST_MARKED:
        return html.escape(a), html.escape(b)
    left, right = [], []
    for name, i0, i1, j0, j1 in edit_operations(a, b):
        before, after = html.escape(a[i0:i1]), html.escape(b[j0:j1])
        left.append(before if name == "equal" or not before else f"<del>{before}</del>")
        right.append(after if name == "equal" or not after else f"<ins>{after}</ins>")
    return "".join(left), "".join(right)
