"""The OCR engine: a picture in, lines with words, boxes and confidences out.

Detection at the resolution that the text needs, strips of the width that each line needs, two recognisers in cascade,
spaces checked against the ink. Lines are read on a pool of single-threaded runs: for these small
networks two runs side by side use two cores far better than one run on two threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box, Line, Quad, Word
from sampan.documents.ocr.cascade import Recogniser
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.detection import Detections, TextDetector
from sampan.documents.ocr.recognition import ladder_width
from sampan.documents.ocr.strips import HEIGHT, cut_strip, quad_size
from sampan.documents.ocr.words import split_words
from sampan.documents.stages import Image

_TALL = 1.5
"""Height over width from which a box may hold a line that runs downwards (card §4)."""
_LEVEL_DEGREES = 0.6
"""Lines within this angle of the axes get no quad."""


@dataclass(frozen=True, slots=True)
class EngineRules:
    squeeze: float = 1.0
    min_confidence: float = 0.5
    """Lines read with less are dropped: specks, textures, parts of pictures."""


class OcrEngine:
    """Finds and reads the lines of a picture (`LineReader` of `sampan.documents.stages`)."""

    def __init__(
        self,
        detector: TextDetector,
        recogniser: Recogniser,
        rules: EngineRules = EngineRules(),
    ) -> None:
        self.detector = detector
        self.recogniser = recogniser
        self.rules = rules

    def read(self, image: Image, scale: float | None = None) -> list[Line]:
        """Lines of `image` in its pixel coordinates, in no special order."""
        return self.read_quads(image, self.detector.detect(image, scale))

    def score(self, strips: Sequence[Image]) -> list[float]:
        """How well each strip of a line reads as it stands: its mean confidence."""
        scaled = []
        for strip in strips:
            height, width = strip.shape[:2]
            corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
            scaled.append(cut_strip(strip, corners, ladder_width(HEIGHT * width / max(height, 1))))
        return [reading.confidence for reading in self.recogniser.quick(scaled)]

    def read_quads(self, image: Image, detections: Detections) -> list[Line]:
        """Read lines whose quads are known."""
        candidates: list[tuple[int, NDArray[np.float32]]] = []
        strips: list[Image] = []
        for index, quad in enumerate(detections.quads):
            for turned in _readings_of(quad):
                width, height = quad_size(turned)
                natural = HEIGHT * width / max(height, 1.0) * self.rules.squeeze
                candidates.append((index, turned))
                strips.append(cut_strip(image, turned, ladder_width(natural)))
        readings = self.recogniser.read(strips)
        best: dict[int, int] = {}
        for position, (index, _) in enumerate(candidates):
            if index not in best or readings[position].confidence > readings[best[index]].confidence:
                best[index] = position
        lines = []
        for position in best.values():
            reading = readings[position]
            if reading.confidence >= self.rules.min_confidence and reading.text.strip():
                lines.append(_line(reading, candidates[position][1], strips[position]))
        return lines


def _readings_of(quad: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The ways a box may be read: as it stands, or, if it is tall, turned a quarter either way."""
    width, height = quad_size(quad)
    if height < _TALL * width:
        return [quad]
    counter_clockwise = np.roll(quad, -1, axis=0)
    clockwise = np.roll(quad, 1, axis=0)
    turned = [counter_clockwise, clockwise]
    return [quad, *turned] if height < 3 * width else turned


def _line(reading: Reading, quad: NDArray[np.float32], strip: Image) -> Line:
    text, spans = split_words(reading, strip)
    level = _is_level(quad)
    words = []
    for span in spans:
        corners = _slice(quad, span.start, span.end)
        words.append(
            Word(
                text=span.text,
                box=_box(corners),
                quad=None if level else _quad(corners),
                confidence=min(max(span.confidence, 0.0), 1.0),
            )
        )
    return Line(
        text=text,
        box=_box(quad),
        quad=None if level else _quad(quad),
        confidence=min(max(reading.confidence, 0.0), 1.0),
        origin="ocr",
        model=reading.model or None,
        words=words,
    )


def _slice(quad: NDArray[np.float32], start: float, end: float) -> NDArray[np.float32]:
    """The part of a quad between two fractions of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.array(
        [quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom],
        np.float32,
    )


def _is_level(quad: NDArray[np.float32]) -> bool:
    dx, dy = quad[1] - quad[0]
    return bool(dx > 0 and abs(np.degrees(np.arctan2(dy, dx))) < _LEVEL_DEGREES)


def _box(corners: NDArray[np.float32]) -> Box:
    x0, y0 = corners.min(axis=0).tolist()
    x1, y1 = corners.max(axis=0).tolist()
    return (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))


def _quad(corners: NDArray[np.float32]) -> Quad:
    a, b, c, d = ((round(x, 2), round(y, 2)) for x, y in corners.tolist())
    return (a, b, c, d)


def worker_pool(threads: int) -> ThreadPoolExecutor | None:
    """A pool for recogniser runs, or None where one core makes it pointless."""
    return ThreadPoolExecutor(threads, thread_name_prefix="sampan-read") if threads > 1 else None
