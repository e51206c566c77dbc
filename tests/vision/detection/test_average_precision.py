"""Average precision against COCO's definition written as plain loops, and against `torchmetrics`' own formula."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sampan.vision.detection.average_precision import AveragePrecision
from sampan.vision.detection.decoding import Detections
from sampan.vision.ops.boxes import areas, pairwise_overlaps

Image = tuple[Detections, Tensor, Tensor]


def images(seed: int, count: int = 8, num_classes: int = 3) -> list[Image]:
    """Boxes found near true ones, doubles, misses and false alarms; scores repeat."""
    generator = torch.Generator().manual_seed(seed)
    result: list[Image] = []
    for number in range(count):
        objects = int(torch.randint(0, 6, (1,), generator=generator)) if number else 0
        corner = torch.rand(objects, 2, generator=generator) * 60
        truth = torch.cat([corner, corner + 5 + torch.rand(objects, 2, generator=generator) * 40], 1)
        classes = torch.randint(0, num_classes, (objects,), generator=generator)
        found, labels = [truth + torch.randn(objects, 4, generator=generator) * 1.5], [classes]
        found.append(truth + torch.randn(objects, 4, generator=generator) * 4)
        labels.append(torch.randint(0, num_classes, (objects,), generator=generator))
        corner = torch.rand(4, 2, generator=generator) * 60
        found.append(torch.cat([corner, corner + 20], 1))
        labels.append(torch.randint(0, num_classes, (4,), generator=generator))
        boxes = torch.cat(found)
        scores = (torch.rand(len(boxes), generator=generator) * 1000).round() / 1000
        result.append((Detections(boxes, scores, torch.cat(labels)), truth, classes))
    return result


def plain_average_precision(data: list[Image], threshold: float, label: int) -> tuple[float, float]:
    """AP and recall of one class by COCO's rules, a detection at a time."""
    records: list[tuple[float, bool]] = []
    wanted = 0
    for found, truth, classes in data:
        mine = [i for i in range(len(found.scores)) if found.classes[i] == label]
        mine.sort(key=lambda i: -found.scores[i].item())
        theirs = [k for k in range(len(truth)) if classes[k] == label]
        wanted += len(theirs)
        for i in mine[:100]:
            best, best_overlap = None, threshold
            for k in theirs:
                overlap = pairwise_overlaps(found.boxes[i : i + 1].double(), truth[k : k + 1].double()).item()
                if overlap >= best_overlap:
                    best, best_overlap = k, overlap
            records.append((found.scores[i].item(), best is not None))
            if best is not None:
                theirs.remove(best)
    records.sort(key=lambda record: -record[0])
    points = []
    hits = 0
    for n, (_, hit) in enumerate(records, 1):
        hits += hit
        points.append((hits / wanted, hits / n))
    total = 0.0
    for recall in np.linspace(0, 1, 101):
        total += max((p for r, p in points if r >= recall), default=0.0)
    return total / 101, hits / wanted


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_definition(seed: int) -> None:
    data = images(seed)
    metric = AveragePrecision()
    for image in data:
        metric.update(*image)
    present = sorted({int(c) for _, _, classes in data for c in classes})
    thresholds = np.linspace(0.5, 0.95, 10)
    table = {(t, c): plain_average_precision(data, t, c) for t in thresholds for c in present}
    figures = metric.compute()
    assert figures["mAP"] == pytest.approx(np.mean([v[0] for v in table.values()]), abs=1e-9)
    assert figures["mAP50"] == pytest.approx(np.mean([table[thresholds[0], c][0] for c in present]), abs=1e-9)
    assert figures["mAP75"] == pytest.approx(np.mean([table[thresholds[5], c][0] for c in present]), abs=1e-9)
    assert figures["mAR100"] == pytest.approx(np.mean([v[1] for v in table.values()]), abs=1e-9)
    for c in present:
        assert metric.of_class(c) == pytest.approx(np.mean([table[t, c][0] for t in thresholds]), abs=1e-9)
    assert 0.05 < figures["mAP"] < 0.95  # something was found and something was missed


def test_equals_torchmetrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its formula in PyTorch asks torchvision for three functions of boxes: they are lent to it here."""
    _mean_ap = pytest.importorskip("torchmetrics.detection._mean_ap")

    def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
        assert in_fmt == out_fmt == "xyxy"
        return boxes

    functions: Any = types.ModuleType("torchvision.ops")
    functions.box_area, functions.box_iou, functions.box_convert = areas, pairwise_overlaps, box_convert
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.ops", functions)
    monkeypatch.setitem(sys.modules, "pycocotools", types.ModuleType("pycocotools"))
    monkeypatch.setitem(sys.modules, "pycocotools.mask", types.ModuleType("pycocotools.mask"))
    monkeypatch.setattr(_mean_ap, "_TORCHVISION_AVAILABLE", True)
    monkeypatch.setattr(_mean_ap, "_PYCOCOTOOLS_AVAILABLE", True)
    theirs, ours = _mean_ap.MeanAveragePrecision(), AveragePrecision()
    for found, truth, classes in images(7):
        ours.update(found, truth, classes)
        theirs.update(
            [{"boxes": found.boxes, "scores": found.scores, "labels": found.classes}],
            [{"boxes": truth, "labels": classes}],
        )
    expected = theirs.compute()
    got = ours.compute()
    for mine, name in (("mAP", "map"), ("mAP50", "map_50"), ("mAP75", "map_75"), ("mAR100", "mar_100")):
        assert got[mine] == pytest.approx(expected[name].item(), abs=1e-5)  # it sums in float32


def test_perfect_and_empty() -> None:
    box = torch.tensor([[0.0, 0, 10, 10]])
    metric = AveragePrecision()
    assert metric.compute()["mAP"] == 0
    metric.update(Detections(box, torch.ones(1), torch.zeros(1).long()), box, torch.zeros(1).long())
    assert metric.compute() == {"mAP": 1, "mAP50": 1, "mAP75": 1, "mAR100": 1}
    nothing = Detections(box[:0], torch.zeros(0), torch.zeros(0).long())
    metric.update(nothing, box, torch.ones(1).long())  # a class that is never found
    assert metric.compute()["mAP"] == 0.5
    metric.reset()
    assert metric.compute()["mAP"] == 0


def test_processes_merge_to_the_whole() -> None:
    data = images(11)
    whole, first, second = AveragePrecision(), AveragePrecision(), AveragePrecision()
    for number, image in enumerate(data):
        whole.update(*image)
        (first if number < 4 else second).update(*image)
    first.merge([second])
    assert first.compute() == whole.compute()
