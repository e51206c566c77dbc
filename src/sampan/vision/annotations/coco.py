"""COCO's JSON of boxes with classes: pictures, annotations and categories in one file.

Boxes are written as left, top, width, height in pixels and given here as left, top, right, bottom. Class numbers
here count from 0 in the order of the categories' ids, whatever the ids are. Source: cocodataset.org, “Data format”.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampan.errors import InputError, OutputError


@dataclass
class BoxLabel:
    path: str
    width: int
    height: int
    boxes: NDArray[np.float32]
    """(n, 4) left, top, right, bottom."""
    classes: NDArray[np.int64]
    """(n,) indices into `BoxLabels.names`."""
    crowds: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    """(n,) whether a box stands for a crowd, which detectors leave out of their loss."""

    def __post_init__(self) -> None:
        self.boxes = np.asarray(self.boxes, np.float32).reshape(-1, 4)
        self.classes = np.asarray(self.classes, np.int64).reshape(-1)
        if not len(self.crowds):
            self.crowds = np.zeros(len(self.classes), np.bool_)


@dataclass
class BoxLabels:
    names: list[str]
    pictures: list[BoxLabel]


def read_coco(path: Path) -> BoxLabels:
    """The pictures of a file, also those without boxes; boxes without area are left out."""
    try:
        record = json.loads(path.read_text("utf-8"))
        categories = sorted(record["categories"], key=lambda entry: int(entry["id"]))
        places = {int(entry["id"]): place for place, entry in enumerate(categories)}
        by_picture: dict[Any, list[tuple[list[float], int, bool]]] = {
            entry["id"]: [] for entry in record["images"]
        }
        for entry in record["annotations"]:
            x, y, width, height = map(float, entry["bbox"])
            if width > 0 and height > 0:
                by_picture[entry["image_id"]].append(
                    (
                        [x, y, x + width, y + height],
                        places[int(entry["category_id"])],
                        bool(entry.get("iscrowd", 0)),
                    )
                )
        pictures = []
        for entry in record["images"]:
            found = by_picture[entry["id"]]
            pictures.append(
                BoxLabel(
                    str(entry["file_name"]),
                    int(entry["width"]),
                    int(entry["height"]),
                    np.array([box for box, _, _ in found], np.float32),
                    np.array([place for _, place, _ in found], np.int64),
                    np.array([crowd for _, _, crowd in found], np.bool_),
                )
            )
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a file of COCO boxes ({error!r})") from error
    return BoxLabels([str(entry["name"]) for entry in categories], pictures)


def write_coco(names: Sequence[str], pictures: Iterable[BoxLabel], path: Path) -> int:
    """Writes the boxes with ids from 1 and gives the number of pictures."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, picture in enumerate(pictures, start=1):
        images.append(
            {"id": number, "file_name": picture.path, "width": picture.width, "height": picture.height}
        )
        for box, place, crowd in zip(
            picture.boxes.astype(np.float64), picture.classes.tolist(), picture.crowds.tolist(), strict=True
        ):
            left, top, right, bottom = (round(float(value), 2) for value in box)
            width, height = round(right - left, 2), round(bottom - top, 2)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": int(place) + 1,
                    "bbox": [left, top, width, height],
                    "area": round(width * height, 2),
                    "iscrowd": int(crowd),
                }
            )
    record = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, start=1)],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    return len(images)
