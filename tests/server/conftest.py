"""A server of its own for every module, with one real worker and small documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs sampan[server]")
pytest.importorskip("prometheus_client", reason="needs sampan[server]")

from benchmarks.served import Served
from fastapi.testclient import TestClient
from tests.documents.reading.pdf_samples import SamplePage, pdf, text
from tests.server.clients import Client

from sampan.server import ServerSettings, create_app


@pytest.fixture(scope="session")
def report() -> bytes:
    """Two pages from a computer."""
    return pdf(
        SamplePage(text(72, 760, "Small Boats", 24) + text(72, 700, "A sampan has no keel.")),
        SamplePage(text(72, 700, "It passes over sandbanks.")),
        title="Small Boats",
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    settings = ServerSettings(
        data=tmp_path_factory.mktemp("server"), max_bytes=300_000, max_pages=20, queue=50
    )
    with serving(settings) as served:
        yield served


def serving(settings: ServerSettings) -> Client:
    return Client(TestClient(create_app(settings), base_url="http://127.0.0.1"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data") as running:
        yield running
