"""Text files of one record a line, as all label files are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sampan.errors import InputError, OutputError


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line that is not empty; UTF-8 with or without a byte order mark."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                line = line.rstrip("\r\n")
                if line:
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}") from error


def write_lines(lines: Iterable[str], path: Path) -> int:
    """Writes the lines and gives their number."""
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(line + "\n")
                count += 1
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    return count
