"""Scores one page: tables, formulas and text are matched and measured, each by its own metric.

The order of steps is OmniDocBench's (tables; exploded tables; ignored blocks; the pool of text and
formulas). Every pair of the result keeps both texts, so that a score can be audited.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from sampan.documents.evaluation.assignment import assign
from sampan.documents.evaluation.elements import Element
from sampan.documents.evaluation.latex import formula_lines, join_lines, latex_to_text, normalise_formula
from sampan.documents.evaluation.levenshtein import (
    edit_distance,
    normalised_matrix,
)
from sampan.documents.evaluation.matching import STRATEGIES, Match, MatchName, Surplus, Unit, windowed_match
from sampan.documents.evaluation.matching.units import cost_matrix, keys
from sampan.documents.evaluation.normalise import normalise_text, plain_text
from sampan.documents.evaluation.table_tree import cell_texts, normalised_table
from sampan.documents.evaluation.teds import table_score
from sampan.documents.evaluation.truth import TruthBlock, TruthPage

IGNORED_MATCH = 0.25
"""A predicted block nearer than this to an ignored one is taken for it."""
TABLE_REJECT = 0.95
"""Tables that have next to nothing in common are not paired."""


@dataclass(frozen=True)
class EvaluationOptions:
    """How pages are compared."""

    match: MatchName = "adaptive"
    surplus: Surplus = "strict"
    page_seconds: float = 300.0
    """After this time a page is matched by near neighbours only."""


@dataclass
class Pair:
    """One compared pair. Empty ids on one side: missed or surplus."""

    kind: Literal["text", "formula", "table"]
    truth_ids: list[str]
    truth: str
    pred: str
    edit: int
    longest: int
    strict_edit: int
    strict_longest: int
    teds: float | None = None
    teds_structure: float | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class PageResult:
    """What was found on one page."""

    name: str
    pairs: list[Pair]
    order_edit: int = 0
    order_length: int = 0
    ignored: list[str] = field(default_factory=list)
    """Ids of ignored blocks that the prediction holds."""
    attributes: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    fallback: bool = False
    missing: bool = False
    """No prediction was found for it."""

    def text_edit(self, strict: bool = False) -> float | None:
        """Sum of edits over sum of lengths of the text pairs; None where there is no text."""
        return self._edit("text", strict)

    def formula_edit(self) -> float | None:
        return self._edit("formula", False)

    def _edit(self, kind: str, strict: bool) -> float | None:
        pairs = [pair for pair in self.pairs if pair.kind == kind]
        longest = sum(pair.strict_longest if strict else pair.longest for pair in pairs)
        edits = sum(pair.strict_edit if strict else pair.edit for pair in pairs)
        return edits / longest if longest else None

    def teds(self, structure: bool = False) -> float | None:
        """Mean over the annotated tables; None where there is none."""
        values = [
            pair.teds_structure if structure else pair.teds for pair in self.pairs if pair.kind == "table"
        ]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    def order(self) -> float | None:
        """Edit distance of the reading order; None with no text found."""
        return self.order_edit / self.order_length if self.order_length else None


class _TimeoutError(Exception):
    pass


def evaluate_page(
    truth: TruthPage, elements: list[Element] | None, options: EvaluationOptions | None = None
) -> PageResult:
    """Compares a prediction (`extract_elements`, `page_elements`) with the annotated page."""
    options = options or EvaluationOptions()
    start = time.monotonic()

    def check() -> None:
        if time.monotonic() - start > options.page_seconds:
            raise _TimeoutError

    result = PageResult(truth.name, [], attributes=truth.attributes, missing=elements is None)
    blocks = [block for block in truth.blocks if block.scored != "none" and block.content.strip()]
    elements = elements or []
    exploded = _tables(blocks, elements, result)
    pool = _predicted_units(elements, exploded)
    G, owners = _truth_units([block for block in blocks if block.scored in ("text", "formula")])
    pool = _drop_ignored([block for block in blocks if block.scored == "ignored"], pool, result)
    try:
        matches = STRATEGIES[options.match](G, pool, options.surplus, check)
    except _TimeoutError:
        result.fallback = True
        matches = windowed_match(G, pool, options.surplus)
    result.pairs += [_pair(match, G, owners) for match in matches]
    result.order_edit, result.order_length = _reading_order(matches, G, owners)
    result.seconds = time.monotonic() - start
    return result


def _tables(
    blocks: list[TruthBlock], elements: list[Element], result: PageResult
) -> list[tuple[Element, int]]:
    """Pairs and scores the tables; gives back the predicted ones without a partner, with their places."""
    truths = [block for block in blocks if block.scored == "table"]
    preds = [(at, element) for at, element in enumerate(elements) if element.kind == "table"]
    truth_html = [normalised_table(block.content) for block in truths]
    pred_html = [normalised_table(element.content) for _, element in preds]
    cost = normalised_matrix(truth_html, pred_html)
    partner: dict[int, int] = {}
    if truths and preds:
        for i, j in zip(*(side.tolist() for side in assign(cost)), strict=True):
            if cost[i, j] <= TABLE_REJECT:
                partner[i] = j
    for i, block in enumerate(truths):
        own = pred_html[partner[i]] if i in partner else ""
        score = table_score(own, truth_html[i])
        longest = max(len(truth_html[i]), len(own))
        edit = edit_distance(truth_html[i], own)
        pred = preds[partner[i]][1].content if i in partner else ""
        result.pairs.append(
            Pair(
                "table",
                [block.id],
                block.content,
                pred,
                edit,
                longest,
                edit,
                longest,
                score.teds,
                score.structure,
                block.attributes,
            )
        )
    used = set(partner.values())
    return [(element, at) for j, (at, element) in enumerate(preds) if j not in used]


def _predicted_units(elements: list[Element], exploded: list[tuple[Element, int]]) -> list[Unit]:
    units: list[Unit] = []
    lost = {at for _, at in exploded}
    for at, element in enumerate(elements):
        if element.kind == "formula":
            for number, line in enumerate(formula_lines(element.content)):
                text = normalise_text(latex_to_text(line))
                position = element.position + number / 1e3
                units.append(Unit(text, line, len(units), position, normalise_formula(line)))
        elif element.kind == "table":
            texts = cell_texts(element.content) if at in lost else []
            for number, raw in enumerate(texts):
                position = element.position + number / (len(texts) + 1)
                units.append(Unit(normalise_text(raw), raw, len(units), position))
        else:
            text = normalise_text(element.content)
            units.append(Unit(text, element.content, len(units), element.position))
    return [unit for unit in units if unit.text or unit.formula]


def _truth_units(blocks: list[TruthBlock]) -> tuple[list[Unit], list[TruthBlock]]:
    """Units in reading order, and the block of each."""
    ordered = sorted(
        enumerate(blocks), key=lambda entry: (entry[1].order is None, entry[1].order or 0, entry[0])
    )
    units: list[Unit] = []
    owners: list[TruthBlock] = []
    for number, (_, block) in enumerate(ordered):
        lines = formula_lines(block.content) if block.scored == "formula" else [block.content]
        for line in lines:
            if block.scored == "formula":
                unit = Unit(
                    normalise_text(latex_to_text(line)), line, number, len(units), normalise_formula(line)
                )
            else:
                unit = Unit(normalise_text(line), line, number, len(units))
            if unit.text or unit.formula:
                units.append(unit)
                owners.append(block)
    return units, owners


def _drop_ignored(ignored: list[TruthBlock], pool: list[Unit], result: PageResult) -> list[Unit]:
    units = [Unit(normalise_text(block.content), block.content, at, at) for at, block in enumerate(ignored)]
    if not units or not pool:
        return pool
    cost = cost_matrix(units, pool)
    gone: set[int] = set()
    for i, j in zip(*(side.tolist() for side in assign(cost)), strict=True):
        if cost[i, j] < IGNORED_MATCH:
            gone.add(j)
            result.ignored.append(ignored[i].id)
    return [unit for j, unit in enumerate(pool) if j not in gone]


def _raw(units: tuple[Unit, ...] | list[Unit], formula: bool) -> str:
    if formula:
        return join_lines([unit.raw for unit in units]) if units else ""
    joined = ""
    for at, unit in enumerate(units):
        if at and unit.source != units[at - 1].source:
            joined += "\n"
        joined += unit.raw
    return joined


def _pair(match: Match, G: list[Unit], owners: list[TruthBlock]) -> Pair:
    truth = [G[g] for g in match.truth]
    formula = all(unit.formula is not None for unit in (*truth, *match.pred))
    a, b = keys(truth, match.pred)
    raw_a, raw_b = _raw(truth, formula), _raw(match.pred, formula)
    strict_a = raw_a if formula else " ".join(plain_text(_as_text(unit)) for unit in truth)
    strict_b = raw_b if formula else plain_text(_raw(tuple(map(_text_unit, match.pred)), False))
    longest, strict_longest = max(len(a), len(b)), max(len(strict_a), len(strict_b))
    attributes: dict[str, str] = {}
    for g in match.truth:
        attributes |= owners[g].attributes
    return Pair(
        "formula" if formula else "text",
        list(dict.fromkeys(owners[g].id for g in match.truth)),
        raw_a,
        raw_b,
        longest if match.lost else edit_distance(a, b),
        longest,
        strict_longest if match.lost else edit_distance(strict_a, strict_b),
        strict_longest,
        attributes=attributes,
    )


def _as_text(unit: Unit) -> str:
    return unit.raw if unit.formula is None else latex_to_text(unit.raw)


def _text_unit(unit: Unit) -> Unit:
    return Unit(unit.text, _as_text(unit), unit.source, unit.position)


def _reading_order(matches: list[Match], G: list[Unit], owners: list[TruthBlock]) -> tuple[int, int]:
    """Edits that sort the annotation's order as the prediction has it, and how many blocks there are.

    Only pairs of text count. Blocks that share a predicted block stand in it as they are found there:
    by the place of their first piece, then in the order of the annotation.
    """
    found: list[tuple[float, int, int]] = []
    for match in matches:
        if match.lost or not match.truth or not match.pred:
            continue
        if any(G[g].formula is not None for g in match.truth):
            continue
        place = min(unit.position for unit in match.pred)
        found += [(place, g, order) for g in match.truth if (order := owners[g].order) is not None]
    sequence = [order for _, _, order in sorted(found)]
    return edit_distance(sequence, sorted(sequence)), len(sequence)
