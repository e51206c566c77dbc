"""Fragments of lines → printed rows: what a reader or a text layer cut in pieces is put side by side again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.intervals import pairwise_overlap
from sampan.documents.layout.evidence import is_cjk, list_marker, looks_like_code
from sampan.documents.layout.page_lines import PageLines

Boxes = NDArray[np.float64]


_LINES_AT_EDGE = 6
"""Lines that begin at one place before it counts as a column's edge."""
_NEAR = 8.0
"""How far above and below, in text sizes, lines are asked whether they run over a gap."""


class Rows:
    """Printed lines: fragments side by side, put together. Arrays are indexed by row."""

    def __init__(self, page: PageLines, chosen: NDArray[np.intp], panels: Boxes) -> None:
        self.page = page
        self.members = _join_fragments(page, chosen)
        boxes = page.boxes
        self.boxes = np.array(
            [np.r_[boxes[m, :2].min(axis=0), boxes[m, 2:].max(axis=0)] for m in self.members]
        )
        longest = [max(m, key=lambda i: int(page.characters[i])) for m in self.members]
        self.size = page.text_size[longest].clip(1e-6)
        self.apparent_size = page.apparent_size[longest]
        self.natural_width = page.natural_width[longest]
        self.longest = longest
        self.bold = np.array([bool(page.bold[m].all()) for m in self.members])
        self.monospace = page.monospace[longest]
        self.square = page.square[longest]
        self.characters = np.array([int(page.characters[m].sum()) for m in self.members])
        self.text = [" ".join(page.lines[i].text for i in m) for m in self.members]
        self.markers = [list_marker(text) for text in self.text]
        self.code = np.array([looks_like_code(text) for text in self.text])
        middle = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        # Number of the innermost panel that a row lies in, -1 for none.
        self.panel = np.full(len(self.members), -1)
        if len(panels):
            area = (panels[:, 2] - panels[:, 0]) * (panels[:, 3] - panels[:, 1])
            inside = (
                (middle[:, None, 0] > panels[None, :, 0])
                & (middle[:, None, 0] < panels[None, :, 2])
                & (middle[:, None, 1] > panels[None, :, 1])
                & (middle[:, None, 1] < panels[None, :, 3])
            )
            smallest = np.where(inside, area[None], np.inf).argmin(axis=1)
            self.panel = np.where(inside.any(axis=1), smallest, -1)

    def first_word_width(self, row: int) -> float:
        """Width of the word, or of the character in scripts without spaces, that the row begins with."""
        line = self.page.lines[self.members[row][0]]
        width = self.boxes[row, 2] - self.boxes[row, 0]
        text = line.text.lstrip()
        if text and is_cjk(text[0]):
            # Closing marks may not begin a line, so up to two characters move together.
            return 2.0 * float(self.size[row])
        if line.words and self.page.direction != "ttb":
            x0, _, x1, _ = line.words[0].box
            return x1 - x0
        word = self.text[row].split(" ", 1)[0]
        return float(width * len(word) / max(len(self.text[row]), 1))


def _over_gutter(boxes: Boxes, size: NDArray[np.float64], pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the (N, N) `pairs` face each other over a narrow gutter.

    A gutter is the left edge of many lines, and no line near by runs over it; over a wide word space the lines above
    and below do.
    """
    gutter = np.zeros_like(pairs)
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    for i, j in zip(*np.nonzero(pairs), strict=True):
        x = (boxes[i, 2] + boxes[j, 0]) / 2
        near = np.abs(middle - middle[i]) < _NEAR * size[i]
        edge = np.abs(boxes[:, 0] - boxes[j, 0]) < 0.4 * size[i]
        over = (boxes[:, 0] < x - 0.3 * size[i]) & (boxes[:, 2] > x + 0.3 * size[i])
        gutter[i, j] = edge.sum() >= _LINES_AT_EDGE and not (over & near).any()
    return gutter


def _join_fragments(page: PageLines, chosen: NDArray[np.intp]) -> list[list[int]]:
    """Groups of line numbers, each one printed line from left to right."""
    boxes, size = page.boxes[chosen], page.text_size[chosen]
    height = boxes[:, 3] - boxes[:, 1]
    distance = -pairwise_overlap(boxes[:, 0], boxes[:, 2])
    same_row = pairwise_overlap(boxes[:, 1], boxes[:, 3]) > 0.6 * np.minimum(height[:, None], height[None])
    reach = np.repeat(size[:, None], len(chosen), axis=1)  # (N, N) from left fragment to right one
    only_marker = np.array(
        [len(page.lines[i].text.strip()) <= 5 and list_marker(page.lines[i].text) is not None for i in chosen]
    )
    reach[only_marker] *= 3.0
    short = np.array([len(page.lines[i].text.strip()) <= 5 for i in chosen])
    mono = page.monospace[chosen]
    reach[mono[:, None] & mono[None]] *= 8.0
    # Boxes of neighbours may overlap by the margins that a detector leaves, but not beyond their middles.
    centre = (boxes[:, 0] + boxes[:, 2]) / 2
    right_of = boxes[None, :, 0] >= boxes[:, None, 2] - 0.8 * size[:, None]
    right_of &= (centre[None] > boxes[:, None, 2]) & (centre[:, None] < boxes[None, :, 0])
    joined = same_row & right_of & (distance < reach)
    joined &= ~_over_gutter(boxes, size, joined & (distance > 0.45 * size[:, None]) & ~short[:, None])
    # Justified lines may have gaps that wide; then lines above and below run on over them, one of them the next.
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    for i, j in zip(
        *np.nonzero(same_row & right_of & ~joined & (distance < 6.0 * size[:, None])), strict=True
    ):
        covers = (boxes[:, 0] < boxes[i, 2] - 0.5 * size[i]) & (boxes[:, 2] > boxes[j, 0] + 0.5 * size[i])
        drop = (middle - middle[i]) / size[i]
        over, under = covers & (drop > -4.5) & (drop < -0.6), covers & (drop > 0.6) & (drop < 4.5)
        joined[i, j] = over.any() and under.any() and (np.abs(drop[over | under]) < 1.8).any()
    cost = np.where(joined, distance, np.inf)
    group = list(range(len(chosen)))

    def root(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    for i in np.flatnonzero(joined.any(axis=1)):
        group[root(int(cost[i].argmin()))] = root(int(i))
    rows: dict[int, list[int]] = {}
    for i in np.argsort(boxes[:, 0], kind="stable"):
        rows.setdefault(root(int(i)), []).append(int(chosen[i]))
    return list(rows.values())
