"""Centres for centre loss: the mean features of each class over frames of lines that are read without a mistake.

PP-OCRv2 §3.3: train with CTC alone, run over the training set, keep the lines that are decoded right, average the
features of their frames by the class that each frame is read as (the blank included), save, and fine-tune with the
centre term. `python -m sampan.vision.text_recognition.center_extraction RECIPE WEIGHTS OUT` does it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sampan.errors import InputError, OptionError
from sampan.vision.text_recognition.dictionary import BLANK
from sampan.vision.text_recognition.recognizer import TextRecognizer
from sampan.vision.weights.public_layout import read_safetensors, write_safetensors


@torch.inference_mode()
def extract_centers(
    model: TextRecognizer, batches: Iterable[Mapping[str, Any]]
) -> tuple[Tensor, Tensor, int]:
    """Centres (V, d), which classes have one (V,), and how many lines were read right.

    Args:
        model: a trained recogniser.
        batches: `image`, `labels` and `length` as `dataset.collate_lines` gives them.

    Raises:
        OptionError: no line was read right.
    """
    training, right = model.training, 0
    model.eval()
    sums: Tensor | None = None
    counts = torch.zeros(model.classes, dtype=torch.float64)
    try:
        for batch in batches:
            outputs = model(batch["image"])
            read = outputs["ctc"].argmax(-1).cpu()  # (B, T)
            features = outputs["features"].double().cpu()
            if sums is None:
                sums = torch.zeros(model.classes, features.shape[-1], dtype=torch.float64)
            for frames, line, labels, length in zip(
                read, features, batch["labels"], batch["length"], strict=True
            ):
                if _collapsed(frames) != labels[: int(length)].tolist():
                    continue
                right += 1
                sums.index_add_(0, frames, line)
                counts.index_add_(0, frames, torch.ones(len(frames), dtype=torch.float64))
    finally:
        model.train(training)
    if sums is None or not right:
        raise OptionError("no line was read without a mistake: train the model with CTC first")
    return (sums / counts.clamp_min(1)[:, None]).float(), counts > 0, right


def write_centers(centers: Tensor, known: Tensor, path: str | Path) -> None:
    """Writes what `extract_centers` found as safetensors."""
    write_safetensors({"centers": centers.contiguous(), "known": known.to(torch.uint8)}, path)


def read_centers(path: str | Path) -> tuple[Tensor, Tensor]:
    """Centres (V, d) and which classes have one (V,).

    Raises:
        WeightsError: no such file, or it is damaged.
        InputError: it holds no centres.
    """
    state = read_safetensors(path)
    if state.keys() != {"centers", "known"}:
        raise InputError(f"{path} holds no centres: extract them with {__name__}")
    return state["centers"], state["known"].bool()


def _collapsed(frames: Tensor) -> list[int]:
    merged = torch.unique_consecutive(frames)
    return [number for number in merged.tolist() if number != BLANK]


def main(arguments: list[str] | None = None) -> None:
    """Extracts the centres of a recipe's training lines with trained weights."""
    # The task reads centres of this module.
    from sampan.training.recipe import load_recipe
    from sampan.training.start import start_from
    from sampan.vision.text_recognition.task import TextRecognitionTask

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("weights", type=Path, help="a run's folder or its model.safetensors")
    parser.add_argument("out", type=Path, help="safetensors file to write")
    parser.add_argument("--lines", type=int, default=20_000, help="training lines to read (default 20000)")
    parser.add_argument("--batch-size", type=int, default=64)
    chosen = parser.parse_args(arguments)
    task = load_recipe(chosen.recipe)[0].task()
    if not isinstance(task, TextRecognitionTask):
        raise OptionError(f"{chosen.recipe} is no recipe of text-recognition")
    model = task.model()
    start_from(model, chosen.weights)
    dataset: Any = task.train_data()
    count = min(chosen.lines, len(dataset))
    batches = (
        task.collate([dataset[number] for number in range(start, min(start + chosen.batch_size, count))])
        for start in range(0, count, chosen.batch_size)
    )
    centers, known, right = extract_centers(model, batches)
    write_centers(centers, known, chosen.out)
    print(f"{right} of {count} lines read right; {int(known.sum())} of {len(known)} classes have a centre")


if __name__ == "__main__":
    main()
