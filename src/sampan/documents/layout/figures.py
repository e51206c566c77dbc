"""Figures of a PDF page: embedded pictures and clusters of vector graphics, with the labels around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.boxes import coverage, intersections
from sampan.documents.layout.evidence import caption_subject
from sampan.documents.layout.page_lines import SHORT, PageLines
from sampan.documents.stages import TextLayer

Boxes = NDArray[np.float64]

LEAST_SIDE = 0.03
"""Shortest side of a figure as part of the page's width: smaller ones are icons and ornaments."""
MOST_PARTS = 500
"""Parts above which drawings are no longer put together one by one."""
LONGEST_LEGEND = 14.0
"""Width of an entry of a legend, in ems."""
BACKGROUND = 0.8
"""Part of the page above which a picture is what the page is printed on."""


def drawn_figures(layer: TextLayer, size: tuple[float, float]) -> Boxes:
    """Boxes (F, 4) of pictures, drawings and charts, those that overlap put together.

    A chart of bars is a group of filled rectangles without text in them, on or at some rulings.
    """
    pictures = np.array([*layer.images, *layer.drawings], dtype=np.float64).reshape(-1, 4)
    fills = np.array(layer.fills, dtype=np.float64).reshape(-1, 4)
    text = np.array([line.box for line in layer.lines], dtype=np.float64).reshape(-1, 4)
    bars = fills[~_hold_text(fills, text)]
    pictures, bars = (
        b[(b[:, 2:] - b[:, :2]).prod(axis=1) < BACKGROUND * size[0] * size[1]] for b in (pictures, bars)
    )
    seeds = np.concatenate([pictures, bars])
    if not len(seeds) or len(seeds) > MOST_PARTS:
        return np.zeros((0, 4))
    lines = np.concatenate([layer.rulings.horizontal, layer.rulings.vertical]).astype(np.float64)
    touching = intersections(lines + _margin(1.0), seeds + _margin(1.0)).any(axis=1)
    merged = merge_overlapping(np.concatenate([seeds, lines[touching]]), reach=0.01 * size[0])
    merged[:, [0, 2]] = merged[:, [0, 2]].clip(0, size[0])
    merged[:, [1, 3]] = merged[:, [1, 3]].clip(0, size[1])
    holds = coverage(pictures, merged).T > 0.9, coverage(bars, merged).T > 0.9
    sides = merged[:, 2:] - merged[:, :2]
    fits = (
        (holds[0].any(axis=1) | (holds[1].sum(axis=1) >= 2))
        & (sides.min(axis=1) > LEAST_SIDE * size[0])
        & (sides.prod(axis=1) < BACKGROUND * size[0] * size[1])
    )
    return np.asarray(merged[fits])


def _margin(reach: float) -> NDArray[np.float64]:
    return np.array([-reach, -reach, reach, reach])


def _hold_text(areas: Boxes, text: Boxes) -> NDArray[np.bool_]:
    """Which areas hold the middle of a line."""
    x, y = (text[:, 0] + text[:, 2]) / 2, (text[:, 1] + text[:, 3]) / 2
    return np.asarray(
        (
            (x > areas[:, None, 0])
            & (x < areas[:, None, 2])
            & (y > areas[:, None, 1])
            & (y < areas[:, None, 3])
        ).any(axis=1)
    )


def merge_overlapping(boxes: Boxes, reach: float = 0.0) -> Boxes:
    """Unions of boxes that overlap or come closer than `reach`, until none do."""
    while len(boxes) > 1:
        near = (
            (boxes[:, None, :2] - reach < boxes[None, :, 2:])
            & (boxes[None, :, :2] - reach < boxes[:, None, 2:])
        ).all(axis=2)
        label = np.arange(len(boxes))
        while True:
            spread = np.where(near, label[None], len(boxes)).min(axis=1)
            if (spread == label).all():
                break
            label = spread
        groups = np.unique(label)
        if len(groups) == len(boxes):
            break
        boxes = np.array(
            [np.r_[boxes[label == g, :2].min(axis=0), boxes[label == g, 2:].max(axis=0)] for g in groups]
        )
    return boxes


def with_labels(figures: Boxes, page: PageLines, free: NDArray[np.intp]) -> Boxes:
    """Grow figures over short lines that touch them: axis labels, legends."""
    if not len(figures) or not len(free):
        return figures
    em = page.body_size
    texts = [page.lines[i].text for i in free]
    small = np.array([len(t) <= 24 and caption_subject(t) is None for t in texts])
    # On a picture the sizes of numbers and short words are doubtful.
    largest = 0.97 if page.styled else np.where(page.natural_width[free] > SHORT, 1.15, 1.7)
    small &= page.apparent_size[free] < largest * em
    if not page.styled:
        small &= np.array([len(t) <= 12 for t in texts])
    labels = page.boxes[free][small]
    above = np.where(page.natural_width[free][small] < 0.5 * SHORT, 1.3, 1.0) * em
    grown = _with_legends(figures, page, free) if not page.styled else figures.copy()
    # From a curve over the labels next to it to those at the ends of the axes.
    for _ in range(4):
        for figure in grown:
            if not len(labels):
                break
            middle = (labels[:, :2] + labels[:, 2:]) / 2
            near = (
                (labels[:, 0] < figure[2] + 1.3 * em) & (labels[:, 2] > figure[0] - 1.3 * em)
                & (labels[:, 1] < figure[3] + above) & (labels[:, 3] > figure[1] - above)
            )  # fmt: skip
            # Beside or under the figure, not at one of its corners; the end of an axis may have its label there.
            near &= ((middle[:, 0] > figure[0]) & (middle[:, 0] < figure[2])) | (
                (middle[:, 1] > figure[1] - 0.6 * em) & (middle[:, 1] < figure[3] + 0.6 * em)
            )
            if near.any():
                figure[:2] = np.minimum(figure[:2], labels[near, :2].min(axis=0))
                figure[2:] = np.maximum(figure[2:], labels[near, 2:].max(axis=0))
    return grown


def _with_legends(figures: Boxes, page: PageLines, free: NDArray[np.intp]) -> Boxes:
    """Grow figures over short lines in a column of their own close to the right of them.

    Their left edges agree with each other and with no other line of the page, as those of a text column would.
    """
    em = page.body_size
    boxes = page.boxes[free]
    short = page.natural_width[free] <= LONGEST_LEGEND
    grown = figures.copy()
    for figure in grown:
        close = (
            short
            & (np.abs(boxes[:, 0] - figure[2] - 1.0 * em) < 1.5 * em)
            & (boxes[:, 1] > figure[1] - 0.5 * em)
            & (boxes[:, 3] < figure[3] + 0.5 * em)
        )
        if close.sum() < 2:
            continue
        left = float(np.median(boxes[close, 0]))
        aligned = np.abs(boxes[:, 0] - left) < em
        if (aligned != close).any():
            continue
        figure[:2] = np.minimum(figure[:2], boxes[close, :2].min(axis=0))
        figure[2:] = np.maximum(figure[2:], boxes[close, 2:].max(axis=0))
    return grown
