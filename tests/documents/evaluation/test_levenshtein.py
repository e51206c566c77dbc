from __future__ import annotations

import random

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein as Oracle

from sampan.documents.evaluation.levenshtein import (
    Packed,
    distance_matrix,
    edit_distance,
    edit_operations,
    normalised_edit_distance,
    normalised_matrix,
    prefix_distances,
    same_length_window,
)


def random_text(rng: random.Random, longest: int, alphabet: str = "abcdé語 ") -> str:
    return "".join(rng.choices(alphabet, k=rng.randint(0, longest)))


@pytest.mark.parametrize("longest", [0, 1, 3, 40, 300])
def test_distance_equals_the_oracle(longest: int) -> None:
    rng = random.Random(longest)
    for _ in range(60):
        a, b = random_text(rng, longest), random_text(rng, longest)
        assert edit_distance(a, b) == Oracle.distance(a, b)
        assert normalised_edit_distance(a, b) == pytest.approx(Oracle.normalized_distance(a, b))


def test_distance_of_long_texts_and_of_sequences() -> None:
    rng = random.Random(1)
    a = "".join(rng.choices("abcdefgh ", k=6000))
    b = "".join(c for c in a if rng.random() > 0.05) + "tail"
    assert edit_distance(a, b) == Oracle.distance(a, b)
    assert edit_distance([3, 1, 2], [1, 2, 3]) == 2
    assert edit_distance(("<b>", "a", "</b>"), ("a",)) == 2


def test_normalised_edge_cases() -> None:
    assert normalised_edit_distance("", "") == 0
    assert normalised_edit_distance("", "abc") == 1
    assert normalised_edit_distance("abc", "abd") == pytest.approx(1 / 3)


def test_packed_matrix_equals_single_distances() -> None:
    rng = random.Random(2)
    for _ in range(20):
        texts = [random_text(rng, 50) for _ in range(rng.randint(1, 6))]
        patterns = [random_text(rng, 50) for _ in range(rng.randint(1, 9))]
        expected = [[Oracle.distance(t, p) for p in patterns] for t in texts]
        assert distance_matrix(texts, patterns).tolist() == expected
        normal = [[Oracle.normalized_distance(t, p) for p in patterns] for t in texts]
        assert np.allclose(normalised_matrix(texts, patterns), normal)
    assert distance_matrix([], ["a"]).shape == (0, 1)
    assert normalised_matrix(["a"], []).shape == (1, 0)


def test_prefixes_equal_single_distances() -> None:
    rng = random.Random(6)
    for _ in range(30):
        a, parts = random_text(rng, 30), [random_text(rng, 9) for _ in range(rng.randint(0, 6))]
        expected = [Oracle.distance(a, "".join(parts[: k + 1])) for k in range(len(parts))]
        assert prefix_distances(a, parts) == expected


@pytest.mark.parametrize("kept", [4_000_000, 1, 20])
def test_windows_equal_brute_force(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampan.documents.evaluation.levenshtein._FLUSH", kept)
    rng = random.Random(3)
    for _ in range(60):
        text = random_text(rng, 25, "abc")
        patterns = [random_text(rng, 8, "abc") for _ in range(4)]
        best, end = Packed.of(patterns).best_windows(text)
        for pattern, distance, stop in zip(patterns, best, end, strict=True):
            pieces = [text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)]
            assert distance == min(Oracle.distance(pattern, piece) for piece in pieces)
            assert distance == min(Oracle.distance(pattern, text[i:stop]) for i in range(stop + 1))


@pytest.mark.parametrize("below", [0.3, 0.6])
def test_same_length_window_equals_brute_force(below: float) -> None:
    rng = random.Random(4)
    for _ in range(200):
        hay, needle = random_text(rng, 60, "abcd"), random_text(rng, 12, "abcd")
        size = len(needle)
        windows = [hay[i : i + size] for i in range(len(hay) - size + 1)] if size else []
        least = min((Oracle.distance(needle, w) / size for w in windows), default=1.0)
        assert same_length_window(needle, hay, below) == (least if least < below else 1.0)


def test_operations_rebuild_the_text_at_the_least_cost() -> None:
    rng = random.Random(5)
    for _ in range(150):
        a, b = random_text(rng, 30), random_text(rng, 30)
        rebuilt, cost, i, j = "", 0, 0, 0
        for name, i0, i1, j0, j1 in edit_operations(a, b):
            assert (i0, j0) == (i, j)
            i, j = i1, j1
            assert (name == "equal") == (a[i0:i1] == b[j0:j1] and i1 > i0)
            rebuilt += a[i0:i1] if name == "equal" else b[j0:j1]
            cost += 0 if name == "equal" else max(i1 - i0, j1 - j0)
        assert (i, j) == (len(a), len(b))
        assert rebuilt == b
        assert cost == Oracle.distance(a, b)
