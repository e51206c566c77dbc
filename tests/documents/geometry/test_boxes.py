from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sampan.documents.geometry import boxes

grid = st.integers(0, 12)
integer_boxes = st.lists(st.tuples(grid, grid, grid, grid), min_size=0, max_size=8).map(
    lambda items: np.array([(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in items]).reshape(
        -1, 4
    )
)


def cells(box: np.ndarray) -> set[tuple[int, int]]:
    """The unit squares of an integer box: sets are the oracle for every overlap."""
    x0, y0, x1, y1 = (int(v) for v in box)
    return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}


@given(integer_boxes, integer_boxes)
def test_overlaps_agree_with_sets_of_unit_squares(first: np.ndarray, second: np.ndarray) -> None:
    common, ratio, share = (f(first, second) for f in (boxes.intersections, boxes.iou, boxes.coverage))
    assert common.shape == ratio.shape == share.shape == (len(first), len(second))
    for i, a in enumerate(map(cells, first)):
        assert boxes.areas(first)[i] == len(a)
        for j, b in enumerate(map(cells, second)):
            assert common[i, j] == len(a & b)
            assert np.isclose(ratio[i, j], len(a & b) / len(a | b) if a | b else 0)
            assert np.isclose(share[i, j], len(a & b) / len(a) if a else 0)


@given(integer_boxes.filter(len))
def test_union_box_is_the_smallest_around_all(items: np.ndarray) -> None:
    x0, y0, x1, y1 = boxes.union_box(items)
    assert (x0, y0) == (min(items[:, 0]), min(items[:, 1]))
    assert (x1, y1) == (max(items[:, 2]), max(items[:, 3]))


@given(integer_boxes, st.floats(0.05, 0.95), st.integers(0, 99))
def test_suppression_keeps_a_maximal_independent_set(items: np.ndarray, threshold: float, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 5, len(items)).astype(float)
    kept = boxes.suppress(items, scores, threshold)
    overlaps = boxes.iou(items, items)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    for a in kept:
        assert all(overlaps[a, b] <= threshold for b in kept if b != a)
    for gone in set(range(len(items))) - set(kept.tolist()):
        better = [k for k in kept if scores[k] > scores[gone] or (scores[k] == scores[gone] and k < gone)]
        assert any(overlaps[gone, k] > threshold for k in better)
