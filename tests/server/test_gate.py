"""Who may come in, and what every answer carries."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.clients import Client, problem
from tests.server.conftest import serving

from sampan.server import ServerSettings

ALICE, BOB = "alice-0123456789abcdef", "bob-0123456789abcdef"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    settings = ServerSettings(
        data=tmp_path_factory.mktemp("keyed"),
        keys={"alice": ALICE, "bob": BOB},
        cors_origins=("https://friend.example",),
    )
    with serving(settings) as client:
        yield client


def as_(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        as_("wrong-0123456789abcdef"),
        as_(ALICE[:-1]),
        as_(ALICE + "x"),
        as_(""),
        {"Authorization": f"Basic {ALICE}"},
        {"X-API-Key": "wrong"},
        {"X-API-Key": "ä".encode("latin-1")},
    ],
)
def test_without_a_key_nothing_is_said(keyed: Client, headers: dict[str, str], report: bytes) -> None:
    for path in ("/v1/info", "/v1/jobs", "/metrics", "/v1/jobs/x", "/nowhere"):
        answer = keyed.http.get(path, headers=headers)
        problem(answer, 401, "key-needed")  # type: ignore[arg-type]
        assert answer.headers["www-authenticate"] == "Bearer"
    problem(keyed.post("/v1/parse", report, headers=headers), 401, "key-needed")
    assert list(keyed.service.folders.jobs.iterdir()) == []


def test_a_key_opens(keyed: Client) -> None:
    assert keyed.http.get("/v1/info", headers=as_(ALICE)).status_code == 200
    assert keyed.http.get("/v1/info", headers={"authorization": f"bearer {BOB}"}).status_code == 200
    assert keyed.http.get("/v1/info", headers={"X-API-Key": BOB}).status_code == 200


def test_health_and_the_description_are_open(keyed: Client) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert keyed.get(path).status_code == 200
    assert keyed.get("/").status_code in (200, 404)


def test_a_key_sees_its_own_jobs_only(keyed: Client, report: bytes) -> None:
    mine = keyed.post("/v1/jobs", report, headers={**as_(ALICE), "Idempotency-Key": "k"}).json()["id"]
    yours = keyed.post("/v1/jobs", report, headers={**as_(BOB), "Idempotency-Key": "k"}).json()["id"]
    assert mine != yours
    listed = keyed.http.get("/v1/jobs", headers=as_(ALICE)).json()["jobs"]
    assert [job["id"] for job in listed] == [mine]
    for path in ("", "/result", "/events", "/pages/1.png"):
        problem(keyed.http.get(f"/v1/jobs/{yours}{path}", headers=as_(ALICE)), 404, "not-found")  # type: ignore[arg-type]
    problem(keyed.http.delete(f"/v1/jobs/{yours}", headers=as_(ALICE)), 404, "not-found")  # type: ignore[arg-type]
    assert keyed.http.get(f"/v1/jobs/{yours}", headers=as_(BOB)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/v1/info", "/nowhere", "/v1/jobs/x", "/openapi.json", "/metrics"]
)
def test_every_answer_is_fenced_in(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in headers
    assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"])
    assert "access-control-allow-origin" not in headers


def test_a_request_keeps_its_id_if_it_is_one(client: Client) -> None:
    assert client.http.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert len(client.http.get("/healthz", headers={"X-Request-ID": "a b\t<>"}).headers["x-request-id"]) == 16


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:80"])
def test_another_name_is_refused_on_loopback(client: Client, host: str) -> None:
    problem(client.http.get("/healthz", headers={"host": host}), 400, "unknown-host")  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "[::1]"])
def test_its_own_names_are_answered(client: Client, host: str) -> None:
    assert client.http.get("/healthz", headers={"host": host}).status_code == 200


def test_other_hosts_are_answered_where_the_operator_says_so() -> None:
    assert ServerSettings(host="0.0.0.0", data=Path("x")).hosts is None
    assert ServerSettings(host="0.0.0.0", data=Path("x"), allowed_hosts=("Docs.example",)).hosts == {
        "docs.example"
    }


def test_other_sites_cannot_hand_in_documents(client: Client, keyed: Client, report: bytes) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    problem(client.post("/v1/jobs", report, headers=foreign), 403, "cross-site")
    friend = {"Sec-Fetch-Site": "cross-site", "Origin": "https://friend.example", **as_(ALICE)}
    answer = keyed.post("/v1/jobs", report, headers=friend)
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == "https://friend.example"
    problem(keyed.post("/v1/jobs", report, headers={**foreign, **as_(ALICE)}), 403, "cross-site")


def test_a_configured_site_may_ask_first(keyed: Client) -> None:
    asks = {"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"}
    answer = keyed.http.options("/v1/jobs", headers=asks)
    assert answer.headers["access-control-allow-origin"] == "https://friend.example"
    answer = keyed.http.options("/v1/jobs", headers={**asks, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_mistakes_are_answered_and_logged_without_their_words(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret words of a document")

    monkeypatch.setattr(client.service.dispatcher, "jobs", broken)
    answer = client.get("/v1/jobs")
    detail = problem(answer, 500, "defect")
    assert answer.headers["x-request-id"] in detail
    assert "secret" not in answer.text
    record = next(record for record in caplog.records if record.message == "defect")
    assert record.details["request"] == answer.headers["x-request-id"]  # type: ignore[attr-defined]


def test_a_crowd_is_asked_to_come_again_and_health_still_answers(data: Path, report: bytes) -> None:
    with serving(ServerSettings(data=data, concurrency=1)) as client:
        gate = client.http.app.middleware_stack.app  # type: ignore[attr-defined]
        while type(gate).__name__ != "Gate":
            gate = gate.app
        client.get("/v1/info")
        assert gate._open == 0
        gate._open = 1  # somebody else's request
        answer = client.get("/v1/info")
        assert "limit 1" in problem(answer, 429, "too-many-requests")
        assert answer.headers["retry-after"] == "1"
        for path in ("/healthz", "/readyz", "/metrics"):
            assert client.get(path).status_code == 200
        gate._open = 0
        assert client.get("/v1/info").status_code == 200
