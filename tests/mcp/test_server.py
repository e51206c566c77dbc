"""The SDK's own client talks to the server, over standard input and over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp import Client, MCPError, StdioServerParameters

import sampan
from sampan.documents.bulk.isolation import CancelledError
from sampan.documents.model import Document
from sampan.documents.writers import render
from sampan.mcp.roots import Roots
from sampan.mcp.server import build_server
from sampan.mcp.shelf import Shelf

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN = "import sys; sys.argv[0] = 'sampan'; from sampan.cli.main import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "in"
    inside.mkdir()
    shutil.copy(EXAMPLES / "report.pdf", inside)
    (inside / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "secret.pdf").write_bytes((EXAMPLES / "report.pdf").read_bytes())
    (inside / "way-out.pdf").symlink_to(tmp_path / "secret.pdf")
    return inside


def over_stdio(folder: Path, talk: Callable[[Client], Awaitable[None]], *more: str) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-c", RUN, "mcp", "--root", str(folder), *more]
    )

    async def run() -> None:
        async with Client(server, read_timeout_seconds=120) as client:
            await talk(client)

    asyncio.run(run())


async def ask(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return result.content[0].text


async def in_parts(client: Client, **arguments: Any) -> list[str]:
    """A document's text as a client gets it that goes on until nothing is left."""
    parts, offset = [], 0
    while offset is not None:
        part = await ask(client, "parse_document", offset=offset, **arguments)
        parts.append(part["text"])
        offset = part["next_offset"]
    return parts


def test_everything_over_stdio(folder: Path) -> None:
    document = sampan.parse(folder / "report.pdf")
    steps: list[tuple[float, float | None]] = []

    async def talk(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == {
            "parse_document", "get_page", "search_document", "get_tables", "get_table", "list_documents",
        }  # fmt: skip
        assert all(tool.description and tool.output_schema for tool in tools.values())
        assert "max_characters" in tools["parse_document"].input_schema["properties"]

        async def note(done: float, total: float | None, _: str | None) -> None:
            steps.append((done, total))

        listing = await ask(client, "list_documents")
        assert listing["files"] == ["bad.pdf", "report.pdf"] and listing["read"] == []
        result = await client.call_tool("parse_document", {"path": "report.pdf"}, progress_callback=note)
        parsed = result.structured_content
        assert parsed["text"] == render(document, "md") and parsed["next_offset"] is None
        assert (parsed["pages"], parsed["pages_read"], parsed["failures"]) == (2, [1, 2], [])
        name = parsed["document"]

        parts = await in_parts(client, path="report.pdf", max_characters=400, format="txt")
        assert len(parts) > 2 and all(0 < len(part) <= 400 for part in parts)
        assert "".join(parts) == render(document, "txt")
        parts = await in_parts(client, path="report.pdf", max_characters=100_000, format="json")
        assert Document.model_validate_json("".join(parts)).text == document.text

        page = await ask(client, "get_page", document=name, page=2)
        assert "Harbour" in page["text"] and page["pages_read"] == [2]
        assert "has 2 pages" in await refused(client, "get_page", document=name, page=3)

        found = await ask(client, "search_document", document=name, query="harbour load", limit=3)
        best = found["passages"][0]
        assert "Harbour" in best["text"] and best["places"][0]["page"] == 2
        assert best["headings"][-1] == "3 What it carries"
        box = best["places"][-1]["box"]
        table_block = next(block for block in document.blocks() if block.kind == "table")
        assert box == pytest.approx(table_block.box, abs=0.01)

        (table,) = (await ask(client, "get_tables", document="report.pdf"))["tables"]
        assert (table["rows"], table["columns"], table["page"]) == (6, 5, 2)
        rows = (await ask(client, "get_table", document=name, table=table["table"]))["rows"]
        assert ["Harbour", "3.6", "14", "9", "250"] in rows
        text = (await ask(client, "get_table", document=name, table=table["table"], format="csv"))["csv"]
        assert list(csv.reader(io.StringIO(text))) == rows
        assert "its tables are p2-b4" in await refused(client, "get_table", document=name, table="p9-b9")

        for path in ("../secret.pdf", "way-out.pdf", "/etc/passwd", str(folder.parent / "secret.pdf")):
            assert "is outside the folders" in await refused(client, "parse_document", path=path)
            assert "is outside the folders" in await refused(
                client, "search_document", document=path, query="boat"
            )
        for arguments in ({"path": "bad.pdf"}, {"path": "report.pdf", "pages": "7"}, {"path": "none.pdf"}):
            said = await refused(client, "parse_document", **arguments)
            assert "\n" not in said and "Traceback" not in said
        assert "no document is called" in await refused(client, "get_page", document="0" * 16, page=1)

        (resource,) = (await client.list_resources()).resources
        assert resource.uri == f"sampan://documents/{name}"
        assert (await client.read_resource(resource.uri)).contents[0].text == render(document, "md")
        read = await client.read_resource(f"{resource.uri}/pages/2")
        assert read.contents[0].text == page["text"]
        for address in ("0123", f"{name}/pages/3", f"{name}/pages/x", "..%2f..%2fetc"):
            with pytest.raises(MCPError):
                await client.read_resource(f"sampan://documents/{address}")
        assert (await ask(client, "list_documents"))["read"][0]["tables"] == 1

    over_stdio(folder, talk)
    assert steps == [(0, 2), (1, 2), (2, 2)]


def test_a_cancelled_call_ends_the_reading(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import anyio

    shelf = Shelf(Roots([folder]))
    begun, ended = threading.Event(), threading.Event()

    def slow(self, path, pages=None, ocr="auto", progress=None, cancelled=None):
        begun.set()
        if cancelled.wait(60):
            ended.set()
        raise CancelledError("cancelled")

    monkeypatch.setattr(Shelf, "open", slow)

    async def run() -> None:
        async with Client(build_server(shelf)) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "parse_document", {"path": "report.pdf"})
            await anyio.to_thread.run_sync(begun.wait)
            tasks.cancel_scope.cancel()

    asyncio.run(run())
    assert ended.wait(60)


def test_defects_are_not_shown_to_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self, *_, **__):
        raise ZeroDivisionError("secret /path")

    monkeypatch.setattr(Shelf, "open", broken)

    async def run() -> None:
        async with Client(build_server(Shelf(Roots([folder])))) as client:
            said = await refused(client, "parse_document", path="report.pdf")
            assert "secret" not in said

    asyncio.run(run())


def test_a_large_file_is_refused_by_the_servers_own_limit(folder: Path) -> None:
    async def talk(client: Client) -> None:
        assert "limit of 100 bytes" in await refused(client, "parse_document", path="report.pdf")

    over_stdio(folder, talk, "--max-bytes", "100")


def test_http_on_loopback_refuses_other_hosts(folder: Path) -> None:
    import httpx

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", RUN, "mcp", "--root", str(folder), "--http", str(port)],
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/mcp"

    async def talk() -> None:
        async with Client(address, read_timeout_seconds=60) as client:
            assert (await ask(client, "list_documents"))["files"] == ["bad.pdf", "report.pdf"]

    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
        asyncio.run(talk())
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            answer = httpx.post(address, json=call, headers={"Accept": "application/json", **headers})
            assert answer.status_code in (403, 421)
    finally:
        server.terminate()
        assert server.wait(20) is not None


def test_the_command_wants_a_folder(sampan_command) -> None:
    done = sampan_command("mcp")
    assert done.returncode == 2
    assert done.stderr == "sampan: no folder may be read: add --root FOLDER (several times for several)\n"


@pytest.fixture
def sampan_command():
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, timeout=60
        )

    return run
