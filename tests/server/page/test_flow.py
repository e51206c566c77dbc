"""What a person comes for: drop a file, see it being read, read the result, take it away, find it again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.server.page.person import bring, drop, start

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page
    from tests.server.page.stand_in import StandIn

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_dropped_file_is_followed_read_and_taken_away_as_word(page: Page, server: StandIn) -> None:
    server.gate.clear()
    start(page)
    drop(page, "boats.pdf")

    # It opens by itself, stands at its last page and says so.
    expect(page.locator(".crossing .line")).to_have_text("Page 2 of 2")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    expect(page).to_have_title("boats.pdf – Sampan")
    server.gate.set()

    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("boats.pdf is ready: 2 pages.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as Word").click()
    assert download.value.suggested_filename == "boats.docx"
    assert download.value.path().read_bytes().startswith(b"PK")


def test_every_format_that_the_server_lists_can_be_taken(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    start(page, "#job-1")
    page.get_by_role("button", name="Other formats").click()
    offered = page.locator("#formats code").all_text_contents()
    listed = [entry["suffix"] for entry in page.request.get("v1/info").json()["formats"]]
    assert sorted(offered) == sorted(listed)
    assert offered[0] == ".docx"
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    assert "# Small Boats" in download.value.path().read_text()
    page.keyboard.press("Escape")
    expect(page.locator("#formats")).to_be_hidden()


def test_several_files_stay_on_the_shelf_with_the_newest_on_top(page: Page, server: StandIn) -> None:
    server.add("old.pdf")
    start(page)
    drop(page, "one.pdf", "two.pdf", "three.pdf")
    expect(page.locator(".document[data-state=done]")).to_have_count(4)
    assert page.locator(".title").all_text_contents() == ["one.pdf", "two.pdf", "three.pdf", "old.pdf"]
    expect(page.locator("#shelf")).to_be_visible()


def test_a_pasted_picture_is_read(page: Page, server: StandIn) -> None:
    start(page)
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["picture"], "image.png", { type: "image/png" }));
            dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }"""
    )
    expect(page.locator("#reader-name")).to_have_text(re.compile(r"pasted .*\.png"))


def test_the_options_that_were_set_are_sent_and_no_others(page: Page, server: StandIn) -> None:
    start(page)
    pages = page.locator("#option-fields").get_by_label("Pages")
    expect(pages).to_be_hidden()
    page.get_by_text("Options", exact=True).click()
    pages.fill("2-")
    page.get_by_label("Everywhere").check()
    bring(page, "boats.pdf")
    expect(page.locator(".text")).to_be_visible()
    assert server.options == [{"pages": "2-", "ocr": "always"}]


def test_reloading_brings_back_the_document_and_the_page(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    start(page, "#job-1")
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("heading", name="What it carries")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="What it carries")).to_be_visible()
    expect(page.get_by_label("Page", exact=True)).to_have_value("2")
    page.go_back()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()


def test_reloading_finds_jobs_again_and_follows_those_that_run(page: Page, server: StandIn) -> None:
    server.gate.clear()
    start(page)
    drop(page, "one.pdf", "two.pdf")
    expect(page.locator(".document[data-state=running]")).to_have_count(2)
    page.reload()
    expect(page.locator(".document[data-state=running]")).to_have_count(2)
    server.gate.set()
    expect(page.locator(".document[data-state=done]")).to_have_count(2)
    page.get_by_role("link", name="two.pdf", exact=True).click()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()


def test_earlier_documents_come_in_portions(page: Page, server: StandIn) -> None:
    for number in range(35):
        server.add(f"{number}.pdf")
    start(page)
    expect(page.locator(".document")).to_have_count(30)
    page.get_by_role("button", name="Show earlier documents").click()
    expect(page.locator(".document")).to_have_count(35)
    assert page.locator(".title").all_text_contents() == [f"{number}.pdf" for number in reversed(range(35))]
    expect(page.get_by_role("button", name="Show earlier documents")).to_be_hidden()


def test_cancelling_stops_the_job_and_removing_asks_first(page: Page, server: StandIn) -> None:
    server.gate.clear()
    start(page)
    drop(page, "boats.pdf")
    page.locator(".crossing").get_by_role("button", name="Cancel").click()
    expect(page.locator(".document[data-state=cancelled]")).to_be_visible()
    assert server.jobs["job-1"]["status"] == "cancelled"

    page.get_by_role("button", name="Remove boats.pdf").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert "job-1" in server.jobs
    page.get_by_role("button", name="Remove boats.pdf").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".document")).to_have_count(0)
    assert not server.jobs


@pytest.mark.parametrize(
    "events", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["events", "polling"]
)
def test_progress_comes_by_events_or_by_asking(page: Page, server: StandIn, events: bool) -> None:
    server.events = events
    server.gate.clear()
    start(page)
    drop(page, "boats.pdf")
    expect(page.locator(".crossing .line")).to_have_text("Page 2 of 2")
    server.gate.set()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    asked = server.asked.count("GET /v1/jobs/job-1")
    assert asked == 0 if events else asked > 0


def test_the_three_views_show_the_same_document(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    start(page, "#job-1")
    page.get_by_role("tab", name="Markdown").click()
    expect(page.locator(".markdown")).to_contain_text("## 2 How it is built")
    page.get_by_role("tab", name="JSON").click()
    shown = json.loads(page.locator(".json").inner_text())
    served = page.request.get("v1/jobs/job-1/result?to=json").json()
    assert shown == served["pages"][0]
    page.get_by_role("tab", name="Text").click()
    expect(page.get_by_role("heading", name="How it is built")).to_be_visible()


def test_copying_gives_the_whole_document(context: BrowserContext, page: Page, server: StandIn) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    server.add("boats.pdf")
    start(page, "#job-1")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    html, text = page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            return Promise.all(["text/html", "text/plain"].map(async (kind) => (await item.getType(kind)).text()));
        }"""
    )
    assert '<td colspan="2"' in html and "Keep the load low" in html  # the second page, its table with spans
    assert "Harbour\t3.6\t14\t9\t250" in text
    assert "Annual report" not in text  # a running header is no text


def test_a_folder_from_the_desktop_is_taken_with_all_that_is_in_it(
    context: BrowserContext, page: Page, server: StandIn, tmp_path: Path
) -> None:
    (tmp_path / "scans" / "inner").mkdir(parents=True)
    for name in ("scans/one.pdf", "scans/inner/two.png", "scans/.hidden"):
        (tmp_path / name).write_bytes(b"a document")
    start(page)
    devtools = context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path / "scans")], "dragOperationsMask": 1}
    for event in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": event, "x": 400, "y": 300, "data": data})
    expect(page.locator(".document[data-state=done]")).to_have_count(2)
    assert set(page.locator(".title").all_text_contents()) == {"one.pdf", "two.png"}
