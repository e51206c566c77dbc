"""Remembering what slow readings of many files gave, one record a file, until the file changes.

Records stand as JSON in Sampan's cache folder (`$SAMPAN_HOME`, else the platform's own place for caches). A cache
that cannot be read or written costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sampan.weights.cache import cache_directory


def cache_folder() -> Path:
    return cache_directory().parent / "synthesis"


def cached_json(
    name: str, version: int, files: Sequence[Path], read: Callable[[Path], Any], use_cache: bool = True
) -> list[Any]:
    """`read(file)` for each file; taken from the cache where size and time of change are as they were.

    `version` changes with what `read` returns.
    """
    store = cache_folder() / f"{name}-{version}.json"
    known: dict[str, list[Any]] = {}
    if use_cache:
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(store.read_text("utf-8"))
    records, fresh = [], False
    for file in files:
        state = file.stat()
        mark = [state.st_size, state.st_mtime_ns]
        entry = known.get(str(file))
        if entry is None or entry[0] != mark:
            entry = [mark, read(file)]
            known[str(file)] = entry
            fresh = True
        records.append(entry[1])
    if fresh and use_cache:
        with contextlib.suppress(OSError):
            store.parent.mkdir(parents=True, exist_ok=True)
            # Written beside and renamed, so that two processes at once leave one whole file.
            beside = store.with_suffix(f".{os.getpid()}.tmp")
            beside.write_text(json.dumps(known), encoding="utf-8")
            beside.replace(store)
    return records
