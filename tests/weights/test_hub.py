"""Files from a hub, served here by a server of our own on this machine."""

import hashlib
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sampan.errors import OptionError, WeightsError
from sampan.weights import hub

DATA = random.Random(1).randbytes(3 * hub.CHUNK + 17)
SHA256 = hashlib.sha256(DATA).hexdigest()
REFERENCE = "hub:owner/repository@v1.0:onnx/model.onnx"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Paths that the hub was asked for."""
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = self.path == "/owner/repository/resolve/v1.0/onnx/model.onnx"
            self.send_response(200 if found else 404)
            self.end_headers()
            if found:
                self.wfile.write(DATA)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield asked
    server.shutdown()
    server.server_close()


def files_below(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_a_file_is_fetched_once_and_kept(requests, home) -> None:
    counts: list[int] = []
    path = hub.fetch(REFERENCE, SHA256.upper(), counts.append)
    assert path.read_bytes() == DATA
    assert sum(counts) == len(DATA) and len(counts) > 1
    assert hub.fetch(REFERENCE, SHA256) == path
    assert requests == ["/owner/repository/resolve/v1.0/onnx/model.onnx"]
    assert files_below(home) == [path]


def test_another_content_is_refused_and_not_kept(requests, home) -> None:
    with pytest.raises(WeightsError, match=f"sha256 is {SHA256}, expected {'0' * 64}"):
        hub.fetch(REFERENCE, "0" * 64)
    assert not files_below(home)


def test_a_missing_file_and_a_missing_hub(requests, home, monkeypatch) -> None:
    with pytest.raises(WeightsError, match="HTTP 404"):
        hub.fetch("hub:owner/repository@v1.0:other.onnx", SHA256)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="set HF_ENDPOINT to a mirror"):
        hub.fetch(REFERENCE, SHA256)
    assert not files_below(home)


@pytest.mark.parametrize(
    "reference",
    [
        "owner/repository@main:file",
        "hub:repository@main:file",
        "hub:owner/repository:file",
        "hub:owner/repository@main:../../file",
        "hub:../repository@main:file",
        "hub:owner/repository@..:file",
        "hub:owner/repository@main:/etc/passwd",
        "hub:owner/repository@main:a/./b",
    ],
)
def test_what_is_no_reference_is_refused_before_anything_is_asked_for(reference, requests) -> None:
    with pytest.raises(OptionError, match="is not a hub reference"):
        hub.fetch(reference, SHA256)
    assert not requests


def test_what_is_no_hash_is_refused(requests) -> None:
    with pytest.raises(OptionError, match="is not a sha256"):
        hub.fetch(REFERENCE, "abc")
