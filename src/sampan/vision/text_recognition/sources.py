"""Where lines come from: label files in PaddleOCR's form, and lines drawn by `sampan.vision.synthesis`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from sampan.errors import InputError
from sampan.vision.synthesis.lines import LineOptions, LineSynthesizer
from sampan.vision.text_recognition.strips import Image


class LineSource(Protocol):
    """Lines by number. The same (index, epoch) gives the same line, in whichever process."""

    def __len__(self) -> int:
        """Lines in an epoch."""
        ...

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        """Picture (h, w, 3), BGR, and text of line `index`; drawn sources give other lines in other epochs."""
        ...


class LabelFile:
    """A PaddleOCR recognition label file: one line `path<TAB>text` for each picture.

    Args:
        path: the label file, UTF-8.
        root: folder to which its paths are relative; that of the label file by default.

    Raises:
        InputError: no such file, not UTF-8, a line without a tab, or no lines.
    """

    def __init__(self, path: str | Path, root: str | Path | None = None) -> None:
        self.path = Path(path)
        self.root = Path(root) if root is not None else self.path.parent
        self.entries = self._read()

    def __len__(self) -> int:
        return len(self.entries)

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        del epoch  # a file has the same lines in every epoch
        name, text = self.entries[index]
        return read_picture(self.root / name), text

    def _read(self) -> list[tuple[str, str]]:
        try:
            content = self.path.read_bytes().decode("utf-8")
        except OSError as error:
            raise InputError(f"cannot read the label file {self.path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"the label file {self.path} is not UTF-8: save it as UTF-8") from error
        entries = []
        for number, row in enumerate(content.split("\n"), 1):
            if not row.strip():
                continue
            name, tab, text = row.rstrip("\r").partition("\t")
            if not tab:
                raise InputError(f"line {number} of {self.path.name} has no tab: write path<TAB>text")
            entries.append((name, text))
        if not entries:
            raise InputError(f"{self.path} names no pictures: write path<TAB>text, one a line")
        return entries


def read_picture(path: Path) -> Image:
    """The picture in a file, (h, w, 3), BGR.

    Raises:
        InputError: no such file, or no picture in it.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise InputError(f"{path} is no picture that can be read: take it out")
    return np.asarray(image, np.uint8)


class DrawnLines:
    """Lines that `sampan.vision.synthesis` draws: others in every epoch, the same for the same (seed, epoch, index).

    Args:
        options: languages, fonts, degradations, seed.
        count: lines in an epoch.
        fixed: the same lines in every epoch, as validation wants them.
    """

    def __init__(self, options: LineOptions, count: int, fixed: bool = False) -> None:
        self.synthesizer = LineSynthesizer(options)
        self.count, self.fixed = count, fixed

    def __len__(self) -> int:
        return self.count

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        line = self.synthesizer.draw(index if self.fixed else epoch * self.count + index)
        return line.image, line.text


class SortedLines:
    """Another source's lines in the order of their proportions, so that a batch has lines of like width.

    Everything is read once at the start, and kept as it is if it takes no more than `most_bytes`; a longer source is
    read again each time. For validation: every epoch has the same lines.
    """

    def __init__(self, source: LineSource, most_bytes: int = 1 << 28) -> None:
        self.source = source
        self.kept: dict[int, tuple[Image, str]] = {}
        ratios, size = [], 0
        for index in range(len(source)):
            image, text = source.line(index, 0)
            ratios.append(image.shape[1] / image.shape[0])
            size += image.nbytes
            if size <= most_bytes:
                self.kept[index] = (image, text)
        if size > most_bytes:
            self.kept.clear()
        self.order = np.argsort(ratios, kind="stable").tolist()

    def __len__(self) -> int:
        return len(self.order)

    def line(self, index: int, epoch: int) -> tuple[Image, str]:
        del epoch  # the same lines always
        number = self.order[index]
        return self.kept[number] if number in self.kept else self.source.line(number, 0)
