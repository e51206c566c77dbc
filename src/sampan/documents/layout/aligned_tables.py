"""Tables by alignment: rows of short texts that keep the same white gaps between their columns.

Covers tables without any rulings and those with horizontal rules only. Running text in columns keeps its white
gap too, so prose is taken out first: passages of several full lines are no cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.intervals import gaps, groups
from sampan.documents.layout.evidence import caption_subject, list_marker
from sampan.documents.layout.page_lines import PageLines

Boxes = NDArray[np.float64]

LEAST_ROWS = 3
LEAST_GAP = 0.9
"""Narrowest white gap between columns, in text sizes."""
LEAST_HEADING_SPACE = 0.4
"""Narrowest space between two names of a heading, in text sizes."""
LEAST_BESIDE = 0.3
"""Share of a run of rows that must stand beside the prose of another column to be looked at column by column."""
ROW_REACH = 2.6
"""Largest distance between the middles of neighbouring rows, in line heights."""


@dataclass(slots=True)
class _Row:
    cells: Boxes  # (K, 4) from left to right, as wide as their words
    box: Boxes  # (4,) around the lines
    texts: list[str]

    @property
    def top(self) -> float:
        return float(self.cells[:, 1].min())

    @property
    def bottom(self) -> float:
        return float(self.cells[:, 3].max())

    @property
    def middle(self) -> float:
        return float((self.cells[:, 1] + self.cells[:, 3]).mean() / 2)


def aligned_tables(
    page: PageLines, chosen: NDArray[np.intp], prose: Boxes, horizontal_rulings: Boxes, panels: Boxes
) -> list[Boxes]:
    """Boxes (4,) of tables among the lines `chosen`; `prose` (P, 4) are the paragraphs around them.

    `horizontal_rulings` (R, 4) and the upper and lower edges of `panels` (F, 4), shaded rows, show where tables end.
    """
    if len(chosen) < 2 * LEAST_ROWS - 2:
        return []
    em = page.body_size
    cells, texts, outer = _cells(page, chosen)
    tables: list[Boxes] = []
    for members in _zones(cells, prose, em, page.line_height):
        rows = _rows(cells[members], [texts[i] for i in members], outer[members])
        k = 0
        while k < len(rows):
            run = _run(rows, k, em, page.line_height, horizontal_rulings)
            if run is None:
                k += 1
                continue
            box, after = run
            tables.append(_with_heading(page, chosen, box, rows[k:after], em))
            k = after
    return [_hug(box, horizontal_rulings, panels, em) for box in tables]


def _zones(cells: Boxes, prose: Boxes, em: float, line_height: float) -> list[NDArray[np.intp]]:
    """Cells that may share a table: beside the prose of another column, only those of one column."""
    everything = np.arange(len(cells))
    if len(prose) < 2:
        return [everything]
    widths = prose[:, 2] - prose[:, 0]
    columns = prose[widths < 0.65 * (prose[:, 2].max() - prose[:, 0].min())]
    walls = gaps(columns[:, 0], columns[:, 2], 0.5 * em).mean(axis=1)
    if not len(walls):
        return [everything]
    zone = np.searchsorted(walls, cells[:, 0])
    overlap_y = np.minimum(cells[:, None, 3], columns[None, :, 3]) - np.maximum(
        cells[:, None, 1], columns[None, :, 1]
    )
    elsewhere = zone[:, None] != np.searchsorted(walls, columns[:, 0])[None]
    beside = ((overlap_y > 0) & elsewhere).any(axis=1)
    # Rows that follow each other closely are judged together: a table may be longer than the prose beside it.
    run = groups(cells[:, 1], cells[:, 3], line_height)
    share = np.bincount(run, weights=beside) / np.maximum(np.bincount(run), 1)
    # A cell across the wall cannot stand in one column.
    across = zone != np.searchsorted(walls, cells[:, 2])
    parted = (share[run] >= LEAST_BESIDE) & ~across
    zones = [everything[parted & (zone == k)] for k in range(len(walls) + 1)]
    return [members for members in (everything[~parted], *zones) if len(members)]


def _rows(cells: Boxes, texts: list[str], outer: Boxes) -> list[_Row]:
    """Rows from top to bottom, cells from left to right."""
    quarter = 0.25 * (cells[:, 3] - cells[:, 1])
    number = groups(cells[:, 1] + quarter, cells[:, 3] - quarter)
    rows = []
    for k in range(int(number.max()) + 1):
        members = np.flatnonzero(number == k)
        members = members[np.argsort(cells[members, 0], kind="stable")]
        box = np.r_[outer[members, :2].min(axis=0), outer[members, 2:].max(axis=0)]
        rows.append(_Row(cells[members], box, [texts[i] for i in members]))
    return rows


def _cells(page: PageLines, chosen: NDArray[np.intp]) -> tuple[Boxes, list[str], Boxes]:
    """Lines cut at wide gaps between their words, since readers may run a whole row together.

    Words tell where the text stands; the boxes of lines that a reader found overlap their neighbours. Returns
    the pieces (N, 4), their texts, and the pieces as far as the boxes of their lines reach (N, 4).
    """
    boxes: list[NDArray[np.float64]] = []
    outer: list[NDArray[np.float64]] = []
    texts: list[str] = []
    for i in chosen:
        line, em = page.lines[i], page.text_size[i]
        if page.direction != "ltr" or not line.words:
            boxes.append(page.boxes[i])
            outer.append(page.boxes[i])
            texts.append(line.text)
            continue
        words = np.array([word.box for word in line.words], dtype=np.float64)
        cut = np.flatnonzero(words[1:, 0] - words[:-1, 2] > 1.3 * em) + 1
        left, top, right, bottom = page.boxes[i]
        for part in np.split(np.arange(len(words)), cut):
            x0, x1 = words[part, 0].min(), words[part, 2].max()
            boxes.append(np.array([x0, top, x1, bottom]))
            first, last = part[0] == 0, part[-1] == len(words) - 1
            outer.append(np.array([left if first else x0, top, right if last else x1, bottom]))
            texts.append(" ".join(line.words[k].text for k in part))
    return np.array(boxes).reshape(-1, 4), texts, np.array(outer).reshape(-1, 4)


def _run(
    rows: list[_Row], start: int, em: float, line_height: float, rulings: Boxes
) -> tuple[Boxes, int] | None:
    """The longest table that starts at row `start`: its box and the number of the row after it."""
    if len(rows[start].cells) < 2 or _is_item(rows[start]):
        return None
    taken = rows[start].cells
    multiple, last = 1, start
    pending: list[_Row] = []
    for k in range(start + 1, len(rows)):
        row = rows[k]
        previous = pending[-1] if pending else rows[last]
        reach = ROW_REACH * line_height
        if _ruled_between(previous, row, rulings):
            reach *= 1.5
        if row.top - previous.bottom > reach - line_height:
            break
        if len(row.cells) == 1 and (len(pending) >= 2 or caption_subject(row.texts[0])):
            break
        grown = np.concatenate([taken, *[p.cells for p in pending], row.cells])
        if len(row.cells) >= 2:
            if _is_item(row):
                break
            columns = _column_gaps(grown, em)
            if not len(columns):
                # A cell that spans columns closes the gap; it may be one of few, not the rule.
                columns = _column_gaps(np.concatenate([taken, row.cells]), em)
                with_row = np.concatenate([taken, row.cells])
                if not len(columns):
                    # One row whose cells were read as one line closes the gaps of all; the rows above tell.
                    recent = [r.cells for r in rows[max(start, last - 1) : last + 1] if len(r.cells) > 1]
                    with_row = np.concatenate([*recent, row.cells])
                    if len(recent) < 2 or not len(_column_gaps(with_row, em)):
                        break
                taken = with_row
            else:
                taken = grown
            multiple, last, pending = multiple + 1, k, []
        else:
            pending.append(row)
    # Single cells under the last full row belong to it if they stand within one column, close by.
    end = last
    for k in range(last + 1, min(last + 3, len(rows))):
        row = rows[k]
        if len(row.cells) != 1 or row.top - rows[end].bottom > 0.35 * line_height:
            break
        if len(_column_gaps(np.concatenate([taken, row.cells]), em)) < len(_column_gaps(taken, em)):
            break
        end = k
    used = rows[start : last + 1]
    if not _is_table(used, taken, multiple, em, rulings):
        return None
    boxes = np.array([row.box for row in rows[start : end + 1]])
    return np.r_[boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)], end + 1


def _with_heading(
    page: PageLines, chosen: NDArray[np.intp], box: Boxes, rows: list[_Row], em: float
) -> Boxes:
    """Grow upwards to a heading whose names were read as one line, if spaces wider than between words of a text
    lie in every gap between columns, and to the headings over it that overlap it."""
    between = _column_gaps(np.concatenate([row.cells for row in rows]), em)
    if len(between) < 2 or page.direction != "ltr":
        return box
    heading = box
    for grown in range(3):
        lines = page.boxes[chosen]
        middle = (lines[:, 1] + lines[:, 3]) / 2
        near = (
            (middle < heading[1])
            & (lines[:, 3] > heading[1] - (0.5 if not grown else -0.1) * page.line_height)
            & (lines[:, 0] > box[0] - em) & (lines[:, 2] < box[2] + em)
        )  # fmt: skip
        above = chosen[near]
        if not len(above) or any(caption_subject(page.lines[i].text) for i in above):
            break
        if not grown:
            words = np.array([word.box for i in above for word in page.lines[i].words]).reshape(-1, 4)
            words = words[np.argsort(words[:, 0], kind="stable")]
            if not len(words):
                break
            # The first column may have its name elsewhere, the others not.
            ends = np.r_[-np.inf, words[:-1, 2]]
            starts = words[:, 0]
            meet = (ends[:, None] < between[:, 1]) & (starts[:, None] > between[:, 0])
            meet[0, 1:] = False
            wide = (starts - ends > LEAST_HEADING_SPACE * em)[:, None]
            if len(words) < len(between) or not (meet & wide).any(axis=0).all():
                break
        own = page.boxes[above]
        heading = np.r_[
            np.minimum(heading[:2], own[:, :2].min(0)), np.maximum(heading[2:], own[:, 2:].max(0))
        ]
    return heading


def _column_gaps(cells: Boxes, em: float) -> Boxes:
    return np.asarray(gaps(cells[:, 0], cells[:, 2], LEAST_GAP * em), dtype=np.float64)


def _is_item(row: _Row) -> bool:
    """List items: a bullet or number and its text read as two lines, or items of two columns side by side."""
    markers = [list_marker(text) for text in row.texts]
    if len(row.cells) == 2 and markers[0] is not None and len(row.texts[0].strip()) <= 4:
        return True
    bullets = [
        m is not None and m.certain and not m.ordered and m.end < len(t)
        for m, t in zip(markers, row.texts, strict=True)
    ]
    return any(bullets)


def _ruled_between(above: _Row, below: _Row, rulings: Boxes) -> bool:
    if not len(rulings):
        return False
    y = (rulings[:, 1] + rulings[:, 3]) / 2
    left = min(above.cells[:, 0].min(), below.cells[:, 0].min())
    right = max(above.cells[:, 2].max(), below.cells[:, 2].max())
    wide = np.minimum(rulings[:, 2], right) - np.maximum(rulings[:, 0], left) > 0.5 * (right - left)
    return bool((wide & (y > above.middle) & (y < below.middle)).any())


def _is_table(rows: list[_Row], taken: Boxes, multiple: int, em: float, rulings: Boxes) -> bool:
    columns = len(_column_gaps(taken, em)) + 1
    top, bottom = rows[0].top, rows[-1].bottom
    left, right = taken[:, 0].min(), taken[:, 2].max()
    bracketed = False
    if len(rulings):
        y = (rulings[:, 1] + rulings[:, 3]) / 2
        wide = np.minimum(rulings[:, 2], right) - np.maximum(rulings[:, 0], left) > 0.7 * (right - left)
        near = wide & (y > top - 2.0 * em) & (y < bottom + 2.0 * em)
        bracketed = int(near.sum()) >= 2
    if multiple < (2 if bracketed else LEAST_ROWS) or multiple < 0.5 * len(rows):
        return False
    lengths = np.array([len(text) for row in rows if len(row.cells) > 1 for text in row.texts])
    if bracketed:
        return True
    if columns == 2:
        # Two columns of sentences are a page, and single words far apart are a form.
        return float(np.median(lengths)) <= 20 and multiple >= LEAST_ROWS
    return float(np.median(lengths)) <= 30


def _hug(box: Boxes, rulings: Boxes, panels: Boxes, em: float) -> Boxes:
    """Grow to the rules and shaded rows that bracket the table."""
    grown = box.copy()
    for drawn in (rulings, panels):
        if not len(drawn):
            continue
        width = box[2] - box[0]
        overlap = np.minimum(drawn[:, 2], box[2]) - np.maximum(drawn[:, 0], box[0])
        near = (
            (overlap > 0.7 * np.minimum(width, drawn[:, 2] - drawn[:, 0]))
            & (drawn[:, 1] > box[1] - 1.6 * em) & (drawn[:, 3] < box[3] + 1.6 * em)
            & (drawn[:, 2] - drawn[:, 0] < 1.6 * width)
        )  # fmt: skip
        if near.any():
            grown[:2] = np.minimum(grown[:2], drawn[near, :2].min(axis=0))
            grown[2:] = np.maximum(grown[2:], drawn[near, 2:].max(axis=0))
    return grown
