"""Lines turned by quarters, with the number of turns as their label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.vision.text_recognition.augmentation import RecAug
from sampan.vision.text_recognition.rotation.network import TURNS
from sampan.vision.text_recognition.sources import LineSource
from sampan.vision.text_recognition.strips import strip


class RotatedLines(Dataset[dict[str, Any]]):
    """Lines turned by a quarter, a half, three quarters or not; their texts are not looked at.

    An item is `image` (3, H, W) and `turn`, the number of quarter turns counter-clockwise. Everything random in item
    i comes from (seed, epoch, i); with `change` None each line has the same turn in every epoch.
    """

    def __init__(
        self, sources: Sequence[LineSource], size: tuple[int, int], change: RecAug | None, seed: int
    ) -> None:
        self.sources, self.size, self.change, self.seed, self.epoch = list(sources), size, change, seed, 0
        self._ends = np.cumsum([len(source) for source in self.sources])
        if not self.sources or not self._ends[-1]:
            raise InputError("there are no lines to turn: name a label file or a language to draw")

    def __len__(self) -> int:
        return int(self._ends[-1])

    def set_epoch(self, epoch: int) -> None:
        """Draws of the next items belong to this epoch."""
        self.epoch = epoch

    def __getitem__(self, number: int) -> dict[str, Any]:
        epoch = self.epoch if self.change is not None else 0
        rng = np.random.default_rng((self.seed, epoch, number))
        source = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[source - 1]) if source else 0
        image, _ = self.sources[source].line(number - before, epoch)
        if self.change is not None:
            image = self.change(image, rng)
        turn = int(rng.integers(TURNS))
        picture, _ = strip(np.ascontiguousarray(np.rot90(image, turn)), *self.size)
        return {"image": torch.from_numpy(picture), "turn": torch.tensor(turn)}
