"""Greedy CTC decoding that touches the vocabulary once.

PaddleOCR 3.0 card §4: a frame is kept if its best class is not blank (0) and differs from the frame before;
the score of a line is the mean probability of its characters. Here the best class is taken from
the *logits* and the softmax is computed in the kept frames only, which gives the same text and scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Reading:
    """What a recogniser read in one strip."""

    text: str
    confidence: float
    """Mean probability of the characters; 0 for empty text."""
    characters: list[str]
    probabilities: NDArray[np.float32]
    """(len(characters),) probability of each."""
    columns: NDArray[np.float32]
    """(len(characters), 2) first and one-past-last frame of each character's run, in 0 … 1 of the strip's width."""
    model: str = ""


def decode(
    logits: NDArray[np.float32], vocabulary: Sequence[str], probability: Literal["first", "peak"] = "first"
) -> Reading:
    """Read (T, V) logits; class 0 is blank, class i is `vocabulary[i]`.

    A character's probability is that of the `first` frame of its run (the official rule) or the run's `peak`,
    where it leads the blank by most: the first frame is often half blank, and says little about whether the
    character is right.
    """
    frames = logits.shape[0]
    best = logits.argmax(axis=1)
    starts = np.flatnonzero(best != np.concatenate(([-1], best[:-1])))
    ends = np.append(starts[1:], frames)
    kept = best[starts] != 0
    starts, ends = starts[kept], ends[kept]
    if starts.size == 0:
        return Reading("", 0.0, [], np.zeros(0, np.float32), np.zeros((0, 2), np.float32))
    classes = best[starts]
    if probability == "first":
        probabilities = _softmax_at(logits[starts], classes)
    else:
        probabilities = _softmax_at(logits[_peaks(logits, best, starts, ends)], classes)
    characters = [vocabulary[index] for index in classes]
    return Reading(
        text="".join(characters),
        confidence=float(probabilities.mean()),
        characters=characters,
        probabilities=probabilities.astype(np.float32),
        columns=(np.stack([starts, ends], axis=1) / frames).astype(np.float32),
    )


def _peaks(
    logits: NDArray[np.float32], best: NDArray[np.intp], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.intp]:
    """(N,) frame of each run [start, end) at which the run's class leads the blank by most."""
    frames = np.arange(len(best))
    lead = logits[frames, best] - logits[:, 0]
    peaks = starts.copy()
    for offset in range(1, int((ends - starts).max())):
        inside = starts + offset < ends
        frame = np.where(inside, starts + offset, starts)
        peaks = np.where(lead[frame] > lead[peaks], frame, peaks)
    return peaks


def _softmax_at(rows: NDArray[np.float32], classes: NDArray[np.intp]) -> NDArray[np.float32]:
    """(N,) softmax of (N, V) logits at one class a row, which is the row's largest."""
    top = rows[np.arange(len(rows)), classes]
    result: NDArray[np.float32] = 1.0 / np.exp(rows - top[:, None]).sum(axis=1)
    return result
