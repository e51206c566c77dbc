"""Recall, precision and their mean against counting by hand, and overlaps against shapely."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from shapely.geometry import Polygon

from sampan.vision.text_detection.boxes import BoxRules, boxes_of
from sampan.vision.text_detection.metrics import DetectionMetrics, overlap_of
from sampan.vision.text_detection.targets import db_targets


def box(x: float, y: float, width: float, height: float) -> np.ndarray:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_overlap_equals_shapely(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(60):
        quads = [
            cv2.boxPoints(
                (
                    (rng.uniform(40, 80), rng.uniform(40, 80)),
                    (rng.uniform(10, 90), rng.uniform(5, 40)),
                    rng.uniform(0, 180),
                )
            )
            for _ in range(2)
        ]
        first, second = (Polygon(quad) for quad in quads)
        expected = first.intersection(second).area / first.union(second).area
        assert overlap_of(*quads) == pytest.approx(expected, abs=1e-3)
    band = np.array([[0, 0], [60, 0], [60, 60], [40, 60], [40, 20], [20, 20], [20, 60], [0, 60]], np.float32)
    expected = (
        Polygon(band).intersection(Polygon(box(0, 0, 60, 30))).area
        / Polygon(band).union(Polygon(box(0, 0, 60, 30))).area
    )
    assert overlap_of(band, box(0, 0, 60, 30)) == pytest.approx(expected, abs=0.03)


def test_counting() -> None:
    metrics = DetectionMetrics()
    wanted = [box(0, 0, 100, 20), box(0, 50, 100, 20), box(0, 100, 100, 20), box(0, 150, 100, 20)]
    found = [
        box(2, 1, 100, 20),  # the first
        box(0, 50, 45, 20),  # less than half of the second
        box(0, 100, 100, 20),  # the third
        box(1, 101, 100, 20),  # the third once more
        box(5, 152, 60, 15),  # lies in the unreadable one
        box(200, 0, 50, 20),  # nothing
    ]
    metrics.count(found, wanted, np.array([False, False, False, True]))
    figures = metrics.compute()
    assert next(iter(figures)) == "hmean"
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["precision"] == pytest.approx(2 / 5)
    assert figures["hmean"] == pytest.approx(2 * (2 / 3) * (2 / 5) / (2 / 3 + 2 / 5))
    assert figures["lines"] == 3
    other = DetectionMetrics()
    other.count(wanted, wanted, np.zeros(4, np.bool_))
    other.merge([metrics])
    assert other.compute()["recall"] == pytest.approx(6 / 7)
    metrics.reset()
    assert metrics.compute() == {"hmean": 0.0, "recall": 0.0, "precision": 0.0, "lines": 0.0}


def test_nothing_wanted_and_nothing_found() -> None:
    metrics = DetectionMetrics()
    metrics.count([], [], np.zeros(0, np.bool_))
    assert metrics.compute()["hmean"] == 0.0
    metrics.count([box(0, 0, 10, 10)], [], np.zeros(0, np.bool_))
    assert metrics.compute()["precision"] == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_target_maps_give_their_regions_back(seed: int) -> None:
    """What the maps say is what the post-processing reads: shrinking and growing undo each other."""
    rng = np.random.default_rng(seed)
    quads = []
    for row in range(8):
        height = rng.uniform(16, 34)
        quads.append(
            cv2.boxPoints(
                ((rng.uniform(120, 360), 40 + 55 * row), (rng.uniform(80, 200), height), rng.uniform(-4, 4))
            )
        )
    maps = db_targets(quads, np.zeros(8, np.bool_), 480, 480)
    metrics = DetectionMetrics(BoxRules(unclip_ratio=1.5))
    probability = torch.from_numpy(maps["shrink_map"])[None, None]
    padded = torch.nn.functional.pad(probability, (0, 32, 0, 32))
    batch = {"sizes": [(480, 480)], "polygons": [quads], "ignored": [np.zeros(8, np.bool_)]}
    metrics.update({"maps": padded}, batch)
    assert metrics.compute()["hmean"] == 1.0


def test_faint_and_small_regions_are_no_lines() -> None:
    probability = np.zeros((100, 200), np.float32)
    probability[10:14, 10:100] = 0.5  # enough for a pixel, not for a line
    probability[50:52, 10:100] = 0.9  # too low
    probability[70:85, 10:100] = 0.9
    boxes = boxes_of(probability, BoxRules())
    assert len(boxes.quads) == 1 and boxes.quads.shape == (1, 4, 2)
    assert boxes.scores[0] == pytest.approx(0.9)
    assert boxes_of(np.zeros((32, 32), np.float32), BoxRules()).quads.shape == (0, 4, 2)


def test_a_found_quad_stands_for_one_region_only() -> None:
    metrics = DetectionMetrics()
    metrics.count([box(0, 0, 100, 20)], [box(0, 0, 100, 20), box(0, 2, 100, 20)], np.zeros(2, np.bool_))
    assert metrics.compute()["recall"] == 0.5
