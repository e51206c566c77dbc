"""Choosing images without labels for distillation: the best scored of each class, none that is held out.

    for x in the pool:  s = softmax(teacher(x)),  c = argmax s
    for every class c:  keep the k images with the highest s_c among those whose argmax is c
    drop what looks like a held-out image (a validation set must not leak into training)

Source: SSLD (arXiv 2103.05959, §3.2), which finds near-duplicates by matching SIFT features. Here a pair is
suspected when the 64-bit difference hashes differ in few bits, and confirmed by SIFT matches; the hash makes it
possible to look at millions of images, and misses copies that are strongly cropped or turned.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader

from sampan.errors import InputError
from sampan.training.state import to_device
from sampan.training.task import Task

HASH_BITS = 64
SUSPECT_BITS = 8
"""Hashes of one picture at two sizes or qualities differ in fewer bits; of two pictures in about 32."""
ENOUGH_MATCHES = 10
"""Keypoints that must agree before two pictures are the same."""


@dataclass(frozen=True, order=True)
class Scored:
    """An image of the pool with the teacher's opinion of it."""

    score: float
    """Probability of the most likely class."""
    path: str
    label: int
    """The most likely class; a distilled student never reads it."""


def top_per_class(scored: Iterable[Scored], count: int) -> list[Scored]:
    """The `count` best scored images of each class, by class and then by falling score.

    Takes any number of images one after the other and holds no more than classes · count of them. Of equal
    scores the later path is kept, so the choice does not depend on the order.
    """
    best: dict[int, list[Scored]] = {}
    for one in scored:
        heap = best.setdefault(one.label, [])
        if len(heap) < count:
            heapq.heappush(heap, one)
        else:
            heapq.heappushpop(heap, one)
    return [one for label in sorted(best) for one in sorted(best[label], reverse=True)]


def score(
    task: Task,
    teacher: nn.Module,
    files: Sequence[Path],
    key: str = "logits",
    batch_size: int = 64,
    workers: int = 0,
    device: torch.device | str = "cpu",
) -> Iterator[Scored]:
    """The teacher's most likely class of each image, in one pass.

    Args:
        task: reads the images (`unlabelled_data`) and runs the teacher.
        teacher: on `device`; put into evaluation mode.
        files: images.
        key: output with logits (B, classes).
        batch_size: images at once.
        workers: reading processes.
        device: where the teacher computes.
    """
    teacher.eval()
    loader = DataLoader(task.unlabelled_data(files), batch_size, num_workers=workers, collate_fn=task.collate)
    start = 0
    for batch in loader:
        with torch.no_grad():
            outputs = task.forward(teacher, to_device(batch, torch.device(device)))
        scores, labels = outputs[key].float().softmax(-1).max(-1)
        for offset, (value, label) in enumerate(zip(scores.tolist(), labels.tolist(), strict=True)):
            yield Scored(value, str(files[start + offset]), label)
        start += len(labels)


class HeldOut:
    """Images that must not be trained on, and anything that looks like one of them.

    Args:
        files: the held-out images.
        suspect_bits: hashes that differ in at most so many bits are compared further.

    Raises:
        InputError: a file is no picture.
    """

    def __init__(self, files: Iterable[Path], suspect_bits: int = SUSPECT_BITS) -> None:
        self._files = list(files)
        self._bits = suspect_bits
        hashes = [difference_hash(_read(file)) for file in self._files]
        self._hashes: NDArray[np.uint64] = np.asarray(hashes, np.uint64)

    def has(self, file: Path) -> bool:
        """Whether a picture is one of the held-out ones, at another size or quality."""
        if not self._files:
            return False
        picture = _read(file)
        unlike = (self._hashes ^ np.uint64(difference_hash(picture))).view(np.uint8).reshape(-1, 8)
        distance = np.unpackbits(unlike, axis=1).sum(axis=1)
        suspects = np.flatnonzero(distance <= self._bits)
        return any(same_picture(picture, _read(self._files[index])) for index in suspects)


def difference_hash(grey: NDArray[np.uint8]) -> int:
    """64 bits: whether each of 8 × 8 places of the shrunk picture (H, W) is brighter than its left neighbour."""
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def same_picture(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Whether SIFT keypoints of two grey pictures (H, W) agree; plain pictures are compared point by point."""
    # Both at one size: hashes are equal, so the whole pictures are meant and not parts of them.
    side = 256
    one, other = (
        cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in (first, second)
    )
    sift = cv2.SIFT.create(nfeatures=200)
    _, ours = sift.detectAndCompute(one, None)
    _, theirs = sift.detectAndCompute(other, None)
    if ours is None or theirs is None or min(len(ours), len(theirs)) < 2 * ENOUGH_MATCHES:
        difference = np.abs(one.astype(np.int16) - other.astype(np.int16))
        return float(difference.mean()) < 8
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(ours, theirs, k=2)
    good = sum(len(pair) == 2 and pair[0].distance < 0.75 * pair[1].distance for pair in pairs)
    return good >= ENOUGH_MATCHES


def mine(
    scored: Iterable[Scored],
    count: int,
    held_out: HeldOut | None = None,
    tell: Callable[[str], Any] | None = None,
) -> list[Scored]:
    """The best scored images of each class that are not held out.

    Args:
        scored: of `score`.
        count: images of a class (about 4 000 in the paper, from 4 M images of 1 000 classes).
        held_out: images to keep away from.
        tell: is called with each path that is left out.
    """

    def free() -> Iterator[Scored]:
        for one in scored:
            if held_out is not None and held_out.has(Path(one.path)):
                if tell is not None:
                    tell(one.path)
                continue
            yield one

    return top_per_class(free(), count)


def write_manifest(path: Path, chosen: Iterable[Scored]) -> int:
    """Writes one JSON object a line, for `distillation.unlabelled.manifests`; returns how many there are."""
    lines = [json.dumps({**asdict(one), "path": str(Path(one.path).absolute())}) for one in chosen]
    part = path.with_suffix(f"{path.suffix}.part")
    part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    part.replace(path)
    return len(lines)


def _read(file: Path) -> NDArray[np.uint8]:
    data = np.fromfile(file, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if picture is None:
        raise InputError(f"{file} is not a picture that can be read")
    return np.asarray(picture, np.uint8)
