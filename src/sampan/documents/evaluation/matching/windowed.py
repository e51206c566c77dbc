"""What a page falls back to when matching takes too long: only near neighbours are compared.

Block g is compared with the predicted blocks whose relative place is within SPAN of its own, and
every step away costs a little, so that work grows with the length of the page and not its square.
"""

from __future__ import annotations

import numpy as np

from sampan.documents.evaluation.assignment import assign
from sampan.documents.evaluation.levenshtein import Check
from sampan.documents.evaluation.matching.units import Match, Surplus, Unit, cost_matrix, pair_leftovers

SPAN = 10
ORDER_PENALTY = 0.10
REJECT = 0.7
LONGEST = 20_000
"""Longer blocks are compared by their first characters only."""


def windowed_match(G: list[Unit], P: list[Unit], surplus: Surplus, check: Check | None = None) -> list[Match]:
    """One to one within the window."""
    del check  # it must come to an end
    cost = np.ones((len(G), len(P)))
    scale = len(P) / max(len(G), 1)
    for g, unit in enumerate(G):
        centre = g * scale
        low, high = max(int(centre) - SPAN, 0), min(int(centre) + SPAN + 1, len(P))
        if low < high:
            near = cost_matrix([_cut(unit)], [_cut(p) for p in P[low:high]])[0]
            away = np.abs(np.arange(low, high) - centre) / SPAN
            cost[g, low:high] = np.minimum(near + ORDER_PENALTY * away, 1.0)
    matches: list[Match] = []
    missed, left = set(range(len(G))), set(range(len(P)))
    if G and P and len(G) * len(P) <= 4_000_000:
        for g, p in zip(*(side.tolist() for side in assign(cost)), strict=True):
            if cost[g, p] <= REJECT:
                matches.append(Match((g,), (P[p],)))
                missed.discard(g)
                left.discard(p)
    return matches + pair_leftovers(G, sorted(missed), [P[p] for p in sorted(left)], surplus)


def _cut(unit: Unit) -> Unit:
    if len(unit.text) <= LONGEST:
        return unit
    return Unit(unit.text[:LONGEST], unit.raw, unit.source, unit.position, None)
