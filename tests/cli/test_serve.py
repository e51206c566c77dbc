"""The door to the server: what it passes on, and what it refuses. The server itself is tested in tests/server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs sampan[server]")

from tests.cli.conftest import Result

from sampan.server import ServerSettings
from sampan.server.settings import data_directory

KEY = "0123456789abcdef"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[ServerSettings]:
    """The settings with which the server would have been started."""
    settings: list[ServerSettings] = []

    def serve(chosen: ServerSettings, announce: Callable[[str], None]) -> None:
        settings.append(chosen)
        announce("http://127.0.0.1:8000/")

    monkeypatch.setattr("sampan.server.run.serve", serve)
    return settings


def test_the_page_and_the_folder_are_named(
    sampan: Callable[..., Result], given: list[ServerSettings], tmp_path: Path
) -> None:
    result = sampan("serve", "--data", tmp_path / "jobs")
    assert result.code == 0, result.err
    assert "http://127.0.0.1:8000/" in result.out
    assert str(tmp_path / "jobs") in result.out
    assert result.err == ""


def test_options_become_settings(
    sampan: Callable[..., Result], given: list[ServerSettings], tmp_path: Path
) -> None:
    result = sampan(
        "serve", "--host", "0.0.0.0", "--port", 0, "--workers", 3, "--data", tmp_path, "--key", f"me:{KEY}",
        "--max-mb", 2.5, "--max-pages", 9, "--max-pixels", 1000, "--max-seconds", 7, "--queue", 4,
        "--keep-days", 0.5, "--grace", 1, "--max-memory-mb", 500, "--log-names",
        "--concurrency", 8, "--allowed-host", "a.example", "--cors-origin", "https://b.example",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert given == [
        ServerSettings(
            host="0.0.0.0", port=0, workers=3, data=tmp_path, keys={"me": KEY}, max_bytes=2_500_000, max_pages=9,
            max_pixels=1000, max_seconds=7, queue=4, concurrency=8, keep_days=0.5, grace_seconds=1, max_memory=500_000_000,
            log_names=True, allowed_hosts=("a.example",), cors_origins=("https://b.example",),
        )
    ]  # fmt: skip


def test_the_environment_sets_the_same(
    sampan: Callable[..., Result],
    given: list[ServerSettings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    names: dict[str, Any] = {
        "HOST": "::1", "PORT": 9000, "WORKERS": 2, "DATA": tmp_path, "KEYS": f"a:{KEY} b:{KEY[::-1]}", "MAX_MB": 1,
        "MAX_PAGES": 2, "MAX_PIXELS": 3000, "MAX_SECONDS": 4, "QUEUE": 5, "KEEP_DAYS": 6,
    }  # fmt: skip
    for name, value in names.items():
        monkeypatch.setenv(f"SAMPAN_{name}", str(value))
    assert sampan("serve").code == 0
    settings = given[0]
    assert (settings.host, settings.port, settings.workers, settings.data) == ("::1", 9000, 2, tmp_path)
    assert settings.keys == {"a": KEY, "b": KEY[::-1]}
    assert (settings.max_bytes, settings.max_pages, settings.max_pixels) == (1_000_000, 2, 3000)
    assert (settings.max_seconds, settings.queue, settings.keep_days) == (4, 5, 6)


def test_the_folder_is_the_platforms_own(
    sampan: Callable[..., Result],
    given: list[ServerSettings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SAMPAN_HOME", str(tmp_path))
    assert sampan("serve").code == 0
    assert given[0].data == data_directory() == tmp_path / "server"


def test_keys_come_from_a_file(
    sampan: Callable[..., Result], given: list[ServerSettings], tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n\nalice:{KEY}\n{KEY[::-1]}\n")
    assert sampan("serve", "--key-file", file).code == 0
    assert given[0].keys == {"alice": KEY, "key2": KEY[::-1]}
    assert KEY not in repr(given[0])


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("short", "too weak"),
        (f"a:{KEY}\na:{KEY}x", "two API keys are called 'a'"),
        ("# nothing", "holds no key"),
        ("a:0123456789 abcdef", "without spaces"),
    ],
)
def test_bad_keys_are_refused_and_not_shown(
    sampan: Callable[..., Result], given: list[ServerSettings], tmp_path: Path, lines: str, says: str
) -> None:
    file = tmp_path / "keys"
    file.write_text(lines)
    result = sampan("serve", "--key-file", file)
    assert result.code == 2
    assert says in result.err
    assert result.err.count("\n") == 1
    assert "0123456789" not in result.err
    assert given == []


def test_a_key_file_that_is_not_there(
    sampan: Callable[..., Result], given: list[ServerSettings], tmp_path: Path
) -> None:
    result = sampan("serve", "--key-file", tmp_path / "none")
    assert result.code == 2
    assert "cannot be read" in result.err


@pytest.mark.parametrize(
    "options", [("--port", "70000"), ("--max-mb", "0"), ("--keep-days", "0"), ("--max-memory-mb", "1")]
)
def test_impossible_values_are_named(
    sampan: Callable[..., Result], given: list[ServerSettings], options: tuple[str, str]
) -> None:
    result = sampan("serve", *options)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert options[0] in result.err
    assert given == []


def test_an_open_server_without_keys_is_warned_of(
    sampan: Callable[..., Result], given: list[ServerSettings]
) -> None:
    assert "--key-file" in sampan("serve", "--host", "0.0.0.0").err
    assert sampan("serve", "--host", "0.0.0.0", "--key", KEY).err == ""
