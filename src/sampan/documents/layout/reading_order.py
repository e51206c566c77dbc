"""Reading order of blocks: XY-cut with cross-layout blocks masked.

After the "enhanced XY-cut" of PP-StructureV3 (PaddleOCR 3.0 report, arXiv 2507.05595): headers come
first and footers last; the body is cut at blocks that lie across its columns; what remains is cut
recursively at white gaps; blocks that lie across some of several columns are masked meanwhile and
inserted back where they stand. Three rules are ours:

- A vertical gap separates columns only if something stands side by side across it. A date at the right
  over a name at the left are two rows, not two columns.
- A block over a column gap cuts the page only together with its whole horizontal slab (the stretch between
  two page-wide white gaps), so a row of authors over two columns stays one row.
- Single lines side by side in several rows are read row by row (forms), everything else column by column.

Right-to-left pages are mirrored first, and pages of vertical lines are turned so that their columns, right to left,
become rows from top to bottom. The recursion then always works on left-to-right pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.intervals import gaps, groups, pairwise_overlap
from sampan.documents.model import Box, Direction
from sampan.documents.stages import RegionKind

Boxes = NDArray[np.float64]

SHRINK = 0.06
"""Part of the text height by which boxes are shrunk on each side, so that touching blocks still leave a gap."""
WIDE_GAP = 3.0
"""White gap across all columns, in text heights, that ends a section."""


def reading_order(
    boxes: Sequence[Box],
    kinds: Sequence[RegionKind],
    size: tuple[float, float],
    *,
    text_height: float,
    direction: Direction = "ltr",
) -> list[int]:
    """Indices of `boxes` in the order in which a person reads them."""
    if not boxes:
        return []
    upright = face_right(np.asarray(boxes, dtype=np.float64), size, direction)
    rank = np.array([_RANK.get(kind, 1) for kind in kinds])
    ordered: list[int] = []
    for part in range(4):
        chosen = np.flatnonzero(rank == part)
        if part in (0, 3):
            ordered += sorted(
                chosen.tolist(), key=lambda i: (round(upright[i, 1] / text_height), upright[i, 0])
            )
        elif len(chosen):
            headings = np.array([kind in ("title", "heading") for kind in kinds])
            shrunk = upright + np.array([1, 1, -1, -1]) * SHRINK * text_height
            # A box thinner than twice the margin must not turn inside out.
            shrunk[:, 2:] = np.maximum(shrunk[:, 2:], shrunk[:, :2] + 1e-3)
            ordered += _Cutter(shrunk, headings, text_height).order(chosen)
    return ordered


_RANK: dict[str, int] = {"header": 0, "footnote": 2, "footer": 3, "page_number": 3}


def face_right(boxes: Boxes, size: tuple[float, float], direction: Direction) -> Boxes:
    """Boxes (N, 4) seen so that text runs left to right and the next line lies below."""
    if direction == "rtl":
        return np.stack([size[0] - boxes[:, 2], boxes[:, 1], size[0] - boxes[:, 0], boxes[:, 3]], axis=1)
    if direction == "ttb":
        return np.stack([boxes[:, 1], size[0] - boxes[:, 2], boxes[:, 3], size[0] - boxes[:, 0]], axis=1)
    return boxes


class _Cutter:
    """Cuts one set of blocks recursively. All arrays are indexed by block."""

    def __init__(self, boxes: Boxes, headings: NDArray[np.bool_], text_height: float) -> None:
        self.boxes = boxes
        self.headings = headings
        self.text_height = text_height
        self.overlap_x = pairwise_overlap(boxes[:, 0], boxes[:, 2])
        self.overlap_y = pairwise_overlap(boxes[:, 1], boxes[:, 3])
        height = boxes[:, 3] - boxes[:, 1]
        least = 0.3 * np.minimum(height[:, None], height[None])
        self.beside: NDArray[np.bool_] = np.asarray(
            (self.overlap_x <= 0) & (self.overlap_y > least)
        )  # (N, N)
        self.single_line: NDArray[np.bool_] = np.asarray(height < 1.7 * text_height)

    def order(self, members: NDArray[np.intp]) -> list[int]:
        if len(members) <= 1:
            return [int(i) for i in members]
        if not self.beside[np.ix_(members, members)].any():
            return self._top_down(members)
        for cut in (
            self._sections,
            self._rows,
            self._top_row,
            self._headed_sections,
            self._columns,
            self._slabs,
        ):
            parts = cut(members)
            if len(parts) > 1:
                return [i for part in parts for i in self.order(part)]
        crossing = self._crossing(members)
        if crossing.any() and not crossing.all():
            return self._insert(self.order(members[~crossing]), members[crossing])
        return self._top_down(members)

    def _top_down(self, members: NDArray[np.intp]) -> list[int]:
        """By top edge; blocks that start on the same line by left edge."""
        boxes = self.boxes[members]
        by_top = members[np.argsort(boxes[:, 1], kind="stable")].tolist()
        ordered: list[int] = []
        while by_top:
            first = by_top[0]
            middle = min(self.boxes[first, 3], self.boxes[first, 1] + self.text_height)
            row = [i for i in by_top if (self.boxes[i, 1] + min(self.boxes[i, 3], middle)) / 2 < middle
                   and (i == first or self.beside[first, i])]  # fmt: skip
            following = min(row, key=lambda i: self.boxes[i, 0])
            ordered.append(following)
            by_top.remove(following)
        return ordered

    def _split(self, members: NDArray[np.intp], axis: int, minimum: float) -> list[NDArray[np.intp]]:
        number = groups(self.boxes[members, axis], self.boxes[members, axis + 2], minimum)
        return [members[number == k] for k in np.unique(number)]

    def _sections(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        return self._split(members, 1, WIDE_GAP * self.text_height)

    def _rows(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Forms: nothing but single lines, of which most stand side by side."""
        if not self.single_line[members].all():
            return [members]
        rows = self._split(members, 1, 0.0)
        beside = self.beside[np.ix_(members, members)].any(axis=1)
        return rows if beside.mean() >= 0.6 and len(rows) > 1 else [members]

    def _top_row(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Single lines side by side above everything else, such as authors: one row, though columns may follow."""
        first, *rest = self._split(members, 1, 0.8 * self.text_height)
        grid = np.ix_(first, first)
        if (
            not rest
            or len(first) < 2
            or not self.single_line[first].all()
            or self.headings[first].any()
            or not self.beside[grid].any(axis=1).all()
        ):
            return [members]
        return [first, np.concatenate(rest)]

    def _columns(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        boxes = self.boxes[members]
        beside = self.beside[np.ix_(members, members)]
        gutters = []
        for start, end in gaps(boxes[:, 0], boxes[:, 2], 0.25 * self.text_height):
            left, right = boxes[:, 2] <= start, boxes[:, 0] >= end
            if beside[np.ix_(left, right)].any():
                gutters.append(end)
        if not gutters:
            return [members]
        number = np.searchsorted(np.array(gutters), boxes[:, 0], side="right")
        return [members[number == k] for k in np.unique(number)]

    def _headed_sections(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Cut above headings under which all columns start anew: nothing stands beside them or close by.

        All columns must end just above the heading, as they do where somebody balanced them.
        """
        boxes = self.boxes[members]
        beside = np.atleast_1d(self.beside[np.ix_(members, members)].any(axis=1))
        cuts = []
        for k in np.flatnonzero(self.headings[members] & ~beside):
            top, bottom = boxes[k, 1], boxes[k, 3]
            reach = 0.5 * self.text_height
            near = (boxes[:, 1] < bottom + 0.3 * reach) & (boxes[:, 3] > top - reach)
            above, below = boxes[:, 3] <= top, boxes[:, 1] >= bottom
            if near.sum() > 1 or not beside[above].any() or not beside[below].any():
                continue
            if self._columns_end(boxes[above & beside], top):
                cuts.append(top)
        number = np.searchsorted(np.sort(np.array(cuts)), boxes[:, 1], side="right")
        return [members[number == k] for k in np.unique(number)]

    def _columns_end(self, boxes: Boxes, bottom: float) -> bool:
        """Whether the last block of every column reaches down to within three lines of `bottom`."""
        column = groups(boxes[:, 0], boxes[:, 2])
        ends = np.full(column.max() + 1, -np.inf)
        np.maximum.at(ends, column, boxes[:, 3])
        return len(ends) >= 2 and bool((bottom - ends < 3.5 * self.text_height).all())

    def _crossing(self, members: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Blocks that overlap, in x, two blocks standing side by side: (len(members),)

        Tall neighbours are the page's columns; short ones (authors, table cells) count only if there are no others.
        """
        grid = np.ix_(members, members)
        width = self.boxes[members, 2] - self.boxes[members, 0]
        least = np.minimum(0.1 * np.minimum(width[:, None], width[None]), self.text_height)
        over = ((self.overlap_x[grid] > least) & ~self.beside[grid]).astype(np.int64)
        np.fill_diagonal(over, 0)
        tall = self.beside[grid] & (self.overlap_y[grid] > 2.5 * self.text_height)
        crossing = np.zeros(len(members), dtype=bool)
        for pairs in (tall, self.beside[grid]):
            # over · pairs · overᵀ counts, on its diagonal, the pairs side by side that block i lies across.
            crossing = ((over @ pairs.astype(np.int64)) * over).sum(axis=1) > 0
            if crossing.any():
                break
        return crossing

    def _slabs(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Cut around every slab that holds a crossing block; the slabs between two of them stay together."""
        slab = groups(self.boxes[members, 1], self.boxes[members, 3])
        marked = np.zeros(slab.max() + 1, dtype=bool)
        np.logical_or.at(marked, slab, self._crossing(members))
        starts = marked.copy()
        starts[1:] |= marked[:-1]
        part = np.cumsum(starts)[slab]
        return [members[part == k] for k in np.unique(part)]

    def _insert(self, ordered: list[int], masked: NDArray[np.intp]) -> list[int]:
        """Put each masked block before the first block, in order, that lies below it in the same stretch of x."""
        for block in sorted(masked.tolist(), key=lambda i: -self.boxes[i, 1]):
            middle = (self.boxes[block, 1] + self.boxes[block, 3]) / 2
            at = next(
                (
                    k
                    for k, other in enumerate(ordered)
                    if self.overlap_x[block, other] > 0
                    and self.boxes[other, 1] + self.boxes[other, 3] > 2 * middle
                ),
                len(ordered),
            )
            ordered.insert(at, block)
        return ordered
