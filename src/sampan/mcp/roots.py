"""Which files a client may have read: those in the folders given by `--root`, and nothing else.

A model that was talked into it by a document would ask for any path. Paths are resolved first, links and all, and
what is opened is checked to be the regular file that was resolved, so a link swapped in between leads nowhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from sampan.errors import InputError, LimitError, OptionError


class Roots:
    """Folders whose files may be read."""

    def __init__(self, folders: Sequence[Path]) -> None:
        if not folders:
            raise OptionError("no folder may be read: add --root FOLDER (several times for several)")
        self.folders: list[Path] = []
        for folder in folders:
            try:
                real = folder.expanduser().resolve(strict=True)
            except OSError as error:
                raise OptionError(f"--root {folder}: {error.strerror or error}") from None
            if not real.is_dir():
                raise OptionError(f"--root {folder} is a file: name the folder that it is in")
            self.folders.append(real)

    def find(self, given: str) -> Path:
        """The real path of `given`, absolute or relative to any root. Says the same of all that lies outside."""
        if "\0" in given or not given.strip():
            raise InputError(f"path {given!r} is no path: give that of a file below {self}")
        path = Path(given)
        candidates = [path] if path.is_absolute() else [folder / path for folder in self.folders]
        inside = [real for real in map(_resolved, candidates) if real is not None and self.allow(real)]
        if not inside:
            raise InputError(f"{given} is outside the folders that may be read: give a file below {self}")
        for real in inside:
            if real.is_file():
                return real
        if inside[0].is_dir():
            raise InputError(f"{given} is a folder: list_documents names the files in it")
        raise InputError(
            f"{given} does not exist or is no regular file: list_documents names those that are there"
        )

    def allow(self, real: Path) -> bool:
        """Whether a path without links in it lies below a root."""
        return any(real.is_relative_to(folder) for folder in self.folders)

    def read(self, given: str, max_bytes: int) -> tuple[Path, bytes]:
        """The file's real path and its bytes."""
        real = self.find(given)
        # Neither a pipe that nobody writes to nor a link put there since may be followed.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(real, flags)
        except OSError as error:
            raise InputError(f"{given} cannot be opened: {error.strerror or error}") from None
        with os.fdopen(handle, "rb") as file:
            opened = os.fstat(handle)
            again = _resolved(real)
            if again != real or not stat.S_ISREG(opened.st_mode) or not os.path.samestat(opened, real.stat()):
                raise InputError(f"{given} changed while it was opened: try again")
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise LimitError(
                f"{given} is larger than the limit of {max_bytes:,} bytes: split it or raise --max-bytes"
            )
        return real, data

    def shown(self, real: Path) -> str:
        """A short name for a real path: below its root, if there is one root only."""
        if len(self.folders) == 1 and real.is_relative_to(self.folders[0]):
            return real.relative_to(self.folders[0]).as_posix()
        return str(real)

    def documents(self, suffixes: frozenset[str]) -> Iterator[Path]:
        """Files below the roots whose names end like documents; hidden ones and linked folders left out."""
        for root in self.folders:
            for directory, folders, names in os.walk(root):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    path = Path(directory, name)
                    if name.startswith(".") or path.suffix.lower() not in suffixes:
                        continue
                    real = _resolved(path)
                    if real is not None and self.allow(real) and real.is_file():
                        yield path

    def __str__(self) -> str:
        return " or ".join(map(str, self.folders))


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long
        return None
