from __future__ import annotations

import numpy as np
import pytest

from sampan.documents.ocr.ctc import decode

VOCABULARY = ["", *"abcdefghij ", "字"]


def reference(logits: np.ndarray, peak: bool) -> tuple[str, list[float], list[tuple[int, int]]]:
    """Frame by frame in float64; the peak of a run is where it leads the blank by most."""
    text, probabilities, runs, leads = "", [], [], []
    previous = -1
    for frame, row in enumerate(logits.astype(np.float64)):
        powers = [np.exp(value - max(row)) for value in row]
        best = max(range(len(row)), key=lambda k: row[k])
        probability = powers[best] / sum(powers)
        if best != 0 and best != previous:
            text += VOCABULARY[best]
            probabilities.append(probability)
            leads.append(row[best] - row[0])
            runs.append((frame, frame + 1))
        elif best != 0:
            if peak and row[best] - row[0] > leads[-1]:
                probabilities[-1], leads[-1] = probability, row[best] - row[0]
            runs[-1] = (runs[-1][0], frame + 1)
        previous = best
    return text, probabilities, runs


@pytest.mark.parametrize("rule", ["first", "peak"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("frames", [1, 2, 13, 160])
def test_agrees_with_the_definition(frames: int, dtype: type, rule: str) -> None:
    rng = np.random.default_rng(frames)
    for _ in range(10):
        # Few classes in long runs, some of them blank, with and without large offsets.
        rows = rng.normal(size=(frames, len(VOCABULARY))) * 2 + rng.choice([0, 500])
        rows[:, 0] += rng.uniform(0, 3)
        logits = np.repeat(rows, rng.integers(1, 4, frames), axis=0).astype(dtype)
        text, probabilities, runs = reference(logits, rule == "peak")
        reading = decode(logits, VOCABULARY, rule)
        assert reading.text == text == "".join(reading.characters)
        np.testing.assert_allclose(reading.probabilities, probabilities, rtol=2e-4)
        assert reading.confidence == pytest.approx(np.mean(probabilities) if text else 0.0, rel=2e-4)
        np.testing.assert_allclose(reading.columns * len(logits), np.array(runs).reshape(-1, 2), atol=1e-3)


def test_a_blank_between_them_keeps_doubled_letters_apart() -> None:
    def read(*classes: int) -> str:
        return decode(np.eye(len(VOCABULARY), dtype=np.float32)[list(classes)] * 9, VOCABULARY).text

    assert read(1, 1, 1) == "a"
    assert read(1, 0, 1, 2, 2, 0, 2) == "aabb"
    assert read(0, 0) == "" and read(12, 11, 1) == "字 a"


def test_nothing_read_has_no_confidence() -> None:
    logits = np.zeros((6, len(VOCABULARY)), np.float32)
    logits[:, 0] = 1
    reading = decode(logits, VOCABULARY)
    assert (reading.text, reading.confidence) == ("", 0.0)
    assert reading.columns.shape == (0, 2) and reading.probabilities.shape == (0,)
