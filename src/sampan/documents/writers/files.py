"""Files written whole or not at all."""

from __future__ import annotations

import secrets
from pathlib import Path

from sampan.errors import OutputError


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write `content` beside `path` and move it there in one step, so that no reader sees half a file."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.parent / f".sampan-{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(path)
    except OSError as error:
        _remove(temporary)
        raise OutputError(
            f"cannot write {path} ({len(data):,} bytes): {error.strerror or error}; "
            "choose another output folder, or make room and check its rights"
        ) from error
    except BaseException:
        _remove(temporary)
        raise
    return path


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # its folder is no folder, or gone: then there is nothing to remove
        return
