"""What stands around the text: running headers and footers, page numbers, footnotes, side notes.

From one page alone, by place and looks; repetition over the pages is looked at when the document is assembled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.layout.evidence import is_page_number, opens_footnote
from sampan.documents.layout.page_lines import PageLines
from sampan.documents.layout.passages import Passage

Boxes = NDArray[np.float64]

EDGE = 0.085
"""Height of the strips at the top and bottom of the page, as part of it, where furniture stands."""


def mark_furniture(passages: list[Passage], page: PageLines, obstacles: Boxes, rulings: Boxes) -> None:
    """Set `kind` of headers, footers, page numbers and footnotes. `obstacles` are tables and figures."""
    if not passages:
        return
    boxes = np.array([p.box for p in passages])
    everything = np.concatenate([boxes, obstacles]) if len(obstacles) else boxes
    em = page.body_size
    for p, box in zip(passages, boxes, strict=True):
        if p.rows > 2 or p.kind == "code":
            continue
        at_top, at_bottom = box[3] < EDGE * page.height, box[1] > (1 - EDGE) * page.height
        if not (at_top or at_bottom):
            continue
        # Nothing but other furniture may stand further out.
        further = everything[:, 3] <= box[1] if at_top else everything[:, 1] >= box[3]
        if any(q.rows > 2 for q, out in zip(passages, further, strict=False) if out):
            continue
        inner = (everything[:, 1] - box[3]) if at_top else (box[1] - everything[:, 3])
        same_strip = (everything[:, 3] > box[1]) & (everything[:, 1] < box[3])
        apart = inner[(inner > -0.2 * em) & ~same_strip]
        gap = float(apart.min()) if len(apart) else np.inf
        if is_page_number(p.text) and gap > 0.3 * em:
            p.kind = "page_number"
            continue
        parted = _ruled_off(box, at_top, rulings, em)
        prominent = p.text_size > 1.15 * em or (p.bold and p.text_size > 1.02 * em)
        if prominent:
            continue
        smaller = p.text_size < 0.96 * em if page.styled else False
        if parted or gap > 1.6 * em or (smaller and gap > 0.8 * em):
            p.kind = "header" if at_top else "footer"
    _mark_footnotes(passages, page, rulings)


def _ruled_off(box: Boxes, at_top: bool, rulings: Boxes, em: float) -> bool:
    """Whether a rule runs close to the box on the side of the text."""
    if not len(rulings):
        return False
    y = (rulings[:, 1] + rulings[:, 3]) / 2
    wide = (rulings[:, 2] - rulings[:, 0]) > 10 * em
    near = (
        (y > box[3] - 2) & (y < box[3] + 1.5 * em) if at_top else (y < box[1] + 2) & (y > box[1] - 1.5 * em)
    )
    return bool((wide & near).any())


def _mark_footnotes(passages: list[Passage], page: PageLines, rulings: Boxes) -> None:
    """Small passages with a mark at the foot of a column, or under a short rule."""
    em = page.body_size
    body = [p for p in passages if p.kind not in ("header", "footer", "page_number")]
    for p in body:
        if p.box[1] < 0.5 * page.height or p.kind != "text":
            continue
        small = p.text_size < (0.93 if page.styled else 0.88) * em
        if not small:
            continue
        beneath = [
            q for q in body
            if q.box[1] >= p.box[3] - 0.3 * em and q.box[0] < p.box[2] and q.box[2] > p.box[0]
        ]  # fmt: skip
        if any(q.text_size > 0.95 * em for q in beneath):
            continue
        under_rule = False
        if len(rulings):
            y = (rulings[:, 1] + rulings[:, 3]) / 2
            short = (rulings[:, 2] - rulings[:, 0]) < 0.6 * page.width
            starts = np.abs(rulings[:, 0] - p.column[0]) < 2 * em
            above = (y < p.box[1] + 0.5 * em) & (y > 0.5 * page.height)
            under_rule = bool((short & starts & above).any())
        if under_rule or opens_footnote(p.text):
            p.kind = "footnote"
