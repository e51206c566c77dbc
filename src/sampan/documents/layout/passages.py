"""Lines → passages: paragraphs, list items, headings, code; everything that is read from top to bottom as one piece.

Bottom-up, in three steps. (1) Fragments of one printed line are put back together. (2) A line is linked
to the nearest one below it if the two choose each other, look alike, nothing drawn lies between them and
their distance is the page's usual leading; chains of links are columns of running text. (3) Chains are cut
into paragraphs: at a first-line indent, before a list marker, and after a line that ended although the next word
would have fitted, which a typesetter does only at the end of a paragraph.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.intervals import pairwise_overlap
from sampan.documents.layout.evidence import (
    Marker,
    ends_sentence,
    section_depth,
)
from sampan.documents.layout.page_lines import PageLines, weighted_median
from sampan.documents.layout.printed_rows import Rows
from sampan.documents.stages import RegionKind

Boxes = NDArray[np.float64]


@dataclass(slots=True)
class Passage:
    """Lines that belong together, in reading order. Measures are of the page as `PageLines` sees it."""

    members: list[int]
    box: NDArray[np.float64]  # (4,)
    text: str
    """Lines joined by newlines: for looking at, not for printing."""
    text_size: float
    bold: bool
    monospace: bool
    rows: int
    """Printed lines, however many fragments they were read in."""
    marker: Marker | None = None
    column: tuple[float, float] = (0.0, 0.0)
    """Left and right edge of the column that it stands in."""
    ended_early: float = 0.0
    """Share of its lines, but the last, that were ended on purpose."""
    kind: RegionKind = "text"
    tags: set[str] = field(default_factory=set)


def find_passages(
    page: PageLines,
    chosen: NDArray[np.intp],
    horizontal_rulings: Boxes,
    panels: Boxes,
) -> list[Passage]:
    """Passages made of the lines `chosen` of the page, in no special order.

    `horizontal_rulings` (R, 4) and the edges of `panels` (F, 4), shaded areas, part what lies on both sides.
    """
    if not len(chosen):
        return []
    rows = Rows(page, chosen, panels)
    following = _link(rows, horizontal_rulings)
    chains = _chains(following)
    passages: list[Passage] = []
    left, right = _column_edges(rows, chains)
    for chain in _join_code(rows, chains):
        passages += _paragraphs(rows, chain, left, right)
    return passages


def _link(rows: Rows, rulings: Boxes) -> NDArray[np.intp]:
    """For every row the row that carries it on below, or -1."""
    boxes, size = rows.boxes, rows.size if rows.page.styled else rows.apparent_size
    count = len(boxes)
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    width = boxes[:, 2] - boxes[:, 0]
    overlap_x = pairwise_overlap(boxes[:, 0], boxes[:, 2])
    shares_x = overlap_x > 0.1 * np.minimum(width[:, None], width[None])
    drop = middle[None] - middle[:, None]  # (above, below)
    below = shares_x & (drop > 0.45 * np.minimum(size[:, None], size[None]))
    distance = np.where(below, drop, np.inf)
    down = np.where(below.any(axis=1), distance.argmin(axis=1), -1)
    up = np.where(below.any(axis=0), distance.argmin(axis=0), -1)

    # A row over two rows side by side (or under them) lies across columns and carries neither on.
    overlap_y = pairwise_overlap(boxes[:, 1], boxes[:, 3])
    height = boxes[:, 3] - boxes[:, 1]
    beside = (overlap_y > 0.5 * np.minimum(height[:, None], height[None])) & (overlap_x <= 0)

    above = np.flatnonzero((down >= 0) & (up[down] == np.arange(count)))
    under = down[above]
    crosses = (beside[under] & shares_x[above]).any(axis=1) | (beside[above] & shares_x[under]).any(axis=1)
    above, under = above[~crosses], under[~crosses]
    alike = _look_alike(rows, above, under)
    above, under = above[alike], under[alike]
    pitch = drop[above, under] / np.maximum(size[above], size[under])
    usual = _usual_pitch(rows, above, under, pitch)
    # The middles of boxes that a reader found are off by a part of the text size, however wide the leading.
    near = pitch <= (1.2 * usual if rows.page.styled else np.minimum(1.3 * usual, usual + 0.42))
    near &= rows.panel[above] == rows.panel[under]
    if len(rulings):
        y = (rulings[:, 1] + rulings[:, 3]) / 2
        between = (y[None] > middle[above, None]) & (y[None] < middle[under, None])
        start = np.maximum(boxes[above, 0], boxes[under, 0])[:, None]
        end = np.minimum(boxes[above, 2], boxes[under, 2])[:, None]
        # An underline under a word parts nothing: the rule must run under most of what both lines share.
        covered = np.minimum(end, rulings[None, :, 2]) - np.maximum(start, rulings[None, :, 0])
        near &= ~(between & (covered > 0.6 * (end - start))).any(axis=1)
    following = np.full(count, -1, dtype=np.intp)
    following[above[near]] = under[near]
    return following


def _look_alike(rows: Rows, above: NDArray[np.intp], under: NDArray[np.intp]) -> NDArray[np.bool_]:
    size = rows.size if rows.page.styled else rows.apparent_size
    ratio = np.maximum(size[above], size[under]) / np.minimum(size[above], size[under])
    if not rows.page.styled:
        # Box heights depend on which letters reach up and down; short lines may lack both kinds.
        evidence = rows.characters * np.where(rows.square, 2.5, 1.0)
        short = np.minimum(evidence[above], evidence[under]) < 12
        return np.asarray(ratio < np.where(short, 1.5, 1.22))
    alike = (ratio < 1.08) & (rows.monospace[above] == rows.monospace[under])
    same_weight = rows.bold[above] == rows.bold[under]
    # A line in the middle of a bold or plain sentence may turn; after a full stop it is another passage.
    goes_on = np.array([not ends_sentence(rows.text[i]) for i in above], bool) & np.array(
        [rows.text[i][:1].islower() for i in under], bool
    )
    return np.asarray(alike & (same_weight | goes_on))


def _usual_pitch(
    rows: Rows, above: NDArray[np.intp], under: NDArray[np.intp], pitch: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance of lines over text size that is usual among lines of about the same size: (L,)"""
    if not len(pitch):
        return pitch
    weight = np.minimum(rows.characters[above], rows.characters[under])
    overall = _tightest_mode(pitch, weight)
    usual = np.full(len(pitch), overall)
    grade = np.round(np.log(np.maximum(rows.size[above], 1e-6)) / np.log(1.1)) * 2 + rows.monospace[above]
    for value in np.unique(grade):
        same = grade == value
        if same.sum() >= 3 and weight[same].sum() > 60:
            usual[same] = _tightest_mode(pitch[same], weight[same])
    return usual


def _tightest_mode(values: NDArray[np.float64], weights: NDArray[np.int64]) -> float:
    """The smallest value that is about as frequent as the most frequent one."""
    inside = (values > 0.7) & (values < 3.0)
    if weights[inside].sum() < 40:
        return 1.4
    histogram, edges = np.histogram(values[inside], bins=np.arange(0.7, 3.05, 0.05), weights=weights[inside])
    smooth = np.convolve(histogram, [0.5, 1.0, 0.5], mode="same")
    first = int(np.flatnonzero(smooth >= 0.5 * smooth.max())[0])
    near = inside & (values >= edges[max(first - 1, 0)]) & (values <= edges[min(first + 2, len(edges) - 1)])
    return weighted_median(values[near], weights[near]) if near.any() else float(edges[first] + 0.05)


def _chains(following: NDArray[np.intp]) -> list[list[int]]:
    has_previous = np.zeros(len(following), dtype=bool)
    has_previous[following[following >= 0]] = True
    chains = []
    for start in np.flatnonzero(~has_previous):
        chain = [int(start)]
        while following[chain[-1]] >= 0:
            chain.append(int(following[chain[-1]]))
        chains.append(chain)
    return chains


def _column_edges(rows: Rows, chains: list[list[int]]) -> tuple[dict[int, float], dict[int, float]]:
    """Left and right edge of the column around every chain, keyed by the chain's first row."""
    boxes = np.array([np.r_[rows.boxes[c, :2].min(axis=0), rows.boxes[c, 2:].max(axis=0)] for c in chains])
    size = np.array([rows.size[c[0]] for c in chains])
    overlap_y = pairwise_overlap(boxes[:, 1], boxes[:, 3])
    overlap_x = pairwise_overlap(boxes[:, 0], boxes[:, 2])
    left, right = {}, {}
    for k, chain in enumerate(chains):
        aligned = (np.abs(boxes[:, 0] - boxes[k, 0]) < 3.0 * size[k]) & (
            np.abs(np.log(size / size[k])) < 0.25
        )
        neighbours = boxes[(overlap_y[k] > 0) & (overlap_x[k] <= 0)]
        wall = neighbours[neighbours[:, 0] >= boxes[k, 2], 0].min(initial=np.inf)
        edges = boxes[aligned & (boxes[:, 2] <= wall), 2]
        right[chain[0]] = float(max(edges.max(initial=boxes[k, 2]), boxes[k, 2]))
        left[chain[0]] = float(boxes[aligned, 0].min(initial=boxes[k, 0]))
    return left, right


def _is_code(rows: Rows, chain: list[int]) -> bool:
    characters = rows.characters[chain]
    if rows.page.styled:
        return bool(characters[rows.monospace[chain]].sum() > 0.6 * characters.sum())
    evidence = float(rows.code[chain].mean())
    if len(chain) < 2 or evidence <= 0.25:
        return False
    pitch = _even_pitch(rows, chain)
    return evidence > (0.5 if pitch is None else 0.25 if pitch else 0.8)


def _even_pitch(rows: Rows, chain: list[int]) -> bool | None:
    """Whether all characters are equally wide, i.e. the font is monospaced; None if that cannot be told.

    Then width over number of characters is the same for all lines, whatever their letters.
    """
    longest = [rows.longest[i] for i in chain]
    counts = np.array([len(rows.page.lines[i].text.strip()) for i in longest])
    long = counts >= 8
    if long.sum() < 2:
        return None
    boxes = rows.page.boxes[longest][long]
    width = boxes[:, 2] - boxes[:, 0]
    even = np.log(width / counts[long])
    proportional = np.log(width / rows.natural_width[chain][long])
    spread, other = float(even.std()), float(proportional.std())
    if max(spread, other) < 0.02:
        return None
    return spread < 0.75 * other


def _join_code(rows: Rows, chains: list[list[int]]) -> list[list[int]]:
    """Blank lines in a listing break its chain; put the pieces together again."""
    listings = [chain for chain in chains if _is_code(rows, chain)]
    # A few lines between blank ones are code if there is a listing for them to belong to.
    pieces = [
        chain
        for chain in chains
        if len(chain) <= 3 and not rows.page.styled and rows.code[chain].mean() > 0.6
    ]
    candidates = listings + [chain for chain in pieces if chain not in listings]
    others = [chain for chain in chains if chain not in candidates]
    walls = rows.boxes[[i for chain in others for i in chain]] if others else np.zeros((0, 4))
    joined: list[list[int]] = []
    for chain in sorted(candidates, key=lambda c: float(rows.boxes[c[0], 1])):
        earlier = next((c for c in joined if _same_listing(rows, c, chain, walls)), None)
        if earlier is None:
            joined.append(list(chain))
        else:
            earlier += chain
    for chain in joined:
        chain.sort(key=lambda i: float(rows.boxes[i, 1]))
    return others + joined


def _same_listing(rows: Rows, above: list[int], below: list[int], walls: Boxes) -> bool:
    """Whether two pieces of code stand under each other with at most a blank line and nothing else between."""
    one, two = rows.boxes[above], rows.boxes[below]
    em = rows.size[below[0]]
    bottom, top = one[:, 3].max(), two[:, 1].min()
    left, right = min(one[:, 0].min(), two[:, 0].min()), max(one[:, 2].max(), two[:, 2].max())
    apart = max(one[:, 0].min(), two[:, 0].min()) - min(one[:, 2].max(), two[:, 2].max())
    between = (
        (walls[:, 1] >= bottom - 1) & (walls[:, 3] <= top + 1) & (walls[:, 0] < right) & (walls[:, 2] > left)
    )
    return bool(
        top - bottom < 2.2 * em
        and apart < 2.0 * em
        and rows.panel[above[0]] == rows.panel[below[0]]
        and not between.any()
    )


def _paragraphs(
    rows: Rows, chain: list[int], left: dict[int, float], right: dict[int, float]
) -> list[Passage]:
    column = (
        min(left.get(i, np.inf) for i in chain if i in left),
        max(right.get(i, -np.inf) for i in chain if i in right),
    )
    code = _is_code(rows, chain)
    early = _ended_early(rows, chain, column[1])
    if code:
        passage = _passage(rows, chain, column, early)
        passage.kind = "code"
        return [passage]
    centred = _centred(rows, chain)
    # Verse and addresses end every line early: then an early end says nothing.
    loose = len(early) >= 2 and early.mean() > 0.6
    base = float(np.median(rows.boxes[chain, 0])) if len(chain) > 2 else float(rows.boxes[chain, 0].min())
    breaks = [0]
    for k in range(1, len(chain)):
        above, below = chain[k - 1], chain[k]
        em = float(rows.size[below])
        shift = rows.boxes[below, 0] - rows.boxes[above, 0]
        item_start = breaks[-1]
        marker = rows.markers[below]
        if marker is not None and not centred:
            opener = rows.markers[chain[item_start]]
            level = abs(rows.boxes[below, 0] - rows.boxes[chain[item_start], 0]) < 0.6 * em
            sibling = opener is not None and level and opener.ordered == marker.ordered
            if sibling or (marker.certain and (early[k - 1] or abs(shift) > 0.7 * em)):
                breaks.append(k)
                continue
        if section_depth(rows.text[below]) is not None and (early[k - 1] and not loose):
            breaks.append(k)
            continue
        if centred:
            continue
        opener = rows.markers[chain[item_start]]
        hanging = opener is not None and rows.boxes[below, 0] > rows.boxes[chain[item_start], 0] + 0.5 * em
        if hanging:
            # Items keep their hanging lines whatever their ends look like, unless the text steps back out.
            continue
        indented = (
            0.8 * em < rows.boxes[below, 0] - base < 5 * em and abs(rows.boxes[above, 0] - base) < 0.6 * em
        )
        stepped_out = shift < -0.8 * em and opener is not None and k - 1 > item_start
        if indented or stepped_out or (early[k - 1] and not loose):
            breaks.append(k)
    pieces = [chain[a:b] for a, b in zip(breaks, [*breaks[1:], len(chain)], strict=True)]
    return [
        _passage(rows, piece, column, early[a : a + len(piece) - 1])
        for piece, a in zip(pieces, breaks, strict=True)
    ]


def _ended_early(rows: Rows, chain: list[int], right: float) -> NDArray[np.bool_]:
    """For every row but the last: whether the next row's first word would have fitted behind it."""
    space = 0.35 * rows.size[chain]
    return np.array(
        [
            right - rows.boxes[a, 2] > 1.1 * rows.first_word_width(b) + s
            for a, b, s in zip(chain[:-1], chain[1:], space, strict=False)
        ],
        dtype=bool,
    )


def _centred(rows: Rows, chain: list[int]) -> bool:
    if len(chain) < 2:
        return False
    boxes = rows.boxes[chain]
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    em = rows.size[chain[0]]
    return bool(np.ptp(middle) < 0.6 * em and np.ptp(boxes[:, 0]) > 1.2 * em)


def _passage(rows: Rows, chain: list[int], column: tuple[float, float], early: NDArray[np.bool_]) -> Passage:
    boxes = rows.boxes[chain]
    characters = rows.characters[chain]
    return Passage(
        members=[i for row in chain for i in rows.members[row]],
        box=np.r_[boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)],
        text="\n".join(rows.text[i] for i in chain),
        text_size=weighted_median(rows.apparent_size[chain], characters),
        bold=bool(characters[rows.bold[chain]].sum() > 0.8 * characters.sum()),
        monospace=bool(characters[rows.monospace[chain]].sum() > 0.6 * characters.sum()),
        rows=len(chain),
        marker=rows.markers[chain[0]],
        column=column,
        ended_early=float(early.mean()) if len(early) else 0.0,
    )
