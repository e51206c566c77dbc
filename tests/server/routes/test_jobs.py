"""Queued jobs, from the client's side."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from benchmarks.served import until
from tests.documents.reading.pdf_samples import SamplePage, pdf, text
from tests.server import deadly
from tests.server.clients import Client, problem
from tests.server.conftest import serving

from sampan.server import ServerSettings


@pytest.fixture(scope="module")
def done(client: Client, report: bytes) -> str:
    """Id of a job that is done."""
    job = client.queue(report)
    assert client.ended(job["id"])["status"] == "done"
    return str(job["id"])


def test_a_document_is_read(client: Client, report: bytes) -> None:
    answer = client.post("/v1/jobs", report, "Report 1.pdf")
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    assert job["name"] == "Report 1.pdf"
    assert job["bytes"] == len(report)
    assert job["status"] in ("queued", "running")
    job = client.ended(job["id"])
    assert (job["status"], job["pages_done"], job["pages_total"], job["attempts"]) == ("done", 2, 2, 1)
    assert job["error"] is None
    assert job["created"] <= job["started"] <= job["finished"]
    assert job["created"].endswith("Z")
    result = client.get(f"/v1/jobs/{job['id']}/result", to="json").json()
    assert result["source"]["name"] == "Report 1.pdf"
    assert result["pages"][0]["blocks"][0]["text"] == "Small Boats"


def test_every_format_can_be_fetched(client: Client, done: str) -> None:
    formats = client.get("/v1/info").json()["formats"]
    assert {"md", "json", "html", "txt", "overlay"} <= {format["name"] for format in formats}
    for format in formats:
        answer = client.get(f"/v1/jobs/{done}/result", to=format["name"])
        assert answer.status_code == 200, (format, answer.text)
        assert answer.headers["content-type"].partition(";")[0] == format["media_type"]
        assert f'filename="report{format["suffix"]}"' in answer.headers["content-disposition"]
        assert answer.headers["content-disposition"].startswith("inline")
        assert answer.headers["content-security-policy"].startswith("sandbox")
        again = client.get(f"/v1/jobs/{done}/result", to=format["name"])
        assert again.content == answer.content
    assert "# Small Boats" in client.get(f"/v1/jobs/{done}/result").text


def test_a_result_can_be_saved_under_any_name(client: Client, report: bytes) -> None:
    names = {
        "報告 v1.pdf": ("v1.md", "%E5%A0%B1%E5%91%8A%20v1.md"),
        'a"b;c.pdf': ("a_22b_c.md", "a%2522b%3Bc.md"),
        "../../etc/pass wd.pdf": ("pass wd.md", "pass%20wd.md"),
    }
    for given, (plain, encoded) in names.items():
        id = client.queue(report, given, options={"pages": "1"})["id"]
        client.ended(id)
        answer = client.get(f"/v1/jobs/{id}/result", download=1)
        disposition = answer.headers["content-disposition"]
        assert disposition == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def test_a_newline_in_a_name_ends_no_header(client: Client, report: bytes) -> None:
    body = (
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="a\\\nSet-Cookie: x.pdf"\r\n\r\n'
        + report
        + b"\r\n--X--\r\n"
    )
    answer = client.http.post(
        "/v1/jobs", content=body, headers={"content-type": "multipart/form-data; boundary=X"}
    )
    if answer.status_code == 202:
        name = answer.json()["name"]
        assert name.isprintable()
    else:
        problem(answer, 400, "bad-request")  # type: ignore[arg-type]


def test_options_are_used(client: Client, report: bytes) -> None:
    id = client.queue(report, options={"pages": "2"})["id"]
    assert client.ended(id)["pages_total"] == 1
    assert "sandbanks" in client.get(f"/v1/jobs/{id}/result", to="txt").text
    answer = client.post("/v1/jobs", report, options={"recognition_model": "/etc/passwd"})
    assert "whoever runs the server" in problem(answer, 422, "bad-option")


@pytest.mark.parametrize("size", [200, 400])
def test_pictures_show_the_page_upright(client: Client, size: int) -> None:
    page = SamplePage(b"1 0 0 rg 0 0 100 50 re f " + text(72, 300, "Turned"), 300, 400, rotate=90)
    id = client.queue(pdf(page))["id"]
    client.ended(id)
    answer = client.get(f"/v1/jobs/{id}/pages/1.png", width=size)
    assert answer.headers["content-type"] == "image/png"
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (size * 3 // 4, size, 3)
    # The red corner is at the bottom left of the page, so at the top left after its turn.
    assert picture[5, 5].tolist() == [0, 0, 255]
    assert picture[-5, 5].tolist() == [255, 255, 255]
    assert picture[5, -5].tolist() == [255, 255, 255]


def test_pages_that_are_not_there(client: Client, done: str) -> None:
    assert "no page 3" in problem(client.get(f"/v1/jobs/{done}/pages/3.png"), 404, "not-found")
    problem(client.get(f"/v1/jobs/{done}/pages/0.png"), 422, "bad-option")
    problem(client.get(f"/v1/jobs/{done}/pages/1.png", width=100_000), 422, "bad-option")


def test_what_is_unknown(client: Client, done: str) -> None:
    for path in ("", "/result", "/events", "/pages/1.png"):
        problem(client.get(f"/v1/jobs/{'0' * 32}{path}"), 404, "not-found")
    problem(client.http.delete("/v1/jobs/..%2f..%2fetc"), 404, "not-found")  # type: ignore[arg-type]
    assert "did you mean 'md'" in problem(client.get(f"/v1/jobs/{done}/result", to="mdd"), 422, "bad-option")


def test_a_document_that_cannot_be_read_fails_in_words(client: Client) -> None:
    id = client.queue(b"no document at all", "fake.png")["id"]
    job = client.ended(id)
    assert job["status"] == "failed"
    assert job["error"]["type"] == "unreadable"
    assert "fake.png is no document" in job["error"]["detail"]
    assert set(job["links"]) == {"self", "events"}
    assert "fake.png is no document" in problem(client.get(f"/v1/jobs/{id}/result"), 409, "not-finished")


def test_a_broken_page_leaves_the_others(client: Client) -> None:
    good = SamplePage(text(72, 700, "Good page"))
    id = client.queue(pdf(good, SamplePage(b"", broken=True), good))["id"]
    job = client.ended(id)
    assert (job["status"], job["pages_done"], job["pages_total"], job["page_failures"]) == ("done", 2, 3, 1)
    assert client.get(f"/v1/jobs/{id}/result", to="json").json()["failures"][0]["page"] == 2


def test_a_password_is_used_and_never_told(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    locked = pdf(SamplePage(text(72, 700, "Locked")), password="open sesame")
    id = client.queue(locked)["id"]
    assert client.ended(id)["error"]["type"] == "password"
    id = client.queue(locked, options={"password": "open sesame"})["id"]
    assert client.ended(id)["status"] == "done"
    said = json.dumps(client.get("/v1/jobs").json()) + client.get(f"/v1/jobs/{id}/result", to="json").text
    assert "sesame" not in said + caplog.text
    assert client.get(f"/v1/jobs/{id}/pages/1.png", width=50).status_code == 200


def test_too_many_pages(client: Client) -> None:
    id = client.queue(pdf(*[SamplePage(b"")] * 21))["id"]
    error = client.ended(id)["error"]
    assert error["type"] == "too-large"
    assert "21" in error["detail"]
    assert "20" in error["detail"]


def test_too_many_bytes(client: Client) -> None:
    answer = client.post("/v1/jobs", b"%PDF" + bytes(300_001))
    assert "300,000" in problem(answer, 413, "too-large")


def test_the_list_is_newest_first_and_has_pages(client: Client, report: bytes) -> None:
    ids = [client.queue(report, f"{number}.pdf", options={"pages": "1"})["id"] for number in range(5)]
    seen: list[str] = []
    after: str | None = None
    while len(seen) < 5:
        page = client.get("/v1/jobs", limit=2, **({"after": after} if after else {})).json()
        assert len(page["jobs"]) == 2
        seen += [job["id"] for job in page["jobs"]]
        after = page["next"]
    assert seen[:5] == ids[::-1]
    assert client.get("/v1/jobs", limit=500).json()["next"] is None
    problem(client.get("/v1/jobs", limit=0), 422, "bad-option")


def test_events_follow_a_job_to_its_end(client: Client) -> None:
    document = pdf(*[SamplePage(text(72, 700, f"Page {number}")) for number in range(15)])
    id = client.queue(document)["id"]
    events = []
    with client.http.stream("GET", f"/v1/jobs/{id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
    assert events[-1] == client.get(f"/v1/jobs/{id}").json()
    assert events[-1]["status"] == "done"
    done = [event["pages_done"] for event in events]
    assert done == sorted(done)
    order = ["queued", "running", "done"]
    assert [order.index(event["status"]) for event in events] == sorted(
        order.index(event["status"]) for event in events
    )


def test_an_ended_job_is_removed_with_its_files(client: Client, report: bytes) -> None:
    id = client.queue(report)["id"]
    client.ended(id)
    folder = client.service.folders.job(id)
    assert folder.is_dir()
    assert client.http.delete(f"/v1/jobs/{id}").status_code == 204
    problem(client.get(f"/v1/jobs/{id}"), 404, "not-found")
    assert not folder.exists()


def test_the_same_idempotency_key_makes_one_job(client: Client, report: bytes) -> None:
    first = client.post("/v1/jobs", report, headers={"Idempotency-Key": "one"})
    again = client.post("/v1/jobs", report, headers={"Idempotency-Key": "one"})
    assert again.status_code == 202
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    for other in (
        client.post("/v1/jobs", report + b" ", headers={"Idempotency-Key": "one"}),
        client.post("/v1/jobs", report, options={"pages": "1"}, headers={"Idempotency-Key": "one"}),
    ):
        assert first.json()["id"] in problem(other, 422, "idempotency-key-reused")
    assert len(list(client.service.folders.jobs.iterdir())) == len(
        client.get("/v1/jobs", limit=500).json()["jobs"]
    )
    problem(client.post("/v1/jobs", report, headers={"Idempotency-Key": "a b"}), 422, "bad-option")


def test_documents_wait_and_can_be_cancelled(
    data: Path, report: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reader, three documents, a queue of three: everything about waiting."""
    monkeypatch.setattr("sampan.documents.bulk.tasks.read_file", deadly.waits)
    with serving(ServerSettings(data=data, queue=3)) as client:
        first, second = client.queue(report)["id"], client.queue(report)["id"]
        third = client.queue(report, headers={"Idempotency-Key": "third"})["id"]
        until(lambda: client.get(f"/v1/jobs/{first}").json()["status"] == "running")
        problem(client.get(f"/v1/jobs/{first}/result"), 409, "not-finished")
        assert client.get(f"/v1/jobs/{second}/result").headers["retry-after"] == "1"

        for path in ("/v1/jobs", "/v1/parse"):
            answer = client.post(path, report)
            assert "limit 3" in problem(answer, 429, "queue-full")
            assert int(answer.headers["retry-after"]) >= 1
        again = client.post("/v1/jobs", report, headers={"Idempotency-Key": "third"})
        assert again.json()["id"] == third

        answer = client.http.delete(f"/v1/jobs/{second}")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert client.http.delete(f"/v1/jobs/{first}").json()["status"] == "cancelled"
        problem(client.get(f"/v1/jobs/{first}/result"), 409, "cancelled")
        until(lambda: client.get(f"/v1/jobs/{third}").json()["status"] == "running")
        (data / "go").touch()
        assert client.ended(third)["status"] == "done"
        assert client.get(f"/v1/jobs/{first}").json()["status"] == "cancelled"
        assert client.get(f"/v1/jobs/{second}").json()["attempts"] == 0


def test_every_download_is_what_it_says(client: Client, done: str) -> None:
    """Read back by others: pdfium for the PDF, a JSON parser, a strict decoder for texts."""
    for format in client.get("/v1/info").json()["formats"]:
        content = client.get(f"/v1/jobs/{done}/result", to=format["name"], download=1).content
        if format["media_type"] == "application/pdf":
            assert len(pypdfium2.PdfDocument(io.BytesIO(content))) == 2
        elif format["media_type"] == "application/json":
            json.loads(content)
        elif format["media_type"].startswith("text/"):
            content.decode()
        assert content or format["name"] == "csv"  # there are no tables
