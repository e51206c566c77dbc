from __future__ import annotations

import random

import pytest
import torch

from sampan.vision.text_recognition.dictionary import CharacterDictionary
from sampan.vision.text_recognition.metrics import RecognitionMetrics, edit_distance

levenshtein = pytest.importorskip("rapidfuzz.distance").Levenshtein


def test_edit_distance_is_levenshteins() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        one, other = ("".join(rng.choices("abcд", k=rng.randrange(0, 90))) for _ in range(2))
        assert edit_distance(one, other) == levenshtein.distance(one, other)


def test_figures_of_lines() -> None:
    dictionary = CharacterDictionary(("a", "b"))
    logits = torch.full((3, 4, 4), -5.0)
    for line, frames in enumerate(([1, 1, 0, 2], [1, 3, 0, 2], [0, 0, 0, 0])):
        logits[line, range(4), frames] = 5
    metrics = RecognitionMetrics(dictionary, watch="character_accuracy")
    metrics.update({"ctc": logits}, {"text": ["ab", "ab", "ba"]})  # read: "ab", "a b", ""
    figures = metrics.compute()
    assert next(iter(figures)) == "character_accuracy"
    assert figures == {
        "accuracy": pytest.approx(1 / 3),
        "character_accuracy": pytest.approx(1 - 3 / 6),
        "edit_similarity": pytest.approx((1 + 2 / 3 + 0) / 3),
    }
    blind = RecognitionMetrics(dictionary, ignore_spaces=True)
    blind.update({"ctc": logits}, {"text": ["ab", "ab", "ba"]})
    assert blind.compute()["accuracy"] == pytest.approx(2 / 3)
    other = RecognitionMetrics(dictionary)
    other.add("b", "b")
    metrics.merge([other])
    assert metrics.compute()["accuracy"] == pytest.approx(2 / 4)
    metrics.reset()
    assert set(metrics.compute().values()) == {0.0, 1.0}
