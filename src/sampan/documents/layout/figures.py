"""Figures of a PDF page: embedded pictures and clusters of vector graphics, with the labels around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.layout.evidence import caption_subject
from sampan.documents.layout.page_lines import PageLines
from sampan.documents.stages import TextLayer

Boxes = NDArray[np.float64]

LEAST_SIDE = 0.03
"""Shortest side of a figure as part of the page's width: smaller ones are icons and ornaments."""
BACKGROUND = 0.8
"""Part of the page above which a picture is what the page is printed on."""


def drawn_figures(layer: TextLayer, size: tuple[float, float]) -> Boxes:
    """Boxes (F, 4) of pictures and drawings, those that overlap put together."""
    boxes = np.array([*layer.images, *layer.drawings], dtype=np.float64).reshape(-1, 4)
    if not len(boxes):
        return boxes
    boxes[:, [0, 2]] = boxes[:, [0, 2]].clip(0, size[0])
    boxes[:, [1, 3]] = boxes[:, [1, 3]].clip(0, size[1])
    sides = boxes[:, 2:] - boxes[:, :2]
    fits = (sides.min(axis=1) > LEAST_SIDE * size[0]) & (sides.prod(axis=1) < BACKGROUND * size[0] * size[1])
    return merge_overlapping(boxes[fits], reach=0.01 * size[0])


def merge_overlapping(boxes: Boxes, reach: float = 0.0) -> Boxes:
    """Unions of boxes that overlap or come closer than `reach`, until none do."""
    merged = [box.copy() for box in boxes]
    changed = True
    while changed:
        changed = False
        for i in range(len(merged) - 1, 0, -1):
            for j in range(i):
                a, b = merged[i], merged[j]
                if (a[:2] - reach < b[2:]).all() and (b[:2] - reach < a[2:]).all():
                    merged[j] = np.r_[np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])]
                    del merged[i]
                    changed = True
                    break
    return np.array(merged).reshape(-1, 4)


def with_labels(figures: Boxes, page: PageLines, free: NDArray[np.intp]) -> Boxes:
    """Grow figures over short lines that touch them: axis labels, legends."""
    if not len(figures) or not len(free):
        return figures
    em = page.body_size
    texts = [page.lines[i].text for i in free]
    small = np.array([len(t) <= 24 and caption_subject(t) is None for t in texts])
    small &= page.text_size[free] < (0.97 if page.styled else 0.9) * em
    labels = page.boxes[free][small]
    grown = figures.copy()
    for _ in range(2):
        for figure in grown:
            if not len(labels):
                break
            middle = (labels[:, :2] + labels[:, 2:]) / 2
            near = (
                (labels[:, 0] < figure[2] + 0.8 * em) & (labels[:, 2] > figure[0] - 0.8 * em)
                & (labels[:, 1] < figure[3] + 0.6 * em) & (labels[:, 3] > figure[1] - 0.6 * em)
            )  # fmt: skip
            # Beside or under the figure, not at one of its corners.
            near &= ((middle[:, 0] > figure[0]) & (middle[:, 0] < figure[2])) | (
                (middle[:, 1] > figure[1]) & (middle[:, 1] < figure[3])
            )
            if near.any():
                figure[:2] = np.minimum(figure[:2], labels[near, :2].min(axis=0))
                figure[2:] = np.maximum(figure[2:], labels[near, 2:].max(axis=0))
    return grown
