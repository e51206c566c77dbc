"""Documents that were read, kept by the hash of their content and of what was asked of them.

Reading happens in a worker process with limits, so that a hostile file costs one answer and not the server. What
was read stays in memory (the latest few) and, if a folder is given for it, on disk.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sampan import __version__
from sampan.documents.bulk.isolation import Limits, Worker
from sampan.documents.model import Document
from sampan.documents.options import ParseOptions
from sampan.errors import InputError

if TYPE_CHECKING:
    from sampan.documents.bulk.worker import Context
    from sampan.mcp.roots import Roots
    from sampan.mcp.search import Index

KEPT = 32
"""Documents kept in memory."""

Progress = Callable[[int, int], None]


@dataclass
class Shelved:
    """A document with its short name for tools and addresses."""

    id: str
    path: str
    """As the client may name it."""
    document: Document
    pages: str | None
    """The selection that was asked for; None for all."""

    @cached_property
    def index(self) -> Index:
        from sampan.mcp.search import Index

        return Index(self.document)


class Shelf:
    """Reads documents below `roots` and keeps them. Safe for several threads; reads one document at a time."""

    def __init__(
        self,
        roots: Roots,
        options: ParseOptions | None = None,
        limits: Limits | None = None,
        threads: int = 1,
        cache: Path | None = None,
    ) -> None:
        self.roots = roots
        self.options = options or ParseOptions()
        self.cache = cache
        self._worker = Worker(limits or Limits(), threads)
        self._reading = threading.Lock()
        self._kept: OrderedDict[str, Shelved] = OrderedDict()
        self._lock = threading.Lock()

    def open(
        self,
        path: str,
        pages: str | None = None,
        ocr: str = "auto",
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> Shelved:
        """The document at `path`, from the shelf if the same content was read in the same way."""
        real, data = self.roots.read(path, self.options.max_bytes)
        options = ParseOptions(**{**self.options.model_dump(), "pages": pages, "ocr": ocr})
        identity = _identity(data, real.name, options)
        with self._lock:
            kept = self._kept.get(identity)
        if kept is None:
            with self._reading:
                document = self._remembered(identity) or self._read(
                    identity, data, real.name, options, progress, cancelled
                )
            kept = Shelved(identity, self.roots.shown(real), document, pages)
        self._keep(kept)
        return kept

    def get(
        self, reference: str, progress: Progress | None = None, cancelled: threading.Event | None = None
    ) -> Shelved:
        """A document by the id that `open` gave it, or by path, which is read first if it was not yet."""
        with self._lock:
            kept = self._kept.get(reference)
            if kept is not None:
                self._kept.move_to_end(reference)
                return kept
        if len(reference) == _ID_LENGTH and all(sign in "0123456789abcdef" for sign in reference):
            raise InputError(
                f"no document is called {reference}: parse_document gives the ids of those there are"
            )
        return self.open(reference, progress=progress, cancelled=cancelled)

    def all(self) -> list[Shelved]:
        """What is in memory, the latest last."""
        with self._lock:
            return list(self._kept.values())

    def close(self) -> None:
        self._worker.close()

    def _keep(self, shelved: Shelved) -> None:
        with self._lock:
            self._kept[shelved.id] = shelved
            self._kept.move_to_end(shelved.id)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def _read(
        self,
        identity: str,
        data: bytes,
        name: str,
        options: ParseOptions,
        progress: Progress | None,
        cancelled: threading.Event | None,
    ) -> Document:
        from sampan.documents.writers.files import write_whole

        with tempfile.TemporaryDirectory(prefix="sampan-") as folder:
            target = Path(folder) / "document.json"
            self._worker.call(read_bytes, data, name, options, target, progress=progress, cancelled=cancelled)
            text = target.read_bytes()
        if self.cache is not None:
            write_whole(self.cache / f"{identity}.json", text)
        return Document.model_validate_json(text)

    def _remembered(self, identity: str) -> Document | None:
        if self.cache is None:
            return None
        try:
            return Document.model_validate_json((self.cache / f"{identity}.json").read_bytes())
        except (OSError, ValidationError):  # not there, or not what was written: read again
            return None


_ID_LENGTH = 16


class _NamedBytes(io.BytesIO):
    name = ""


def read_bytes(
    context: Context, data: bytes, name: str, options: ParseOptions, target: Path
) -> dict[str, Any]:
    """Done in the worker: read a document from memory and leave it at `target` as JSON."""
    stream = _NamedBytes(data)
    stream.name = name

    def report(done: int, total: int) -> None:
        context.progress(done, total)

    document = context.parser(options).parse(stream, report)
    target.write_text(document.model_dump_json(), encoding="utf-8")
    return {"pages": len(document.pages)}


def _identity(data: bytes, name: str, options: ParseOptions) -> str:
    """Of the content and of everything that its reading depends on."""
    digest = hashlib.sha256(hashlib.sha256(data).digest())
    digest.update(f"{__version__}\0{name}\0{options.model_dump_json(exclude={'threads'})}".encode())
    return digest.hexdigest()[:_ID_LENGTH]
