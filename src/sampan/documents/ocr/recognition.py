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

import numpy as np
from numpy.typing import NDArray

from sampan.documents.ocr.crops import HEIGHT, STRIDE, LineCrop
from sampan.documents.ocr.ctc import Reading, decode
from sampan.documents.stages import Image
from sampan.runtime import Model, trace

_LOGITS_AT_ONCE = 4_000_000
"""Most logits (frames × classes) in one run: 16 MB."""


@dataclass(frozen=True, slots=True)
class RecognitionRules:
    batch_size: int = 1
    """Most lines in one run. One is as fast as eight on a CPU, whose caches a batch overflows."""
    squeeze: float = 1.0
    """Horizontal scale of the strips relative to their natural width."""


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


def blob(strips: Sequence[Image]) -> NDArray[np.float32]:
    """(N, 3, 48, W) input of strips of equal width: (x/255 − 0.5)/0.5 in BGR order."""
    batch = np.empty((len(strips), 3, HEIGHT, strips[0].shape[1]), np.float32)
    for index, strip in enumerate(strips):
        np.multiply(strip.transpose(2, 0, 1), np.float32(1 / 127.5), out=batch[index])
    batch -= 1.0
    return batch
