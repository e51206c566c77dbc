"""Levenshtein distance, exact and fast, for strings and for any sequences of hashable symbols.

One column of the dynamic programme is held as two bit vectors, the places where the value grows
by one (VP) and where it falls by one (VN) from one row to the next; a column costs a dozen
operations on integers (G. Myers, "A fast bit-vector algorithm for approximate string matching",
J. ACM 46(3), 1999; the global-distance form is H. Hyyrö's, 2003). Python's integers have any
length, so a pattern of 10 000 characters is one integer.

The same integers hold *many* patterns side by side, parted by an empty guard bit that swallows the
carry of the addition. So a whole matrix of distances between the blocks of a page and its
annotation costs one pass over the annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Check = Callable[[], None]
"""Called now and then inside long loops; raises to stop them."""

Operation = tuple[Literal["equal", "replace", "insert", "delete"], int, int, int, int]
"""What happens to a[i0:i1] to become b[j0:j1]: (name, i0, i1, j0, j1)."""

_CHECK_EVERY = 512
_FLUSH = 4_000_000
"""Bytes of horizontal differences that are kept before they are summed up."""


def _masks(symbols: Sequence[Hashable]) -> dict[Hashable, int]:
    """Symbol → bit vector of the places where it stands."""
    places: dict[Hashable, list[int]] = {}
    for place, symbol in enumerate(symbols):
        places.setdefault(symbol, []).append(place)
    masks: dict[Hashable, int] = {}
    for symbol, at in places.items():
        bits = np.zeros(at[-1] + 1, np.uint8)
        bits[at] = 1
        masks[symbol] = int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
    return masks


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Fewest insertions, deletions and replacements that turn `a` into `b`."""
    if a == b:
        return 0
    start = 0
    stop = min(len(a), len(b))
    while start < stop and a[start] == b[start]:
        start += 1
    end = 0
    while end < stop - start and a[-1 - end] == b[-1 - end]:
        end += 1
    a, b = a[start : len(a) - end], b[start : len(b) - end]
    if not a or not b:
        return len(a) + len(b)
    masks = _masks(a)
    full = (1 << len(a)) - 1
    vp, vn = full, 0
    for symbol in b:
        eq = masks.get(symbol, 0)
        d0 = (((eq & vp) + vp) ^ vp) | eq | vn
        hp = vn | (full & ~(d0 | vp))
        hn = d0 & vp
        hp = (hp << 1) | 1
        vp = ((hn << 1) | ~(d0 | hp)) & full
        vn = hp & d0 & full
    # Down the last column the value starts at |b| and moves by the vertical differences.
    return len(b) + vp.bit_count() - vn.bit_count()


def prefix_distances(a: Sequence[Hashable], parts: Sequence[Sequence[Hashable]]) -> list[int]:
    """Distances of `a` to parts[0], to parts[0] + parts[1], … in one pass."""
    masks = _masks(a)
    full = (1 << len(a)) - 1
    vp, vn, length = full, 0, 0
    distances = []
    for part in parts:
        for symbol in part:
            eq = masks.get(symbol, 0)
            d0 = (((eq & vp) + vp) ^ vp) | eq | vn
            hp = ((vn | (full & ~(d0 | vp))) << 1) | 1
            hn = (d0 & vp) << 1
            vp = (hn | ~(d0 | hp)) & full
            vn = hp & d0 & full
        length += len(part)
        distances.append(length + vp.bit_count() - vn.bit_count())
    return distances


def normalised_edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """Levenshtein(a, b) / max(|a|, |b|): 0 for two empty sides, 1 where only one is empty."""
    longest = max(len(a), len(b))
    return edit_distance(a, b) / longest if longest else 0.0


def edit_operations(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Operation]:
    """A shortest edit script from `a` to `b`, neighbours of one kind joined, equal stretches included."""
    masks = _masks(a)
    full = (1 << len(a)) - 1
    vp, vn = full, 0
    columns = []  # (VP, VN) after every symbol of b; |a|·|b| / 4 bytes in all
    for symbol in b:
        eq = masks.get(symbol, 0)
        d0 = (((eq & vp) + vp) ^ vp) | eq | vn
        hp = ((vn | (full & ~(d0 | vp))) << 1) | 1
        hn = (d0 & vp) << 1
        vp = (hn | ~(d0 | hp)) & full
        vn = hp & d0 & full
        columns.append((vp, vn))
    steps: list[tuple[Literal["equal", "replace", "insert", "delete"], int, int]] = []
    i, j = len(a), len(b)
    while i and j:
        if (columns[j - 1][0] >> (i - 1)) & 1:  # the value grew from row i - 1 to i: a[i - 1] was deleted
            i -= 1
            steps.append(("delete", i, j))
        elif a[i - 1] == b[j - 1]:
            i, j = i - 1, j - 1
            steps.append(("equal", i, j))
        elif j > 1 and (columns[j - 2][1] >> (i - 1)) & 1:  # the column before holds one less: b was inserted
            j -= 1
            steps.append(("insert", i, j))
        else:
            i, j = i - 1, j - 1
            steps.append(("replace", i, j))
    steps += [("delete", k, j) for k in range(i - 1, -1, -1)]
    steps += [("insert", i, k) for k in range(j - 1, -1, -1)]
    operations: list[Operation] = []
    for name, i, j in reversed(steps):
        i1, j1 = i + (name != "insert"), j + (name != "delete")
        if operations and operations[-1][0] == name:
            operations[-1] = (name, operations[-1][1], i1, operations[-1][3], j1)
        else:
            operations.append((name, i, i1, j, j1))
    return operations


@dataclass(frozen=True)
class Packed:
    """Many patterns in one bit vector. Pattern k owns the bits first[k] … first[k] + lengths[k] − 1."""

    masks: dict[Hashable, int]
    lengths: NDArray[np.int64]  # (K,)
    first: NDArray[np.int64]  # (K,)
    valid: int
    low: int
    """The first bit of every pattern that is not empty."""

    @classmethod
    def of(cls, patterns: Sequence[Sequence[Hashable]]) -> Packed:
        lengths = np.array([len(p) for p in patterns], np.int64)
        first = np.zeros(len(patterns), np.int64)
        if len(patterns):
            first[1:] = np.cumsum(lengths + 1)[:-1]  # one guard bit behind every pattern
        guard = object()
        masks = _masks([symbol for pattern in patterns for symbol in (*pattern, guard)])
        masks.pop(guard, None)
        valid = 0
        for mask in masks.values():
            valid |= mask
        starts = np.zeros(int((lengths + 1).sum()), np.uint8)
        starts[first[lengths > 0]] = 1
        low = int.from_bytes(np.packbits(starts, bitorder="little").tobytes(), "little")
        return cls(masks, lengths, first, valid, low)

    def _count(self, bits: int) -> NDArray[np.int64]:
        """Number of set bits in every pattern's own range."""
        total = int((self.lengths + 1).sum())
        raw = np.frombuffer(bits.to_bytes(total // 8 + 1, "little"), np.uint8)
        running = np.concatenate([[0], np.cumsum(np.unpackbits(raw, bitorder="little"), dtype=np.int64)])
        return running[self.first + self.lengths] - running[self.first]  # type: ignore[no-any-return]

    def distances(self, text: Sequence[Hashable], check: Check | None = None) -> NDArray[np.int64]:
        """Levenshtein distance of every pattern to `text`: (K,)."""
        valid, low, masks = self.valid, self.low, self.masks
        vp, vn = valid, 0
        for step, symbol in enumerate(text):
            if check is not None and step % _CHECK_EVERY == 0:
                check()
            eq = masks.get(symbol, 0)
            d0 = ((((eq & vp) + vp) ^ vp) | eq | vn) & valid
            hp = vn | (valid ^ ((d0 | vp) & valid))
            hn = d0 & vp
            hp = ((hp << 1) & valid) | low
            hn = (hn << 1) & valid & ~low
            vp = hn | (valid ^ ((d0 | hp) & valid))
            vn = hp & d0
        return len(text) + self._count(vp) - self._count(vn)

    def window_distances(self, text: Sequence[Hashable], check: Check | None = None) -> NDArray[np.int64]:
        """Distance of every pattern to the stretch of `text` most like it: (K,) (P. Sellers, 1980)."""
        best, _ = self.best_windows(text, check)
        return best

    def best_windows(
        self, text: Sequence[Hashable], check: Check | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same, and where the stretch most like the pattern ends: (K,), (K,)."""
        valid, low, masks = self.valid, self.low, self.masks
        if not len(text) or not valid:
            return self.lengths.copy(), np.zeros_like(self.lengths)
        size = int((self.lengths + 1).sum()) // 8 + 1
        last = np.maximum(self.first + self.lengths - 1, 0)
        byte, bit = last // 8, (last % 8).astype(np.uint8)
        running = np.zeros(len(self.lengths), np.int64)  # value of the last row less the pattern's length
        best, at = running.copy(), running.copy()
        vp, vn = valid, 0
        ups, downs = bytearray(), bytearray()
        flushed = 0
        for step, symbol in enumerate(text, start=1):
            if check is not None and step % _CHECK_EVERY == 1:
                check()
            eq = masks.get(symbol, 0)
            d0 = ((((eq & vp) + vp) ^ vp) | eq | vn) & valid
            hp = vn | (valid ^ ((d0 | vp) & valid))
            hn = d0 & vp
            ups += hp.to_bytes(size, "little")
            downs += hn.to_bytes(size, "little")
            if len(ups) > _FLUSH or step == len(text):
                up = (np.frombuffer(ups, np.uint8).reshape(-1, size)[:, byte] >> bit) & 1  # (steps, K)
                down = (np.frombuffer(downs, np.uint8).reshape(-1, size)[:, byte] >> bit) & 1
                moves = running + np.cumsum(up.astype(np.int64) - down, axis=0)
                lowest = moves.argmin(axis=0)
                value = moves[lowest, np.arange(len(lowest))]
                better = (value < best) & (self.lengths > 0)
                best = np.where(better, value, best)
                at = np.where(better, flushed + lowest + 1, at)
                running, flushed = moves[-1], step
                ups, downs = bytearray(), bytearray()
            # No bit enters at the first row: a match may start anywhere in the text at no cost.
            hp = (hp << 1) & valid & ~low
            hn = (hn << 1) & valid & ~low
            vp = hn | (valid ^ ((d0 | hp) & valid))
            vn = hp & d0
        return self.lengths + best, at


def distance_matrix(
    texts: Sequence[Sequence[Hashable]], patterns: Sequence[Sequence[Hashable]], check: Check | None = None
) -> NDArray[np.int64]:
    """Levenshtein distances (len(texts), len(patterns))."""
    if not len(texts) or not len(patterns):
        return np.zeros((len(texts), len(patterns)), np.int64)
    packed = Packed.of(patterns)
    return np.stack([packed.distances(text, check) for text in texts])


def normalised_matrix(
    texts: Sequence[Sequence[Hashable]], patterns: Sequence[Sequence[Hashable]], check: Check | None = None
) -> NDArray[np.float64]:
    """Normalised edit distances (len(texts), len(patterns)); two empty sides are equal."""
    distances = distance_matrix(texts, patterns, check)
    longest = np.maximum.outer([len(t) for t in texts], [len(p) for p in patterns]).reshape(distances.shape)
    return distances / np.maximum(longest, 1)


@lru_cache(maxsize=1024)
def _needle(text: str) -> Packed:
    """One pattern, which is often looked for in many texts."""
    return Packed.of([text])


def same_length_window(needle: str, hay: str, below: float, check: Check | None = None) -> float:
    """Least Levenshtein(needle, hay[i : i + |needle|]) / |needle| over i, or 1 where it is not under `below`.

    The windows are the official matcher's; the free-length distance is never above theirs, so that it
    rules most pairs out before any window is looked at, with the same result.
    """
    size = len(needle)
    if not size or size > len(hay):
        return 1.0
    if needle in hay:
        return 0.0
    lower, end = _needle(needle).best_windows(hay, check)
    if lower[0] / size >= below:
        return 1.0
    # Most often the fixed window that ends where the free one does is as good: then nothing can be better.
    stop = min(max(int(end[0]), size), len(hay))
    best = edit_distance(needle, hay[stop - size : stop])
    if best > lower[0]:
        starts = range(len(hay) - size + 1)
        for at in range(0, len(starts), 256):
            windows = [hay[i : i + size] for i in starts[at : at + 256]]
            best = min(best, int(Packed.of(windows).distances(needle, check).min()))
    return best / size if best / size < below else 1.0
