"""Each item has its own stream of random numbers, the same in every process and on every platform."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sampan.vision.synthesis.seeds import generator, pick, pick_weighted


def test_streams_are_those_of_pcg64_with_the_documented_seed_sequence() -> None:
    line = 0xD114B4F6  # CRC-32 of "line"
    oracle = np.random.Generator(np.random.PCG64(np.random.SeedSequence((7, line, 12))))
    assert np.array_equal(generator(7, "line", 12).random(5), oracle.random(5))


@given(st.integers(0, 2**63), st.integers(0, 10**9))
def test_seed_purpose_and_index_each_change_the_stream(seed, index) -> None:
    first = generator(seed, "line", index).random(3).tolist()
    assert first == generator(seed, "line", index).random(3).tolist()
    assert first != generator(seed + 1, "line", index).random(3).tolist()
    assert first != generator(seed, "page", index).random(3).tolist()
    assert first != generator(seed, "line", index + 1).random(3).tolist()


def test_weighted_picks_follow_their_weights() -> None:
    rng = generator(0, "test", 0)
    drawn = [pick_weighted(rng, "abc", [1.0, 1.0, 4.0]) for _ in range(4000)]
    assert drawn.count("b") == 0  # weight nought
    assert abs(drawn.count("c") / 4000 - 0.75) < 0.03  # four standard deviations
    assert {pick(rng, "xyz") for _ in range(100)} == set("xyz")
