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
from sampan.documents.ocr.apostrophes import page_apostrophe
from sampan.documents.ocr.cascade import Recogniser
from sampan.documents.ocr.crops import LineCrop, quad_size, slice_quad
from sampan.documents.ocr.ctc import Reading
from sampan.documents.ocr.detection import TextDetector
from sampan.documents.ocr.extend import extend_to_marks, ink_components
from sampan.documents.ocr.ideographs import settle_ideographs
from sampan.documents.ocr.lone import is_sure, lone_glyphs
from sampan.documents.ocr.lookalikes import settle_lookalikes
from sampan.documents.ocr.monospace import settle_monospaced
from sampan.documents.ocr.words import WordSpan, consistent, is_cjk, parted, spaced, typographic
from sampan.documents.stages import Image

_TALL = 1.5
"""Height over width from which a box may hold a line that runs downwards (card §4)."""
_LEVEL_DEGREES = 0.6
"""Lines within this angle of the axes get no quad."""


@dataclass(frozen=True, slots=True)
class EngineRules:
    min_confidence: float = 0.5
    """Lines read with less are dropped: specks, textures, parts of pictures."""


_AIR = 0.0625
"""Added above, below and at both ends of a line before it is read, in its heights: letters a little lower in the
strip are read as well in a tenth fewer pixels. The line's own box stays as found."""


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
        return self.read_quads(image, self.find(image, scale))

    def find(self, image: Image, scale: float | None = None) -> NDArray[np.float32]:
        """(N, 4, 2) quads of the lines of `image`, not yet lengthened to the marks at their ends."""
        return self.detector.detect(image, scale).quads

    def score(self, strips: Sequence[Image]) -> list[float]:
        """How well each strip of a line reads as it stands: its mean confidence."""
        crops = [LineCrop(strip, _outline(strip)) for strip in strips]
        return [reading.confidence for reading in self.recogniser.quick(crops)]

    def read_quads(self, image: Image, quads: NDArray[np.float32]) -> list[Line]:
        """Read lines whose (N, 4, 2) quads are known."""
        marks = ink_components(image)
        quads = extend_to_marks(image, quads, marks)
        lone = lone_glyphs(marks, quads)
        quads = np.concatenate([quads, lone])
        lines: list[Line] = []
        level: list[LineCrop] = []
        tall: list[list[LineCrop]] = []
        lone_crops: set[int] = set()
        for number, quad in enumerate(quads):
            ways = [_with_air(way, _AIR) for way in _ways_to_read(quad)]
            if len(ways) == 1:
                if number >= len(quads) - len(lone):
                    lone_crops.add(len(level))
                level.append(LineCrop(image, ways[0]))
            else:
                tall.append([LineCrop(image, turned) for turned in ways])
        # A box that may run downwards is read every way at first; the best way is kept.
        tried = iter(self.recogniser.quick([crop for ways in tall for crop in ways]))
        for crops in tall:
            scores = [next(tried).confidence for _ in crops]
            level.append(crops[int(np.argmax(scores))])
        readings = self.recogniser.read(level)
        usual = _usual_height(level, readings)
        readings = [
            typographic(spaced(reading, crop.ink()), crop.ink(), usual / max(quad_size(crop.quad)[0], 1.0))
            for crop, reading in zip(level, readings, strict=True)
        ]
        readings = settle_lookalikes(level, settle_monospaced(level, readings))
        readings = settle_ideographs(consistent(readings, page_apostrophe(level, readings)))
        for number, (crop, reading) in enumerate(zip(level, readings, strict=True)):
            if number in lone_crops and not is_sure(reading):
                continue
            if reading.confidence >= self.rules.min_confidence and reading.text.strip():
                lines += _lines(reading, crop)
        return lines


def _ways_to_read(quad: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The ways a box may be read: as it stands, or, if it is tall, turned a quarter either way."""
    width, height = quad_size(quad)
    if height < _TALL * width:
        return [quad]
    counter_clockwise = np.roll(quad, -1, axis=0)
    clockwise = np.roll(quad, 1, axis=0)
    turned = [counter_clockwise, clockwise]
    return [quad, *turned] if height < 3 * width else turned


def _usual_height(crops: Sequence[LineCrop], readings: Sequence[Reading]) -> float:
    """Median height, in pixels, of the ink of lines that hold some letters; 0 on a page of ideographs."""
    heights = [
        ink.height * quad_size(crop.quad)[0]
        for crop, reading in zip(crops, readings, strict=True)
        if len(reading.characters) > 4 and (ink := crop.ink()) is not None
    ]
    ideographs = sum(is_cjk(reading.characters[0]) for reading in readings if reading.characters)
    return float(np.median(heights)) if heights and ideographs < 0.2 * len(readings) else 0.0


def _with_air(quad: NDArray[np.float32], air: float) -> NDArray[np.float32]:
    """The quad grown by `air` heights on every side; a negative `air` takes as much away."""
    down = (quad[3] + quad[2] - quad[0] - quad[1]) / 2
    height = float(np.linalg.norm(down))
    along = quad[1] - quad[0]
    along = along / max(float(np.linalg.norm(along)), 1e-6) * height * air
    down = down * air
    return np.array(
        [quad[0] - along - down, quad[1] + along - down, quad[2] + along + down, quad[3] - along + down],
        np.float32,
    )


def _lines(reading: Reading, crop: LineCrop) -> list[Line]:
    """The line, or its parts where it turns out to run over a gutter."""
    groups = parted(reading, crop.ink())
    whole = _with_air(crop.quad, -_AIR / (1 + 2 * _AIR))
    if len(groups) < 2:
        return [_line(reading, crop, groups[0], whole)] if groups else []
    rise = (crop.quad[3] - crop.quad[0]) * _AIR / (1 + 2 * _AIR)
    lines = []
    for group in groups:
        part = slice_quad(crop.quad, max(group[0].start, 0.0), min(group[-1].end, 1.0))
        lines.append(_line(reading, crop, group, part + np.array([rise, rise, -rise, -rise], np.float32)))
    return lines


def _line(reading: Reading, crop: LineCrop, spans: Sequence[WordSpan], quad: NDArray[np.float32]) -> Line:
    level = _is_level(crop.quad)
    rise = (crop.quad[3] - crop.quad[0]) * _AIR / (1 + 2 * _AIR)
    words = []
    for span in spans:
        corners = slice_quad(crop.quad, max(span.start, 0.0), min(span.end, 1.0))
        corners += np.array([rise, rise, -rise, -rise], np.float32)
        words.append(
            Word.model_construct(
                text=span.text,
                box=_box(corners),
                quad=None if level else _quad(corners),
                confidence=min(max(span.confidence, 0.0), 1.0),
                style=None,
            )
        )
    first, last = spans[0].first, spans[-1].last
    return Line(
        text="".join(reading.characters[first:last]).strip(),
        box=_box(quad),
        quad=None if level else _quad(quad),
        confidence=min(max(float(reading.probabilities[first:last].mean()), 0.0), 1.0),
        origin="ocr",
        model=reading.model or None,
        words=words,
    )


def _outline(image: Image) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


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
