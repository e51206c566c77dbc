"""Lines on their way into training: drawn, joined, changed, brought to size and spelt in classes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.vision.text_recognition.augmentation import RecAug
from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.joining import RecConAug
from sampan.vision.text_recognition.sampling import ScaledIndex
from sampan.vision.text_recognition.sources import LineSource, read_picture
from sampan.vision.text_recognition.strips import HEIGHT, Image, strip, strip_width

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t", " "))
"""Spaces that look like a space."""
_ATTEMPTS = 20
"""Other lines tried in place of one that cannot be used."""


class LineDataset(Dataset[dict[str, Any]]):
    """Lines of several sources as items for a recogniser.

    An item is `image` (3, H, W) float32, `labels` (L,) and `length`, `valid_ratio` (share of the width that is the
    line) and `text`. An index may be a number, or a number with the height and width of its batch (`sampling`).
    Everything random in item i comes from (seed, epoch, i).

    A line that cannot be trained on is replaced by another one: no characters left, more than `max_characters`, a
    character that the dictionary does not have (`drop_unknown` leaves out the character instead, as PaddleOCR does),
    or longer than `max_squeeze` times the width.

    Args:
        sources: lines of all of them make the data set, in their order.
        dictionary: spells the texts.
        width: of the strips; None keeps each line's own and pads in `collate_lines`.
        join: RecConAug.
        change: RecAug.
    """

    def __init__(
        self,
        sources: Sequence[LineSource],
        dictionary: CharacterDictionary,
        *,
        height: int = HEIGHT,
        width: int | None = 320,
        join: RecConAug | None = None,
        change: RecAug | None = None,
        max_characters: int = 80,
        max_squeeze: float = 1.5,
        drop_unknown: bool = False,
        seed: int = 0,
    ) -> None:
        self.sources = list(sources)
        self.dictionary = dictionary
        self.height, self.width = height, width
        self.join, self.change = join, change
        self.max_characters, self.max_squeeze, self.drop_unknown = max_characters, max_squeeze, drop_unknown
        self.seed, self.epoch = seed, 0
        self._ends = np.cumsum([len(source) for source in self.sources])
        if not self.sources or not self._ends[-1]:
            raise InputError("there are no lines to read: name a label file or a language to draw")

    def __len__(self) -> int:
        return int(self._ends[-1])

    def set_epoch(self, epoch: int) -> None:
        """Draws of the next items belong to this epoch."""
        self.epoch = epoch

    def __getitem__(self, index: int | ScaledIndex) -> dict[str, Any]:
        number, height, width = index if isinstance(index, tuple) else (index, self.height, self.width)
        rng = np.random.default_rng((self.seed, self.epoch, number))
        ratio = None if width is None else width / height
        image, text = self._usable(number, rng, ratio)
        if self.join is not None:
            image, text = self.join(image, text, self._others(rng), rng, ratio or float("inf"))
        if self.change is not None:
            image = self.change(image, rng)
        picture, filled = strip(image, height, width)
        labels = self.dictionary.encode(text)
        return {
            "image": torch.from_numpy(picture),
            "labels": torch.tensor(labels, dtype=torch.long),
            "length": torch.tensor(len(labels)),
            "valid_ratio": torch.tensor(filled, dtype=torch.float32),
            "text": self.dictionary.decode(labels),
        }

    def raw(self, number: int) -> tuple[Image, str]:
        """Line `number` as its source gives it in this epoch; the text in NFC, every kind of space a plain one."""
        source = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[source - 1]) if source else 0
        image, text = self.sources[source].line(number - before, self.epoch)
        return image, unicodedata.normalize("NFC", text.translate(_SPACES))

    def _others(self, rng: np.random.Generator) -> Iterator[tuple[Image, str]]:
        while True:
            image, text = self.raw(int(rng.integers(len(self))))
            if self._fits(image, text, None):
                yield image, text

    def _usable(self, number: int, rng: np.random.Generator, ratio: float | None) -> tuple[Image, str]:
        for _ in range(_ATTEMPTS):
            image, text = self.raw(number)
            if self._fits(image, text, ratio):
                return image, text
            number = int(rng.integers(len(self)))
        raise InputError(
            f"{_ATTEMPTS} lines in a row cannot be used, the last one {text[:40]!r}: too long for "
            f"{self.max_characters} characters or the width, or its characters are not in the dictionary"
        )

    def _fits(self, image: Image, text: str, ratio: float | None) -> bool:
        known = self.drop_unknown or not self.dictionary.unknown(text)
        length = len(self.dictionary.encode(text))
        if not (known and 0 < length <= self.max_characters):
            return False
        return ratio is None or strip_width(image) <= HEIGHT * ratio * self.max_squeeze


class UnlabelledLines(Dataset[dict[str, Any]]):
    """Pictures of lines without texts, changed and brought to size as `LineDataset` does, for distillation.

    Items have the same keys; their labels are empty and mean nothing. Files that cannot be read are errors.
    """

    def __init__(
        self, files: Sequence[Path], height: int, width: int, change: RecAug | None, seed: int
    ) -> None:
        self.files, self.height, self.width = list(files), height, width
        self.change, self.seed, self.epoch = change, seed, 0

    def __len__(self) -> int:
        return len(self.files)

    def set_epoch(self, epoch: int) -> None:
        """Draws of the next items belong to this epoch."""
        self.epoch = epoch

    def __getitem__(self, number: int) -> dict[str, Any]:
        image = read_picture(self.files[number])
        if self.change is not None:
            image = self.change(image, np.random.default_rng((self.seed, self.epoch, number)))
        picture, filled = strip(image, self.height, self.width)
        return {
            "image": torch.from_numpy(picture),
            "labels": torch.zeros(0, dtype=torch.long),
            "length": torch.tensor(0),
            "valid_ratio": torch.tensor(filled, dtype=torch.float32),
            "text": "",
        }


def collate_lines(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A batch: pictures padded with zeros to the widest, labels with blanks to the longest."""
    widest = max(sample["image"].shape[2] for sample in samples)
    longest = max(1, max(len(sample["labels"]) for sample in samples))
    ratios = [float(sample["valid_ratio"]) * sample["image"].shape[2] / widest for sample in samples]
    images = torch.stack([_padded(sample["image"], widest) for sample in samples])
    return {
        # Convolutions of narrow networks are a fifth faster on a CPU with the channels innermost.
        "image": images.contiguous(memory_format=torch.channels_last),
        "labels": torch.stack([_padded(sample["labels"], longest) for sample in samples]),
        "length": torch.stack([sample["length"] for sample in samples]),
        "valid_ratio": torch.tensor(ratios, dtype=torch.float32),
        "text": [sample["text"] for sample in samples],
    }


def _padded(tensor: Tensor, size: int) -> Tensor:
    return functional.pad(tensor, (0, size - tensor.shape[-1]))
