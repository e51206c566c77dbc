"""Sentences and words of a language, gathered from what the system carries and kept compactly.

Gathering reads thousands of files, so its result is kept in Sampan's cache until a source changes. A pool is two
flat arrays, which processes share without copying. Every sentence and word belongs to one of two splits by a hash
of its letters: what is held out of training here is held out on every machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampan.errors import InputError, OptionError
from sampan.vision.synthesis import cleaning
from sampan.vision.synthesis.cache import cache_folder
from sampan.vision.synthesis.fonts import Split
from sampan.vision.synthesis.languages import Language, language
from sampan.vision.synthesis.packages import package_of
from sampan.vision.synthesis.text_sources import PACKAGES, SHARE, Source, find_sources

VERSION = 4
"""Raised whenever gathering gives other text from the same files."""

HELD_OUT_SHARE = 0.05


def is_held_out(text: str) -> bool:
    """Whether a sentence or word is kept from training: 5 % are, by a hash of the text without case."""
    digest = hashlib.blake2b(text.casefold().encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") < HELD_OUT_SHARE * 2**32


class Pool(Sequence[str]):
    """Texts in one byte string; about the size of the texts themselves, and quick to send to other processes."""

    def __init__(self, blob: bytes, starts: NDArray[np.int64]) -> None:
        self.blob = blob
        self.starts = starts
        """Byte offsets (n + 1,); text i ends one byte (a line end) before text i + 1 begins."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Pool:
        parts = [text.encode() + b"\n" for text in texts]
        starts = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=starts[1:])
        return cls(b"".join(parts), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.blob[self.starts[index] : self.starts[index + 1] - 1].decode()

    def containing(self, char: str, near: float) -> str | None:
        """The first text with `char` after the place `near` ∈ [0, 1) of the pool, or the first at all."""
        sought = char.encode()
        place = self.blob.find(sought, int(near * len(self.blob)))
        if place < 0:
            place = self.blob.find(sought)
        if place < 0:
            return None
        found: str = self[bisect_right(self.starts, place) - 1]
        return found

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))


@dataclass
class Texts:
    """The pools of one language in one split."""

    sentences: Pool
    words: Pool


@dataclass
class TextLibrary:
    """Texts by language and split, with the list of where they came from."""

    pools: dict[str, dict[Split, Texts]]
    origins: list[dict[str, Any]] = field(default_factory=list)
    """Package, licence, language and number of sentences and words of each origin."""

    @classmethod
    def gather(
        cls,
        codes: Iterable[str],
        *,
        share: Path = SHARE,
        extra: Mapping[str, Sequence[Path]] | None = None,
        use_cache: bool = True,
    ) -> TextLibrary:
        """Everything this system holds in the languages `codes`, and the plain text files `extra[code]`."""
        pools: dict[str, dict[Split, Texts]] = {}
        origins: list[dict[str, Any]] = []
        for code in dict.fromkeys(codes):
            spoken = language(code)
            sources = find_sources(spoken, share)
            for path in (extra or {}).get(code, ()):
                if not Path(path).is_file():
                    raise OptionError(f"text file {path} is not there: name files of UTF-8 text")
                sources.append(Source(Path(path), "sentences", "text"))
            found, told = _gathered(spoken, sources, use_cache)
            if not len(found["train"].sentences) and not len(found["train"].words):
                raise InputError(
                    f"no text in {spoken.name} was found on this machine: install packages such as "
                    f"{' '.join(PACKAGES.split()[:3])}, or name UTF-8 files of your own"
                )
            pools[code] = found
            origins += told
        return cls(pools, origins)

    def texts(self, code: str, split: Split) -> Texts:
        if code not in self.pools:
            raise OptionError(
                f"no text in language '{code}' was gathered, only {', '.join(self.pools)}: gather it too"
            )
        return self.pools[code]["train" if split == "all" else split]

    def save(self, folder: Path) -> None:
        """One file a language, and the list of origins, for machines that have no texts of their own."""
        folder.mkdir(parents=True, exist_ok=True)
        for code, pools in self.pools.items():
            _write(folder / f"{code}.npz", pools)
        (folder / "origins.json").write_text(json.dumps(self.origins, ensure_ascii=False, indent=1), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> TextLibrary:
        """What `save` wrote."""
        files = sorted(folder.glob("*.npz"))
        if not files:
            raise InputError(f"{folder} holds no gathered texts: make it with `sampan synthesize library`")
        origins = json.loads((folder / "origins.json").read_text("utf-8"))
        return cls({file.stem: _read(file) for file in files}, origins)


def _gathered(
    spoken: Language, sources: Sequence[Source], use_cache: bool
) -> tuple[dict[Split, Texts], list[dict[str, Any]]]:
    states = [
        (str(source.path), source.path.stat().st_size, source.path.stat().st_mtime_ns) for source in sources
    ]
    mark = hashlib.blake2b(json.dumps([VERSION, states]).encode(), digest_size=8).hexdigest()
    store = cache_folder() / f"texts-{spoken.code}-{mark}.npz"
    told = store.with_suffix(".json")
    if use_cache:
        with contextlib.suppress(OSError, ValueError, KeyError):
            return _read(store), json.loads(told.read_text("utf-8"))
    pools, origins = _read_sources(spoken, sources)
    if use_cache:
        with contextlib.suppress(OSError):
            store.parent.mkdir(parents=True, exist_ok=True)
            for old in store.parent.glob(f"texts-{spoken.code}-*"):
                old.unlink()
            told.write_text(json.dumps(origins, ensure_ascii=False), "utf-8")
            _write(store, pools)
    return pools, origins


def _read_sources(
    spoken: Language, sources: Sequence[Source]
) -> tuple[dict[Split, Texts], list[dict[str, Any]]]:
    allowed = cleaning.printable(spoken)
    sentences: dict[str, None] = {}
    words: dict[str, str] = {}  # by their form without case: small letters win over capitals
    counts: dict[tuple[str, str], list[int]] = {}
    for source in sources:
        package = package_of(source.path)
        own = source.path.parent.name == "samples"
        key = (
            "Sampan" if own else package.label or source.path.parent.name,
            "Apache-2.0" if own else package.licence,
        )
        before = len(sentences), len(words)
        for raw in source.read():
            pieces = (
                cleaning.sentences(raw, spoken, allowed, not own) if source.kind == "sentences" else (raw,)
            )
            for piece in pieces:
                if source.kind == "sentences":
                    sentences.setdefault(piece)
                for word in cleaning.words(piece, spoken, allowed):
                    folded = word.casefold()
                    if word == folded or folded not in words:
                        words[folded] = word
        row = counts.setdefault(key, [0, 0])
        row[0] += len(sentences) - before[0]
        row[1] += len(words) - before[1]
    origins = [
        {"language": spoken.code, "origin": origin, "licence": licence, "sentences": row[0], "words": row[1]}
        for (origin, licence), row in counts.items()
        if any(row)
    ]
    kept_sentences, kept_words = sorted(sentences), sorted(words.values())
    pools: dict[Split, Texts] = {}
    for split, wanted in (("train", False), ("held-out", True)):
        pools[split] = Texts(  # type: ignore[index]
            Pool.of(text for text in kept_sentences if is_held_out(text) is wanted),
            Pool.of(text for text in kept_words if is_held_out(text) is wanted),
        )
    return pools, origins


def _write(path: Path, pools: Mapping[Split, Texts]) -> None:
    arrays: dict[str, NDArray[Any]] = {}
    for split, texts in pools.items():
        for name, pool in (("sentences", texts.sentences), ("words", texts.words)):
            arrays[f"{split}/{name}"] = np.frombuffer(pool.blob, np.uint8)
            arrays[f"{split}/{name}/starts"] = pool.starts
    beside = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
    np.savez_compressed(beside, **arrays)  # type: ignore[arg-type]
    beside.replace(path)


def _read(path: Path) -> dict[Split, Texts]:
    pools: dict[Split, Texts] = {}
    splits: tuple[Split, ...] = ("train", "held-out")
    with np.load(path) as arrays:
        for split in splits:
            made = [
                Pool(arrays[f"{split}/{name}"].tobytes(), arrays[f"{split}/{name}/starts"])
                for name in ("sentences", "words")
            ]
            pools[split] = Texts(*made)
    return pools
