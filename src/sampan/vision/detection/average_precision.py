"""Mean average precision as COCO defines it, for boxes.

Per class and IoU threshold (0.50, 0.55 … 0.95): detections of all images by falling score (at most 100 of a class in
an image); each takes the free true box of its class that it overlaps most, if by at least the threshold, else it is
false. Precision is made to fall with recall and read at 101 recalls; AP is their mean, mAP that over thresholds
and over the classes that occur in the truth. Crowd boxes have to be left out by the caller.

Written anew since `torchmetrics` asks for pycocotools and torchvision for the same figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sampan.vision.detection.decoding import Detections
from sampan.vision.ops.boxes import pairwise_overlaps

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
Floats = NDArray[np.float64]


class AveragePrecision:
    """Gathers images with `update`; `compute` gives mAP, mAP50, mAP75 and mAR100."""

    def __init__(self, per_image: int = 100) -> None:
        self.per_image = per_image
        self.reset()

    def reset(self) -> None:
        self._scores: dict[int, list[Floats]] = defaultdict(list)
        self._true: dict[int, list[NDArray[np.bool_]]] = defaultdict(list)  # (T, N) of each image
        self._wanted: dict[int, int] = defaultdict(int)

    def update(self, found: Detections, boxes: Tensor, classes: Tensor) -> None:
        """One image: its detections, its true boxes (G, 4) in the same unit and their classes (G,)."""
        for label in set(found.classes.tolist()) | set(classes.tolist()):
            of_truth = boxes[classes == label]
            mine = (found.classes == label).nonzero().squeeze(1)
            order = found.scores[mine].argsort(descending=True, stable=True)[: self.per_image]
            mine = mine[order]
            overlaps = pairwise_overlaps(found.boxes[mine].double(), of_truth.double()).cpu().numpy()
            self._scores[label].append(found.scores[mine].double().cpu().numpy())
            self._true[label].append(_matched(overlaps))
            self._wanted[label] += len(of_truth)

    def merge(self, others: Iterable[AveragePrecision]) -> None:
        """Take in the images that others gathered."""
        for other in others:
            for label, wanted in other._wanted.items():
                self._scores[label] += other._scores[label]
                self._true[label] += other._true[label]
                self._wanted[label] += wanted

    def compute(self) -> dict[str, float]:
        """Figures in [0, 1]; all 0 if nothing was to be found."""
        precision, recall = [], []
        for label, wanted in sorted(self._wanted.items()):
            if wanted:
                curves = self._of_class(label, wanted)
                precision.append(curves[0])
                recall.append(curves[1])
        if not precision:
            return {"mAP": 0.0, "mAP50": 0.0, "mAP75": 0.0, "mAR100": 0.0}
        by_threshold = np.mean(precision, axis=0)  # (T,)
        return {
            "mAP": float(by_threshold.mean()),
            "mAP50": float(by_threshold[0]),
            "mAP75": float(by_threshold[5]),
            "mAR100": float(np.mean(recall)),
        }

    def of_class(self, label: int) -> float:
        """AP of one class, mean over the thresholds; 0 if it does not occur."""
        wanted = self._wanted.get(label, 0)
        return float(self._of_class(label, wanted)[0].mean()) if wanted else 0.0

    def _of_class(self, label: int, wanted: int) -> tuple[Floats, Floats]:
        """AP and largest recall at each threshold, (T,) each."""
        scores = np.concatenate(self._scores[label])
        order = np.argsort(-scores, kind="stable")
        true = np.concatenate(self._true[label], axis=1)[:, order]  # (T, N)
        hits = true.cumsum(1)
        precision = hits / np.arange(1, true.shape[1] + 1)
        # The best precision at this recall or beyond.
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        recall = hits / wanted
        averages = []
        for row, at in zip(precision, recall, strict=True):
            place = np.searchsorted(at, RECALLS, side="left")
            averages.append(np.append(row, 0.0)[place].mean())
        return np.array(averages), recall[:, -1] if recall.shape[1] else np.zeros(len(recall))


def _matched(overlaps: Floats) -> NDArray[np.bool_]:
    """(T, N): whether each detection, best first, gets a true box; overlaps (N, G)."""
    matched = np.zeros((len(THRESHOLDS), len(overlaps)), bool)
    if not overlaps.size:
        return matched
    for t, threshold in enumerate(THRESHOLDS):
        free = overlaps.copy()
        for n in range(len(overlaps)):
            best = int(free[n].argmax())
            if free[n, best] >= threshold:
                matched[t, n] = True
                free[:, best] = -1
    return matched
