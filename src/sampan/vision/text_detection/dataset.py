"""Pictures on their way into training: augmented, cut, and turned into maps; and into validation: scaled and whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

from sampan.errors import InputError
from sampan.vision.text_detection.augmentation import Augmentation, augment
from sampan.vision.text_detection.normalize import MULTIPLE, normalized
from sampan.vision.text_detection.sample import TextImage
from sampan.vision.text_detection.sources import PictureSource
from sampan.vision.text_detection.targets import TargetRules, db_targets, shrink_ratio


@dataclass(frozen=True)
class EvaluationSize:
    """How whole pictures are scaled for validation: never enlarged."""

    longest: int = 960
    """Longest side in pixels."""


class _Sources:
    """Pictures of several sources by one number."""

    def __init__(self, sources: Sequence[PictureSource]) -> None:
        self.sources = list(sources)
        self.ends = np.cumsum([len(source) for source in self.sources])
        if not self.sources or not self.ends[-1]:
            raise InputError("there are no pictures to read: name a label file or pictures to draw")

    def __len__(self) -> int:
        return int(self.ends[-1])

    def picture(self, index: int, epoch: int) -> TextImage:
        number = int(np.searchsorted(self.ends, index, side="right"))
        before = int(self.ends[number - 1]) if number else 0
        return self.sources[number].picture(index - before, epoch)


class TrainingPictures(Dataset[dict[str, Any]]):
    """Items `image` (3, H, W), `shrink_map`, `shrink_mask`, `threshold_map`, `threshold_mask` (H, W), all float32.

    Everything random in item i comes from (seed, epoch, i).

    Args:
        sources: pictures of all of them make the data set, in their order.
        steps: of the augmentation; H, W are its crop.
        rules: of the maps.
        epochs: length of the training, which the shrink ratio grows over.
        paste: whether CopyPaste may take from another picture.
    """

    def __init__(
        self,
        sources: Sequence[PictureSource],
        steps: Augmentation,
        rules: TargetRules | None = None,
        *,
        epochs: int = 1,
        seed: int = 0,
        paste: bool = True,
    ) -> None:
        self.sources = _Sources(sources)
        self.steps, self.rules = steps, rules or TargetRules()
        self.epochs, self.seed, self.paste = epochs, seed, paste
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.sources)

    def set_epoch(self, epoch: int) -> None:
        """Draws of the next items belong to this epoch."""
        self.epoch = epoch

    def __getitem__(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        sample = self.sources.picture(index, self.epoch)
        other = None
        if self.paste and self.steps.copy_paste > 0:
            other = self.sources.picture(int(rng.integers(len(self))), self.epoch)
        sample = augment(sample, other, rng, self.steps)
        ratio = shrink_ratio(self.rules, self.epoch, self.epochs)
        maps = db_targets(sample.polygons, sample.ignored, *self.steps.crop, ratio, self.rules)
        return {"image": normalized(sample.image), **maps}


class WholePictures(Dataset[dict[str, Any]]):
    """Items `image` (3, H, W), H and W multiples of 32, `polygons` and `ignored` in its pixels: for validation."""

    def __init__(self, sources: Sequence[PictureSource], size: EvaluationSize | None = None) -> None:
        self.sources = _Sources(sources)
        self.size = size or EvaluationSize()

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = self.sources.picture(index, 0)
        height, width = sample.image.shape[:2]
        factor = min(1.0, self.size.longest / max(height, width))
        high, wide = (max(MULTIPLE, round(side * factor / MULTIPLE) * MULTIPLE) for side in (height, width))
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(sample.image, (wide, high), interpolation=method), np.uint8)
        factors = np.array([wide / width, high / height], np.float32)
        return {
            "image": normalized(image),
            "polygons": [points * factors for points in sample.polygons],
            "ignored": sample.ignored,
        }


def collate_pictures(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """One batch. Whole pictures are padded right and below to the largest; `sizes` are their own (height, width)."""
    if "polygons" not in samples[0]:
        batch: dict[str, Any] = default_collate(samples)
        return batch
    sizes = [tuple(sample["image"].shape[1:]) for sample in samples]
    height, width = (max(side) for side in zip(*sizes, strict=True))
    images = torch.zeros(len(samples), 3, height, width)
    for place, (sample, (high, wide)) in enumerate(zip(samples, sizes, strict=True)):
        images[place, :, :high, :wide] = torch.from_numpy(sample["image"])
    return {
        "image": images,
        "sizes": sizes,
        "polygons": [sample["polygons"] for sample in samples],
        "ignored": [sample["ignored"] for sample in samples],
    }
