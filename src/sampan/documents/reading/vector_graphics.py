"""Vector graphics of a PDF page: ruling lines, filled rectangles, drawings, and where pictures lie.

Tables and panels are made of axis-parallel lines and rectangles; everything else — curves, slanted
lines, shadings — is gathered into clusters, which are charts, diagrams and logos. Producers draw a ruling
as a stroked line, a side of a rectangle or a thin filled rectangle: all three become one kind here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box
from sampan.documents.reading import pdfium
from sampan.documents.reading.glyphs import Matrix
from sampan.documents.reading.pdfium import indexed
from sampan.documents.stages import Rulings

MAX_OBJECTS = 20_000
MAX_SEGMENTS = 8_000
"""Path segments looked at one by one on a page; paths beyond that count as drawings by their boxes."""
MAX_PATHS = 400
"""Paths taken apart on a page. Further filled ones of four to six segments are taken for rectangles unseen."""
MAX_DEPTH = 8

_PATH, _IMAGE, _SHADING, _FORM = 2, 3, 4, 5
_LINE_TO, _BEZIER_TO, _MOVE_TO = 0, 1, 2
_THIN = 3.0
"""Filled rectangles up to this many points wide are rulings."""
_SHORTEST = 4.0
_WIDEST_PEN = 12.0
_SLACK = 0.6
"""Off-axis drift, in points, that a straight line may have."""
_MERGE_GAP = 1.5
_CELL = 3.0
_MOST_CELLS = 4_000_000


@dataclass(slots=True)
class Graphics:
    rulings: Rulings
    images: list[Box] = field(default_factory=list)
    fills: list[Box] = field(default_factory=list)
    drawings: list[Box] = field(default_factory=list)


class _Collector:
    """Boxes found so far, in upright points, as lists of (x0, y0, x1, y1)."""

    def __init__(self) -> None:
        self.lines: list[NDArray[np.float64]] = []
        self.images: list[NDArray[np.float64]] = []
        self.fills: list[NDArray[np.float64]] = []
        self.others: list[NDArray[np.float64]] = []
        self.objects = MAX_OBJECTS
        self.segments = MAX_SEGMENTS
        self.paths = MAX_PATHS


def read_graphics(page: int, size: tuple[float, float], transform: Matrix) -> Graphics:
    """Graphics of the open PDFium page at address `page`, on an upright page of `size`."""
    found = _Collector()
    count = min(pdfium.page_count_objects(page), found.objects)
    _collect(indexed(pdfium.page_object, page, range(max(count, 0))), transform, found, 0)
    fills = _on_page(found.fills, size)
    area = size[0] * size[1]
    fills = [box for box in fills if (box[2] - box[0]) * (box[3] - box[1]) < 0.95 * area]
    images = [b for b in _on_page(found.images, size) if min(b[2] - b[0], b[3] - b[1]) >= _SHORTEST]
    return Graphics(_rulings(found.lines, size), images, fills, _clusters(_on_page(found.others, size), size))


def _collect(objects: list[int | None], transform: Matrix, found: _Collector, depth: int) -> None:
    handles = [handle for handle in objects if handle]
    found.objects -= len(handles)
    if not handles:
        return
    kinds = np.array(list(map(pdfium.object_type, handles)))
    handle = np.array(handles, np.int64)
    for kind, into in ((_IMAGE, found.images), (_SHADING, found.others)):
        if (kinds == kind).any():
            into.append(_bounds(handle[kinds == kind].tolist(), transform))
    if (kinds == _PATH).any():
        _collect_paths(handle[kinds == _PATH].tolist(), transform, found)
    for form in handle[kinds == _FORM].tolist():
        count = min(pdfium.form_count_objects(form), found.objects)
        if count > 0 and depth < MAX_DEPTH:
            inner = indexed(pdfium.form_object, form, range(count))
            _collect(inner, _composed(form, transform), found, depth + 1)


def _bounds(handles: list[int], transform: Matrix) -> NDArray[np.float64]:
    """(N, 4) upright boxes of objects."""
    left, bottom, right, top = pdfium.filled(
        pdfium.object_bounds, len(handles), 4, np.float32, handles
    ).astype(np.float64)
    one = np.ones(len(handles))
    corners = np.stack(
        [np.column_stack([x, y, one]) @ transform for x in (left, right) for y in (bottom, top)], axis=1
    )
    return np.hstack([corners.min(axis=1), corners.max(axis=1)])


def _composed(handle: int, transform: Matrix) -> Matrix:
    """(3, 2) matrix from an object's own space, through its matrix, to the upright page."""
    values = np.zeros((1, 6), np.float32)
    pdfium.object_matrix(handle, values.ctypes.data)
    own = np.hstack([values.reshape(3, 2).astype(np.float64), [[0.0], [0.0], [1.0]]])
    return own @ transform


def _collect_paths(handles: list[int], transform: Matrix, found: _Collector) -> None:
    count = len(handles)
    box = _bounds(handles, transform)
    segments = np.array(list(map(pdfium.path_count_segments, handles)))
    fill_mode, stroked = pdfium.filled(pdfium.path_draw_mode, count, 2, np.int32, handles)
    filled = fill_mode != 0
    width, height = (box[:, 2:] - box[:, :2]).T
    drawn = (filled | (stroked != 0)) & (segments > 1) & np.isfinite(box).all(axis=1)
    # A box as thin as a pen can hold nothing but a line, whatever segments make it up.
    pen = np.zeros((count, 1), np.float32)
    pdfium.each(pdfium.object_stroke_width, handles, pdfium.addresses(pen))
    scale = float(np.sqrt(abs(np.linalg.det(transform[:2]))))
    thin = np.minimum(width, height) <= np.maximum(
        _THIN, np.where(stroked != 0, 1.5 * scale * pen[:, 0], 0.0)
    )
    line = drawn & thin & (np.maximum(width, height) >= 2 * np.minimum(width, height))
    found.lines.append(_center_lines(box[line]))
    # One straight segment whose box is wider than any pen is slanted.
    slanted = drawn & (segments == 2) & (np.minimum(width, height) > _WIDEST_PEN)
    found.others.append(box[slanted])
    rest = np.flatnonzero(drawn & ~thin & ~slanted)
    rest, unseen = rest[: found.paths], rest[found.paths :]
    found.paths -= len(rest)
    boxlike = (segments[unseen] >= 4) & (segments[unseen] <= 6) & filled[unseen]
    found.fills.append(box[unseen[boxlike]])
    found.others.append(box[unseen[~boxlike]])
    for at in rest.tolist():
        number = int(segments[at])
        if number > found.segments:
            found.others.append(box[at : at + 1])
            continue
        found.segments -= number
        white = filled[at] and not stroked[at] and _is_white(handles[at])
        _collect_segments(
            handles[at],
            number,
            bool(filled[at]),
            bool(stroked[at]),
            bool(white),
            box[at : at + 1],
            transform,
            found,
        )


_rgba = np.zeros((4, 1), np.uint32)
_rgba_addresses = [row.ctypes.data for row in _rgba]


def _is_white(handle: int) -> bool:
    if not pdfium.object_fill_color(handle, *_rgba_addresses):
        return False
    red, green, blue, alpha = _rgba[:, 0].tolist()
    return bool(alpha == 0 or min(red, green, blue) >= 0xFA)


def _collect_segments(
    handle: int,
    count: int,
    filled: bool,
    stroked: bool,
    white: bool,
    box: NDArray[np.float64],
    transform: Matrix,
    found: _Collector,
) -> None:
    """Take one path apart into rulings, rectangles and what is neither."""
    parts = indexed(pdfium.path_segment, handle, range(count))
    kind = np.array(list(map(pdfium.segment_type, parts)))
    point = pdfium.filled(pdfium.segment_point, count, 2, np.float32, parts).astype(np.float64)
    matrix = _composed(handle, transform)
    xy = np.column_stack([*point, np.ones(count)]) @ matrix
    starts = np.flatnonzero(kind == _MOVE_TO)
    if len(starts) == 0:
        starts = np.array([0])
    begin = starts[np.maximum(np.searchsorted(starts, np.arange(count), side="right") - 1, 0)]
    closes = np.array(list(map(pdfium.segment_close, parts)), bool)
    # Lines between consecutive points, and from a closing point back to the start of its subpath.
    straight = np.flatnonzero(kind == _LINE_TO)
    straight = straight[straight > 0]
    closing = np.flatnonzero(closes)
    a = np.vstack([xy[straight - 1], xy[closing]])
    b = np.vstack([xy[straight], xy[begin[closing]]])
    step = np.abs(b - a)
    axis = step.min(axis=1) <= _SLACK
    curved = (kind == _BEZIER_TO).any()
    slanted = (~axis).any()
    if not curved and not slanted:
        if filled:
            _collect_rectangles(xy, starts, count, white, found)
        if stroked:
            long = step.max(axis=1) >= _SHORTEST
            found.lines.append(np.hstack([np.minimum(a, b), np.maximum(a, b)])[axis & long])
        return
    width, height = (box[0, 2:] - box[0, :2]).tolist()
    if curved and not slanted and filled and count <= 17 and min(width, height) > 15 and len(straight) >= 3:
        if not white:  # a panel with round corners
            found.fills.append(box)
        return
    if not white:
        found.others.append(box)


def _collect_rectangles(
    xy: NDArray[np.float64], starts: NDArray[np.int64], count: int, white: bool, found: _Collector
) -> None:
    boxes = np.hstack([np.minimum.reduceat(xy, starts), np.maximum.reduceat(xy, starts)])
    points = np.diff(np.append(starts, count))
    boxes = boxes[(points >= 4) & (points <= 6)]
    if len(boxes) == 0:
        return
    side = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
    long = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    thin = side <= _THIN
    found.lines.append(_center_lines(boxes[thin & (long >= 2 * side)]))
    if not white:
        found.fills.append(boxes[~thin])


def _center_lines(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thin boxes → the lines through their middles."""
    lines = boxes.copy()
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    lying = width >= height
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    lines[lying, 1] = lines[lying, 3] = middle[lying, 1]
    lines[~lying, 0] = lines[~lying, 2] = middle[~lying, 0]
    return lines


def _rulings(lines: list[NDArray[np.float64]], size: tuple[float, float]) -> Rulings:
    every = np.vstack([np.zeros((0, 4)), *lines])
    every = every[np.isfinite(every).all(axis=1)]
    limit = np.array([size[0], size[1], size[0], size[1]])
    on_page = (every[:, 2:] >= 0).all(axis=1) & (every[:, :2] <= limit[:2]).all(axis=1)
    every = np.clip(every[on_page], 0, limit)
    lying = every[:, 2] - every[:, 0] >= every[:, 3] - every[:, 1]
    horizontal = merge_collinear(every[lying])
    vertical = merge_collinear(every[~lying][:, [1, 0, 3, 2]])[:, [1, 0, 3, 2]]
    return Rulings(horizontal.astype(np.float32), vertical.astype(np.float32))


def merge_collinear(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Horizontal lines (N, 4) at nearly one height that touch or overlap, as one each; short ones dropped."""
    if len(lines) == 0:
        return lines
    height = (lines[:, 1] + lines[:, 3]) / 2
    order = np.argsort(height, kind="stable")
    level = np.empty(len(lines), np.int64)
    level[order] = np.concatenate([[0], np.cumsum(np.diff(height[order]) > 0.8)])
    order = np.lexsort((lines[:, 0], level))
    # Levels are pushed apart along x, so that one running maximum serves all of them.
    shift = level[order] * (float(np.ptp(lines[:, [0, 2]])) + 10 * _MERGE_GAP)
    start, stop = lines[order, 0] + shift, lines[order, 2] + shift
    reach = np.maximum.accumulate(stop)
    first = np.concatenate([[0], np.flatnonzero(start[1:] > reach[:-1] + _MERGE_GAP) + 1])
    x0 = np.minimum.reduceat(lines[order, 0], first)
    x1 = np.maximum.reduceat(lines[order, 2], first)
    y = np.add.reduceat(height[order], first) / np.diff(np.append(first, len(lines)))
    merged = np.column_stack([x0, y, x1, y])
    return merged[x1 - x0 >= _SHORTEST]


def _on_page(boxes: list[NDArray[np.float64]], size: tuple[float, float]) -> list[Box]:
    every = np.vstack([np.zeros((0, 4)), *boxes])
    every = every[np.isfinite(every).all(axis=1)]
    every = np.clip(every, 0, [size[0], size[1], size[0], size[1]])
    kept = every[(every[:, 2:] - every[:, :2] > 0.5).all(axis=1)]
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in np.unique(kept, axis=0).tolist()]


def _clusters(boxes: list[Box], size: tuple[float, float]) -> list[Box]:
    """Boxes that nearly touch, as one; clusters too small to be a picture are dropped."""
    area = size[0] * size[1]
    every = np.array([box for box in boxes if (box[2] - box[0]) * (box[3] - box[1]) < 0.9 * area])
    if len(every) == 0:
        return []
    # The mask of a page of kilometres must not be larger than that of a poster.
    cell = max(_CELL, float(np.sqrt(size[0] * size[1] / _MOST_CELLS)), max(size) / _MOST_CELLS)
    mask = np.zeros((int(size[1] / cell) + 3, int(size[0] / cell) + 3), np.uint8)
    cells = (every / cell).astype(np.int64)
    for x0, y0, x1, y1 in cells.tolist():
        mask[y0 : y1 + 1, x0 : x1 + 1] = 1
    reached = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    count, labels = cv2.connectedComponents(reached)
    label = labels[cells[:, 1], cells[:, 0]]
    clusters: list[Box] = []
    for number in range(1, count):
        members = every[label == number]
        if len(members) == 0:
            continue
        x0, y0 = members[:, :2].min(axis=0).tolist()
        x1, y1 = members[:, 2:].max(axis=0).tolist()
        if min(x1 - x0, y1 - y0) >= 12 and (len(members) > 1 or min(x1 - x0, y1 - y0) >= 24):
            clusters.append((x0, y0, x1, y1))
    return clusters
