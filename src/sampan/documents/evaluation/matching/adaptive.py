"""Matching that does not care how finely the prediction is cut (MGAM, OmniDocBench 1.6).

The annotation is fixed; several ways of cutting the prediction compete, and in every local group of
blocks the one with the least total edit distance wins (MinerU2.5-Pro, arXiv 2604.04771, §5.2–5.3):

1. as it is, through `quick_match`;
2. in pieces: lines, sentences and what lies between the ends of annotated blocks, each given to the
   annotated block that holds the stretch most like it. The assignment of all pieces together is a
   shortest path (Viterbi) in which a change of block costs a little, so that short or repeated pieces
   follow their neighbours;
3. every contiguous partition of the group's pieces, by dynamic programming. This is exact for the
   order of the group's blocks, where the paper enumerates 2^(n−1) partitions.

Groups are the connected parts of the graph of bonds that 1 and 2 found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sampan.documents.evaluation.latex import formula_lines, latex_to_text, normalise_formula
from sampan.documents.evaluation.levenshtein import Check, Packed, edit_distance, prefix_distances
from sampan.documents.evaluation.matching.quick import ANCHOR, REJECT, SHARE, quick_links
from sampan.documents.evaluation.matching.units import Match, Surplus, Unit, keys, match_cost, pair_leftovers
from sampan.documents.evaluation.normalise import inline_maths_spans, normalise_text

CHANGE = 0.5
"""Cost, in characters, of giving a piece to another block than the piece before."""
STRANGE = 0.6
"""A piece of which this share is wrong at its best place belongs to no block."""
MAX_WORK = 4_000_000
"""Bound of the characters looked at by the dynamic programme of one group: some seconds."""

_BREAK = re.compile(r"(?<=[.!?;:…])(?=\s)|(?<=[.!?…][\"'”’)\]])(?=\s)|(?<=[。！？；：])|(?<=\n)")


def adaptive_match(G: list[Unit], P: list[Unit], surplus: Surplus, check: Check | None = None) -> list[Match]:
    """Matches of annotated blocks G with predicted blocks P, or with parts of them."""
    as_is, unfound, _ = quick_links(G, P, check)
    # Where nothing is missed and a block has a near partner of its own, no seam is hidden in it.
    plain = set() if unfound else {match.pred[0].source for match in as_is if _is_near_pair(G, match)}
    seams = _seams(G, P, plain, check)
    pieces = [piece for unit, cuts in zip(P, seams, strict=True) for piece in split_unit(unit, cuts)]
    owner = _assign_pieces(G, pieces, check)
    matches: list[Match] = []
    used: set[int] = set()  # pieces, by place in `pieces`
    for group in _groups(as_is, pieces, owner):
        truth, sources = group
        own = [k for k, piece in enumerate(pieces) if piece.source in sources]
        candidates = [
            [match for match in as_is if set(match.truth) <= truth],
            _joined(pieces, [(owner[k], k) for k in own if owner[k] >= 0]),
        ]
        best = min(candidates, key=lambda c: _total(G, truth, [pieces[k] for k in own], c))
        least = _total(G, truth, [pieces[k] for k in own], best)
        order = _group_order(truth, own, owner, as_is)
        if least and len(own) * sum(_reach(G[g]) for g in truth) <= MAX_WORK:
            cut = contiguous_partition(G, order, [pieces[k] for k in own], check)
            if _total(G, truth, [pieces[k] for k in own], cut) < least:
                best = cut
        for match in best:
            edits, longest = match_cost(G, match)
            if longest and edits / longest > REJECT:
                continue
            matches.append(match)
            used |= _covered(match, pieces, own)
    found = {g for match in matches for g in match.truth}
    missed = [g for g in range(len(G)) if g not in found]
    left = _rest(P, pieces, used)
    return matches + pair_leftovers(G, missed, left, surplus)


def _is_near_pair(G: Sequence[Unit], match: Match) -> bool:
    edits, longest = match_cost(G, match)
    return len(match.truth) == len(match.pred) == 1 and edits < ANCHOR * longest


def _seams(G: list[Unit], P: list[Unit], plain: set[int], check: Check | None) -> list[list[int]]:
    """For every predicted block the places, in its normalised text, where annotated blocks begin or end in it.

    So a heading that was glued to its paragraph is cut off although no full stop marks the place.
    """
    if not G:
        return [[] for _ in P]
    sizes = np.array([len(g.text) for g in G])
    ahead = Packed.of([g.text for g in G])
    back = Packed.of([g.text[::-1] for g in G])
    seams: list[list[int]] = []
    for unit in P:
        # A block that is as long as the prediction has its ends where the prediction has them.
        inside = (sizes > 0) & (sizes < len(unit.text))
        if unit.formula is not None or unit.source in plain or not inside.any():
            seams.append([])
            continue
        away, ends = ahead.best_windows(unit.text, check)
        near = inside & (away < SHARE * sizes)
        places = set(ends[near].tolist())
        if near.any():
            _, ends = back.best_windows(unit.text[::-1], check)
            places |= set((len(unit.text) - ends[near]).tolist())
        seams.append(sorted(place for place in places if 0 < place < len(unit.text)))
    return seams


def split_unit(unit: Unit, seams: Sequence[int] = ()) -> list[Unit]:
    """Lines and sentences of a text, lines of a formula. Joined again they give the unit's text.

    `seams` are further places to cut at, counted in the normalised text.
    """
    if unit.formula is not None:
        lines = formula_lines(unit.raw)
        if len(lines) == 1:
            return [unit]
        return [
            Unit(
                normalise_text(latex_to_text(line)),
                line,
                unit.source,
                unit.position + at / 1e6,
                normalise_formula(line),
            )
            for at, line in enumerate(lines)
        ]
    maths = inline_maths_spans(unit.raw)
    cuts = [0]
    for match in _BREAK.finditer(unit.raw):
        if not any(start < match.start() < stop for start, stop in maths):
            cuts.append(match.start())
    if seams:
        # Only where the normaliser did nothing but delete is a place in its text one in the raw text.
        words = [match.start() for match in re.finditer(r"\w", unit.raw)]
        if "".join(unit.raw[at] for at in words) == unit.text:
            cuts = sorted({*cuts, *(words[place] for place in seams)})
    raws = [unit.raw[a:b] for a, b in zip(cuts, [*cuts[1:], len(unit.raw)], strict=True)]
    pieces = [
        Unit(normalise_text(raw), raw, unit.source, unit.position + at / 1e6)
        for at, raw in enumerate(raws)
        if raw.strip()
    ]
    # Marks that span a break (emphasis over two sentences) read differently in parts: then no split.
    return pieces if pieces and "".join(piece.text for piece in pieces) == unit.text else [unit]


def _assign_pieces(G: list[Unit], pieces: list[Unit], check: Check | None) -> NDArray[np.int64]:
    """Annotated block of every piece, −1 for none: (K,)."""
    if not G or not pieces:
        return np.full(len(pieces), -1, np.int64)
    lengths = np.array([len(piece.text) for piece in pieces], np.float64)
    packed = Packed.of([piece.text for piece in pieces])
    away = np.stack([packed.window_distances(g.text, check) for g in G]).astype(np.float64)  # (N, K)
    nowhere = STRANGE * lengths
    costs = np.concatenate([away, nowhere[None]])  # (N + 1, K); the last state is "no block"
    total = costs[:, 0].copy()
    came = np.zeros((len(pieces), len(costs)), np.int64)
    for k in range(1, len(pieces)):
        cheapest = int(total.argmin())
        change = total[cheapest] + CHANGE < total
        came[k] = np.where(change, cheapest, np.arange(len(costs)))
        total = np.where(change, total[cheapest] + CHANGE, total) + costs[:, k]
    state = int(total.argmin())
    owner = np.empty(len(pieces), np.int64)
    for k in range(len(pieces) - 1, -1, -1):
        owner[k] = state
        state = int(came[k][state])
    owner[owner == len(G)] = -1
    return owner


def _joined(pieces: list[Unit], bonds: list[tuple[int, int]]) -> list[Match]:
    parts: dict[int, list[int]] = {}
    for g, k in bonds:
        parts.setdefault(g, []).append(k)
    return [Match((g,), tuple(pieces[k] for k in own)) for g, own in sorted(parts.items())]


def _groups(
    as_is: list[Match], pieces: list[Unit], owner: NDArray[np.int64]
) -> Iterable[tuple[set[int], set[int]]]:
    """Connected annotated blocks and sources of predicted text."""
    leader: dict[tuple[str, int], tuple[str, int]] = {}

    def find(node: tuple[str, int]) -> tuple[str, int]:
        leader.setdefault(node, node)
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for match in as_is:
        for g in match.truth:
            for unit in match.pred:
                leader[find(("g", g))] = find(("p", unit.source))
    for piece, g in zip(pieces, owner.tolist(), strict=True):
        if g >= 0:
            leader[find(("g", g))] = find(("p", piece.source))
    groups: dict[tuple[str, int], tuple[set[int], set[int]]] = {}
    for node in list(leader):
        truth, sources = groups.setdefault(find(node), (set(), set()))
        (truth if node[0] == "g" else sources).add(node[1])
    return [group for group in groups.values() if group[0]]


def _group_order(truth: set[int], own: list[int], owner: NDArray[np.int64], as_is: list[Match]) -> list[int]:
    """Blocks of a group in the order in which the prediction has them; strangers in their own order."""
    first: dict[int, float] = {}
    for k in own:
        if int(owner[k]) in truth:
            first.setdefault(int(owner[k]), k)
    for match in as_is:
        known = [first[g] for g in match.truth if g in first]
        for g in match.truth:
            if g in truth and known:
                first.setdefault(g, known[0])
    order: list[int] = []
    for g in sorted(truth):  # a block without a piece stands behind its forerunner in the annotation
        if g not in first:
            first[g] = first[order[-1]] + 0.5 if order else -1.0
        order.append(g)
    return sorted(truth, key=lambda g: (first[g], g))


def contiguous_partition(
    G: Sequence[Unit], order: list[int], pieces: list[Unit], check: Check | None = None
) -> list[Match]:
    """The cheapest way to cut `pieces` into stretches for the blocks of `order`, one after the other.

    A block may stay empty and a piece may belong to none; both cost their length.
    """
    n = len(pieces)
    lengths = [len(piece.text) for piece in pieces]
    total = np.concatenate([[0.0], np.cumsum(lengths)])  # no block yet: every piece is surplus
    choices: list[list[tuple[int, bool]]] = []  # [block][k] → (k before, whether the stretch is the block's)
    for g in order:
        if check is not None:
            check()
        size = len(G[g].text)
        now = total + size
        choice = [(k, False) for k in range(n + 1)]
        for start in range(n):
            for stop, edits in enumerate(_stretches(G[g], pieces[start:]), start=start + 1):
                if total[start] + edits < now[stop]:
                    now[stop], choice[stop] = total[start] + edits, (start, True)
        for k in range(1, n + 1):
            if now[k - 1] + lengths[k - 1] < now[k]:
                now[k], choice[k] = now[k - 1] + lengths[k - 1], (-1, False)
        choices.append(choice)
        total = now
    matches = []
    k = n
    for g, choice in zip(reversed(order), reversed(choices), strict=True):
        while choice[k][0] == -1:
            k -= 1
        before, filled = choice[k]
        if filled:
            matches.append(Match((g,), tuple(pieces[before:k])))
        k = before
    return matches[::-1]


def _stretches(g: Unit, pieces: list[Unit]) -> list[int]:
    """Distances of a block to the first piece, the first two …, as far as they are not much longer than it."""
    longest = _reach(g)
    count, length = 0, 0
    while count < len(pieces) and length + len(pieces[count].text) <= longest:
        length += len(pieces[count].text)
        count += 1
    if g.formula is None:
        return prefix_distances(g.text, [piece.text for piece in pieces[:count]])
    return [edit_distance(*keys([g], pieces[:stop])) for stop in range(1, count + 1)]


def _reach(g: Unit) -> float:
    """Longest stretch of text that may stand for a block."""
    return 1.6 * len(g.text) + 100


def _total(G: Sequence[Unit], truth: set[int], own: list[Unit], matches: list[Match]) -> int:
    """Edits of the matches, and the length of everything that they leave out."""
    cost = sum(match_cost(G, match)[0] for match in matches)
    cost += sum(len(G[g].text) for g in truth - {g for match in matches for g in match.truth})
    used = sum(len(unit.text) for match in matches for unit in match.pred)
    return cost + max(sum(len(unit.text) for unit in own) - used, 0)


def _covered(match: Match, pieces: list[Unit], own: list[int]) -> set[int]:
    places = {(unit.source, unit.position) for unit in match.pred}
    whole = {unit.source for unit in match.pred if not any(unit is pieces[k] for k in own)}
    return {k for k in own if (pieces[k].source, pieces[k].position) in places or pieces[k].source in whole}


def _rest(P: list[Unit], pieces: list[Unit], used: set[int]) -> list[Unit]:
    """What no match took, neighbouring pieces of one block joined."""
    rest: list[Unit] = []
    touched = {pieces[k].source for k in used}
    for unit in P:
        if unit.source not in touched:
            rest.append(unit)
    previous = -2
    for k, piece in enumerate(pieces):
        if k in used or piece.source not in touched:
            continue
        if previous == k - 1 and rest[-1].source == piece.source:
            last = rest[-1]
            formula = None if last.formula is None else last.formula + (piece.formula or "")
            rest[-1] = Unit(last.text + piece.text, last.raw + piece.raw, last.source, last.position, formula)
        else:
            rest.append(piece)
        previous = k
    return sorted(rest, key=lambda unit: unit.position)
