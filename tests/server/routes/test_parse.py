"""Reading on one connection."""

from pathlib import Path

import pytest
from benchmarks.served import until
from tests.documents.reading.pdf_samples import SamplePage, pdf, text
from tests.server import deadly
from tests.server.clients import Client, problem
from tests.server.conftest import serving

from sampan.server import ServerSettings


def test_a_document_goes_in_and_comes_out_read(client: Client, report: bytes) -> None:
    answer = client.post("/v1/parse", report, "boats.pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["source"]["name"] == "boats.pdf"
    answer = client.post("/v1/parse?to=md&download=1", report, "boats.pdf", options={"pages": "1"})
    assert answer.text.startswith("# Small Boats")
    assert "sandbanks" not in answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="boats.md"')
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_nothing_is_left_behind(client: Client, report: bytes) -> None:
    client.post("/v1/parse", report)
    client.post("/v1/parse", b"garbage")
    client.post("/v1/parse?to=nothing", report)
    until(lambda: list(client.service.folders.jobs.iterdir()) == [])
    assert list(client.service.folders.incoming.iterdir()) == []
    assert client.get("/v1/jobs").json()["jobs"] == []


def test_it_says_what_is_wrong(client: Client, report: bytes) -> None:
    detail = problem(client.post("/v1/parse", b"garbage", "a.png"), 422, "unreadable")
    assert "a.png is no document" in detail
    detail = problem(client.post("/v1/parse", b"", "a.png"), 422, "unreadable")
    assert "a.png is empty" in detail
    detail = problem(client.post("/v1/parse", report[: len(report) // 2]), 422, "unreadable")
    assert "report.pdf" in detail
    locked = pdf(SamplePage(text(72, 700, "Locked")), password="open sesame")
    problem(client.post("/v1/parse", locked), 422, "password")
    problem(client.post("/v1/parse", report, options={"password": "x", "pages": "9"}), 422, "bad-option")
    problem(client.post("/v1/parse", report, options="{"), 422, "bad-option")
    problem(client.post("/v1/parse", pdf(*[SamplePage(b"")] * 21)), 413, "too-large")
    problem(client.post("/v1/parse?to=exe", report), 422, "bad-option")
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0" + b"\0" * 20
    detail = problem(client.post("/v1/parse", huge, "bomb.png"), 422, "unreadable")
    assert "60000 × 60000" in detail
    assert "limit 120,000,000" in detail


def test_a_document_that_takes_too_long(data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.hangs)
    with serving(ServerSettings(data=data, max_seconds=0.3)) as client:
        assert "0.3 s" in problem(client.post("/v1/parse", report), 422, "time-limit")


def test_a_mistake_of_ours_is_owned_up_to_and_tells_nothing(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.errs)
    with serving(ServerSettings(data=data)) as client:
        answer = client.post("/v1/parse", report)
    assert "secret" not in problem(answer, 500, "defect") + caplog.text
