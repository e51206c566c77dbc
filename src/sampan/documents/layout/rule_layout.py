"""`RuleLayout`: regions of a page from its lines, styles, rulings and pictures; a network only where it helps.

Order of decisions: what is drawn (grids, figures) → prose → tables by alignment → the remaining passages one by
one: furniture, captions, lists, formulas, headings, text. Later ones look only at lines that are still free.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sampan.documents.geometry.boxes import coverage, intersections
from sampan.documents.layout.aligned_tables import aligned_tables
from sampan.documents.layout.evidence import caption_subject, looks_like_formula
from sampan.documents.layout.figures import drawn_figures, merge_overlapping, with_labels
from sampan.documents.layout.furniture import mark_furniture
from sampan.documents.layout.headings import mark_headings
from sampan.documents.layout.lists import join_lists
from sampan.documents.layout.page_lines import SHORT, PageLines, face_back, measure
from sampan.documents.layout.passages import Passage, find_passages
from sampan.documents.layout.ruled_tables import ruled_tables
from sampan.documents.model import Line
from sampan.documents.options import ParseOptions
from sampan.documents.stages import Image, Region, Rulings, TextLayer

Boxes = NDArray[np.float64]


LONGEST_NEIGHBOUR = 8.0
"""Width of a text, in ems, that stands beside a sentence in a table."""
FULL = 0.12
"""Part of a figure covered with text above which it may be a table."""


LARGEST_CELL = 1.25
"""Text size of a table cell over that of the body."""


class RuleLayout:
    """A `RegionFinder` by rules. `options.tables` switches the search for tables off."""

    def __init__(self, options: ParseOptions | None = None) -> None:
        self.options = options or ParseOptions()

    def find(
        self,
        lines: Sequence[Line],
        size: tuple[float, float],
        image: Image | None = None,
        text_layer: TextLayer | None = None,
    ) -> list[Region]:
        """Regions in page units. Every line lies in exactly one of them, apart from lines over a figure."""
        page = measure(lines, size)
        picture = None
        if text_layer is None and image is not None and page.direction != "ttb":
            picture = _reduced(image, size)
        rulings, figures, panels = _drawn(page, size, picture, text_layer)
        horizontal = np.asarray(rulings.horizontal, dtype=np.float64).reshape(-1, 4)
        free = np.array([i for i, line in enumerate(lines) if line.text.strip()], dtype=np.intp)
        seek_tables = self.options.tables and page.direction != "ttb"

        tables = np.zeros((0, 4))
        if seek_tables:
            grids = ruled_tables(rulings, page.boxes[free], tolerance=0.35 * page.body_size)
            tables = np.array(grids).reshape(-1, 4)
            panels = panels[~_within(panels, tables, 0.7)]
            free = free[~_within(page.boxes[free], tables, 0.6)]
        if picture is not None:
            figures = _pictured(page, size, picture, tables)
        figures = figures[~_within(figures, tables, 0.7)]
        figures = _without_panels(with_labels(figures, page, free), page, free)
        # Shading is ink too: what is full of text may be a table and waits until those are known.
        full = _text_share(figures, page) > FULL
        free = free[~_within(page.boxes[free], figures[~full], 0.6)]

        passages = find_passages(page, free, horizontal, panels)
        if seek_tables:
            prose = [p for p in passages if _is_prose(p, page) and not _is_column_of_cells(p, page, free)]
            taken = {i for p in prose for i in p.members}
            # Headings side by side in two columns are aligned too, but cells are no larger than the body.
            large = page.apparent_size[free] >= LARGEST_CELL * page.body_size
            # What readers say about the height of a number or a short word is no evidence.
            large &= page.styled | (page.natural_width[free] > SHORT)
            loose = np.array([i for i in free[~large] if i not in taken], dtype=np.intp)
            around = np.array([p.box for p in prose]).reshape(-1, 4)
            aligned = merge_overlapping(
                np.array(aligned_tables(page, loose, around, horizontal, panels)).reshape(-1, 4)
            )
            tables = np.concatenate([tables, aligned])
            figures = figures[~_within(figures, aligned, 0.5)]
            left = free[~_within(page.boxes[free], np.concatenate([aligned, figures]), 0.6)]
            if len(left) < len(free):
                free = left
                passages = find_passages(page, free, horizontal, panels)

        obstacles = np.concatenate([tables, figures])
        mark_furniture(passages, page, obstacles, horizontal)
        _mark_captions(passages, page, tables, figures)
        passages = join_lists(passages, page)
        for p in passages:
            if p.kind == "text" and p.rows <= 3 and looks_like_formula(p.text.replace("\n", " ")):
                p.kind = "formula"
        mark_headings(passages, page)

        regions = [Region("table", face_back(_box(b), size, page.direction), 1.0, "rules") for b in tables]
        regions += [Region("figure", face_back(_box(b), size, page.direction), 1.0, "rules") for b in figures]
        regions += [
            Region(p.kind, face_back(_box(p.box), size, page.direction), 1.0, "rules") for p in passages
        ]
        return regions


def _reduced(image: Image, size: tuple[float, float]) -> tuple[Image, float]:
    """The picture at the size that rulings are sought in, and its pixels per page unit."""
    from sampan.documents.layout.image_rulings import WORKING_SIDE, reduced

    small, back = reduced(image, WORKING_SIDE)
    return small, float(image.shape[1] / size[0] / back[0])


def _drawn(
    page: PageLines, size: tuple[float, float], picture: tuple[Image, float] | None, layer: TextLayer | None
) -> tuple[Rulings, Boxes, Boxes]:
    """Rulings, figures (F, 4) and shaded panels (P, 4), as `page` sees them."""
    nothing = np.zeros((0, 4))
    if page.direction == "ttb":
        return Rulings(), nothing, nothing
    if layer is not None:
        fills = np.array(layer.fills, dtype=np.float64).reshape(-1, 4)
        area = (fills[:, 2:] - fills[:, :2]).prod(axis=1)
        panels = fills[area < 0.8 * size[0] * size[1]]
        rulings, figures = layer.rulings, drawn_figures(layer, size)
    elif picture is not None:
        from sampan.documents.layout.image_rulings import find_rulings, outside_text

        image, scale = picture
        found = find_rulings(image)
        rulings = Rulings(found.horizontal / scale, found.vertical / scale)
        figures, panels = nothing, nothing
    else:
        return Rulings(), nothing, nothing
    if page.direction == "rtl":
        rulings = Rulings(
            _mirrored(rulings.horizontal, size).astype(np.float32),
            _mirrored(rulings.vertical, size).astype(np.float32),
        )
        figures, panels = _mirrored(figures, size), _mirrored(panels, size)
    if layer is None:
        rulings = outside_text(rulings, page.boxes)
    return rulings, figures, panels


def _pictured(
    page: PageLines, size: tuple[float, float], picture: tuple[Image, float], tables: Boxes
) -> Boxes:
    """Figures (F, 4) found in the picture, as `page` sees them."""
    from sampan.documents.layout.image_figures import picture_figures

    image, scale = picture
    if page.direction == "rtl":
        found = picture_figures(image, _mirrored(page.boxes, size) * scale, _mirrored(tables, size) * scale)
        return _mirrored(found / scale, size)
    return np.asarray(picture_figures(image, page.boxes * scale, tables * scale) / scale)


def _mirrored(boxes: NDArray[np.floating], size: tuple[float, float]) -> Boxes:
    """Left and right exchanged; the left edge stays the smaller one."""
    turned = np.asarray(boxes, dtype=np.float64) * np.array([-1.0, 1.0, -1.0, 1.0])
    return np.asarray((turned + np.array([size[0], 0.0, size[0], 0.0]))[:, [2, 1, 0, 3]])


def _within(boxes: Boxes, areas: Boxes, share: float) -> NDArray[np.bool_]:
    """Which boxes lie, to at least that share, in one of the areas."""
    if not len(boxes) or not len(areas):
        return np.zeros(len(boxes), dtype=bool)
    return np.asarray(coverage(boxes, areas).max(axis=1) >= share)


def _text_share(areas: Boxes, page: PageLines) -> NDArray[np.float64]:
    """Part of every area that is covered by lines of text."""
    if not len(areas) or not len(page):
        return np.zeros(len(areas))
    covered = intersections(areas, page.boxes).sum(axis=1)
    return np.asarray(covered / np.maximum((areas[:, 2:] - areas[:, :2]).prod(axis=1), 1e-6))


def _without_panels(figures: Boxes, page: PageLines, free: NDArray[np.intp]) -> Boxes:
    if not len(figures):
        return figures
    return figures[[not _is_panel(figure, page, free) for figure in figures]]


def _is_panel(figure: Boxes, page: PageLines, free: NDArray[np.intp]) -> bool:
    """A picture behind running text is a background."""
    inside = free[_within(page.boxes[free], figure[None], 0.6)]
    long = inside[page.characters[inside] > 35]
    if len(long) < 4:
        return False
    covered = (page.boxes[long, 2:] - page.boxes[long, :2]).prod(axis=1).sum()
    return bool(covered > 0.25 * (figure[2:] - figure[:2]).prod())


def _is_prose(p: Passage, page: PageLines) -> bool:
    """Running text that no table cell would hold."""
    if p.kind == "code":
        return True
    width = p.box[2] - p.box[0]
    if p.rows >= 3 and p.ended_early < 0.5 and width > 0.2 * page.width:
        return True
    return p.rows <= 2 and width > 0.6 * page.width and len(p.text) > 50


def _is_column_of_cells(p: Passage, page: PageLines, free: NDArray[np.intp]) -> bool:
    """Sentences in a table: few, and beside every one of them at least two short texts in the same row."""
    if p.kind == "code" or p.rows > 8:
        return False
    others = page.boxes[np.setdiff1d(free[page.natural_width[free] < LONGEST_NEIGHBOUR], p.members)]
    own = page.boxes[p.members]
    height = own[:, 3] - own[:, 1]
    common = np.minimum(own[:, None, 3], others[None, :, 3]) - np.maximum(own[:, None, 1], others[None, :, 1])
    return bool(((common > 0.6 * height[:, None]).sum(axis=1) >= 2).all())


def _mark_captions(passages: list[Passage], page: PageLines, tables: Boxes, figures: Boxes) -> None:
    """Passages that open like a caption, near what they speak of."""
    for p in passages:
        subject = caption_subject(p.text) if p.kind in ("text", "footnote") and p.rows <= 8 else None
        if subject is None:
            continue
        targets = {"table": tables, "figure": figures}.get(subject, np.zeros((0, 4)))
        if subject == "code":
            targets = np.array([q.box for q in passages if q.kind == "code"]).reshape(-1, 4)
        if not len(targets):
            targets = np.concatenate([tables, figures])
        near = False
        if len(targets):
            apart = np.maximum(targets[:, 1] - p.box[3], p.box[1] - targets[:, 3])
            shares = (targets[:, 0] < p.box[2]) & (targets[:, 2] > p.box[0])
            near = bool((shares & (apart < 3.0 * page.line_height)).any())
        # A sentence may begin with "Figure 3 shows": full width and plain size, with nothing near.
        if near or (p.text_size < 0.96 * page.body_size and page.styled) or _labelled(p.text):
            p.kind = "caption"


def _labelled(text: str) -> bool:
    """A colon or full stop right after the number."""
    head = text.lstrip()[:24]
    for k, c in enumerate(head):
        if c.isdigit() and not head[k + 1 : k + 2].isdigit():
            return head[k + 1 : k + 2] in {":", "：", "|"}
    return False


def _box(box: Boxes) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return x0, y0, x1, y1
