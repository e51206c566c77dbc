"""The two plain strategies: block against block, and page against page."""

from __future__ import annotations

from sampan.documents.evaluation.assignment import assign
from sampan.documents.evaluation.levenshtein import Check
from sampan.documents.evaluation.matching.units import Match, Surplus, Unit, cost_matrix, pair_leftovers


def simple_match(G: list[Unit], P: list[Unit], surplus: Surplus, check: Check | None = None) -> list[Match]:
    """One annotated block to one predicted block, least total distance; nothing is merged or split."""
    matches: list[Match] = []
    missed, left = set(range(len(G))), set(range(len(P)))
    if G and P:
        for g, p in zip(*(side.tolist() for side in assign(cost_matrix(G, P, check))), strict=True):
            matches.append(Match((g,), (P[p],)))
            missed.discard(g)
            left.discard(p)
    return matches + pair_leftovers(G, sorted(missed), [P[p] for p in sorted(left)], surplus)


def no_split(G: list[Unit], P: list[Unit], surplus: Surplus, check: Check | None = None) -> list[Match]:
    """The whole page as one string, in order of the annotation and of the prediction."""
    del surplus, check  # one pair leaves nothing over, and one distance is quick
    if not G and not P:
        return []
    ordered = sorted(range(len(G)), key=lambda g: G[g].position)
    return [Match(tuple(ordered), tuple(sorted(P, key=lambda unit: unit.position)))]
