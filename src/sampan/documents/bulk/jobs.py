"""Which documents the inputs stand for, and where each one's output goes.

Outputs mirror the inputs: everything below the inputs' common folder keeps its relative place. No two documents
share an output, whatever they are called, and none leaves the output folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sampan.documents.bulk import stores
from sampan.errors import InputError

SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
"""What is taken from a folder; a file named by itself is tried whatever its name."""

STDIN = "-"

_MOST_STEM_BYTES = 180
"""File systems take names of 255 bytes; writers add their suffixes."""


@dataclass(frozen=True, slots=True)
class Job:
    """One document to read: a file, an object in a store (`address`), or standard input (neither)."""

    source: Path | None
    place: Path
    """Folder of its outputs, relative to the output folder."""
    stem: str
    address: str | None = None
    size: int | None = None
    stamp: str | None = None
    """What changes when an object changes; files are looked at when their turn comes."""
    trouble: str | None = None
    """Why it cannot be read, where that is known beforehand."""

    @property
    def name(self) -> str:
        if self.address is not None:
            return self.address
        return str(self.source) if self.source is not None else "standard input"

    @property
    def file_name(self) -> str:
        if self.address is not None:
            return plain_name(PurePosixPath(self.address).name)
        return self.source.name if self.source is not None else "standard input"

    @property
    def key(self) -> str:
        """Names the document in a journal: absolute, and text whatever bytes the name is made of."""
        name = self.name if self.source is None else str(self.source.absolute())
        return printable(name.replace("\\", "\\\\"))


def find_jobs(inputs: Sequence[str], output: Path | None = None) -> list[Job]:
    """The documents that `inputs` (files, folders, addresses in stores, `-`) stand for.

    What stands in `output` is taken for results of earlier runs and left out.
    """
    found: dict[Path, str | None] = {}
    objects: dict[str, stores.Listed] = {}
    roots: list[Path] = []
    object_roots: list[str] = []
    for given in inputs:
        if given == STDIN:
            continue
        if stores.is_address(given):
            listed = stores.list_documents(given, SUFFIXES)
            object_roots.append(listed.folder)
            objects.update({item.address: item for item in listed.items})
            continue
        path = stores.local_path(given)
        try:
            is_folder, is_there = path.is_dir(), path.exists() or path.is_symlink()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{given} cannot be opened ({reason}): check the path and its rights") from None
        if is_folder:
            roots.append(path.absolute())
            for file, trouble in _documents_below(path, output and output.absolute()):
                found.setdefault(file, trouble)
        elif is_there:
            roots.append(path.absolute().parent)
            found.setdefault(path, None)
        else:
            raise InputError(f"{given} does not exist")
    distinct: dict[Path, Path] = {}
    for file in found:
        distinct.setdefault(_resolved(file), file)
    files = list(distinct.values())
    if not files and not objects and STDIN not in inputs:
        raise InputError(
            f"no documents in {', '.join(inputs)} (looked for {', '.join(sorted(SUFFIXES))}): "
            "name a file of another kind by itself"
        )
    below = _below(files, roots)
    common = os.path.commonpath([f"/{stores.path_of(root)}" for root in object_roots]) if object_roots else ""
    below += [Path(os.path.relpath(f"/{stores.path_of(address)}", common)) for address in objects]
    if STDIN in inputs:
        below.append(Path("stdin"))
    places = _places(below)
    jobs = [
        Job(file, place.parent, place.name, trouble=found[file])
        for file, place in zip(files, places, strict=False)
    ]
    jobs += [
        Job(None, place.parent, place.name, item.address, item.size, item.stamp)
        for item, place in zip(objects.values(), places[len(files) :], strict=False)
    ]
    return [Job(None, places[-1].parent, places[-1].name), *jobs] if STDIN in inputs else jobs


def _places(below: Sequence[Path]) -> list[Path]:
    """Folder and stem of each document's outputs, no two the same even where case does not count."""
    plain = [Path(*map(plain_name, path.parts)) for path in below]
    stems = Counter((path.parent, path.stem.lower()) for path in plain)
    names = {(path.parent, path.name.lower()) for path in plain}
    taken: set[tuple[Path, str]] = set()
    places = []
    for path in plain:
        # scan.pdf and scan.png of one folder would both become scan.md: these keep their suffixes, and so
        # does scan.pdf.png where that would then collide with scan.pdf.
        stem = (path.parent, path.stem.lower())
        wanted = _short(path.stem if stems[stem] == 1 and stem not in names else path.name)
        name, count = wanted, 1
        while (path.parent, name.lower()) in taken:
            count += 1
            name = f"{wanted}-{count}"
        taken.add((path.parent, name.lower()))
        places.append(path.parent / name)
    return places


def plain_name(name: str) -> str:
    """`name` as one part of a path that any system takes: no separators, control characters or stray bytes."""
    plain = re.sub(r"[\x00-\x1f\x7f/\\\ud800-\udfff]", "_", name)
    return "_" if plain.strip() in ("", ".", "..") else plain


def printable(text: str) -> str:
    """`text` on one line, with escapes for what cannot be shown or encoded."""
    text = re.sub(r"[\x00-\x1f\x7f]", lambda sign: f"\\x{ord(sign[0]):02x}", text)
    return text.encode("utf-8", "backslashreplace").decode()


def _short(stem: str) -> str:
    data = stem.encode()
    if len(data) <= _MOST_STEM_BYTES:
        return stem
    return f"{data[:_MOST_STEM_BYTES].decode(errors='ignore')}-{hashlib.sha256(data).hexdigest()[:8]}"


def _documents_below(folder: Path, output: Path | None) -> list[tuple[Path, str | None]]:
    """Documents with what is known to be wrong with them; folders that cannot be listed count as documents."""
    found: list[tuple[Path, str | None]] = []

    def refused(error: OSError) -> None:
        path = Path(error.filename or folder)
        found.append(
            (path, f"the folder {printable(str(path))} cannot be listed: {error.strerror}; check its rights")
        )

    for directory, folders, names in os.walk(folder, onerror=refused):
        here = Path(directory).absolute()
        folders[:] = sorted(
            name for name in folders
            if not name.startswith(".") and here / name != output and not _is_figures(here / name, output)
        )  # fmt: skip
        found += [
            (Path(directory, name), None)
            for name in sorted(names)
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    return found


def _is_figures(folder: Path, output: Path | None) -> bool:
    """Whether a folder holds figures that an earlier run cut out, where outputs stand among the inputs."""
    stem, marked, rest = folder.name.rpartition("_figures")
    return (
        bool(marked)
        and not rest
        and output is not None
        and output in folder.parents
        and (folder.parent / f"{stem}.md").is_file()
    )


def _resolved(file: Path) -> Path:
    try:
        return file.resolve()
    except (OSError, RuntimeError):  # a symbolic link that leads to itself
        return file.absolute()


def _below(files: Sequence[Path], roots: Sequence[Path]) -> list[Path]:
    """The files relative to the folder that all `roots` share (with their drives where there is none)."""
    absolute = [Path(os.path.normpath(file.absolute())) for file in files]
    try:
        common = os.path.commonpath({os.path.normpath(root) for root in roots}) if roots else ""
        return [file.relative_to(common) for file in absolute]
    except ValueError:  # different drives
        return [
            Path(file.drive.rstrip(":\\/").lstrip("\\/")) / file.relative_to(file.anchor) for file in absolute
        ]
