"""PaddleOCR's label files of text detection: one line a picture, its path, a tab, and a JSON list of regions.

    photos/1.jpg<TAB>[{"transcription": "Joe's", "points": [[10, 5], [90, 5], [90, 30], [10, 30]]}, …]

A region that cannot be read has the transcription `###`: detectors leave it out of their loss. Format: PaddleOCR's
documentation on text detection data (Apache-2.0), `doc/doc_en/dataset/ocr_datasets_en.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampan.errors import InputError
from sampan.vision.annotations.lines import read_lines, write_lines

IGNORED = ("###", "*")
"""Transcriptions of regions that nobody need find; `*` is used by older sets."""


@dataclass
class TextRegion:
    text: str
    points: NDArray[np.float32]
    """(n, 2) with n ≥ 3, x and y in pixels, clockwise from the top left as one reads."""

    @property
    def ignored(self) -> bool:
        return self.text in IGNORED


@dataclass
class DetectionLabel:
    path: str
    """As written: most often relative to the folder of the pictures."""
    regions: list[TextRegion]


def read_detection_labels(path: Path) -> Iterator[DetectionLabel]:
    """The labels of a file; raises `InputError` with the line's number for what is not a label."""
    for number, line in read_lines(path):
        name, tab, regions = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: no tab between the picture's path and its regions")
        try:
            listed = json.loads(regions)
            yield DetectionLabel(name, [_region(entry) for entry in listed])
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{path}, line {number}: regions must be a JSON list of transcription and points ({error})"
            ) from error


def _region(entry: dict[str, Any]) -> TextRegion:
    points = np.asarray(entry["points"], np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise ValueError(f"points of shape {points.shape} are no polygon")
    return TextRegion(str(entry["transcription"]), points)


def write_detection_labels(labels: Iterable[DetectionLabel], path: Path) -> int:
    """Writes the labels, whole pixels where they are whole; gives their number."""
    return write_lines((format_detection_label(label) for label in labels), path)


def format_detection_label(label: DetectionLabel) -> str:
    """One line of a label file, without its line end."""
    regions = [
        {"transcription": region.text, "points": [[_short(x), _short(y)] for x, y in region.points.tolist()]}
        for region in label.regions
    ]
    return f"{label.path}\t{json.dumps(regions, ensure_ascii=False)}"


def _short(value: float) -> float | int:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
