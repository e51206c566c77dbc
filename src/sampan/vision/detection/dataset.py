"""Pictures with boxes as batches: reading, augmentation by (seed, epoch, index), several sizes from batch to batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.vision.annotations.coco import BoxLabel
from sampan.vision.detection.augmentation import (
    INTERPOLATIONS,
    Picture,
    flip,
    jitter_colours,
    normalise,
    random_crop,
    resize,
)

Size = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Which augmentations are used; the default is none."""

    crop: bool = False
    flip: float = 0.0
    """Probability."""
    colours: float = 0.0
    """Strength of the jitter."""
    any_interpolation: bool = False


class DetectionData(Dataset[dict[str, Any]]):
    """Items `image` (3, H, W), `boxes` (G, 4), `classes` (G,), `original` (height, width), `epoch`.

    An index is a number, or a number and a size as `multi_scale_batches` gives it. Crowds and what augmentation
    leaves of a box under 1 px are dropped.
    """

    def __init__(
        self,
        labels: Sequence[BoxLabel],
        folder: Path,
        size: Size,
        changes: Changes | None = None,
        seed: int = 0,
    ) -> None:
        """`folder`: where the labels' paths start; `size`: of the items, unless the index names another."""
        self.labels, self.folder, self.size = list(labels), folder, size
        self.changes, self.seed = changes or Changes(), seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.labels)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitem__(self, index: int | tuple[int, Size]) -> dict[str, Any]:
        number, (height, width) = index if isinstance(index, tuple) else (index, self.size)
        label = self.labels[number]
        single = ~label.crowds
        picture = Picture(read_image(self.folder / label.path), label.boxes[single], label.classes[single])
        original = picture.image.shape[:2]
        random = np.random.default_rng((self.seed, self.epoch, number))
        picture = self._change(picture, random)
        interpolation = cv2.INTER_LINEAR
        if self.changes.any_interpolation:
            interpolation = INTERPOLATIONS[int(random.integers(len(INTERPOLATIONS)))]
        picture = resize(picture, height, width, interpolation)
        boxes = picture.boxes.clip(0, np.array([width, height] * 2, np.float32))
        large = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(1)
        return {
            "image": torch.from_numpy(normalise(picture.image)),
            "boxes": torch.from_numpy(boxes[large]),
            "classes": torch.from_numpy(picture.classes[large]),
            "original": torch.tensor(original),
            "epoch": torch.tensor(self.epoch),
        }

    def _change(self, picture: Picture, random: Generator) -> Picture:
        changes = self.changes
        if changes.crop:
            picture = random_crop(picture, random)
        if random.random() < changes.flip:
            picture = flip(picture)
        if changes.colours:
            picture = jitter_colours(picture, random, changes.colours)
        return picture


def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Boxes are padded to the longest list: boxes (B, G, 4) with zeros, classes (B, G) with −1."""
    most = max(len(sample["classes"]) for sample in samples)
    boxes = torch.zeros(len(samples), most, 4)
    classes = torch.full((len(samples), most), -1)
    for i, sample in enumerate(samples):
        boxes[i, : len(sample["boxes"])] = sample["boxes"]
        classes[i, : len(sample["classes"])] = sample["classes"]
    together = {
        key: torch.stack([sample[key] for sample in samples]) for key in ("image", "original", "epoch")
    }
    return together | {"boxes": boxes, "classes": classes}


def multi_scale_batches(
    count: int, batch_size: int, sizes: Sequence[Size], seed: int, epoch: int
) -> Iterator[list[tuple[int, Size]]]:
    """Shuffled full batches, each of one size drawn at random; the same for the same (seed, epoch)."""
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(count)
    for start in range(0, count - batch_size + 1, batch_size):
        size = sizes[int(random.integers(len(sizes)))]
        yield [(int(number), size) for number in order[start : start + batch_size]]


def read_image(path: Path) -> Any:
    """(H, W, 3) BGR. Raises InputError if the file is missing or no picture."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise InputError(f"{path} is no picture that can be read: convert it to PNG or JPEG")
    return image
