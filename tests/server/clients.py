"""A client that knows the server's addresses."""

import json
from typing import Any, Self

import httpx
from benchmarks.served import until
from fastapi.testclient import TestClient


class Client:
    """Use in a `with` block: the server runs inside it."""

    def __init__(self, http: TestClient) -> None:
        self.http = http

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.http.__exit__(*error)  # type: ignore[arg-type]

    @property
    def service(self) -> Any:
        return self.http.app.state.service  # type: ignore[attr-defined]

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)  # type: ignore[return-value]

    def post(
        self,
        path: str,
        document: bytes,
        name: str = "report.pdf",
        options: dict[str, Any] | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        fields = {}
        if options is not None:
            fields["options"] = options if isinstance(options, str) else json.dumps(options)
        return self.http.post(path, files={"file": (name, document)}, data=fields, headers=headers)  # type: ignore[return-value]

    def queue(self, document: bytes, name: str = "report.pdf", **rest: Any) -> dict[str, Any]:
        answer = self.post("/v1/jobs", document, name, **rest)
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def ended(self, id: str) -> dict[str, Any]:
        """The job once it has ended."""
        job: dict[str, Any] = {}

        def over() -> bool:
            job.update(self.get(f"/v1/jobs/{id}").json())
            return job["status"] in ("done", "failed", "cancelled")

        until(over)
        return job


def problem(answer: httpx.Response, status: int, name: str) -> str:
    """The detail of a problem, which must be of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert body["type"].endswith(f"/{name}"), body
    detail: str = body["detail"]
    assert detail
    assert "\n" not in detail
    return detail
