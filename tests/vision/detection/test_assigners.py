"""Each assigner against a loop written from its paper, on crowded random scenes in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from shapely.geometry import box as polygon
from tests.vision.detection.scenes import SIZES, Scene, scene

from sampan.vision.detection.assignment import Assignment, SwitchingAssigner
from sampan.vision.detection.atss import ATSS
from sampan.vision.detection.simota import SimOTA
from sampan.vision.detection.task_aligned import TaskAligned

SEEDS = [(seed, objects) for seed in range(5) for objects in (1, 3, 8)]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def is_inside(point: np.ndarray, box: np.ndarray) -> bool:
    return bool(box[0] < point[0] < box[2] and box[1] < point[1] < box[3])


def expected_simota(data: Scene, cost_name: str) -> tuple[list[int], list[float]]:
    scores, boxes, points, strides, truth, classes = (t.numpy() for t in data.arguments)
    in_square = [
        [abs(p[0] - (g[0] + g[2]) / 2) < 2.5 * s and abs(p[1] - (g[1] + g[3]) / 2) < 2.5 * s for g in truth]
        for p, s in zip(points, strides, strict=True)
    ]
    in_box = [[is_inside(p, g) for g in truth] for p in points]
    candidates = [i for i in range(len(points)) if any(in_box[i]) or any(in_square[i])]
    cost: dict[tuple[int, int], float] = {}
    for i in candidates:
        for k, g in enumerate(truth):
            overlap = iou(boxes[i], g)
            class_cost = 0.0
            for c, s in enumerate(scores[i]):
                if cost_name == "entropy":
                    class_cost += -math.log(s) if c == classes[k] else -math.log(1 - s)
                elif c == classes[k] and overlap > 0:
                    class_cost += overlap * -(overlap * math.log(s) + (1 - overlap) * math.log(1 - s))
                else:
                    class_cost += 0.75 * s**2 * -math.log(1 - s)
            if cost_name == "entropy":
                box_cost = 3 * -math.log(overlap + 1e-7)
            else:
                a, b = polygon(*boxes[i]), polygon(*g)
                union, hull = a.union(b).area, polygon(*a.union(b).bounds).area
                box_cost = 6 * (1 - (overlap - (hull - union) / hull))
            cost[i, k] = class_cost + box_cost + (0 if in_box[i][k] and in_square[i][k] else 1e8)
    claims: dict[int, list[int]] = {}
    for k, g in enumerate(truth):
        best = sorted((iou(boxes[i], g) for i in candidates), reverse=True)[:10]
        wanted = max(1, int(sum(best)))
        for i in sorted(candidates, key=lambda i: cost[i, k])[:wanted]:
            claims.setdefault(i, []).append(k)
    objects, quality = [-1] * len(points), [0.0] * len(points)
    for i, claimants in claims.items():
        objects[i] = claimants[0] if len(claimants) == 1 else min(range(len(truth)), key=lambda k: cost[i, k])
        quality[i] = iou(boxes[i], truth[objects[i]])
    return objects, quality


def expected_atss(data: Scene) -> tuple[list[int], list[float]]:
    _, boxes, points, strides, truth, _ = (t.numpy() for t in data.arguments)
    cells = np.concatenate([points - 2.5 * strides[:, None], points + 2.5 * strides[:, None]], 1)
    claims: dict[int, list[int]] = {}
    for k, g in enumerate(truth):
        centre = (g[:2] + g[2:]) / 2
        candidates: list[int] = []
        first = 0
        for height, width in SIZES:
            level = range(first, first + height * width)
            candidates += sorted(level, key=lambda i: np.hypot(*(points[i] - centre)))[:9]
            first += height * width
        overlaps = [iou(cells[i], g) for i in candidates]
        threshold = np.mean(overlaps) + np.std(overlaps, ddof=1)
        for i, overlap in zip(candidates, overlaps, strict=True):
            if overlap >= threshold and is_inside(points[i], g):
                claims.setdefault(i, []).append(k)
    objects, quality = [-1] * len(points), [0.0] * len(points)
    for i, claimants in claims.items():
        objects[i] = max(claimants, key=lambda k: iou(cells[i], truth[k]))
        quality[i] = iou(boxes[i], truth[objects[i]])
    return objects, quality


def expected_task_aligned(data: Scene) -> tuple[list[int], list[float]]:
    scores, boxes, points, _, truth, classes = (t.numpy() for t in data.arguments)
    aligned = {
        (i, k): scores[i, classes[k]] * iou(boxes[i], g) ** 6
        for k, g in enumerate(truth)
        for i in range(len(points))
        if is_inside(points[i], g)
    }
    claims: dict[int, list[int]] = {}
    for k in range(len(truth)):
        mine = sorted((i for i, other in aligned if other == k), key=lambda i: -aligned[i, k])
        for i in mine[:13]:
            claims.setdefault(i, []).append(k)
    objects, quality = [-1] * len(points), [0.0] * len(points)
    for i, claimants in claims.items():
        objects[i] = max(claimants, key=lambda k: iou(boxes[i], truth[k]))
    for k, g in enumerate(truth):
        mine = [i for i in range(len(points)) if objects[i] == k]
        if mine:
            largest = max(aligned[i, k] for i in mine)
            best = max(iou(boxes[i], g) for i in mine)
            for i in mine:
                quality[i] = aligned[i, k] / (largest + 1e-9) * best
    return objects, quality


def check(assigned: Assignment, expected: tuple[list[int], list[float]]) -> None:
    assert assigned.objects.tolist() == expected[0]
    # Same formulas in another order of float64 operations.
    assert assigned.quality.numpy() == pytest.approx(expected[1], abs=1e-9)


@pytest.mark.parametrize(("seed", "objects"), SEEDS)
@pytest.mark.parametrize("cost", ["varifocal", "entropy"])
def test_simota(seed: int, objects: int, cost: str) -> None:
    data = scene(seed, objects)
    check(SimOTA(cost)(*data.arguments), expected_simota(data, cost))  # type: ignore[arg-type]


@pytest.mark.parametrize(("seed", "objects"), SEEDS)
def test_atss(seed: int, objects: int) -> None:
    data = scene(seed, objects)
    check(ATSS()(*data.arguments), expected_atss(data))


@pytest.mark.parametrize(("seed", "objects"), SEEDS)
def test_task_aligned(seed: int, objects: int) -> None:
    data = scene(seed, objects)
    check(TaskAligned()(*data.arguments), expected_task_aligned(data))


@pytest.mark.parametrize("assigner", [SimOTA(), SimOTA("entropy"), ATSS(), TaskAligned()])
def test_without_objects_all_is_background(assigner: SimOTA) -> None:
    data = scene(0, 0)
    assigned = assigner(*data.arguments)
    assert (assigned.objects == -1).all() and (assigned.quality == 0).all()
    assert len(assigned.objects) == len(data.boxes)


def test_scenes_make_points_compete() -> None:
    """The comparison above means something only if objects quarrel about points."""
    data = scene(2, 8)
    fought = sum(
        sum(is_inside(p, g) for g in data.truth.numpy()) > 1 for p in data.prediction["points"].numpy()
    )
    assert fought > 10


def test_the_switch_follows_the_epoch() -> None:
    data = scene(1, 3)
    switching = SwitchingAssigner(ATSS(), TaskAligned(), at=2)
    for epoch in range(4):
        switching.set_epoch(epoch)
        wanted = (ATSS() if epoch < 2 else TaskAligned())(*data.arguments)
        assert torch.equal(switching(*data.arguments).objects, wanted.objects)
