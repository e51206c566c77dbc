"""Input `index` of a campaign: the same bytes for the same seed and index, whatever came before."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from benchmarks.fuzzing import byte_mutations, pdf_mutations, picture_mutations
from benchmarks.fuzzing.seeds import Seed, seeds

MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Mutant:
    seed: Seed
    steps: tuple[str, ...]
    data: bytes


def mutant(campaign: int, index: int) -> Mutant:
    """One to six mutations, most of them of the format's own kind, on one of the seeds."""
    rng = random.Random(f"{campaign}/{index}")
    seed = rng.choice(seeds())
    data, steps = seed.data, []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        if not data or len(data) > MOST_BYTES:
            break
        step, data = _step(rng, seed, data)
        steps.append(step)
    if seed.kind == "pdf" and rng.random() < 0.7:
        data = pdf_mutations.repaired(data)
    return Mutant(seed, tuple(steps), data[:MOST_BYTES])


def _step(rng: random.Random, seed: Seed, data: bytes) -> tuple[str, bytes]:
    chance = rng.random()
    if chance < 0.05:
        kin = [other for other in seeds() if other.kind == seed.kind or rng.random() < 0.1]
        return "splice", byte_mutations.splice(rng, data, rng.choice(kin).data)
    if chance < 0.35:
        blunt = rng.choice(byte_mutations.MUTATIONS)
        return blunt.__name__, blunt(rng, data)
    own = (
        rng.choice(pdf_mutations.STRUCTURAL)
        if seed.kind == "pdf"
        else picture_mutations.STRUCTURAL[seed.kind]
    )
    try:
        return own.__name__, own(rng, data)
    except (ValueError, IndexError, struct.error):
        # An earlier step has left nothing of the structure that this one changes.
        return "flip_bits", byte_mutations.flip_bits(rng, data)
