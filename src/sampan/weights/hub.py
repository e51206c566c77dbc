"""One file from a public model hub, named `hub:owner/repository@revision:file` and checked by its hash.

For weights that no package carries. The hub is any host that serves Hugging Face's public layout
`<endpoint>/<owner>/<repository>/resolve/<revision>/<file>`; `$HF_ENDPOINT` names another one.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

from sampan.errors import OptionError, WeightsError
from sampan.weights.cache import cache_directory, sha256_of

ENDPOINT = "https://huggingface.co"
TIMEOUT = 30.0
"""Seconds without a byte after which a download is given up."""
CHUNK = 1 << 20

_REFERENCE = re.compile(
    r"hub:(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+):(?P<file>[\w.-]+(?:/[\w.-]+)*)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of one revision of a public repository."""

    repository: str
    revision: str
    file: str

    @classmethod
    def parse(cls, reference: str) -> HubFile:
        match = _REFERENCE.fullmatch(reference)
        if match is None or any(set(part) <= {"."} for part in re.split("[/@:]", reference)):
            raise OptionError(
                f"'{reference}' is not a hub reference: write hub:owner/repository@revision:path/to/file"
            )
        return cls(**match.groupdict())

    @property
    def url(self) -> str:
        endpoint = os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")
        return f"{endpoint}/{self.repository}/resolve/{quote(self.revision)}/{quote(self.file)}"

    @property
    def path(self) -> Path:
        """Where it stands in the cache."""
        folder = f"{self.repository.replace('/', '--')}@{self.revision}"
        return cache_directory().parent / "hub" / folder / self.file


def fetch(reference: str, sha256: str, progress: Callable[[int], None] | None = None) -> Path:
    """Path of the hub's file in the cache, downloaded if it is not there; its sha256 must be `sha256`.

    `progress` is called with the number of bytes as each piece arrives.
    """
    wanted = HubFile.parse(reference)
    if re.fullmatch(r"[0-9a-fA-F]{64}", sha256) is None:
        raise OptionError(f"'{sha256}' is not a sha256: give its 64 hexadecimal digits")
    path = wanted.path
    if path.is_file() and sha256_of(path) == sha256.lower():
        return path
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = _download(wanted.url, partial, progress)
        if found != sha256.lower():
            raise WeightsError(
                f"{wanted.url} is not the file that was asked for: "
                f"sha256 is {found}, expected {sha256.lower()}; nothing was installed"
            )
        partial.replace(path)
    except urllib.error.HTTPError as error:
        raise WeightsError(
            f"{wanted.url} cannot be fetched (HTTP {error.code} {error.reason}): check repository, "
            "revision and file name"
        ) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise WeightsError(
            f"{wanted.url} cannot be fetched ({reason}): check the connection, or set HF_ENDPOINT to a mirror"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def _download(url: str, target: Path, progress: Callable[[int], None] | None) -> str:
    """Streams `url` into `target` and returns the sha256 of what came."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response, target.open("wb") as stream:
        while chunk := response.read(CHUNK):
            stream.write(chunk)
            digest.update(chunk)
            if progress is not None:
                progress(len(chunk))
    return digest.hexdigest()
