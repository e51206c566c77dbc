"""Addresses: refused by default, and when allowed, to public hosts only, with limits that hold."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import sampan
from sampan.documents.options import ParseOptions
from sampan.documents.reading import open_source, remote
from sampan.errors import InputError, LimitError

from .pdf_samples import SamplePage, pdf, text

PDF = pdf(SamplePage(text(72, 700, "From afar")))
ALLOWED = ParseOptions(allow_urls=True)


class Host(http.server.BaseHTTPRequestHandler):
    """Answers by path; keeps what it was asked."""

    asked: list[str] = []  # noqa: RUF012 - one list for all
    headers_seen: list[dict[str, str]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.headers_seen.append(dict(self.headers))
        path, _, query = self.path.partition("?")
        if path == "/to":
            self.send_response(302)
            self.send_header("Location", query)
            self.end_headers()
        elif path == "/missing":
            self.send_error(404)
        elif path == "/packed":
            self._answer(b"\x1f\x8b", {"Content-Encoding": "gzip"})
        elif path == "/declared":
            self._answer(b"%PDF", {"Content-Length": "5000000000"})
        elif path == "/cut":
            self._answer(PDF, {"Content-Length": str(len(PDF) + 9)})
        elif path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(100_000))
            except OSError:
                return
        elif path == "/slow":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(600):
                    self.wfile.write(b"%")
                    time.sleep(0.05)
            except OSError:
                return
        else:
            self._answer(PDF, {})

    def _answer(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on this machine that counts as public at its own address only."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    before = remote.is_public
    monkeypatch.setattr(remote, "is_public", lambda address: address == "127.0.0.1" or before(address))
    Host.asked, Host.headers_seen = [], []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_addresses_are_refused_unless_allowed(host: str) -> None:
    for read in (open_source, sampan.parse):
        with pytest.raises(InputError, match="not fetched: download the file, or set allow_urls"):
            read(f"{host}/a.pdf")
    assert Host.asked == []


def test_an_allowed_address_is_read_once_under_its_name(host: str) -> None:
    document = sampan.parse(f"{host}/some/r%C3%A9sum%C3%A9.pdf?key=secret", allow_urls=True, ocr="never")
    assert document.text.strip() == "From afar"
    assert document.source.name == "résumé.pdf"
    assert document.image_of(document.pages[0], 0.5) is not None
    assert Host.asked == ["/some/r%C3%A9sum%C3%A9.pdf?key=secret"]
    assert "Authorization" not in Host.headers_seen[0] and "Cookie" not in Host.headers_seen[0]


@pytest.mark.parametrize(
    "scheme", ["file:///etc/passwd", "ftp://example.org/a.pdf", "gopher://x/", "s3://bucket/a"]
)
def test_only_http_is_spoken(scheme: str) -> None:
    with pytest.raises(InputError, match="not allowed: give an http or https address"):
        open_source(scheme, ALLOWED)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.pdf", "http://localhost:1/", "http://2130706433/", "http://0x7f.1/", "http://0/",
        "http://10.1.2.3/", "http://192.168.0.1/", "http://172.16.9.9/", "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fd00::1]/", "http://224.0.0.1/",
        "http://255.255.255.255/", "https://127.0.0.1/", "http://198.18.0.1/", "http://240.0.0.1/",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_however_they_are_written(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_connection(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", no_connection)
    with pytest.raises(InputError, match=r"no public address: download|cannot be fetched"):
        open_source(address, ALLOWED)


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(2, 1, 6, "", (ip, 80)) for ip in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(InputError, match=r"leads to 10\.0\.0\.1, which is no public address"):
        open_source("http://rebound.example/a.pdf", ALLOWED)


def test_the_checked_address_is_the_one_connected_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its address between check and connection gains nothing: it is looked up once."""
    port = int(host.rsplit(":", 1)[1])
    answers = iter([[(2, 1, 6, "", ("127.0.0.1", port))]])
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, *rest, **more: next(answers) if name == "moving.example" else real(name, *rest, **more),
    )
    with open_source(f"http://moving.example:{port}/a.pdf", ALLOWED) as source:
        assert source.info.pages == 1
    assert Host.headers_seen[0]["Host"] == f"moving.example:{port}"


def test_redirects_are_followed_and_checked(host: str) -> None:
    with open_source(f"{host}/to?/a.pdf", ALLOWED) as source:
        assert source.info.name == "a.pdf"
    for target in ("http://169.254.169.254/", "http://10.0.0.1/a.pdf"):
        with pytest.raises(InputError, match="no public address"):
            open_source(f"{host}/to?{target}", ALLOWED)
    with pytest.raises(InputError, match="fetched by file, which is not allowed"):
        open_source(f"{host}/to?file:///etc/passwd", ALLOWED)
    with pytest.raises(InputError, match=r"6th redirect \(limit 5\)"):
        open_source(f"{host}/to?/to?/to?/to?/to?/to?/to?/a.pdf", ALLOWED)


def test_too_much_is_refused_as_soon_as_it_shows(host: str) -> None:
    with pytest.raises(LimitError, match="larger than the limit of 1,000,000,000 bytes: raise max_bytes"):
        open_source(f"{host}/declared", ALLOWED)
    with pytest.raises(LimitError, match="larger than the limit of 1,000,000 bytes"):
        open_source(f"{host}/endless", ParseOptions(allow_urls=True, max_bytes=1_000_000))


def test_a_host_that_drips_runs_out_of_time(host: str) -> None:
    with pytest.raises(LimitError, match=r"longer than 0\.5 s to fetch.*max_fetch_seconds"):
        open_source(f"{host}/slow", ParseOptions(allow_urls=True, max_fetch_seconds=0.5))


@pytest.mark.parametrize(
    ("path", "match"),
    [
        ("/missing", "its host answers 404"),
        ("/cut", "ends 9 bytes early"),
        ("/packed", "packed although plain bytes were asked for"),
    ],
)
def test_other_answers_say_what_is_wrong(host: str, path: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        open_source(host + path, ALLOWED)


def test_passwords_are_neither_sent_nor_shown(host: str) -> None:
    with pytest.raises(InputError, match="carries a user name or password") as caught:
        open_source("http://me:hunter2@example.org/a.pdf?token=abc", ALLOWED)
    assert "hunter2" not in str(caught.value) and "abc" not in str(caught.value)
    with pytest.raises(InputError, match=r"cannot be fetched \(.*refused"):
        open_source("http://127.0.0.1:1/a.pdf", ALLOWED)
    with pytest.raises(InputError, match=r"is no address|names no host"):
        open_source("http://[::1/", ALLOWED)
