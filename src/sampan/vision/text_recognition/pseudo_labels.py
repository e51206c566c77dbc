"""UIM: lines without labels, read by a strong model, become training lines where it is sure (PP-OCRv3 §3.6).

`python -m sampan.vision.text_recognition.pseudo_labels WEIGHTS FOLDER OUT` reads the pictures below FOLDER and writes
OUT/labels.txt (a PaddleOCR label file) and OUT/provenance.json: which weights read them, at which threshold, how many
lines other thresholds would have kept, and each line's confidence. Labels that a machine made must be known as such.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from sampan.errors import InputError, OptionError, OutputError
from sampan.vision.text_recognition.dictionary import CharacterDictionary, Decoded, greedy
from sampan.vision.text_recognition.given import given_recognizer, weights_path
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.text_recognition.sources import read_picture
from sampan.vision.text_recognition.strips import Image, strip

THRESHOLD = 0.95
"""Mean probability of the characters; the paper gives no figure."""
SWEEP = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


@dataclass
class Provenance:
    """Where a set of pseudo-labels comes from; written as JSON beside it."""

    weights: str
    sha256: str
    """Of the weights' file."""
    threshold: float
    pictures: int = 0
    kept: int = 0
    empty: int = 0
    """Pictures in which nothing was read."""
    unreadable: list[str] = field(default_factory=list)
    kept_at: dict[str, int] = field(default_factory=dict)
    """Lines at or above each threshold of the sweep."""
    confidences: dict[str, float] = field(default_factory=dict)
    """Of each kept line."""


def mine(
    model: TextRecognizer,
    dictionary: CharacterDictionary,
    folder: Path,
    out: Path,
    provenance: Provenance,
    batch_size: int = 16,
) -> Provenance:
    """Labels the pictures below `folder`; writes `out/labels.txt` and `out/provenance.json`.

    Paths in the label file are relative to `folder`: give it as `root` of the source.

    Raises:
        InputError: there is no picture below `folder`.
        OptionError: the threshold is not between 0 and 1.
        OutputError: `out` cannot be written.
    """
    if not 0 <= provenance.threshold <= 1:
        raise OptionError(f"threshold {provenance.threshold} is no probability: choose one from 0 to 1")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES and path.is_file())
    if not paths:
        raise InputError(f"no pictures below {folder}: they end in {', '.join(sorted(_PICTURES))}")
    counts = dict.fromkeys(SWEEP, 0)
    rows = []
    for group in _groups(paths, batch_size):
        pictures = {path: image for path in group if (image := _read(path)) is not None}
        provenance.unreadable += [_name(path, folder) for path in group if path not in pictures]
        readings = read_lines(model, dictionary, list(pictures.values())) if pictures else []
        for path, reading in zip(pictures, readings, strict=True):
            provenance.pictures += 1
            provenance.empty += not reading.text.strip()
            if not reading.text.strip():
                continue
            for threshold in SWEEP:
                counts[threshold] += reading.confidence >= threshold
            if reading.confidence >= provenance.threshold:
                name = _name(path, folder)
                rows.append(f"{name}\t{reading.text}\n")
                provenance.confidences[name] = round(reading.confidence, 5)
    provenance.kept = len(rows)
    provenance.kept_at = {str(threshold): count for threshold, count in counts.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "labels.txt").write_text("".join(rows), encoding="utf-8", newline="\n")
        text = json.dumps(asdict(provenance), ensure_ascii=False, indent=1)
        (out / "provenance.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}") from error
    return provenance


def read_lines(
    model: TextRecognizer, dictionary: CharacterDictionary, images: Sequence[Image]
) -> list[Decoded]:
    """Readings of line pictures (h, w, 3), BGR, in their order; like widths are read together."""
    strips = [strip(image)[0] for image in images]
    by_width: dict[int, list[int]] = {}
    for number, picture in enumerate(strips):
        by_width.setdefault(picture.shape[2], []).append(number)
    names = dictionary.names
    readings: dict[int, Decoded] = {}
    for numbers in by_width.values():
        # Only one width at a time: padding is not neutral to a model that sees the whole line.
        batch = torch.from_numpy(np.stack([strips[number] for number in numbers]))
        scores, best = model.probabilities(batch).max(2)
        for number, line, score in zip(numbers, best.tolist(), scores.tolist(), strict=True):
            readings[number] = greedy(line, score, names)
    return [readings[number] for number in range(len(images))]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _read(path: Path) -> Image | None:
    try:
        return read_picture(path)
    except InputError:
        return None


def _groups(paths: Iterable[Path], size: int) -> Iterator[list[Path]]:
    group: list[Path] = []
    for path in paths:
        group.append(path)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def main(arguments: list[str] | None = None) -> None:
    """Labels line pictures with a strong model and keeps what it is sure of."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("weights", help="a name of `sampan weights list`, or an ONNX or safetensors file")
    parser.add_argument("folder", type=Path, help="folder of line pictures")
    parser.add_argument("out", type=Path, help="folder to write labels.txt and provenance.json to")
    parser.add_argument("--model", help="architecture of a file of your own")
    parser.add_argument("--dictionary", type=Path, help="characters of a file of your own")
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    parser.add_argument("--batch-size", type=int, default=16)
    chosen = parser.parse_args(arguments)
    model, dictionary = given_recognizer(chosen.weights, chosen.model, chosen.dictionary)
    digest = sha256_of(weights_path(chosen.weights))
    found = mine(
        model.eval().fuse(),
        dictionary,
        chosen.folder,
        chosen.out,
        Provenance(str(chosen.weights), digest, chosen.threshold),
        chosen.batch_size,
    )
    print(f"{found.kept} of {found.pictures} lines kept at {found.threshold}; by threshold: {found.kept_at}")


if __name__ == "__main__":
    main()
