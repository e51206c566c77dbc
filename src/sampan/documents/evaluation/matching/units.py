"""What matching works on: units of text or formula, and the bonds between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sampan.documents.evaluation.assignment import assign
from sampan.documents.evaluation.levenshtein import Check, distance_matrix, edit_distance

Surplus = Literal["strict", "official"]
"""What predicted blocks without a partner cost.

strict: every one its full length. official: they are paired with what was missed (cost of the longer
side), dropped if anything was missed, and joined into one surplus pair only where nothing was.
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """One block, or a part of one."""

    text: str
    """Normalised as text; formulas converted."""
    raw: str
    source: int
    """Number of the block it comes from, on its own side."""
    position: float
    formula: str | None = None
    """Normalised as a formula; None for text."""


@dataclass(frozen=True, slots=True)
class Match:
    """Annotated units (numbers) and the predicted units or parts that stand for them, in order."""

    truth: tuple[int, ...]
    pred: tuple[Unit, ...]
    lost: bool = False
    """Paired only for the count: it costs its full length whatever it says."""


def keys(truth: Sequence[Unit], pred: Sequence[Unit]) -> tuple[str, str]:
    """What a pair is compared by: as formulas if both sides are formulas only, otherwise as text."""
    if all(unit.formula is not None for unit in (*truth, *pred)):
        return "".join(u.formula or "" for u in truth), "".join(u.formula or "" for u in pred)
    return "".join(u.text for u in truth), "".join(u.text for u in pred)


def match_cost(G: Sequence[Unit], match: Match) -> tuple[int, int]:
    """(edits, length of the longer side) of one match."""
    a, b = keys([G[g] for g in match.truth], match.pred)
    longest = max(len(a), len(b))
    return (longest if match.lost else edit_distance(a, b)), longest


def cost_matrix(G: Sequence[Unit], P: Sequence[Unit], check: Check | None = None) -> NDArray[np.float64]:
    """Normalised edit distances (|G|, |P|), formula against formula by their own rule; empty pairs cost 1."""
    cost = _normalised([g.text for g in G], [p.text for p in P], check)
    gs = [i for i, g in enumerate(G) if g.formula is not None]
    ps = [j for j, p in enumerate(P) if p.formula is not None]
    if gs and ps:
        own = _normalised([G[i].formula or "" for i in gs], [P[j].formula or "" for j in ps], check)
        cost[np.ix_(gs, ps)] = own
    return cost


def _normalised(a: list[str], b: list[str], check: Check | None) -> NDArray[np.float64]:
    longest = np.maximum.outer(
        np.array([len(x) for x in a], np.int64), np.array([len(x) for x in b], np.int64)
    )
    cost: NDArray[np.float64] = distance_matrix(a, b, check) / np.maximum(longest, 1)
    cost[longest == 0] = 1.0
    return cost


def pair_leftovers(
    G: Sequence[Unit], missed: list[int], surplus_units: list[Unit], surplus: Surplus
) -> list[Match]:
    """What becomes of units without a partner."""
    if surplus == "strict":
        alone = [Match((g,), (), lost=True) for g in missed]
        return alone + [Match((), (p,), lost=True) for p in surplus_units]
    matches: list[Match] = []
    if missed and surplus_units:
        rows, columns = assign(cost_matrix([G[g] for g in missed], surplus_units))
        taken = set(rows.tolist())
        matches += [
            Match((missed[i],), (surplus_units[j],), lost=True)
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
        # Surplus beyond the number of missed blocks is dropped: a quirk of the official rule.
        missed = [g for i, g in enumerate(missed) if i not in taken]
        surplus_units = []
    matches += [Match((g,), (), lost=True) for g in missed]
    if surplus_units:
        matches.append(Match((), tuple(surplus_units), lost=True))
    return matches
