"""`ServerSettings`: every switch of the server, in one place, with its range and default."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sampan.errors import OptionError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ServerSettings(BaseModel):
    """What the server does and refuses. The defaults suit one person on their own machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    data: Path = Field(default_factory=lambda: data_directory())
    """Folder of the jobs; one server at a time owns it."""
    workers: int = Field(default=1, ge=1, le=256)
    """Processes that read documents side by side."""
    keys: dict[str, str] = Field(default_factory=dict, repr=False)
    """Name → API key. Empty: everybody who reaches the port may use it."""
    max_bytes: int = Field(default=100_000_000, ge=1)
    max_pages: int = Field(default=1_000, ge=1)
    max_pixels: int = Field(default=120_000_000, ge=1)
    max_seconds: float = Field(default=600.0, gt=0)
    """Longest time that one document may take to read."""
    max_memory: int = Field(default=4_000_000_000, ge=256_000_000)
    """Bytes that one worker process may take."""
    queue: int = Field(default=100, ge=1)
    """Most documents that wait or are read at one time; more are refused with 429."""
    concurrency: int = Field(default=256, ge=1)
    """Most requests, uploads and followers of jobs among them, that are answered at one time."""
    keep_days: float = Field(default=7.0, gt=0)
    """Jobs that ended longer ago than this are removed with their files."""
    grace_seconds: float = Field(default=20.0, ge=0)
    """How long a stopping server waits for what is being read; the rest goes back to the queue."""
    idle_seconds: float = Field(default=30.0, gt=0)
    """An upload that stands still for so long is given up."""
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    """Names by which clients may address the server. Empty: its own on loopback, any elsewhere."""
    log_names: bool = False
    """Write names of files to the log."""

    @field_validator("keys")
    @classmethod
    def _keys_are_long_enough(cls, keys: dict[str, str]) -> dict[str, str]:
        for name, key in keys.items():
            if len(key) < 16 or not key.isascii() or not key.isprintable() or " " in key:
                raise ValueError(
                    f"API key {name!r} is too weak or not plain ASCII: give at least 16 characters "
                    "without spaces, for example from `openssl rand -hex 24`"
                )
        return keys

    @property
    def hosts(self) -> frozenset[str] | None:
        """Names in the Host header that are answered; None is any.

        A page of another site that points its own name at 127.0.0.1 must not get to a server without a key.
        """
        if self.allowed_hosts:
            return frozenset(name.lower() for name in self.allowed_hosts)
        return LOOPBACK if self.host in LOOPBACK else None


def data_directory() -> Path:
    """`$SAMPAN_HOME/server`, else the platform's own place for a program's data."""
    home = os.environ.get("SAMPAN_HOME")
    if home:
        return Path(home).expanduser() / "server"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "sampan" / "server"


def read_keys(given: list[str], file: Path | None) -> dict[str, str]:
    """API keys from options and a file of one key a line, each `KEY` or `NAME:KEY`; `#` opens a comment.

    A job belongs to the name of the key that made it, so that a changed key keeps its jobs if it keeps its name.
    """
    lines = list(given)
    if file is not None:
        try:
            lines += file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OptionError(f"the key file {file} cannot be read: {reason}") from error
    keys: dict[str, str] = {}
    for line in lines:
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        name, colon, key = entry.partition(":")
        if not colon:
            name, key = f"key{len(keys) + 1}", entry
        if name in keys:
            raise OptionError(f"two API keys are called {name!r}: give each a name of its own")
        keys[name] = key
    if file is not None and not keys:
        raise OptionError(f"the key file {file} holds no key: write one a line, KEY or NAME:KEY")
    return keys
