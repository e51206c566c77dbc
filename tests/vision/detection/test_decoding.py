"""Detections against the numpy reader of pages, and against a plain reading of the rules."""

from __future__ import annotations

import pytest
import torch
from tests.vision.detection.scenes import scene

from sampan.vision.detection.decoding import detections
from sampan.vision.detection.dense import DensePrediction, predicted_boxes
from sampan.vision.ops.boxes import overlaps


def plain(
    prediction: DensePrediction, i: int, score: float, iou: float, top: int, keep: int
) -> list[tuple[int, float]]:
    """(class, score) of what stays, best first."""
    boxes, scores = predicted_boxes(prediction)[i], prediction["scores"][i]
    looked_at: list[int] = []
    for stride in (8, 16, 32):
        level = [p for p in range(len(boxes)) if prediction["strides"][p] == stride]
        looked_at += sorted(level, key=lambda p: -scores[p].max().item())[:top]
    kept: list[tuple[float, int, int]] = []
    for c in range(scores.shape[1]):
        mine = sorted((p for p in looked_at if scores[p, c] > score), key=lambda p: -scores[p, c].item())[
            :top
        ]
        stay: list[int] = []
        for p in mine:
            if all(overlaps(boxes[p], boxes[q]) <= iou for q in stay):
                stay.append(p)
        kept += [(scores[p, c].item(), c, p) for p in stay]
    kept.sort(key=lambda entry: -entry[0])
    return [(c, s) for s, c, _ in kept[:keep]]


@pytest.mark.parametrize(("top", "keep"), [(1000, 100), (9, 7), (2, 100)])
def test_the_rules(top: int, keep: int) -> None:
    data = scene(5, 4)
    found = detections(data.prediction, 0.1, 0.5, top, keep)
    assert len(found) == 1
    expected = plain(data.prediction, 0, 0.1, 0.5, top, keep)
    assert found[0].classes.tolist() == [c for c, _ in expected]
    assert found[0].scores.tolist() == pytest.approx([s for _, s in expected])
    assert 0 < len(expected) <= keep


def test_a_high_threshold_leaves_nothing() -> None:
    found = detections(scene(5, 4).prediction, score_threshold=0.999)[0]
    assert found.boxes.shape == (0, 4) and found.scores.shape == found.classes.shape == (0,)


def test_boxes_are_clipped_and_scaled_back() -> None:
    found = detections(scene(6, 3).prediction, size=(96, 80))[0]
    assert (found.boxes >= 0).all() and (found.boxes <= torch.tensor([80.0, 96, 80, 96])).all()
    scaled = found.scaled(2.0, 3.0)
    assert torch.equal(scaled.boxes[:, 1], found.boxes[:, 1] * 3)
    assert torch.equal(scaled.boxes[:, 2], found.boxes[:, 2] * 2)


def test_equals_the_reader_of_pages() -> None:
    """`sampan parse` decodes the same outputs with numpy: same boxes, scores and classes."""
    import cv2
    import numpy as np

    from sampan.documents.layout.picodet import KINDS, PicoDetLayout, normalise
    from sampan.errors import WeightsError
    from sampan.vision.detection.picodet import PicoDet, class_names
    from sampan.weights import locate

    try:
        path = locate("picodet-layout-cdla")
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")
    page = np.full((1100, 850, 3), 255, np.uint8)
    for y in range(80, 600, 24):
        cv2.putText(page, "The quick brown fox jumps over the lazy dog", (60, y), 0, 0.8, (0, 0, 0), 1)
    cv2.rectangle(page, (100, 650), (700, 900), (90, 60, 30), -1)
    regions = PicoDetLayout(path, score_threshold=0.3).find(page)
    with torch.no_grad():
        prediction = PicoDet.from_onnx(path)(torch.from_numpy(normalise(page)))
    found = detections(prediction, 0.3, 0.5, size=(800, 608))[0].scaled(850 / 608, 1100 / 800)
    names = class_names(path)
    assert len(regions) >= 2
    assert [KINDS[names[c]] for c in found.classes.tolist()] == [region.kind for region in regions]
    assert found.scores.tolist() == pytest.approx([region.score for region in regions], abs=1e-5)
    assert np.abs(found.boxes.numpy() - [region.box for region in regions]).max() < 0.01  # pixels
