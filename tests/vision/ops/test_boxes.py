"""Overlaps against exact counting of unit squares, distances against their inverse, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box as polygon

from sampan.vision.ops.boxes import (
    areas,
    boxes_from_distances,
    distances_to_sides,
    generalized_overlaps,
    overlaps,
    pairwise_overlaps,
)

corner = st.integers(0, 20)
integer_box = st.tuples(corner, corner, st.integers(1, 12), st.integers(1, 12)).map(
    lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3])
)


@settings(max_examples=60, deadline=None)
@given(integer_box, integer_box)
def test_iou_and_giou_equal_polygon_areas(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    first, second = polygon(*a), polygon(*b)
    common, union = first.intersection(second).area, first.union(second).area
    hull = polygon(min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])).area
    tensors = torch.tensor([a, b], dtype=torch.float64)
    assert overlaps(tensors[0], tensors[1]).item() == pytest.approx(common / union, abs=1e-12)
    expected = common / union - (hull - union) / hull
    assert generalized_overlaps(tensors[0], tensors[1]).item() == pytest.approx(expected, abs=1e-12)


def test_pairs_are_all_pairs() -> None:
    rng = np.random.default_rng(0)
    first = torch.from_numpy(rng.uniform(0, 50, (7, 2)))
    first = torch.cat([first, first + torch.from_numpy(rng.uniform(1, 30, (7, 2)))], 1)
    second = first[[3, 0, 5]] + 2
    grid = pairwise_overlaps(first, second)
    assert grid.shape == (7, 3)
    for i in range(7):
        for j in range(3):
            assert grid[i, j] == overlaps(first[i], second[j])


def test_turned_and_empty_boxes_have_no_area() -> None:
    boxes = torch.tensor([[5.0, 5, 1, 9], [2, 2, 2, 8], [0, 0, 2, 3]])
    assert areas(boxes).tolist() == [0, 0, 6]
    assert overlaps(boxes[1], boxes[1]).item() == 0  # 0 / 0 is 0, not NaN


def test_distances_invert_boxes() -> None:
    generator = torch.Generator().manual_seed(1)
    points = torch.rand(40, 2, generator=generator) * 100
    distances = torch.rand(40, 4, generator=generator) * 30
    boxes = boxes_from_distances(points, distances)
    assert torch.allclose(distances_to_sides(points, boxes), distances, atol=1e-5)
    assert (boxes[:, 0] == points[:, 0] - distances[:, 0]).all()
    assert (boxes[:, 3] == points[:, 1] + distances[:, 3]).all()


def test_giou_gradient_is_right_also_for_boxes_apart() -> None:
    first = torch.tensor([[0.0, 0, 4, 3], [10, 10, 14, 15]], dtype=torch.float64, requires_grad=True)
    second = torch.tensor([[1.0, 1, 6, 5], [0, 0, 3, 4]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda b: generalized_overlaps(b, second), (first,))
    generalized_overlaps(first, second).sum().backward()
    assert first.grad is not None and first.grad[1].abs().sum() > 0  # apart, and still drawn together
