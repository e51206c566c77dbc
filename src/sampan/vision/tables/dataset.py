"""Tables of PubTabNet files as items and batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.vision.annotations.pubtabnet import TableLabel
from sampan.vision.detection.dataset import read_image
from sampan.vision.tables.picture import SIDE, Floats, Frame, as_box, as_corners, prepare, to_fractions
from sampan.vision.tables.structure_loss import IGNORED
from sampan.vision.tables.vocabulary import StructureVocabulary


@dataclass(frozen=True, slots=True)
class EncodedTable:
    """A table's structure in numbers; texts are not needed."""

    path: str
    tokens: NDArray[np.int16]
    """(T,) without `sos` and `eos`"""
    boxes: Floats
    """(T, 4 or 8) in pixels; zeros where there is none"""
    located: NDArray[np.bool_]
    """(T,) whether the token opens a cell that has a box"""


class TableData(Dataset[dict[str, Any]]):
    """Items `image` (3, side, side), `tokens` (T + 1,) from `sos` on, `targets` (T + 1,) to `eos`, `locations`
    (T + 1, location) as fractions, `located` (T + 1,), `factor` from pixels to those of the square.

    Tables that are longer than `max_tokens`, or hold spans that the vocabulary lacks, are left out; `left_out` counts
    them.
    """

    def __init__(
        self,
        labels: Iterable[TableLabel],
        folder: Path,
        vocabulary: StructureVocabulary,
        location: int = 8,
        frame: Frame = "square",
        max_tokens: int = 500,
        side: int = SIDE,
    ) -> None:
        self.folder, self.vocabulary, self.location = folder, vocabulary, location
        self.frame, self.side = frame, side
        self.tables: list[EncodedTable] = []
        self.left_out = 0
        for label in labels:
            table = encode_table(label, vocabulary, location)
            if table is None or len(table.tokens) > max_tokens:
                self.left_out += 1
            else:
                self.tables.append(table)
        if not self.tables:
            raise InputError(
                f"no table is left of {self.left_out}: they are longer than {max_tokens} tokens or need a larger "
                "vocabulary, or the file has none of this split"
            )

    def __len__(self) -> int:
        return len(self.tables)

    def __getitem__(self, index: int) -> dict[str, Any]:
        table = self.tables[index]
        picture = read_image(self.folder / table.path)
        square, factor = prepare(picture, self.side)
        steps = len(table.tokens) + 1
        locations = np.zeros((steps, self.location), np.float32)
        locations[:-1] = to_fractions(table.boxes, picture.shape[:2], self.frame)
        tokens = torch.from_numpy(table.tokens.astype(np.int64))
        ends = torch.tensor([self.vocabulary.start]), torch.tensor([self.vocabulary.end])
        return {
            "image": torch.from_numpy(square),
            "tokens": torch.cat([ends[0], tokens]),
            "targets": torch.cat([tokens, ends[1]]),
            "locations": torch.from_numpy(locations),
            "located": torch.from_numpy(np.append(table.located, False)),
            "factor": torch.tensor(factor),
        }


def encode_table(label: TableLabel, vocabulary: StructureVocabulary, location: int) -> EncodedTable | None:
    """The table in numbers, or None if the vocabulary lacks one of its tokens."""
    try:
        tokens = vocabulary.encode(label.structure)
    except InputError:
        return None
    boxes = np.zeros((len(tokens), location), np.float32)
    located = np.zeros(len(tokens), bool)
    cells = iter(label.cells)
    for step, token in enumerate(tokens):
        if vocabulary.opens_cell(token):
            box = next(cells).box
            if box is not None:
                boxes[step] = as_corners(box) if location == 8 else as_box(box)
                located[step] = True
    return EncodedTable(label.path, np.asarray(tokens, np.int16), boxes, located)


def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Steps are padded to the longest table; targets of the padding are −100."""
    padding = {"tokens": 0, "targets": IGNORED, "locations": 0.0, "located": False}
    steps = max(len(sample["tokens"]) for sample in samples)
    batch = {key: torch.stack([sample[key] for sample in samples]) for key in ("image", "factor")}
    for key, value in padding.items():
        first = samples[0][key]
        padded = first.new_full((len(samples), steps, *first.shape[1:]), value)
        for row, sample in zip(padded, samples, strict=True):
            row[: len(sample[key])] = sample[key]
        batch[key] = padded
    return batch
