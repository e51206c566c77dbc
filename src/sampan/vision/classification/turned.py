"""Upright pictures, turned by quarters: what an orientation classifier learns from.

A label counts the quarter turns **counter-clockwise** that bring the picture upright again, as in the released models:
0, 90, 180, 270 degrees for pages, 0 and 180 for lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.vision.text_recognition.sources import read_picture

Image = NDArray[np.uint8]
Kind = Literal["page", "line"]

TURNS: dict[Kind, tuple[int, ...]] = {"page": (0, 1, 2, 3), "line": (0, 2)}
"""Quarter turns of each class."""
SHORT_SIDE, SIDE = 256, 224
LINE_SIZE = (80, 160)
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


class Pictures(Protocol):
    """Upright pictures by number; the same (index, epoch) gives the same one."""

    def __len__(self) -> int: ...

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        """Picture (h, w, 3), BGR, and a text that is not looked at."""
        ...


class PictureFiles:
    """Picture files, and all pictures below the folders named.

    Raises:
        InputError: a path does not exist, or there is no picture.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.files: list[Path] = []
        for path in paths:
            if not path.exists():
                raise InputError(f"{path} does not exist: name picture files, or folders of them")
            found = sorted(path.rglob("*")) if path.is_dir() else [path]
            self.files += [file for file in found if file.suffix.lower() in _SUFFIXES]
        if not self.files:
            raise InputError(f"no pictures in {', '.join(map(str, paths))}: their names end in .png, .jpg …")

    def __len__(self) -> int:
        return len(self.files)

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        del epoch  # files are the same in every epoch
        return read_picture(self.files[index]), ""


class TurnedPictures(Dataset[dict[str, Any]]):
    """Every picture of every source in a random turn: `image` (3, H, W), RGB, ImageNet-normalised, and `turn`.

    Everything random in item i comes from (seed, epoch, i). With `training` False each picture comes in all its
    turns, as it is and centred.
    """

    def __init__(self, sources: Sequence[Pictures], kind: Kind, seed: int, *, training: bool) -> None:
        self.sources, self.kind, self.seed, self.training = list(sources), kind, seed, training
        self.epoch = 0
        self._ends = np.cumsum([len(source) for source in self.sources])
        if not self.sources or not self._ends[-1]:
            raise InputError("there are no pictures to turn: name files, folders or lines to draw")

    def __len__(self) -> int:
        return int(self._ends[-1]) * (1 if self.training else len(TURNS[self.kind]))

    def set_epoch(self, epoch: int) -> None:
        """Draws of the next items belong to this epoch."""
        self.epoch = epoch

    def __getitem__(self, number: int) -> dict[str, Any]:
        turns = TURNS[self.kind]
        rng = np.random.default_rng((self.seed, self.epoch, number)) if self.training else None
        picture, label = (
            (number, int(rng.integers(len(turns)))) if rng is not None else divmod(number, len(turns))
        )
        source = int(np.searchsorted(self._ends, picture, side="right"))
        before = int(self._ends[source - 1]) if source else 0
        image, _ = self.sources[source].line(picture - before, self.epoch)
        if rng is not None:
            image = changed(image, rng)
        turned = np.ascontiguousarray(
            np.rot90(image, -turns[label])
        )  # clockwise, to be undone counter-clockwise
        view = page_view(turned, rng) if self.kind == "page" else cv2.resize(turned, LINE_SIZE[::-1])
        return {
            "image": torch.from_numpy(normalised(np.asarray(view, np.uint8))),
            "turn": torch.tensor(label),
        }


def page_view(image: Image, rng: np.random.Generator | None = None) -> Image:
    """Short side 256, of which 224 × 224 are cut out: the centre, or anywhere with `rng`."""
    height, width = image.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    size = (max(SHORT_SIDE, round(width * scale)), max(SHORT_SIDE, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    spare = (small.shape[0] - SIDE, small.shape[1] - SIDE)
    top, left = (int(rng.integers(s + 1)) for s in spare) if rng is not None else (s // 2 for s in spare)
    return np.asarray(small[top : top + SIDE, left : left + SIDE], np.uint8)


def changed(image: Image, rng: np.random.Generator) -> Image:
    """Tilted by up to 5°, lighter or darker, blurred or noisy, sometimes negative: what a camera does to a page."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-5, 5)), 1.0)
    result = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(
        np.float32
    )
    result = (result - 128) * rng.uniform(0.6, 1.3) + 128 + rng.uniform(-30, 30)
    if rng.random() < 0.3:
        result = cv2.GaussianBlur(result, (0, 0), float(rng.uniform(0.4, 1.2)))
    if rng.random() < 0.3:
        result = result + rng.normal(0, rng.uniform(2, 12), result.shape)
    if rng.random() < 0.05:
        result = 255 - result
    return np.asarray(np.clip(result, 0, 255), np.uint8)


def normalised(image: Image) -> NDArray[np.float32]:
    """(h, w, 3) BGR of bytes → (3, h, w) RGB with ImageNet's mean and deviation."""
    scaled = (image[..., ::-1].astype(np.float32) / 255 - MEAN) / STD
    chw: NDArray[np.float32] = np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)
    return chw
