"""What the lines say: a CTC recogniser run on strips, with the same result whatever the batch.

Padding is not neutral for these networks: global attention and squeeze-excitation see it, and posteriors
were measured to move by up to 1.0 (PaddleOCR 3.0 card §4). So every line gets a width that depends on itself
alone: its natural width at 48 rows, rounded to a ladder of widths about 4 % apart and *stretched* to fill it.
Only lines of equal width share a batch; nothing is padded, and a reading never depends on its batch mates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.crops import HEIGHT, STRIDE, LineCrop
from sampan.documents.ocr.ctc import Reading, decode
from sampan.documents.ocr.words import is_cjk
from sampan.documents.stages import Image
from sampan.runtime import Model, trace

_SPACE = 0.2
"""Least width of the blank run between two words, in heights of the line's ink."""
_LOGITS_AT_ONCE = 4_000_000
"""Most logits (frames × classes) in one run: 16 MB."""


@dataclass(frozen=True, slots=True)
class RecognitionRules:
    batch_size: int = 1
    """Most lines in one run. One is as fast as eight on a CPU, whose caches a batch overflows."""
    squeeze: float = 1.0
    """Horizontal scale of the strips relative to their natural width."""
    widest: int = 3200
    """Wider strips are cut between two words and read in pieces: activations grow with the width."""


class TextRecogniser:
    """Reads strips of height 48 with one model."""

    def __init__(
        self,
        model: Model,
        vocabulary: Sequence[str],
        name: str,
        rules: RecognitionRules = RecognitionRules(),
        pool: Executor | None = None,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.name = name
        self.rules = rules
        self.pool = pool

    def read(self, crops: Sequence[LineCrop]) -> list[Reading]:
        """One reading per crop, in the order given."""
        cuts = [pieces(crop, crop.width(self.rules.squeeze) / self.rules.widest) for crop in crops]
        readings = iter(self._read_strips([part for cut in cuts for part, _, _ in cut]))
        return [
            joined([(next(readings), start, stop) for _, start, stop in cut], crop)
            for cut, crop in zip(cuts, crops, strict=True)
        ]

    def _read_strips(self, crops: Sequence[LineCrop]) -> list[Reading]:
        by_width: dict[int, list[int]] = defaultdict(list)
        for index, crop in enumerate(crops):
            by_width[crop.width(self.rules.squeeze)].append(index)
        frames = _LOGITS_AT_ONCE // len(self.vocabulary)
        batches: list[list[int]] = []
        # Widest first, so that no long run is left alone at the end.
        for width, indices in sorted(by_width.items(), reverse=True):
            size = max(1, min(self.rules.batch_size, frames * STRIDE // width))
            batches += [indices[start : start + size] for start in range(0, len(indices), size)]

        def run(indices: list[int]) -> list[Reading]:
            return self._read_batch([crops[index] for index in indices])

        results: list[list[Reading]]
        if self.pool is None:
            results = [run(batch) for batch in batches]
        else:
            futures: list[Future[list[Reading]]] = [
                self.pool.submit(trace.carried(run), batch) for batch in batches
            ]
            results = [future.result() for future in futures]
        readings = {
            index: reading
            for batch, result in zip(batches, results, strict=True)
            for index, reading in zip(batch, result, strict=True)
        }
        return [readings[index] for index in range(len(crops))]

    def _read_batch(self, crops: Sequence[LineCrop]) -> list[Reading]:
        """Everything that costs time for these lines, so that it runs on the pool: cutting, reading, ink."""
        logits = self.model(blob([crop.strip(self.rules.squeeze) for crop in crops]))[0]  # (N, T, V)
        readings = [decode(frame, self.vocabulary, "peak") for frame in logits]
        for crop, reading in zip(crops, readings, strict=True):
            reading.model = self.name
            crop.ink()
        return readings


def pieces(crop: LineCrop, share: float) -> list[tuple[LineCrop, float, float]]:
    """The crop, or parts of it of at most about 1 / `share` of its length, with the fractions where they lie.

    It is cut in the widest blank run near each even division; where there is none it stays whole.
    """
    count = int(np.ceil(share))
    ink = crop.ink() if count > 1 else None
    if ink is None or ink.starts.size == 0:
        return [(crop, 0.0, 1.0)]
    cuts = [0.0]
    for number in range(1, count):
        near = np.flatnonzero(np.abs(ink.middles - number / count) < 0.3 / count)
        if near.size:
            cuts.append(float(ink.middles[near[int(ink.widths[near].argmax())]]))
    cuts.append(1.0)
    return [(crop.part(start, stop), start, stop) for start, stop in pairwise(cuts)]


def joined(parts: Sequence[tuple[Reading, float, float]], crop: LineCrop) -> Reading:
    """One reading from those of a crop's parts, with a space where they are cut at one."""
    if len(parts) == 1:
        return parts[0][0]
    ink = crop.ink()
    characters: list[str] = []
    probabilities: list[NDArray[np.float32]] = []
    columns: list[NDArray[np.float32]] = []
    for reading, start, stop in parts:
        if not reading.characters:
            continue
        if characters and ink is not None:
            run = int(np.abs(ink.middles - start).argmin())
            if _is_space(characters[-1], reading.characters[0], float(ink.widths[run]) / ink.height):
                characters.append(" ")
                probabilities.append(np.ones(1, np.float32))
                columns.append(np.array([[ink.starts[run], ink.ends[run]]], np.float32))
        characters += reading.characters
        probabilities.append(reading.probabilities)
        columns.append((start + reading.columns * (stop - start)).astype(np.float32))
    if not characters:
        return parts[0][0]
    certainty = np.concatenate(probabilities)
    return Reading(
        text="".join(characters),
        confidence=float(certainty.mean()),
        characters=characters,
        probabilities=certainty,
        columns=np.concatenate(columns),
        model=parts[0][0].model,
    )


def _is_space(left: str, right: str, gap: float) -> bool:
    """Whether a blank run of `gap` heights between two characters is a space: never beside ideographs, inside a number
    or before a closing mark; behind a stop, which leaves room of its own, only if it is wide."""
    if left.isspace() or right.isspace() or is_cjk(left) or is_cjk(right) or right in ",.:;!?)]%":
        return False
    if left in ",.:":
        return not right.isdigit() and gap >= 1.5 * _SPACE
    return gap >= _SPACE


def blob(strips: Sequence[Image]) -> NDArray[np.float32]:
    """(N, 3, 48, W) input of strips of equal width: (x/255 − 0.5)/0.5 in BGR order."""
    batch = np.empty((len(strips), 3, HEIGHT, strips[0].shape[1]), np.float32)
    for index, strip in enumerate(strips):
        np.multiply(strip.transpose(2, 0, 1), np.float32(1 / 127.5), out=batch[index])
    batch -= 1.0
    return batch
