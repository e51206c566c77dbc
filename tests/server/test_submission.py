"""A disk that is full: nothing is half accepted, and nothing is left lying about."""

import errno
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.server.clients import Client, problem

from sampan.server import folders as folders_module


def nothing_is_left(client: Client) -> bool:
    places = (client.service.folders.incoming, client.service.folders.jobs)
    return not any(list(place.iterdir()) for place in places) and client.get("/v1/jobs").json()["jobs"] == []


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def table_full(*_: Any, **__: Any) -> Any:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/parse"])
@pytest.mark.parametrize("where", ["folder", "upload", "sync", "table"])
def test_a_full_disk_refuses_and_keeps_nothing(
    client: Client, report: bytes, monkeypatch: pytest.MonkeyPatch, where: str, path: str
) -> None:
    if where == "folder":
        monkeypatch.setattr(client.service.folders, "receive", full)
    elif where == "upload":
        monkeypatch.setattr(Path, "open", full)
    elif where == "sync":
        if path == "/v1/parse":
            pytest.skip("what is waited for is not synced")
        monkeypatch.setattr(folders_module, "sync", full)
    else:
        monkeypatch.setattr(client.service.dispatcher._store, "add", table_full)
    answer = client.post(path, report)
    monkeypatch.undo()
    assert "try again later" in problem(answer, 507, "storage-full")
    assert answer.headers["retry-after"] == "60"
    assert nothing_is_left(client)
    assert client.post("/v1/parse", report).status_code == 200


def test_a_disk_that_is_nearly_full_is_not_filled_up(
    client: Client, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 100_600_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    problem(client.post("/v1/jobs", report), 507, "storage-full")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["disk"]) == (503, False)
    usage.free += 1  # type: ignore[attr-defined]
    assert client.get("/readyz").json()["checks"]["disk"] is True
    assert client.post("/v1/parse", report).status_code == 200
