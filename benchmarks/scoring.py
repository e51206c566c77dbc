"""The scores of the benchmark: the same rules for every program.

Text. NFKC; Markdown syntax, HTML tags and bullet marks removed; white space collapsed, and removed beside Chinese and
Japanese characters. `character_f1` compares multisets of non-blank characters, `word_f1` multisets of
blank-separated words (each Chinese or Japanese character is a word). `edit` is the Levenshtein distance of the
whole text in reading order, divided by the longer of the two.

Legitimate differences cost nothing: some programs leave out running heads and page numbers or what is written
inside figures, and some undo hyphenation. The truth exists in each of these 2 × 2 × 2 forms, and each score takes
the form that suits the answer best, for every program alike.

Order. `order` places every block of the truth in the answer (best partial match of its first 60 characters) and gives
the Levenshtein distance between that sequence and the true one, divided by its length; blocks that are not found,
and those of fewer than 12 characters, are left out.

Tables. Predicted and true tables are assigned one to one with the largest sum of TEDS; a missing table scores 0.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from sampan.documents.evaluation import teds
from sampan.documents.model import Block, Document, FigureBlock, ListBlock, TableBlock

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_BESIDE_WIDE = re.compile(rf"(?<=[{_WIDE}])\s+|\s+(?=[{_WIDE}])")
_BULLETS = re.compile(r"[•●◦▪‣○■□·∙]")


def normalise(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "")
    text = _BULLETS.sub(" ", text)
    text = re.sub(r"(?m)^\s*(?:[-–—*]\s+)+", " ", text)
    text = re.sub(r"\s+", " ", text).strip()
    return _BESIDE_WIDE.sub("", text)


def plain_of_markdown(markdown: str) -> str:
    """What is left of Markdown for a reader: no syntax, the cells of tables one after the other."""
    text = re.sub(r"(?m)^\*\*==>.*?<==\*\*\s*$", "", markdown)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]+)\]\((?:[^)]*)\)", r"\1", text)
    text = re.sub(r"(?m)^\s*```.*$", "", text)
    text = re.sub(r"(?m)^\|?[\s:|-]*-{3,}[\s:|-]*\|?$", "", text)
    text = re.sub(r"(?m)^\|(.*)\|\s*$", lambda m: re.sub(r"(?<!\\)\|", " ", m.group(1)), text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(
        r"</?(?:table|thead|tbody|tr|td|th|br|p|sup|sub|b|i|u|em|strong|a|div|span|img|figure|figcaption)\b[^>]*>",
        " ",
        text,
    )
    text = re.sub(r"(?m)^\s{0,3}#{1,6}\s+", "", text)
    text = re.sub(r"(?m)^\s{0,3}>\s?", "", text)
    text = re.sub(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w\\*])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])", r"\2", text)
    text = re.sub(r"`([^`\n]+)`", r"\1", text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+\-.!|<>~$&\"'=])", r"\1", text)
    return html.unescape(text)


def tables_of_markdown(markdown: str) -> list[str]:
    """HTML of every table: HTML tables as they are, pipe tables converted."""
    found = re.findall(r"<table\b.*?</table>", markdown, flags=re.S | re.I)
    rows: list[str] = []
    for line in [*re.sub(r"<table\b.*?</table>", "", markdown, flags=re.S | re.I).split("\n"), ""]:
        line = line.strip()
        if line.startswith("|") and line.endswith("|") and len(line) > 1:
            rows.append(line)
        elif rows:
            if len(rows) > 1:
                found.append(_pipe_table(rows))
            rows = []
    return found


def _pipe_table(rows: list[str]) -> str:
    out = []
    for row in rows:
        if re.fullmatch(r"\|[\s:|-]*-[\s:|-]*\|", row):
            continue
        cells = re.split(r"(?<!\\)\|", row[1:-1])
        texts = (plain_of_markdown(re.sub(r"<br\s*/?>", " ", cell)) for cell in cells)
        out.append("".join(f"<td>{html.escape(' '.join(text.split()))}</td>" for text in texts))
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in out) + "</table>"


def html_of_cells(cells: Iterable[tuple[int, int, int, int, str]]) -> str:
    """Cells (row, column, row span, column span, text) in row-major order."""
    rows: dict[int, list[str]] = {}
    for row, _, row_span, column_span, text in cells:
        spans = (f' rowspan="{row_span}"' if row_span > 1 else "") + (
            f' colspan="{column_span}"' if column_span > 1 else ""
        )
        rows.setdefault(row, []).append(f"<td{spans}>{html.escape(text)}</td>")
    last = max(rows, default=-1)
    return "<table>" + "".join(f"<tr>{''.join(rows.get(r, []))}</tr>" for r in range(last + 1)) + "</table>"


def _table_html(block: TableBlock) -> str:
    return html_of_cells((c.row, c.column, c.row_span, c.column_span, c.text) for c in block.table.cells)


class Truth:
    """A document of the corpus, prepared for scoring."""

    def __init__(self, document: Document) -> None:
        self.forms = [
            normalise("\n".join(self._texts(document, printed, furniture, figures)))
            for printed, furniture, figures in product((False, True), repeat=3)
        ]
        self.blocks = [
            normalise(_logical(block))
            for block in document.blocks()
            if block.order is not None and not isinstance(block, (TableBlock, FigureBlock))
        ]
        self.tables = [_table_html(block) for block in document.blocks() if isinstance(block, TableBlock)]

    @staticmethod
    def _texts(document: Document, printed: bool, furniture: bool, figures: bool) -> Iterable[str]:
        for block in document.blocks():
            if (block.order is None and not furniture) or (isinstance(block, FigureBlock) and not figures):
                continue
            yield "\n".join(line.text for line in block.lines) if printed else _logical(block)


def _logical(block: Block) -> str:
    if isinstance(block, ListBlock):
        # Numbers are text; bullet marks are removed by normalise().
        return "\n".join(f"{item.marker} {item.text}" if item.ordered else item.text for item in block.items)
    return block.text


def f1(answer: Counter[str], truth: Counter[str]) -> float:
    total = answer.total() + truth.total()
    return 2 * (answer & truth).total() / total if total else 1.0


def words(text: str) -> Counter[str]:
    return Counter(re.findall(rf"[{_WIDE}]|[^\s{_WIDE}]+", text))


def order_error(answer: str, blocks: list[str]) -> float | None:
    # Blocks that differ in figures only take the places where such text is found in the order of those places.
    groups: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        head = block[:60]
        if len(head) >= 12:
            groups.setdefault(re.sub(r"[\d.,]+", "0", head), []).append(index)
    places: list[tuple[int, int]] = []
    for group in groups.values():
        found = []
        rest = answer
        for index in group:
            head = blocks[index][:60]
            match = fuzz.partial_ratio_alignment(head, rest) if len(rest) >= len(head) else None
            if match is not None and match.score >= 75:
                found.append(match.dest_start)
                rest = (
                    rest[: match.dest_start]
                    + "\0" * (match.dest_end - match.dest_start)
                    + rest[match.dest_end :]
                )
        places.extend(zip(sorted(found), group, strict=False))
    if len(places) < 2:
        return None
    order = [index for _, index in sorted(places)]
    return Levenshtein.distance(order, sorted(order)) / len(order)


def score_text(answer: str, truth: Truth, reading_order: str | None = None) -> dict[str, float | None]:
    """`reading_order`, if given, is the text whose order counts; by default the same."""
    flat = normalise(answer)
    ordered = flat if reading_order is None else normalise(reading_order)
    characters, answer_words = Counter(flat.replace(" ", "")), words(flat)
    return {
        "character_f1": max(f1(characters, Counter(form.replace(" ", ""))) for form in truth.forms),
        "word_f1": max(f1(answer_words, words(form)) for form in truth.forms),
        "edit": min(Levenshtein.normalized_distance(ordered, form) for form in truth.forms),
        "order": order_error(ordered, truth.blocks),
    }


def score_tables(predicted: list[str], true: list[str]) -> dict[str, Any]:
    """Sums over the true tables, so that means can be taken over a whole class."""
    if not true:
        return {"tables": 0, "teds": 0.0, "teds_s": 0.0, "surplus": len(predicted)}
    full = np.array([[teds(p, t) for p in predicted] for t in true]).reshape(len(true), len(predicted))
    rows, columns = linear_sum_assignment(-full)
    shape = sum(teds(predicted[c], true[r], structure_only=True) for r, c in zip(rows, columns, strict=True))
    return {
        "tables": len(true), "teds": float(full[rows, columns].sum()), "teds_s": float(shape),
        "surplus": len(predicted) - len(rows),
    }  # fmt: skip
