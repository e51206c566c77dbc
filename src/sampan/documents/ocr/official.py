"""The `official` preset: PP-OCR run by PaddleOCR 3.0's own rules, for comparison (PaddleOCR 3.0 card §4).

Native resolution, boxes in whole pixels, crops by a bicubic warp, batches of six lines padded to the widest, words
placed by CTC columns. None of Sampan's own steps: no cascade, no spaces from the ink, no lengthened lines. By these
rules a line's reading depends on its batch mates, since padding is not neutral, so the size of a batch is a rule
here and `ParseOptions.batch_size` is not asked.

Two deviations: boxes grow analytically (within two pixels of the rounded polygon offset), and lines in which nothing
is read are left out instead of being returned empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Line, Quad, Word
from sampan.documents.ocr.crops import HEIGHT, MAX_WIDTH, quad_size, slice_quad
from sampan.documents.ocr.ctc import Reading, decode
from sampan.documents.ocr.detection import (
    OFFICIAL,
    DetectionRules,
    Detections,
    TextDetector,
    boxes_from_map,
    order_corners,
)
from sampan.documents.ocr.words import is_cjk
from sampan.documents.stages import Image
from sampan.runtime import Model, trace

RULES = replace(OFFICIAL, max_candidates=1000)
BATCH = 6
_LEAST_WIDTH = 320
_STRIDE = 32
_SAME_ROW = 10
"""Boxes whose tops differ by fewer pixels than this stand in one row, whatever the resolution."""
_TALL = 1.5


class OfficialEngine:
    """Finds and reads the lines of a picture (`LineReader` of `sampan.documents.stages`), in the official order."""

    def __init__(self, detector: OfficialDetector, recogniser: OfficialRecogniser) -> None:
        self.detector = detector
        self.recogniser = recogniser

    def read(self, image: Image) -> list[Line]:
        """Lines of `image` in its pixel coordinates, top to bottom, each row from the left."""
        quads = [
            quad for quad in official_order(self.detector.detect(image).quads) if min(quad_size(quad)) >= 1
        ]
        readings = self.recogniser.read([official_crop(image, quad) for quad in quads])
        return [
            _line(reading, _reading_direction(quad))
            for quad, reading in zip(quads, readings, strict=True)
            if reading.text.strip()
        ]

    def score(self, strips: Sequence[Image]) -> list[float]:
        """How well each strip of a line reads as it stands: its mean confidence."""
        return [reading.confidence for reading in self.recogniser.read(strips)]


class OfficialDetector:
    """DB detection with the official sizes and rounding."""

    def __init__(self, model: Model, rules: DetectionRules = RULES) -> None:
        self._detector = TextDetector(model, rules)
        self.rules = rules

    def detect(self, image: Image) -> Detections:
        """Boxes with corners in whole pixels of `image`, in the order of the contours."""
        height, width = image.shape[:2]
        if height + width < 64:
            padded = np.zeros((max(32, height), max(32, width), 3), np.uint8)
            padded[:height, :width] = image
            image = padded
        size = official_size(image.shape[0], image.shape[1], self.rules)
        # Plain bilinear even where it shrinks.
        probability = self._detector.probability_map(cv2.resize(image, size[::-1]), 1.0)
        quads, scores = boxes_from_map(probability, self.rules)
        # The map is taken for the picture as it was before padding.
        quads *= np.array([width / size[1], height / size[0]], np.float32)
        return Detections(np.clip(np.round(quads), 0, (width, height)).astype(np.float32), scores)


class OfficialRecogniser:
    """Reads crops in batches of six of like shape, padded on the right to the widest."""

    def __init__(
        self, model: Model, vocabulary: Sequence[str], name: str, pool: Executor | None = None
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.name = name
        self.pool = pool

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per (h, w, 3) crop, in the order given; columns are fractions of the crop's width."""
        order = np.argsort([crop.shape[1] / crop.shape[0] for crop in crops], kind="stable").tolist()
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        run = map if self.pool is None else self.pool.map
        readings: dict[int, Reading] = {}
        for batch, found in zip(
            batches,
            run(trace.carried(self._read_batch), [[crops[i] for i in batch] for batch in batches]),
            strict=True,
        ):
            readings.update(zip(batch, found, strict=True))
        return [readings[index] for index in range(len(crops))]

    def _read_batch(self, crops: Sequence[Image]) -> list[Reading]:
        batch = official_blob(crops)
        readings = []
        for logits, crop in zip(self.model(batch)[0], crops, strict=True):
            reading = decode(logits, self.vocabulary)
            # Frames count from the left of the padded strip: only so much of it is the line. The official
            # rules know the first frame of a character alone.
            filled = min(HEIGHT * crop.shape[1] / crop.shape[0] / batch.shape[3], 1.0)
            first = reading.columns[:, 0]
            columns = np.stack([first, first + 1 / len(logits)], axis=1) / filled
            readings.append(replace(reading, columns=columns.astype(np.float32), model=self.name))
        return readings


def official_size(height: int, width: int, rules: DetectionRules = RULES) -> tuple[int, int]:
    """(height, width) of the detector's input: multiples of 32, halves rounded to even, at least 32."""
    ratio = max(1.0, rules.limit_side / min(height, width))
    sides = [int(height * ratio), int(width * ratio)]
    if max(sides) > rules.max_side:
        ratio = rules.max_side / max(sides)
        sides = [int(side * ratio) for side in sides]
    rows, columns = (max(round(side / _STRIDE) * _STRIDE, _STRIDE) for side in sides)
    return rows, columns


def official_order(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4, 2) quads by the y, then the x of their first corner; in a row, a box moves before those right of it."""
    order = np.lexsort((quads[:, 0, 0], quads[:, 0, 1])).tolist()
    corner = quads[:, 0].tolist()
    for start in range(1, len(order)):
        for place in range(start, 0, -1):
            (x, y), (x_before, y_before) = corner[order[place]], corner[order[place - 1]]
            if abs(y - y_before) >= _SAME_ROW or x >= x_before:
                break
            order[place - 1], order[place] = order[place], order[place - 1]
    return np.asarray(quads[order], np.float32)


def official_crop(image: Image, quad: NDArray[np.float32]) -> Image:
    """The rectangle around a quad, at its own size in whole pixels; lying on its side if it is tall."""
    rectangle = order_corners(cv2.boxPoints(cv2.minAreaRect(quad.astype(np.int32))))
    width, height = (max(int(side), 1) for side in quad_size(rectangle))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    crop = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(rectangle, target),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(np.rot90(crop) if height >= _TALL * width else crop, np.uint8)


def official_blob(crops: Sequence[Image]) -> NDArray[np.float32]:
    """(N, 3, 48, W) input: (x/255 − 0.5)/0.5 in BGR order, zeros right of each line up to the widest."""
    ratios = [crop.shape[1] / crop.shape[0] for crop in crops]
    widest = min(int(HEIGHT * max(_LEAST_WIDTH / HEIGHT, *ratios)), MAX_WIDTH)
    batch = np.zeros((len(crops), 3, HEIGHT, widest), np.float32)
    for index, (crop, ratio) in enumerate(zip(crops, ratios, strict=True)):
        own = min(int(HEIGHT * max(_LEAST_WIDTH / HEIGHT, ratio)), MAX_WIDTH)
        width = min(ceil(HEIGHT * ratio), own)
        resized = cv2.resize(crop, (width, HEIGHT)).astype(np.float32)
        batch[index, :, :, :width] = (resized.transpose(2, 0, 1) / 255 - 0.5) / 0.5
    return batch


def _reading_direction(quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """The corners from the start of the line: a tall box is read downwards."""
    width, height = quad_size(quad)
    return np.roll(quad, -1, axis=0) if height >= _TALL * width else quad


def _line(reading: Reading, quad: NDArray[np.float32]) -> Line:
    level = bool(np.ptp(quad[:2, 1]) == 0 and np.ptp(quad[2:, 1]) == 0 and quad[1, 0] > quad[0, 0])
    words = []
    for first, last, start, end in _spans(reading):
        corners = slice_quad(quad, start, end)
        words.append(
            Word(
                text="".join(reading.characters[first:last]),
                box=_box(corners),
                quad=None if level else _quad(corners),
                confidence=min(float(reading.probabilities[first:last].mean()), 1.0),
            )
        )
    return Line(
        text=reading.text,
        box=_box(quad),
        quad=None if level else _quad(quad),
        confidence=min(reading.confidence, 1.0),
        origin="ocr",
        model=reading.model,
        words=words,
    )


def _spans(reading: Reading) -> Iterator[tuple[int, int, float, float]]:
    """Words as first and one-past-last character, start and end in 0 … 1 of the line, by the official column rule.

    A word reaches from the first column of its first character to the end of its last one's first column. Ideographs
    stand alone, as wide as the average distance between them in their runs.
    """
    frame = float((reading.columns[:, 1] - reading.columns[:, 0]).min())
    ideographic = [is_cjk(character) for character in reading.characters]
    runs = list(_runs(reading.characters, ideographic))
    steps = [
        (float(reading.columns[last - 1, 0] - reading.columns[first, 0]) + frame) / (last - first - 1)
        for first, last in runs
        if ideographic[first] and last - first > 1
    ]
    usual = float(np.mean(steps)) if steps else 1.0 / len(reading.characters)
    for first, last in runs:
        if not ideographic[first]:
            start, end = float(reading.columns[first, 0]), float(reading.columns[last - 1, 0]) + frame
            yield first, last, min(start, 1.0), min(end, 1.0)
            continue
        for index in range(first, last):
            centre = float(reading.columns[index, 0]) + frame / 2
            yield index, index + 1, max(centre - usual / 2, 0.0), min(centre + usual / 2, 1.0)


def _runs(characters: Sequence[str], ideographic: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Stretches of ideographs and stretches of other characters without a space."""
    first = 0
    for index in range(len(characters) + 1):
        ends = index == len(characters) or characters[index].isspace()
        if first < index and (ends or ideographic[index] != ideographic[index - 1]):
            yield first, index
            first = index
        if ends:
            first = index + 1


def _box(corners: NDArray[np.float32]) -> Box:
    x0, y0 = corners.min(axis=0).tolist()
    x1, y1 = corners.max(axis=0).tolist()
    return (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))


def _quad(corners: NDArray[np.float32]) -> Quad:
    a, b, c, d = ((round(x, 2), round(y, 2)) for x, y in corners.tolist())
    return (a, b, c, d)
