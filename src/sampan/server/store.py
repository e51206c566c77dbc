"""The list of jobs in SQLite: what was accepted, where it stands, how often it was begun.

A row is written and synced before its job is acknowledged, and every change of state is one guarded UPDATE, so
that a job ends once, whatever dies when.

    queued → running → done | failed
       ↑________|      a worker crashed, or the server died or stopped: back into the queue
    queued, running → cancelled
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

Status = Literal["queued", "running", "done", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = ("queued", "running", "done", "failed", "cancelled")
ENDED = frozenset({"done", "failed", "cancelled"})

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    waited INTEGER NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    digest TEXT NOT NULL,
    options TEXT NOT NULL,
    idempotency_key TEXT,
    status TEXT NOT NULL,
    pages_done INTEGER NOT NULL DEFAULT 0,
    pages_total INTEGER,
    page_failures INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    problem TEXT,
    detail TEXT,
    starts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    interruptions INTEGER NOT NULL DEFAULT 0,
    completions INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, idempotency_key)
);
CREATE INDEX IF NOT EXISTS by_status ON jobs (status, waited, interruptions, seq);
CREATE INDEX IF NOT EXISTS by_owner ON jobs (owner, waited, seq);
"""
_VERSION = 1


@dataclass(slots=True)
class Job:
    """One row."""

    seq: int
    id: str
    owner: str
    waited: bool
    """Whether a client waits for it on an open connection: such a job dies with its connection."""
    name: str
    bytes: int
    digest: str
    """SHA-256 of the document's bytes and the options."""
    options: str
    idempotency_key: str | None
    status: Status
    pages_done: int
    pages_total: int | None
    page_failures: int
    created: float
    started: float | None
    finished: float | None
    problem: str | None
    """Name of a `problems.Kind`."""
    detail: str | None
    starts: int
    crashes: int
    """How often the worker died that read it."""
    interruptions: int
    """How often the whole server died while it was read."""
    completions: int

    def __post_init__(self) -> None:
        self.waited = bool(self.waited)  # SQLite has no truth values

    @property
    def ended(self) -> bool:
        return self.status in ENDED


_COLUMNS = ", ".join(field.name for field in fields(Job))


class Store:
    """The table. One server owns it; calls come from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")  # options hold passwords
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            self._db.close()
            raise sqlite3.DatabaseError(f"{path} has version {version}, this Sampan knows {_VERSION}")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        self._db.close()

    def add(
        self,
        id: str,
        *,
        owner: str,
        waited: bool,
        name: str,
        bytes: int,
        digest: str,
        options: str,
        idempotency_key: str | None,
    ) -> Job:
        """A new queued job, or the one that this owner made before with the same idempotency key."""
        with self._transaction():
            if idempotency_key is not None:
                known = self.keyed(owner, idempotency_key)
                if known is not None:
                    return known
            self._db.execute(
                "INSERT INTO jobs (id, owner, waited, name, bytes, digest, options, idempotency_key, status,"
                " created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)",
                (id, owner, waited, name, bytes, digest, options, idempotency_key, time.time()),
            )
        job = self.get(id)
        assert job is not None
        return job

    def get(self, id: str) -> Job | None:
        return self._one("WHERE id = ?", id)

    def keyed(self, owner: str, idempotency_key: str) -> Job | None:
        return self._one("WHERE owner = ? AND idempotency_key = ?", owner, idempotency_key)

    def listed(self, owner: str, limit: int, after: str | None) -> list[Job]:
        """The owner's jobs, newest first, from the one that follows `after`."""
        before = self._db.execute("SELECT seq FROM jobs WHERE id = ?", (after,)).fetchone() if after else None
        if after and before is None:
            return []
        return self._many(
            "WHERE owner = ? AND NOT waited AND seq < ? ORDER BY seq DESC LIMIT ?",
            owner,
            before[0] if before else 1 << 62,
            limit,
        )

    def claim(self) -> Job | None:
        """The next queued job, now running.

        Those that somebody waits for come first; those that were being read when a server died come last, so
        that a document that brings servers down holds up nobody else.
        """
        with self._transaction():
            job = self._one(
                "WHERE status = 'queued' ORDER BY waited DESC, interruptions + crashes, seq LIMIT 1"
            )
            if job is None:
                return None
            self._db.execute(
                "UPDATE jobs SET status = 'running', started = ?, starts = starts + 1, pages_done = 0"
                " WHERE seq = ?",
                (time.time(), job.seq),
            )
        return self.get(job.id)

    def complete(self, id: str, pages: int, total: int, page_failures: int) -> bool:
        """The running job is done; False if it is running no longer (it was cancelled)."""
        return self._change(
            "UPDATE jobs SET status = 'done', finished = ?, pages_done = ?, pages_total = ?, page_failures = ?,"
            " completions = completions + 1 WHERE id = ? AND status = 'running'",
            time.time(), pages, total, page_failures, id,
        )  # fmt: skip

    def fail(self, id: str, problem: str, detail: str) -> bool:
        return self._change(
            "UPDATE jobs SET status = 'failed', finished = ?, problem = ?, detail = ?"
            " WHERE id = ? AND status = 'running'",
            time.time(), problem, detail, id,
        )  # fmt: skip

    def requeue(self, id: str, *, crashed: bool) -> bool:
        """A running job that did not end goes back."""
        return self._change(
            "UPDATE jobs SET status = 'queued', started = NULL, crashes = crashes + ?"
            " WHERE id = ? AND status = 'running'",
            int(crashed), id,
        )  # fmt: skip

    def cancel(self, id: str) -> bool:
        return self._change(
            "UPDATE jobs SET status = 'cancelled', finished = ? WHERE id = ? AND status IN ('queued', 'running')",
            time.time(), id,
        )  # fmt: skip

    def remove(self, id: str) -> bool:
        return self._change("DELETE FROM jobs WHERE id = ?", id)

    def recover(self) -> tuple[list[Job], list[str]]:
        """After a start: jobs that a dead server left running, now queued again, and ids of abandoned ones.

        Nobody waits any more for the answer to a connection that is gone.
        """
        with self._transaction():
            abandoned = [row[0] for row in self._db.execute("SELECT id FROM jobs WHERE waited")]
            self._db.execute("DELETE FROM jobs WHERE waited")
            found = self._many("WHERE status = 'running'")
            self._db.execute(
                "UPDATE jobs SET status = 'queued', started = NULL, interruptions = interruptions + 1"
                " WHERE status = 'running'"
            )
        return found, abandoned

    def counts(self) -> dict[Status, int]:
        found = dict(self._db.execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall())
        return {status: found.get(status, 0) for status in STATUSES}

    def unfinished(self) -> int:
        query = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"
        return int(self._db.execute(query).fetchone()[0])

    def ids(self) -> set[str]:
        return {row[0] for row in self._db.execute("SELECT id FROM jobs")}

    def ended_before(self, moment: float) -> list[str]:
        query = "SELECT id FROM jobs WHERE finished < ? AND status NOT IN ('queued', 'running')"
        return [row[0] for row in self._db.execute(query, (moment,))]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _change(self, statement: str, *values: object) -> bool:
        return self._db.execute(statement, values).rowcount == 1

    def _one(self, where: str, *values: object) -> Job | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM jobs {where}", values).fetchone()
        return None if row is None else Job(*row)

    def _many(self, where: str, *values: object) -> list[Job]:
        return [Job(*row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM jobs {where}", values)]
