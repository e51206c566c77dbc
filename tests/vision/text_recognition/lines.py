"""Small line pictures that need no fonts, and label files of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

ALPHABET = "ABCDEFGH"


def picture(text: str, seed: int = 0) -> np.ndarray:
    """`text` in plain strokes on grey paper, (32, w, 3)."""
    rng = np.random.default_rng(seed)
    paper = np.full((32, 20 * len(text) + 16, 3), int(rng.integers(180, 250)), np.uint8)
    place = (int(rng.integers(4, 10)), int(rng.integers(22, 27)))
    cv2.putText(paper, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 20, 20), 2, cv2.LINE_AA)
    noisy = paper + rng.normal(0, 4, paper.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def label_file(folder: Path, count: int, seed: int = 0, longest: int = 4) -> Path:
    """A label file of `count` pictures with one to `longest` letters each, and the dictionary beside it."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        text = "".join(rng.choice(list(ALPHABET), int(rng.integers(1, longest + 1))))
        cv2.imwrite(str(folder / f"{number}.png"), picture(text, seed + number))
        rows.append(f"{number}.png\t{text}\n")
    (folder / "labels.txt").write_text("".join(rows), encoding="utf-8")
    (folder / "dictionary.txt").write_text("".join(f"{letter}\n" for letter in ALPHABET), encoding="utf-8")
    return folder / "labels.txt"
