"""What becomes of documents whose readers die, and of jobs whose server stops."""

import os
import signal
import time
from pathlib import Path

import pytest
from benchmarks.served import until
from tests.server import deadly
from tests.server.clients import Client
from tests.server.conftest import serving

from sampan.server import ServerSettings
from sampan.server.dispatch import MOST_INTERRUPTIONS
from sampan.server.store import Store


def deaths(client: Client, id: str) -> int:
    return len((client.service.folders.job(id) / "deaths").read_text())


def test_a_document_may_kill_three_workers(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.dies)
    with serving(ServerSettings(data=data)) as client:
        id = client.queue(report)["id"]
        job = client.ended(id)
        assert (job["status"], job["attempts"], job["error"]["type"]) == ("failed", 3, "reader-died")
        assert job["error"]["detail"].startswith("the worker that read it died 3 times")
        assert deaths(client, id) == 3
        monkeypatch.undo()
        assert client.post("/v1/parse", report).status_code == 200
        assert "sampan_worker_restarts_total 3.0" in client.get("/metrics").text


def test_a_worker_that_died_by_chance_costs_nothing(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.dies_once)
    with serving(ServerSettings(data=data)) as client:
        id = client.queue(report)["id"]
        job = client.ended(id)
        assert (job["status"], job["attempts"]) == ("done", 2)
        assert deaths(client, id) == 1


def test_stopping_puts_back_what_is_not_done(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.waits)
    with serving(ServerSettings(data=data, grace_seconds=0.2)) as client:
        first, second = client.queue(report)["id"], client.queue(report)["id"]
        until(lambda: client.get(f"/v1/jobs/{first}").json()["status"] == "running")
    store = Store(data / "jobs.sqlite3")
    assert store.counts()["queued"] == 2
    store.close()
    (data / "go").touch()
    with serving(ServerSettings(data=data)) as client:
        for id, attempts in ((first, 2), (second, 1)):
            job = client.ended(id)
            assert (job["status"], job["attempts"]) == ("done", attempts)


def test_stopping_lets_run_what_is_nearly_done(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.waits)
    with serving(ServerSettings(data=data, grace_seconds=60)) as client:
        id = client.queue(report)["id"]
        until(lambda: client.get(f"/v1/jobs/{id}").json()["status"] == "running")
        client.service.dispatcher.wind_down()
        assert client.post("/v1/jobs", report).headers["retry-after"] == "10"
        assert client.get("/readyz").json()["checks"]["running"] is False
        (data / "go").touch()
    store = Store(data / "jobs.sqlite3")
    job = store.get(id)
    assert job is not None
    assert (job.status, job.starts, job.completions) == ("done", 1, 1)


def test_a_document_that_brings_servers_down_is_given_up(data: Path, report: bytes) -> None:
    with serving(ServerSettings(data=data, grace_seconds=0)) as client:
        id = client.queue(report)["id"]
        client.ended(id)
    store = Store(data / "jobs.sqlite3")
    store._db.execute("UPDATE jobs SET status = 'running', interruptions = ?", (MOST_INTERRUPTIONS - 1,))
    store.close()
    with serving(ServerSettings(data=data)) as client:
        job = client.ended(id)
        assert job["error"]["detail"] == f"the server that read it died {MOST_INTERRUPTIONS} times"


def test_a_job_whose_document_is_gone_says_so(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.waits)
    with serving(ServerSettings(data=data, grace_seconds=0)) as client:
        client.queue(report)
        id = client.queue(report)["id"]
    next((data / "jobs" / id / "source").iterdir()).unlink()
    (data / "go").touch()
    with serving(ServerSettings(data=data)) as client:
        assert "gone from the server's disk" in client.ended(id)["error"]["detail"]


def test_old_jobs_are_removed(data: Path, report: bytes) -> None:
    with serving(ServerSettings(data=data)) as client:
        old, new = client.queue(report)["id"], client.queue(report)["id"]
        client.ended(old)
        client.ended(new)
    store = Store(data / "jobs.sqlite3")
    store._db.execute("UPDATE jobs SET finished = ? WHERE id = ?", (time.time() - 8 * 86400, old))
    store.close()
    with serving(ServerSettings(data=data, keep_days=7)) as client:
        until(lambda: client.get(f"/v1/jobs/{old}").status_code == 404)
        until(lambda: not (data / "jobs" / old).exists())
        assert client.get(f"/v1/jobs/{new}/result").status_code == 200


def test_a_worker_killed_between_jobs_is_replaced(data: Path, report: bytes) -> None:
    with serving(ServerSettings(data=data)) as client:
        client.ended(client.queue(report)["id"])
        pid = client.service.dispatcher.workers[0].pid
        os.kill(pid, signal.SIGKILL)
        assert client.ended(client.queue(report)["id"])["status"] == "done"
        assert client.service.dispatcher.workers[0].pid != pid


def test_a_full_store_costs_no_job(data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a job cannot be written down once: it is read again, and then it is."""
    import sqlite3

    with serving(ServerSettings(data=data)) as client:
        store = client.service.dispatcher._store
        complete, calls = store.complete, []

        def full(*values: object) -> bool:
            calls.append(values)
            if len(calls) == 1:
                raise sqlite3.OperationalError("database or disk is full")
            done: bool = complete(*values)
            return done

        monkeypatch.setattr(store, "complete", full)
        job = client.ended(client.queue(report)["id"])
        assert (job["status"], job["attempts"], len(calls)) == ("done", 2, 2)
