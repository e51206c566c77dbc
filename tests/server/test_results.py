from email.message import Message
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.clients import Client, problem
from tests.server.conftest import serving

from sampan.server import ServerSettings
from sampan.server.folders import file_name
from sampan.server.results import disposition


@settings(deadline=None)
@given(
    st.text(max_size=60)
    | st.sampled_from(['a"b', "a\\", "é.pdf", "..", "a\r\nX: y", "漢字.pdf", " .pdf", "%2e%2e"])
)
def test_any_name_is_a_safe_header(given: str) -> None:
    name = file_name(given)
    header = disposition(name, ".md", download=True)
    assert header.isascii()
    assert header.isprintable()
    # Read by Python's own mail parser, which knows RFC 2231.
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    encoded = header.rpartition("filename*=UTF-8''")[2]
    assert unquote(encoded) == f"{Path(name).stem}.md"
    plain = header.partition('filename="')[2].partition('"')[0]
    assert plain.endswith(".md")
    assert not set(plain) & set('/\\"%')
    assert not plain.startswith(".")


def test_results_are_written_while_documents_are_read(client: Client, report: bytes) -> None:
    id = client.queue(report)["id"]
    client.ended(id)
    busy, client.service.results._waiting = client.service.results._waiting, 32
    try:
        answer = client.get(f"/v1/jobs/{id}/result", to="html")
        problem(answer, 429, "queue-full")
        assert answer.headers["retry-after"] == "2"
        assert client.get(f"/v1/jobs/{id}/result", to="json").status_code == 200
    finally:
        client.service.results._waiting = busy


def test_results_outlive_a_restart(data: Path, report: bytes) -> None:
    with serving(ServerSettings(data=data)) as client:
        id = client.queue(report)["id"]
        client.ended(id)
        before = client.get(f"/v1/jobs/{id}/result", to="md").text
    with serving(ServerSettings(data=data)) as client:
        assert client.get(f"/v1/jobs/{id}/result", to="md").text == before
        assert client.get(f"/v1/jobs/{id}/result", to="html").status_code == 200
        assert client.get(f"/v1/jobs/{id}/pages/2.png", width=50).status_code == 200


def test_a_result_that_crashes_its_writer(
    client: Client, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.server import deadly

    id = client.queue(report)["id"]
    client.ended(id)
    monkeypatch.setattr("sampan.server.tasks.write", deadly.dies_writing)
    problem(client.get(f"/v1/jobs/{id}/result", to="txt"), 422, "reader-died")
    monkeypatch.undo()
    assert client.get(f"/v1/jobs/{id}/result", to="txt").status_code == 200


def test_a_job_that_is_removed_meanwhile_is_gone(
    client: Client, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = client.queue(report)["id"]
    client.ended(id)
    call = client.service.results.worker.call

    def removed_before(*arguments: object) -> object:
        client.service.folders.remove(id)
        return call(*arguments)

    monkeypatch.setattr(client.service.results.worker, "call", removed_before)
    detail = problem(client.get(f"/v1/jobs/{id}/result", to="html"), 404, "not-found")
    assert str(client.service.folders.data) not in detail
