"""The server as a process: killed, stopped, started again."""

import os
import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest
from benchmarks.served import Served, group_members, until
from tests.documents.reading.pdf_samples import SamplePage, pdf, text

from sampan.errors import OptionError, OutputError
from sampan.server import ServerSettings
from sampan.server.run import serve
from sampan.server.store import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and process groups")

LONG = pdf(*[SamplePage(text(72, 700, f"Page {number}") * 200) for number in range(150)])
"""Takes seconds to read."""


def job(served: Served, id: str) -> dict[str, object]:
    answer = httpx.get(f"{served.address}v1/jobs/{id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


def queue(served: Served, document: bytes, key: str | None = None) -> str:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = httpx.post(f"{served.address}v1/jobs", files={"file": ("a.pdf", document)}, headers=headers)
    assert answer.status_code == 202, answer.text
    id: str = answer.json()["id"]
    return id


def test_a_kill_loses_nothing_and_repeats_nothing_that_was_done(tmp_path: Path, report: bytes) -> None:
    with Served(tmp_path / "data") as first:
        done = queue(first, report, "done")
        until(lambda: job(first, done)["status"] == "done")
        waiting = [queue(first, report, f"waiting {number}".replace(" ", "-")) for number in range(4)]
        first.signal_all()
        until(lambda: not group_members(first.process.pid))
    with Served(tmp_path / "data") as second:
        assert queue(second, report, "done") == done
        assert [queue(second, report, f"waiting-{number}") for number in range(4)] == waiting
        for id in waiting:
            until(lambda id=id: job(second, id)["status"] == "done")  # type: ignore[misc]
        assert job(second, done)["attempts"] == 1
        assert len(httpx.get(f"{second.address}v1/jobs").json()["jobs"]) == 5
        assert httpx.get(f"{second.address}v1/jobs/{done}/result?to=txt").text.startswith("Small Boats")
        assert second.stop() == 0
        until(lambda: not group_members(second.process.pid))


def test_a_killed_server_takes_its_workers_with_it(served: Served) -> None:
    until(lambda: len(group_members(served.process.pid)) >= 2)
    served.process.kill()
    served.process.wait()
    until(lambda: not group_members(served.process.pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_request_is_followed(served: Served, report: bytes, number: int) -> None:
    id = queue(served, report)
    with httpx.stream("GET", f"{served.address}v1/jobs/{id}/events") as events:
        lines = events.iter_lines()
        next(lines)
        served.process.send_signal(number)
        list(lines)  # the stream ends and keeps nobody waiting
    assert served.process.wait(60) == (0 if number == signal.SIGTERM else 130)
    assert '"stopped"' in served.log()
    assert "Traceback" not in served.log()
    assert not group_members(served.process.pid)


def test_a_taken_port_and_a_taken_folder_are_said_in_words(tmp_path: Path, served: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = ServerSettings(port=taken.getsockname()[1], data=tmp_path / "other")
        with pytest.raises(OptionError, match="choose another --port"):
            serve(settings, print)
    with pytest.raises(OutputError, match="another server uses"):
        serve(ServerSettings(port=0, data=served.data), print)


def test_stopping_the_whole_group_is_no_fault_of_the_document(tmp_path: Path) -> None:
    """As systemd does it unless told otherwise, and shells: everybody gets the signal at once."""
    with Served(tmp_path / "data", "--grace", "0") as first:
        id = queue(first, LONG)
        until(lambda: job(first, id)["status"] == "running")
        first.signal_all(signal.SIGTERM)
        assert first.process.returncode == 0
    store = Store(tmp_path / "data" / "jobs.sqlite3")
    row = store.get(id)
    assert row is not None
    assert (row.status, row.starts, row.crashes, row.interruptions) == ("queued", 1, 0, 0)


def test_who_waits_when_the_server_is_stopped_gets_an_answer(served: Served, report: bytes) -> None:
    answers: list[httpx.Response] = []
    busy = queue(served, LONG)

    def wait() -> None:
        answers.append(httpx.post(f"{served.address}v1/parse", files={"file": ("a.pdf", report)}, timeout=60))

    until(lambda: job(served, busy)["status"] == "running")
    waiting = threading.Thread(target=wait)
    waiting.start()
    until(
        lambda: (
            'sampan_jobs{status="queued"} 1.0' in httpx.get(f"{served.address}metrics").text or answers != []
        )
    )
    assert served.stop() == 0
    waiting.join(60)
    assert answers[0].status_code in (200, 503)
    if answers[0].status_code == 503:
        assert answers[0].headers["retry-after"] == "10"
    store = Store(served.data / "jobs.sqlite3")
    row = store.get(busy)
    assert row is not None
    # Within the grace on any machine but a very busy one.
    assert (row.status, row.starts, row.crashes, row.interruptions) in (
        ("done", 1, 0, 0),
        ("queued", 1, 0, 0),
    )


def test_followers_are_let_go_when_the_server_stops(tmp_path: Path) -> None:
    with Served(tmp_path / "data", "--grace", "0") as served:
        id = queue(served, LONG)
        until(lambda: job(served, id)["status"] == "running")
        with httpx.stream("GET", f"{served.address}v1/jobs/{id}/events") as events:
            lines = events.iter_lines()
            next(lines)
            served.process.send_signal(signal.SIGTERM)
            rest = "".join(lines)
        assert served.process.wait(60) == 0
    assert '"status":"done"' not in rest
    row = Store(tmp_path / "data" / "jobs.sqlite3").get(id)
    assert row is not None
    assert row.status == "queued"
