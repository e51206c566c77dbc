"""Where results go: a folder, or a place in an object store. Every file appears whole or not at all.

A worker writes all outputs of a document into a staging folder. Only when the last one is complete are they put in
place, figures before the documents that show them. A run that is killed in the middle of that has not yet
said in its journal that the document is done, and puts the same bytes there again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from sampan.documents.bulk import stores
from sampan.documents.bulk.jobs import Job
from sampan.errors import OutputError

_HOPELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Output(Protocol):
    state: Path
    """Local folder of the journal and of what has to wait for other pages."""

    def staging(self, job: Job) -> Path:
        """The local folder in which the outputs of `job` are made; nobody else's, and the same at every attempt."""
        ...

    def publish(self, job: Job) -> list[tuple[str, int]]:
        """Put what is in the staging folder in place; names relative to the job's place, with sizes."""
        ...

    def remove(self, job: Job, names: Sequence[str]) -> None:
        """Remove what an earlier attempt published."""
        ...

    def has(self, job: Job, name: str, size: int) -> bool:
        """Whether a published file is still there."""
        ...

    def address(self, job: Job, name: str) -> str:
        """Path or address of a published file, for people."""
        ...


def open_output(where: str | Path) -> Output:
    """A folder, or an address in an object store."""
    if isinstance(where, str) and stores.is_address(where):
        return StoreOutput(where)
    return FolderOutput(stores.local_path(where) if isinstance(where, str) else where)


def is_hopeless(error: BaseException) -> bool:
    """Whether after this error no other file can be written either: the disk is full or read-only."""
    cause = error.__cause__
    return isinstance(error, OutputError) and isinstance(cause, OSError) and cause.errno in _HOPELESS


class FolderOutput:
    """Results in a folder; staging folders stand where the results will, so that moving them is one step."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / ".sampan"

    def staging(self, job: Job) -> Path:
        return self.root / job.place / f".sampan-{_digest(job)}"

    def publish(self, job: Job) -> list[tuple[str, int]]:
        staging = self.staging(job)
        folder = self.root / job.place
        written = []
        try:
            names = _files_below(staging)
            for name in names:
                _sync(staging / name)
            for name in names:
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                size = (staging / name).stat().st_size
                (staging / name).replace(target)
                written.append((str(name), size))
            for parent in {(folder / name).parent for name in names}:
                _sync(parent)
        except OSError as error:
            raise _refused(error, folder) from error
        discard(staging)
        return written

    def remove(self, job: Job, names: Sequence[str]) -> None:
        folder = self.root / job.place
        for name in names:
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        for parent in {Path(name).parent for name in names} - {Path()}:
            with contextlib.suppress(OSError):  # not empty, or gone
                (folder / parent).rmdir()

    def has(self, job: Job, name: str, size: int) -> bool:
        try:
            found = (self.root / job.place / name).stat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == size

    def address(self, job: Job, name: str) -> str:
        return str(self.root / job.place / name)


class StoreOutput:
    """Results in an object store; the journal is on this machine, under Sampan's own folder."""

    def __init__(self, root: str) -> None:
        from sampan.weights.cache import cache_directory

        stores.check(root)
        self.root = root.rstrip("/")
        name = hashlib.sha256(self.root.encode()).hexdigest()[:16]
        self.state = cache_directory().parent / "runs" / name

    def staging(self, job: Job) -> Path:
        return self.state / "staging" / _digest(job)

    def publish(self, job: Job) -> list[tuple[str, int]]:
        staging = self.staging(job)
        written = []
        for name in _files_below(staging):
            stores.store(staging / name, self.address(job, str(name)))
            written.append((str(name), (staging / name).stat().st_size))
        discard(staging)
        return written

    def remove(self, job: Job, names: Sequence[str]) -> None:
        for name in names:
            stores.remove(self.address(job, name))

    def has(self, job: Job, name: str, size: int) -> bool:
        return stores.size_of(self.address(job, name)) == size

    def address(self, job: Job, name: str) -> str:
        return f"{self.root}/{PurePosixPath(job.place, name)}"


def discard(folder: Path) -> None:
    """Remove a folder of ours, whatever is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _digest(job: Job) -> str:
    return hashlib.sha256(job.key.encode()).hexdigest()[:16]


def _files_below(staging: Path) -> list[Path]:
    """Figures first: whoever sees a document shall find its figures."""
    return sorted(_walk(staging), key=lambda name: (-len(name.parts), name))


def _walk(staging: Path) -> Iterator[Path]:
    """Plain files only: a link, put there by a parser that was taken over, could lead to anybody's secrets."""
    for directory, _, names in os.walk(staging):
        for name in names:
            path = Path(directory, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path.relative_to(staging)


def _sync(path: Path) -> None:
    """See that a file, or a folder's list of names, is on the disk and not only on its way there."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems without it
            raise
    finally:
        os.close(descriptor)


def _refused(error: OSError, folder: Path) -> OutputError:
    return OutputError(
        f"cannot write to {folder}: {error.strerror or error}; make room and check its rights, or choose another -o"
    )
