import json
import logging

import pytest
from tests.server.clients import Client

from sampan.server.logs import JsonLines, log, log_defect, log_trace


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [
        json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "sampan.server"
    ]


def test_a_job_leaves_its_trace_and_nothing_of_its_document(
    client: Client, report: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sampan.server")
    id = client.queue(report, "top secret.pdf", options={"password": "hunter2hunter2"})["id"]
    client.ended(id)
    client.get(f"/v1/jobs/{id}/result", to="txt")
    client.get("/v1/secret?secret=1")
    written = lines(caplog)
    events = [line["event"] for line in written if line.get("job") == id and line["event"] != "request"]
    assert events == ["job accepted", "job started", "job done"]
    done = next(line for line in written if line["event"] == "job done")
    assert done["pages"] == 2
    request = next(line for line in written if line["event"] == "request")
    assert set(request) == {"time", "level", "event", "method", "route", "status", "seconds", "request"}
    text = json.dumps(written).lower()
    for word in ("secret", "hunter2", "sandbank", "boats"):
        assert word not in text


def test_names_are_logged_where_asked_for(
    client: Client, report: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "sampan.server")
    dispatcher = client.service.dispatcher
    monkeypatch.setattr(dispatcher, "settings", dispatcher.settings.model_copy(update={"log_names": True}))
    client.queue(report, "a\nb.pdf")
    assert "a_b.pdf" in [line.get("name") for line in lines(caplog)] or "a%0Ab.pdf" in [
        line.get("name") for line in lines(caplog)
    ]


def test_defects_say_where_and_not_what(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sampan.server")
    try:
        raise ValueError("words of a document\nin two lines")
    except ValueError as error:
        log_defect("defect", error, request="r")
        trace = 'Traceback:\n  File "a.py", line 3, in f\n    x("words")\nValueError: words of a document'
        log_trace("defect while reading", trace)
    # The server of the other tests may be writing at the same time.
    first, second = [line for line in lines(caplog) if str(line["event"]).startswith("defect")]
    assert (first["error"], first["request"]) == ("ValueError", "r")
    assert "test_logs.py" in str(first["at"])
    assert second["at"] == ['File "a.py", line 3, in f']
    assert "words" not in json.dumps([first, second])


def test_a_line_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sampan.server")
    log("event", name="a\nb\u2028c", nothing=None)
    record = JsonLines().format(caplog.records[0])
    assert len(record.splitlines()) == 1
    assert record.isascii()
    assert "nothing" not in record
