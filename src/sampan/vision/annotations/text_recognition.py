"""PaddleOCR's label files of text recognition: one line a cut-out, its path, a tab, and its text.

    crops/1.png<TAB>Joe's café

The path may be a JSON list of paths of pictures with the same text (several views of one line); each becomes a
label here. Format: PaddleOCR's documentation on text recognition data (Apache-2.0).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sampan.errors import InputError
from sampan.vision.annotations.lines import read_lines, write_lines


@dataclass
class RecognitionLabel:
    path: str
    """As written: most often relative to the folder of the pictures."""
    text: str


def read_recognition_labels(path: Path) -> Iterator[RecognitionLabel]:
    """The labels of a file; a tab inside the text stays in it."""
    for number, line in read_lines(path):
        names, tab, text = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: no tab between the picture's path and its text")
        if not names.startswith("["):
            yield RecognitionLabel(names, text)
            continue
        try:
            listed = json.loads(names)
        except ValueError:  # a path may begin with a bracket
            listed = [names]
        for name in listed:
            yield RecognitionLabel(str(name), text)


def write_recognition_labels(labels: Iterable[RecognitionLabel], path: Path) -> int:
    """Writes the labels and gives their number; raises `InputError` for text or path that a line cannot hold."""
    return write_lines((format_recognition_label(label) for label in labels), path)


def format_recognition_label(label: RecognitionLabel) -> str:
    """One line of a label file, without its line end."""
    if "\t" in label.path or any(end in label.path + label.text for end in "\r\n"):
        raise InputError(
            f"label {label.path!r}: a line of a label file cannot hold tabs in paths nor line ends"
        )
    return f"{label.path}\t{label.text}"
