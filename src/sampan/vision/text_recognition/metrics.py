"""How well lines are read: whole lines right, characters right, and PaddleOCR's normalised edit similarity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.vision.text_recognition.dictionary import CharacterDictionary, greedy


class RecognitionMetrics:
    """Figures of readings against the true texts, gathered batch by batch (`sampan.training.task.Metrics`).

    - `accuracy`: share of lines read without a mistake (PaddleOCR's `acc`).
    - `character_accuracy`: 1 − edit distance / number of true characters, over all lines; not below 0.
    - `edit_similarity`: mean over lines of 1 − edit distance / longer length (PaddleOCR's `norm_edit_dis`).

    Args:
        ignore_spaces: compare texts without spaces, as PaddleOCR does by default.
        watch: which figure comes first, and so chooses the best checkpoint.
    """

    def __init__(
        self, dictionary: CharacterDictionary, ignore_spaces: bool = False, watch: str = "accuracy"
    ) -> None:
        self.names = dictionary.names
        self.ignore_spaces = ignore_spaces
        self.watch = watch
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._lines = self._right = self._characters = self._mistakes = 0
        self._similarity = 0.0

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        """Counts a batch: `outputs["ctc"]` logits (B, T, V), `batch["text"]` the true texts."""
        best = outputs["ctc"].argmax(-1).tolist()
        for frames, truth in zip(best, batch["text"], strict=True):
            self.add(greedy(frames, [1.0] * len(frames), self.names).text, truth)

    def add(self, reading: str, truth: str) -> None:
        """Counts one line."""
        if self.ignore_spaces:
            reading, truth = reading.replace(" ", ""), truth.replace(" ", "")
        distance = edit_distance(reading, truth)
        self._lines += 1
        self._right += distance == 0
        self._characters += len(truth)
        self._mistakes += distance
        self._similarity += 1 - distance / max(len(reading), len(truth), 1)

    def merge(self, others: list[RecognitionMetrics]) -> None:
        """Takes in what other processes counted."""
        for other in others:
            self._lines += other._lines
            self._right += other._right
            self._characters += other._characters
            self._mistakes += other._mistakes
            self._similarity += other._similarity

    def compute(self) -> dict[str, float]:
        """The figures, each 0 … 1."""
        lines = max(self._lines, 1)
        figures = {
            "accuracy": self._right / lines,
            "character_accuracy": max(0.0, 1 - self._mistakes / max(self._characters, 1)),
            "edit_similarity": self._similarity / lines,
        }
        return {self.watch: figures[self.watch]} | figures


def edit_distance(one: str, other: str) -> int:
    """Least number of insertions, deletions and replacements between two texts.

    Bit-parallel: a column of the dynamic programme is held in two integers (Myers 1999, in Hyyrö's form).
    """
    if not one or not other:
        return len(one) + len(other)
    masks: dict[str, int] = {}
    for place, sign in enumerate(one):
        masks[sign] = masks.get(sign, 0) | 1 << place
    full, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    rises, falls, distance = full, 0, len(one)
    for sign in other:
        match = masks.get(sign, 0)
        diagonal = (((match & rises) + rises) ^ rises) | match | falls
        up = falls | ~(diagonal | rises) & full
        down = diagonal & rises
        distance += bool(up & last) - bool(down & last)
        up = (up << 1 | 1) & full
        down = down << 1 & full
        rises = down | ~(diagonal | up) & full
        falls = up & diagonal
    return distance
