"""Mutations that know nothing of formats: bits, bytes, numbers, blocks, cuts, splices.

After Radamsa (Helin, 2008) and AFL's stacked "havoc" stage (Zalewski): each is blunt, and together with a format's
own mutations they reach what those would never try. A mutation takes a random generator and bytes, and
gives bytes.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

Mutation = Callable[[random.Random, bytes], bytes]

INTERESTING = (0, 1, 2, 7, 15, 16, 127, 128, 255, 256, 1023, 4096, 32767, 32768, 65535, 65536, 100_000, 2**24,
               2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**64 - 1)  # fmt: skip
"""Where counters, lengths and signs turn over."""


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def set_bytes(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    at = rng.randrange(len(out))
    for place in range(at, min(at + rng.choice((1, 2, 4, 9)), len(out))):
        out[place] = rng.choice((0, 0xFF, rng.randrange(256)))
    return bytes(out)


def set_number(rng: random.Random, data: bytes) -> bytes:
    """A whole number of 1, 2, 4 or 8 bytes, in either order, becomes an interesting one or moves a little."""
    form = rng.choice("BHIQ")
    width = struct.calcsize(form)
    if len(data) < width:
        return data
    at = rng.randrange(len(data) - width + 1)
    order = rng.choice("<>")
    limit = 1 << 8 * width
    if rng.random() < 0.5:
        value = rng.choice(INTERESTING) % limit
    else:
        value = (struct.unpack_from(order + form, data, at)[0] + rng.randint(-16, 16)) % limit
    return data[:at] + struct.pack(order + form, value) + data[at + width :]


def delete_block(rng: random.Random, data: bytes) -> bytes:
    start, stop = _block(rng, data)
    return data[:start] + data[stop:]


def repeat_block(rng: random.Random, data: bytes) -> bytes:
    start, stop = _block(rng, data)
    return data[:stop] + data[start:stop] * rng.choice((1, 1, 2, 8, 64)) + data[stop:]


def move_block(rng: random.Random, data: bytes) -> bytes:
    start, stop = _block(rng, data)
    rest = data[:start] + data[stop:]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + data[start:stop] + rest[at:]


def overwrite_block(rng: random.Random, data: bytes) -> bytes:
    start, stop = _block(rng, data)
    at = rng.randrange(len(data))
    return data[:at] + data[start:stop] + data[at + stop - start :]


def insert_noise(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 3, 16, 200))) + data[at:]


def truncate(rng: random.Random, data: bytes) -> bytes:
    # Ends cut short are commoner in life than files of which only the head is there.
    return (
        data[: len(data) - rng.randrange(1, 17)] if rng.random() < 0.3 else data[: rng.randrange(len(data))]
    )


def splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The head of one file and the tail of another."""
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    set_bytes,
    set_number,
    set_number,
    delete_block,
    repeat_block,
    move_block,
    overwrite_block,
    insert_noise,
    truncate,
)


def _block(rng: random.Random, data: bytes) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 64, 256, len(data))))
