"""The page and the real server together, from the file to a Word document that an independent reader opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import docx
import pytest
from benchmarks.served import Served
from tests.server.page.conftest import ROOT
from tests.server.page.person import start

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    with Served(tmp_path / "data") as running:
        context = chromium.new_context(base_url=running.address, reduced_motion="reduce")
        yield context.new_page()
        context.close()


def test_a_file_becomes_a_word_document(page: Page, tmp_path: Path) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    start(page)
    page.set_input_files("#files", ROOT / "examples" / "report.pdf")
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    page.hover('.passage[data-kind="title"]')
    expect(page.locator(".region.lit")).to_have_count(1)
    expect(page.locator(".sheet img")).to_have_js_property("naturalWidth", 800)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as Word").click()
    assert download.value.suggested_filename == "report.docx"
    word = docx.Document(str(download.value.path()))
    assert "Small Boats" in [paragraph.text for paragraph in word.paragraphs]
    assert word.tables[0].cell(2, 0).text == "Harbour"

    page.reload()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    page.get_by_role("link", name="Sampan, your documents").click()
    page.get_by_role("button", name="Remove report.pdf").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".document")).to_have_count(0)

    broken = tmp_path / "broken.pdf"
    broken.write_bytes((ROOT / "examples" / "report.pdf").read_bytes()[:3000])
    page.set_input_files("#files", broken)
    expect(page.get_by_role("alert").filter(has_text="truncated or damaged")).to_be_visible()
    page.reload()
    expect(page.get_by_role("alert").filter(has_text="truncated or damaged")).to_be_visible()
    assert complaints == []
