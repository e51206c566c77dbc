"""Which Debian package brought a file, and the licences that the package's copyright file names.

Elsewhere than on Debian and its kin there is nothing to read, and the answers are empty.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

_INFO = Path("/var/lib/dpkg/info")
_STATUS = Path("/var/lib/dpkg/status")


@dataclass(frozen=True)
class Package:
    name: str = ""
    version: str = ""
    licence: str = ""
    """Short names as the copyright file gives them, such as `OFL-1.1` or `GPL-2+`."""

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}".strip()


def package_of(path: Path) -> Package:
    """The installed package that owns the file, or an empty one."""
    name = _owners(path.parent).get(str(path))
    if name is None:
        resolved = path.resolve()
        name = _owners(resolved.parent).get(str(resolved))
    return _package(name) if name else Package()


@functools.lru_cache(maxsize=4096)
def _owners(folder: Path) -> dict[str, str]:
    """Files in one folder, with their packages."""
    prefix = f"{folder}/"
    return {file: name for file, name in _all_owners().items() if file.startswith(prefix)}


@functools.cache
def _all_owners() -> dict[str, str]:
    """Files that may be fonts or texts: those below /usr/share, without the rest of the system."""
    owners: dict[str, str] = {}
    if not _INFO.is_dir():
        return owners
    for listing in sorted(_INFO.glob("*.list")):
        name = listing.name.removesuffix(".list").partition(":")[0]
        for line in listing.read_text("utf-8", "replace").splitlines():
            if line.startswith("/usr/share/"):
                owners[line] = name
    return owners


@functools.cache
def _package(name: str) -> Package:
    return Package(name, _versions().get(name, ""), _licence(Path("/usr/share/doc") / name / "copyright"))


@functools.cache
def _versions() -> dict[str, str]:
    try:
        status = _STATUS.read_text("utf-8", "replace")
    except OSError:
        return {}
    return {
        match["name"]: match["version"]
        for match in re.finditer(
            r"^Package: (?P<name>\S+)\n(?:.+\n)*?Version: (?P<version>\S+)", status, re.M
        )
    }


def _licence(copyright_file: Path) -> str:
    """The names after `License:` (Debian's copyright format 1.0), or the licences that free text mentions."""
    try:
        text = copyright_file.read_text("utf-8", "replace")
    except OSError:
        return ""
    names = list(dict.fromkeys(re.findall(r"^License: *(\S.*)$", text, re.M)))
    if not names:
        known = {
            "Open Font License": "OFL", "GNU Lesser General Public": "LGPL", "GNU General Public": "GPL",
            "Creative Commons": "Creative Commons", "Apache License": "Apache-2.0", "Mozilla Public": "MPL",
            "LaTeX Project Public": "LPPL", "public domain": "public domain", "BSD": "BSD",
        }  # fmt: skip
        flat = " ".join(text.split())
        names = [short for long, short in known.items() if long in flat]
    return ", ".join(names[:4])
