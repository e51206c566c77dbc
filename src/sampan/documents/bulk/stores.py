"""Documents and results in object stores, through fsspec: `s3://bucket/folder`, `gs://…`, `memory://…`.

Web addresses are refused: a program that fetches whatever address it is handed can be made to fetch from inside
a network that trusts it.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from sampan.errors import InputError, LimitError, OptionError, OutputError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_STORES = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "cos", "tos", "obs", "hdfs", "memory"}
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An object: its address, bytes, and a stamp that changes when it changes."""

    address: str
    size: int | None
    stamp: str


@dataclass(slots=True)
class Listing:
    folder: str
    """What places of the items are relative to."""
    items: list[Listed] = field(default_factory=list)


def is_address(text: str) -> bool:
    """Whether `text` names something in a store rather than a file (`file://` names a file)."""
    match = _ADDRESS.match(text)
    return match is not None and match[1].lower() not in ("file", "local")


def local_path(text: str) -> Path:
    """The path that `text` or a `file://` address names."""
    match = _ADDRESS.match(text)
    return Path(text if match is None else unquote(text[match.end() :]))


def path_of(address: str) -> str:
    """The address without its protocol and without slashes at its ends."""
    return _ADDRESS.sub("", address, count=1).strip("/")


def list_documents(address: str, suffixes: Set[str]) -> Listing:
    """The object that `address` names, or the documents below it."""
    system, path = _open(address)
    try:
        if system.isfile(path):
            info = system.info(path)
            return Listing(address.rpartition("/")[0], [Listed(address, info.get("size"), _stamp(info))])
        listing = Listing(address.rstrip("/"))
        protocol = address.split("://")[0]
        for name, info in sorted(system.find(path, detail=True).items()):
            parts = PurePosixPath(name).parts
            hidden = any(
                part.startswith(".") and part != ".." for part in parts[len(PurePosixPath(path).parts) :]
            )
            if not hidden and PurePosixPath(name).suffix.lower() in suffixes:
                listing.items.append(
                    Listed(f"{protocol}://{name.lstrip('/')}", info.get("size"), _stamp(info))
                )
    except Exception as error:
        # Every store has its own errors, few of them OSError.
        raise InputError(
            f"{address} cannot be listed: {_reason(error)}; check the address and your rights"
        ) from error
    if not listing.items and not system.exists(path):
        raise InputError(f"{address} does not exist")
    return listing


def fetch(address: str, target: Path, max_bytes: int) -> None:
    """Copy an object to a file."""
    system, path = _open(address)
    try:
        size = system.info(path).get("size")
        if size is not None and size > max_bytes:
            raise InputError(
                f"{address} has {size:,} bytes (limit {max_bytes:,}): split it or raise --max-bytes"
            )
        system.get_file(path, str(target))
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{address} cannot be fetched: {_reason(error)}") from error


def fetch_standard_input(target: Path, max_bytes: int) -> None:
    """Copy standard input to a file."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            left = max_bytes
            while left and (data := sys.stdin.buffer.read(min(left, 1 << 20))):
                left -= file.write(data)
        if left == max_bytes:
            raise InputError("standard input is empty")
        if not left and sys.stdin.buffer.read(1):
            raise LimitError(
                f"standard input is larger than the limit of {max_bytes:,} bytes: raise --max-bytes"
            )
    except OSError as error:
        raise cannot_keep(target, error) from error


def cannot_keep(path: Path, error: OSError) -> OutputError:
    """What to say of a file of our own that cannot be written."""
    refused = OutputError(f"cannot write {path}: {error.strerror or error}; make room and --resume")
    refused.__cause__ = error
    return refused


def store(source: Path, address: str) -> None:
    """Copy a file into a store. Objects appear whole or not at all."""
    system, path = _open(address)
    try:
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.put_file(str(source), path)
    except Exception as error:
        raise OutputError(
            f"cannot write {address}: {_reason(error)}; check the address and your rights"
        ) from error


def remove(address: str) -> None:
    """Remove an object; that it is gone already is no error."""
    system, path = _open(address)
    try:
        if system.exists(path):
            system.rm_file(path)
    except Exception as error:
        raise OutputError(f"cannot remove {address}: {_reason(error)}") from error


def size_of(address: str) -> int | None:
    """Bytes of an object; None if there is none."""
    system, path = _open(address)
    try:
        size: int | None = system.info(path)["size"]
    except Exception:
        return None
    return size


def check(address: str) -> None:
    """Refuse at once what can never be read or written."""
    _open(address)


def _open(address: str) -> tuple[Any, str]:
    """The file system and the path in it."""
    match = _ADDRESS.match(address)
    assert match is not None
    # Chained addresses (`zip://…::https://…`) would lead anywhere.
    if match[1].lower() not in _STORES or "::" in address:
        raise InputError(
            f"{address} is not fetched: only object stores are ({', '.join(sorted(_STORES))}); "
            "fetch it yourself: `curl … | sampan parse -`"
        )
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError:
        raise OptionError(f"{address} needs fsspec: pip install 'sampan[scale]'") from None
    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise OptionError(f"{address} cannot be used: {_reason(error)}") from error
    return system, path


def _stamp(info: dict[str, Any]) -> str:
    """Of what a store says of an object, what changes with it."""
    for name in ("ETag", "etag", "md5Hash", "content_md5", "versionId", "LastModified", "mtime", "created"):
        if info.get(name) is not None:
            return hashlib.sha256(f"{name}={info[name]}".encode()).hexdigest()[:16]
    return ""


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200]
