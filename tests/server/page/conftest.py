"""Chromium, and a stand-in for the server to show it the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sampan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from tests.server.page.stand_in import StandIn

ROOT = Path(__file__).parents[3]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to test the page")
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        # Patient, as the machine may be busy with other things; nothing here waits longer than it must.
        pytest.importorskip("playwright.sync_api").expect.set_options(timeout=20_000)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[StandIn, str]]:
    for needed in ("fastapi", "uvicorn", "multipart"):
        pytest.importorskip(needed)
    from tests.server.page.stand_in import StandIn, serve

    state = StandIn()
    state.default = sampan.parse(ROOT / "examples" / "report.pdf")
    server, thread, port = serve(state)
    yield state, f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def server(served: tuple[StandIn, str]) -> Iterator[StandIn]:
    state, _ = served
    state.reset()
    yield state
    state.gate.set()


@pytest.fixture
def context(chromium: Browser, server: StandIn, served: tuple[StandIn, str]) -> Iterator[BrowserContext]:
    """A person's browser that wants no motion. Anything the page says to the console as an error fails the test."""
    context = chromium.new_context(base_url=served[1], reduced_motion="reduce", accept_downloads=True)
    context.set_default_timeout(15_000)
    complaints: list[str] = []
    # Answers such as 429 are logged by the browser itself; everything else is the page's fault.
    context.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type == "error" and "Failed to load resource" not in said.text
            else None
        ),
    )
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert not complaints


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
