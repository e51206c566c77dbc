"""`quick_match`: OmniDocBench's matcher up to version 1.5.

Hungarian matching on normalised edit distances, after runs of predicted blocks that together are
like one annotated block were merged, and before annotated blocks that lie inside one predicted
block were put together. Thresholds and order of steps are the official runtime's.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.evaluation.assignment import assign
from sampan.documents.evaluation.levenshtein import Check, normalised_edit_distance, same_length_window
from sampan.documents.evaluation.matching.units import Match, Surplus, Unit, cost_matrix, keys, pair_leftovers

ANCHOR = 0.25
FRAGMENT = 0.6
REJECT = 0.7
SHARE = 0.4


def quick_match(G: list[Unit], P: list[Unit], surplus: Surplus, check: Check | None = None) -> list[Match]:
    """Matches of annotated blocks G with predicted blocks P."""
    matches, missed, left = quick_links(G, P, check)
    return matches + pair_leftovers(G, missed, left, surplus)


def quick_links(
    G: list[Unit], P: list[Unit], check: Check | None = None
) -> tuple[list[Match], list[int], list[Unit]]:
    """The matches proper, the annotated blocks that were missed, and the predicted blocks left over."""
    if not G or not P:
        return [], list(range(len(G))), list(P)
    cost = cost_matrix(G, P, check)
    runs = _merged_runs(G, P, cost, check)
    inside = {p for run in runs for p in range(run.first, run.stop)}
    columns: list[tuple[Unit, ...]] = [(unit,) for unit in P]
    if runs:
        columns = [tuple(P[run.first : run.stop]) for run in runs]
        columns += [(unit,) for p, unit in enumerate(P) if p not in inside]
        columns.sort(key=lambda column: column[0].position)
        cost = cost_matrix(G, [_merge(column) for column in columns], check)
    owners: dict[int, list[int]] = {}  # column → annotated blocks
    for g, column in zip(*(side.tolist() for side in assign(cost)), strict=True):
        if cost[g, column] <= REJECT:
            owners[column] = [g]
    assigned = {g for group in owners.values() for g in group}
    for g in range(len(G)):
        if g in assigned:
            continue
        windows = [
            (same_length_window(*keys([G[g]], column), SHARE, check), at) for at, column in enumerate(columns)
        ]
        best, column = min(windows)
        if best < SHARE:
            owners.setdefault(column, []).append(g)
            assigned.add(g)
    matches = [Match(tuple(sorted(group)), columns[column]) for column, group in sorted(owners.items())]
    missed = [g for g in range(len(G)) if g not in assigned]
    left = [unit for at, column in enumerate(columns) if at not in owners for unit in column]
    return matches, missed, left


def _merge(column: tuple[Unit, ...]) -> Unit:
    if len(column) == 1:
        return column[0]
    formulas = [unit.formula for unit in column]
    whole = None if None in formulas else "".join(f or "" for f in formulas)
    return Unit("".join(u.text for u in column), "", column[0].source, column[0].position, whole)


@dataclass(frozen=True, slots=True)
class _Run:
    truth: int
    first: int
    stop: int
    cost: float


def _merged_runs(G: list[Unit], P: list[Unit], cost: NDArray[np.float64], check: Check | None) -> list[_Run]:
    """Runs of two and more predicted blocks to be taken as one."""
    loose_g = [g for g in range(len(G)) if not (cost[g] < ANCHOR).any()]
    anchored_p = [bool((cost[:, p] < ANCHOR).any()) for p in range(len(P))]
    candidates = []
    for g in loose_g:
        truth = G[g]
        size = len(truth.text)
        fits: dict[int, bool] = {}

        def fragment(p: int, truth: Unit = truth, fits: dict[int, bool] = fits) -> bool:
            if p not in fits:
                fits[p] = same_length_window(P[p].text, truth.text, FRAGMENT, check) < FRAGMENT
            return fits[p]

        best: _Run | None = None
        for first in range(len(P)):
            if anchored_p[first] or not P[first].text or len(P[first].text) > size or not fragment(first):
                continue
            merged, value = P[first].text, float(cost[g, first])
            for p in range(first + 1, len(P)):
                if anchored_p[p] or len(merged) > size or len(P[p].text) > size:
                    break
                if P[p].text and not fragment(p):
                    break
                joined = f"{merged} {P[p].text}"
                now = normalised_edit_distance(truth.text, joined)
                if now > value:
                    break
                merged, value = joined, now
                if best is None or value < best.cost:
                    best = _Run(g, first, p + 1, value)
        if best is not None:
            candidates.append(best)
    return _consistent(candidates)


def _consistent(runs: list[_Run]) -> list[_Run]:
    """Runs without overlap: in every knot of overlapping runs the combination with the lowest mean cost."""
    runs = sorted(runs, key=lambda run: (run.first, run.stop))
    knots: list[list[_Run]] = []
    reach = -1
    for run in runs:
        if run.first >= reach:
            knots.append([])
        knots[-1].append(run)
        reach = max(reach, run.stop)
    chosen: list[_Run] = []
    for knot in knots:
        if len(knot) > 10:  # too many combinations: the cheapest first
            kept: list[_Run] = []
            for run in sorted(knot, key=lambda r: r.cost):
                if all(run.stop <= other.first or other.stop <= run.first for other in kept):
                    kept.append(run)
            chosen += kept
            continue
        best: tuple[float, int, tuple[_Run, ...]] | None = None
        for size in range(1, len(knot) + 1):
            for combination in itertools.combinations(knot, size):
                if any(a.stop > b.first for a, b in itertools.pairwise(combination)):
                    continue
                entry = (sum(run.cost for run in combination) / size, -size, combination)
                if best is None or entry[:2] < best[:2]:
                    best = entry
        chosen += best[2] if best else ()
    return chosen
