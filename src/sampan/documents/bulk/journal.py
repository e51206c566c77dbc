"""What was done, on disk: so that a run that was killed goes on where it was, repeats nothing and loses nothing.

One SQLite file in write-ahead mode. A file is `done` only after its outputs are on disk under their names; the
row is written last, so whatever moment a run is killed at, a file is either done with all its outputs or read
again into the same bytes. A finished file counts as the same one by path, size and time of change, or, where
only the time differs, by its content; and only for the same options and place of output.

    files      one row a document: state, place, size, stamp, sha256, options, outcome, outputs
    parts      pages of long documents that have been read and wait for the others
    attempts   one row each time a document, or part of one, was handed to a worker: the proof of what was repeated
    runs       one row a run
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sampan import __version__
from sampan.documents.bulk.jobs import Job, printable
from sampan.documents.bulk.outcome import Fault, Outcome
from sampan.documents.bulk.output import Output, open_output
from sampan.errors import OutputError

if TYPE_CHECKING:
    from sampan.documents.options import ParseOptions

NAME = "journal.sqlite"
VERSION = 1
_HASH_AT_MOST = 64 << 20
"""A file whose time of change alone is new is compared by content up to this size, and beyond it read again."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, place TEXT NOT NULL, stem TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    size INTEGER, stamp TEXT, sha256 TEXT, options TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    lasting INTEGER NOT NULL DEFAULT 0, outcome TEXT, stages TEXT, written TEXT NOT NULL DEFAULT '[]', finished REAL
);
CREATE TABLE IF NOT EXISTS parts (
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE, number INTEGER NOT NULL, pages TEXT NOT NULL,
    sha256 TEXT, PRIMARY KEY (file, number)
);
CREATE TABLE IF NOT EXISTS attempts (
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE, run INTEGER NOT NULL, what TEXT NOT NULL,
    began REAL NOT NULL, ended REAL, result TEXT
);
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL, process INTEGER);
"""


class Journal:
    """An open journal; only one process at a time has it. For one thread."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.path = path = output.state / NAME
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, isolation_level=None, timeout=0.5, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(
                f"cannot keep a journal in {path}: {_reason(error)}; choose another -o"
            ) from error
        with self._guarded():
            # Exclusive: a second run into the same folder is refused instead of mixing with this one.
            for pragma in (
                "locking_mode=EXCLUSIVE",
                "journal_mode=WAL",
                "synchronous=NORMAL",
                "foreign_keys=ON",
            ):
                self._base.execute(f"PRAGMA {pragma}")
            version = self._base.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise OutputError(
                    f"{path} was written by another version of Sampan (format {version}, this one writes "
                    f"{VERSION}): finish with that one, or remove it to start over"
                )
            self._base.executescript(_SCHEMA)
            self._base.execute(f"PRAGMA user_version={VERSION}")
            self.run = self._base.execute(
                "INSERT INTO runs (began, process) VALUES (?, ?)", (time.time(), os.getpid())
            ).lastrowid

    def forget(self) -> None:
        """Start over: what was done counts no more. What was written is remembered, to be replaced."""
        with self._transaction():
            self._base.execute("UPDATE files SET state = 'waiting', outcome = NULL, attempts = 0")
            self._base.execute("DELETE FROM parts")
            self._base.execute("DELETE FROM attempts")

    def enter(self, jobs: Sequence[Job], options: str, retry_failed: bool = False) -> list[tuple[Job, bool]]:
        """Every job, and whether an earlier run finished it; those that it did not are entered as waiting."""
        with self._transaction():
            return [(job, self._enter(job, options, retry_failed)) for job in jobs]

    def _enter(self, job: Job, options: str, retry_failed: bool) -> bool:
        row = self._row(job)
        if row is not None and self._is_finished(row, job, options, retry_failed):
            return True
        size, stamp = measure(job)
        facts = (printable(job.name), str(job.place), job.stem, size, stamp, options)
        if row is None:
            self._base.execute(
                "INSERT INTO files (key, name, place, stem, size, stamp, options) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job.key, *facts),
            )
            return False
        if (row["size"], row["stamp"], row["options"]) != (size, stamp, options):
            self._base.execute("DELETE FROM parts WHERE file = ?", (row["id"],))
        self._base.execute(
            "UPDATE files SET state = 'waiting', name = ?, place = ?, stem = ?, size = ?, stamp = ?, options = ?, "
            "outcome = NULL WHERE id = ?",
            (*facts, row["id"]),
        )
        return False

    def begin(self, job: Job, what: str) -> int:
        """A worker has taken the job, or a part of it; gives the number of the attempt."""
        with self._transaction():
            self._base.execute("UPDATE files SET attempts = attempts + 1 WHERE key = ?", (job.key,))
            return int(
                self._base.execute(
                    "INSERT INTO attempts (file, run, what, began) SELECT id, ?, ?, ? FROM files WHERE key = ?",
                    (self.run, what, time.time(), job.key),
                ).lastrowid
                or 0
            )

    def end(self, attempt: int, result: str) -> None:
        with self._guarded():
            self._base.execute(
                "UPDATE attempts SET ended = ?, result = ? WHERE rowid = ?", (time.time(), result, attempt)
            )

    def finish(
        self,
        job: Job,
        outcome: Outcome,
        answer: dict[str, Any] | None,
        written: Sequence[tuple[str, int]],
        lasting: bool,
    ) -> None:
        """The job is done or has failed, its outputs are in place. `lasting`: reading it again would fail again."""
        answer = answer or {}
        facts = {**asdict(outcome), "files": answer.get("files", {})}
        state = "done" if outcome.error is None else "failed"
        with self._transaction():
            self._base.execute(
                "UPDATE files SET state = ?, sha256 = ?, lasting = ?, outcome = ?, stages = ?, finished = ? "
                "WHERE key = ?",
                (state, answer.get("sha256"), lasting, json.dumps(facts), json.dumps(answer.get("seconds")),
                 time.time(), job.key),
            )  # fmt: skip
            if outcome.error is None:  # a failure leaves what an earlier version of the document gave
                self._base.execute(
                    "UPDATE files SET written = ? WHERE key = ?", (json.dumps(list(written)), job.key)
                )
            self._base.execute(
                "DELETE FROM parts WHERE file = (SELECT id FROM files WHERE key = ?)", (job.key,)
            )

    def written(self, job: Job) -> list[str]:
        """Names, relative to the job's folder, of what an earlier attempt at it put in place."""
        row = self._row(job)
        return [] if row is None else [name for name, _ in json.loads(row["written"])]

    def drop_all_but(self, keys: Collection[str]) -> list[str]:
        """Forget the documents that are not among `keys` and remove their outputs; gives their names."""
        with self._guarded():
            rows = self._base.execute("SELECT id, key, name, place, stem, written FROM files").fetchall()
        dropped = []
        for row, key, name, place, stem, written in rows:
            if key not in keys:
                self.output.remove(Job(None, Path(place), stem), [file for file, _ in json.loads(written)])
                with self._transaction():
                    self._base.execute("DELETE FROM files WHERE id = ?", (row,))
                dropped.append(name)
        return dropped

    def keep_part(self, job: Job, number: int, pages: str, sha256: str | None) -> None:
        with self._guarded():
            self._base.execute(
                "INSERT OR REPLACE INTO parts SELECT id, ?, ?, ? FROM files WHERE key = ?",
                (number, pages, sha256, job.key),
            )

    def parts(self, job: Job) -> dict[int, tuple[str, str | None]]:
        """Number → pages and content hash of the parts that have been read."""
        with self._guarded():
            rows = self._base.execute(
                "SELECT number, pages, parts.sha256 FROM parts JOIN files ON files.id = parts.file WHERE key = ?",
                (job.key,),
            ).fetchall()
        return {number: (pages, sha256) for number, pages, sha256 in rows}

    def outcome(self, job: Job, earlier: bool) -> Outcome | None:
        """What became of a job; None if nothing has yet."""
        row = self._row(job)
        if row is None or row["outcome"] is None:
            return None
        facts = json.loads(row["outcome"])
        facts["failures"] = [Fault(**fault) for fault in facts["failures"]]
        facts["files"] = {kind: self.output.address(job, name) for kind, name in facts["files"].items()}
        return Outcome(**{**facts, "name": job.name, "attempts": row["attempts"], "earlier": earlier})

    def close(self) -> None:
        with self._guarded():
            self._base.execute("UPDATE runs SET ended = ? WHERE id = ?", (time.time(), self.run))
            self._base.close()

    def _row(self, job: Job) -> sqlite3.Row | None:
        with self._guarded():
            cursor = self._base.cursor()
            cursor.row_factory = sqlite3.Row
            row: sqlite3.Row | None = cursor.execute(
                "SELECT * FROM files WHERE key = ?", (job.key,)
            ).fetchone()
        return row

    def _is_finished(self, row: sqlite3.Row, job: Job, options: str, retry_failed: bool) -> bool:
        place = (str(job.place), job.stem)
        if row["state"] == "waiting" or row["options"] != options or place != (row["place"], row["stem"]):
            return False
        if row["state"] == "failed" and (retry_failed or not row["lasting"]):
            return False
        size, stamp = measure(job)
        if size is None or size != row["size"]:
            return False
        written = json.loads(row["written"]) if row["state"] == "done" else ()
        if not all(self.output.has(job, name, length) for name, length in written):
            return False
        if stamp != row["stamp"]:
            if job.source is None or size > _HASH_AT_MOST or row["sha256"] != sha256_of(job.source):
                return False
            self._base.execute("UPDATE files SET stamp = ? WHERE id = ?", (stamp, row["id"]))
        return True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise OutputError(
                    f"another run is at work there (it holds {self.path}): wait for it, or choose another -o"
                ) from error
            raise OutputError(
                f"the journal {self.path} cannot be written: {error}; make room and --resume"
            ) from error
        except sqlite3.DatabaseError as error:
            raise OutputError(
                f"the journal {self.path} is damaged ({error}): remove it and run without --resume"
            ) from error


def has_journal(where: str) -> bool:
    """Whether an earlier run into an output left a journal."""
    return (open_output(where).state / NAME).exists()


def measure(job: Job) -> tuple[int | None, str | None]:
    """Size of a job's document and what changes with it; (None, None) if it cannot be looked at."""
    if job.source is None:
        return job.size, job.stamp
    try:
        found = job.source.stat()
    except OSError:
        return None, None
    return found.st_size, str(found.st_mtime_ns)


def sha256_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def fingerprint(options: ParseOptions, formats: Sequence[str]) -> str:
    """What results depend on: every option but those of speed, the formats, and the version of Sampan."""
    facts = options.model_dump(exclude={"threads", "batch_size", "password"})
    text = json.dumps([__version__, sorted(formats), facts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
