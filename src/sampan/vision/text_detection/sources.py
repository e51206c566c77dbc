"""Where pictures with text regions come from: label files, drawn scenes and pages, pictures without labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from sampan.errors import InputError
from sampan.vision.annotations.text_detection import read_detection_labels
from sampan.vision.synthesis.finishing import DrawnPage
from sampan.vision.text_detection.sample import Image, TextImage


class PictureSource(Protocol):
    """Pictures by number. The same (index, epoch) gives the same picture, in whichever process."""

    def __len__(self) -> int:
        """Pictures in an epoch."""
        ...

    def picture(self, index: int, epoch: int) -> TextImage:
        """Picture `index`; drawn sources may give others in other epochs."""
        ...


class LabelFile:
    """A PaddleOCR detection label file (`sampan.vision.annotations.text_detection`).

    Args:
        path: the label file.
        root: folder to which its paths are relative; that of the label file by default.

    Raises:
        InputError: no such file, a line that is no label, or no labels.
    """

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self.root = path.parent if root is None else root
        self.labels = list(read_detection_labels(path))
        if not self.labels:
            raise InputError(f"{path} has no labels: write a picture's path, a tab and its regions on a line")

    def __len__(self) -> int:
        return len(self.labels)

    def picture(self, index: int, epoch: int) -> TextImage:
        del epoch  # a file has the same pictures in every epoch
        label = self.labels[index]
        polygons = [region.points.astype(np.float32) for region in label.regions]
        ignored = np.array([region.ignored for region in label.regions], np.bool_)
        return TextImage(read_picture(self.root / label.path), polygons, ignored)


class Generator(Protocol):
    """Draws pictures by number (`SceneSynthesizer`, `PageSynthesizer`)."""

    def draw(self, index: int) -> DrawnPage: ...


class Drawn:
    """Pictures that a generator draws: others in every epoch, the same for the same epoch and index.

    Args:
        generator: of `sampan.vision.synthesis`.
        count: pictures in an epoch.
        fixed: the same pictures in every epoch, as validation wants them.
    """

    def __init__(self, generator: Generator, count: int, fixed: bool = False) -> None:
        self.generator, self.count, self.fixed = generator, count, fixed

    def __len__(self) -> int:
        return self.count

    def picture(self, index: int, epoch: int) -> TextImage:
        drawn = self.generator.draw(index if self.fixed else epoch * self.count + index)
        # Truth is in edges of pixels; here pixel centres have whole coordinates.
        polygons = [line.quad.astype(np.float32) - np.float32(0.5) for line in drawn.lines]
        return TextImage(drawn.image, polygons, np.zeros(len(polygons), np.bool_))


class Pictures:
    """Picture files without labels."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = list(files)

    def __len__(self) -> int:
        return len(self.files)

    def picture(self, index: int, epoch: int) -> TextImage:
        del epoch
        return TextImage(read_picture(self.files[index]), [], np.zeros(0, np.bool_))


def read_picture(path: Path) -> Image:
    """A picture file as BGR, turned as its EXIF says.

    Raises:
        InputError: it cannot be read.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if image is None:
        raise InputError(f"{path} is no picture that can be read: take it out of the list")
    return np.asarray(image, np.uint8)
