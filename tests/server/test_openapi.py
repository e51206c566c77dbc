"""The description of the server is true: fuzzed by schemathesis, over a real port."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.served import Served
from tests.server.clients import Client

from sampan.server import ServerSettings, create_app

pytest.importorskip("schemathesis", reason="needs sampan[dev]")

CONFIG = Path(__file__).with_name("schemathesis.toml")


def test_every_error_is_described_as_it_is_sent(client: Client) -> None:
    page = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in page["components"]["schemas"]
    for path, operations in page["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            for status, answer in operation["responses"].items():
                if status >= "400" and path != "/readyz":
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
                    assert answer["content"]["application/problem+json"]["examples"]
                    assert answer["description"]


def test_keys_are_described_where_they_are_needed(tmp_path: Path) -> None:
    settings = ServerSettings(data=tmp_path, keys={"a": "0123456789abcdef"})
    page = create_app(settings).openapi()
    assert set(page["components"]["securitySchemes"]) == {"bearer", "header"}
    assert "401" in page["paths"]["/v1/jobs"]["post"]["responses"]
    assert page["paths"]["/healthz"]["get"]["security"] == []
    assert "401" not in page["paths"]["/healthz"]["get"]["responses"]


@pytest.mark.slow
def test_schemathesis_finds_nothing(served: Served) -> None:
    """With every check and phase that it has: examples, boundaries, random requests, sequences of them."""
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run"]
    command += [f"{served.address}openapi.json", "--max-examples", "25", "--seed", "7"]
    # It leaves a folder where it runs.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=served.data.parent)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "defect" not in served.log()
