"""Title and headings: lines that stand out from the text below them.

Evidence is added up: larger text, bold or set in capitals among plain text, a section number, white space
around, few words, no full stop. On pictures the weight of the font is unknown and sizes are blurred by the
reader's boxes, so numbers and isolation count more there.
"""

from __future__ import annotations

import numpy as np

from sampan.documents.layout.evidence import (
    caption_subject,
    ends_sentence,
    is_cjk,
    is_section_word,
    section_depth,
)
from sampan.documents.layout.page_lines import PageLines
from sampan.documents.layout.passages import Passage

LONGEST = 160
"""Characters; a longer passage is a paragraph however it is set."""
ENOUGH = 2.0


def mark_headings(passages: list[Passage], page: PageLines) -> None:
    """Set `kind` of passages that are plain text so far to `heading`, and of the page's title to `title`."""
    em = page.body_size
    body_bold = page.styled and page.characters[page.bold].sum() > 0.5 * page.characters.sum()
    boxes = np.array([p.box for p in passages]).reshape(-1, 4)
    for k, p in enumerate(passages):
        if p.kind == "text" and _score(p, k, boxes, page, em, body_bold) >= ENOUGH:
            p.kind = "heading"
    _mark_title(passages, page, em)


def _score(
    p: Passage,
    index: int,
    boxes: np.ndarray,
    page: PageLines,
    em: float,
    body_bold: bool,
) -> float:
    text = p.text.replace("\n", " ").strip()
    letters = [c for c in text if c.isalpha()]
    if len(text) > LONGEST or p.rows > 3 or not letters or len(letters) < 0.4 * len(text.replace(" ", "")):
        return 0.0
    if caption_subject(text) or (p.marker and not p.marker.ordered) or p.monospace:
        return 0.0
    score = 0.0
    ratio = p.text_size / em
    if page.styled:
        if ratio > 1.25:
            score += 2.5
        elif ratio > 1.08:
            score += 1.6
        elif ratio < 0.94:
            score -= 1.5
    else:
        score += float(np.clip((ratio - 1.07) / 0.2, -1.0, 1.0)) * (2.4 if ratio > 1.07 else 1.0)
    if p.bold and not body_bold:
        score += 1.5
    depth = section_depth(text)
    if depth is not None:
        score += 1.0 if depth == 1 else 1.4
    elif p.marker is not None:
        score -= 1.0
    if is_section_word(text):
        score += 2.0
    upper = [c for c in letters if c.isupper() or c.islower()]
    if len(upper) >= 4 and all(c.isupper() for c in upper):
        score += 0.8
    above, below = _gaps(index, boxes)
    column = max(p.column[1] - p.column[0], 1.0)
    if p.rows == 1 and p.box[2] - p.box[0] < 0.75 * column:
        score += 0.3
    if above > 0.5 * em and below < max(above, 1.2 * em) and np.isfinite(below):
        score += 0.7
    if not np.isfinite(below):
        # Nothing under it: nothing that it could be the heading of.
        score -= 0.8
    if ends_sentence(text) and not (depth is not None and text.endswith(".") and len(text) < 6):
        score -= 1.6 if not text.endswith((":", "?", "!")) else 0.7
    if text[0].islower():
        score -= 0.8
    if len(text) > 90:
        score -= 0.7
    if not page.styled and ratio < 1.07 and not (depth is not None and above > 0.3 * em):
        # On a picture, isolation alone is not enough.
        score -= 0.4
    if is_cjk(text[0]) and len(text) > 40:
        score -= 1.0
    return score


def _gaps(index: int, boxes: np.ndarray) -> tuple[float, float]:
    """White space above and below within the same stretch of x; infinite where nothing follows."""
    box = boxes[index]
    shares = (boxes[:, 0] < box[2]) & (boxes[:, 2] > box[0])
    shares[index] = False
    middle = (box[1] + box[3]) / 2
    centres = (boxes[:, 1] + boxes[:, 3]) / 2
    above = box[1] - boxes[shares & (centres < middle), 3]
    below = boxes[shares & (centres > middle), 1] - box[3]
    return (float(above.min()) if len(above) else np.inf, float(below.min()) if len(below) else np.inf)


def _mark_title(passages: list[Passage], page: PageLines, em: float) -> None:
    """The one largest heading in the upper part of the page, clearly larger than all others."""
    headings = [p for p in passages if p.kind == "heading"]
    if not headings:
        return
    largest = max(headings, key=lambda p: p.text_size)
    others = [p.text_size for p in headings if p is not largest]
    if (
        largest.box[3] < 0.45 * page.height
        and largest.text_size > 1.35 * em
        and (not others or largest.text_size > 1.12 * max(others))
        and section_depth(largest.text) is None
    ):
        largest.kind = "title"
