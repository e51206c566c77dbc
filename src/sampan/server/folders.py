"""Jobs on disk: a folder each, and nothing counts as stored before it is synced.

DATA/lock                        held by the one server that owns DATA
DATA/jobs.sqlite3                the list (`store`)
DATA/incoming/TOKEN/upload       an upload that is not accepted yet
DATA/jobs/ID/source/NAME         the document as it came
DATA/jobs/ID/document.json       what was read
DATA/jobs/ID/result.FORMAT       written when it is first asked for
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sampan.errors import OutputError

DOCUMENT = "document.json"
UPLOAD = "upload"
_SOURCE = "source"
_AIR = 100_000_000
_LONGEST_NAME = 120
"""Bytes: leaves room for what writers add, within the 255 that file systems take."""


class Folders:
    """The folder of one server."""

    def __init__(self, data: Path) -> None:
        self.data = data.absolute()
        self.jobs = self.data / "jobs"
        self.incoming = self.data / "incoming"
        try:
            for folder in (self.data, self.jobs, self.incoming):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(OSError):  # what lies above may not be ours to open
                sync(self.data.parent)
            sync(self.data)
            self._lock = _locked(self.data / "lock")
        except OSError as error:
            raise OutputError(
                f"{self.data} cannot hold the server's jobs: {error.strerror or error}; "
                "give another folder with --data, or mend its rights"
            ) from error

    def close(self) -> None:
        os.close(self._lock)

    def job(self, id: str) -> Path:
        return self.jobs / id

    def source(self, id: str) -> Path | None:
        """The document of a job, the only file in its folder."""
        folder = self.jobs / id / _SOURCE
        return next(iter(folder.iterdir()), None) if folder.is_dir() else None

    def has_room(self, bytes: int) -> bool:
        """Whether a document of so many bytes fits, with what is made of it and some air for the list of jobs."""
        return shutil.disk_usage(self.data).free > 2 * bytes + _AIR

    def receive(self) -> Path:
        """A new folder for an upload."""
        folder = self.incoming / secrets.token_hex(16)
        (folder / _SOURCE).mkdir(mode=0o700, parents=True)
        return folder

    def accept(self, received: Path, id: str, name: str, *, durable: bool) -> None:
        """Give the upload its name and move it to the jobs; with `durable`, it is on the disk afterwards."""
        (received / UPLOAD).rename(received / _SOURCE / name)
        if durable:
            for path in (received / _SOURCE / name, received / _SOURCE, received):
                sync(path)
        received.rename(self.jobs / id)
        if durable:
            sync(self.jobs)

    def remove(self, id: str) -> None:
        shutil.rmtree(self.jobs / id, ignore_errors=True)

    def discard(self, received: Path) -> None:
        shutil.rmtree(received, ignore_errors=True)

    def sweep(self, known: Iterable[str]) -> None:
        """Remove what no job knows: uploads cut short, and jobs that died before they were accepted."""
        for received in self.incoming.iterdir():
            self.discard(received)
        for folder in {path.name for path in self.jobs.iterdir()} - set(known):
            self.remove(folder)


def file_name(given: str | None) -> str:
    """A client's name for a file, as one that cannot leave its folder: no path, no control characters."""
    base = (given or "").replace("\\", "/").rpartition("/")[2]
    base = "".join(sign if sign.isprintable() else "_" for sign in base).strip()
    if base in ("", ".", ".."):
        return "document"
    if len(base.encode("utf-8", "replace")) > _LONGEST_NAME:
        stem, suffix = Path(base).stem, Path(base).suffix[:16]
        keep = _LONGEST_NAME - len(suffix.encode("utf-8", "replace"))
        base = stem.encode("utf-8", "replace")[:keep].decode("utf-8", "ignore") + suffix
    return base.encode("utf-8", "replace").decode("utf-8")


def sync(path: Path) -> None:
    """Returns when the file's bytes, or the folder's entries, are on the disk."""
    if path.is_dir() and sys.platform == "win32":
        return  # Windows has no such call for folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked(path: Path) -> int:
    """An open handle that holds the lock until it is closed or its process dies."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise OutputError(
            f"another server uses {path.parent}: stop it, or give this one a folder of its own with --data"
        ) from None
    return handle
