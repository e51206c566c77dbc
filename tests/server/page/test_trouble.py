"""When something goes wrong, the page says what and offers what mends it; nothing is lost on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.server.page.person import bring, drop, start

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.server.page.stand_in import StandIn

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.mark.parametrize(
    ("status", "title", "detail"),
    [
        (
            413,
            "The document is larger than a limit allows",
            "plan.pdf has 2 000 pages (limit 1 000): choose some",
        ),
        (422, "An option cannot be used", "pages '9-3' runs backwards: write 3-9"),
    ],
)
def test_a_refused_file_says_why_and_can_be_tried_again(
    page: Page, server: StandIn, status: int, title: str, detail: str
) -> None:
    server.refuse["plan.pdf"] = (status, title, detail)
    start(page)
    drop(page, "plan.pdf")
    row = page.locator(".document[data-state=failed]")
    expect(row).to_contain_text(title)
    expect(row).to_contain_text(detail)
    expect(page.locator("#announcer")).to_contain_text(detail)
    server.refuse.clear()
    page.get_by_role("button", name="Try again: plan.pdf").click()
    expect(page.locator("#reader-name")).to_have_text("plan.pdf")
    assert [job["name"] for job in server.jobs.values()] == ["plan.pdf"]


def test_a_busy_server_is_asked_again_after_the_time_it_gave(page: Page, server: StandIn) -> None:
    server.busy = 1
    start(page)
    drop(page, "boats.pdf")
    expect(page.locator(".document .line")).to_have_text("The server is busy: trying again in 1 second")
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    assert len(server.jobs) == 1


def test_too_large_and_empty_files_are_not_even_sent(page: Page, server: StandIn) -> None:
    start(page)
    bring(page, "huge.pdf", content=b"x" * 1_000_001)
    expect(page.locator(".document.document[data-state=failed]")).to_contain_text("huge.pdf has 1.0 MB")
    bring(page, "empty.pdf", content=b"")
    expect(page.locator(".document").first).to_contain_text("empty.pdf has 0 bytes")
    assert "POST /v1/jobs" not in server.asked
    page.get_by_role("button", name="Dismiss empty.pdf").click()
    expect(page.locator(".document")).to_have_count(1)


def test_a_job_that_failed_says_why_in_both_places(page: Page, server: StandIn) -> None:
    server.fail["letter.pdf"] = (
        "The document needs a password",
        "letter.pdf is encrypted: give its password",
    )
    start(page)
    drop(page, "letter.pdf")
    expect(page.get_by_role("alert").filter(has_text="letter.pdf is encrypted")).to_be_visible()
    page.get_by_role("link", name="Try another document").click()
    expect(page.locator(".document[data-state=failed]")).to_contain_text("letter.pdf is encrypted")
    page.get_by_role("button", name="Give the password").click()
    expect(page.get_by_label("Password of the PDF")).to_be_focused()


def test_a_key_is_asked_for_only_when_the_server_wants_one(page: Page, server: StandIn) -> None:
    start(page)
    expect(page.get_by_label("API key")).to_have_count(0)

    server.key = "open sesame"
    server.add("boats.pdf")
    page.reload()
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("The server did not accept that key.")).to_be_visible()
    page.get_by_label("API key").fill("open sesame")
    page.get_by_role("button", name="Continue").click()

    # Pictures, results and downloads need it too, and a reload in the same tab does not ask again.
    page.get_by_role("link", name="boats.pdf", exact=True).click()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    expect(page.locator(".sheet img")).to_have_attribute("src", re.compile("^blob:"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as Word").click()
    assert download.value.path().read_bytes().startswith(b"PK")
    page.reload()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    drop(page, "second.pdf")
    expect(page.locator("#reader-name")).to_have_text("second.pdf")


@pytest.mark.slow
def test_a_lost_connection_is_said_and_mended(page: Page, server: StandIn) -> None:
    server.events = False
    server.gate.clear()
    start(page)
    drop(page, "boats.pdf")
    expect(page.locator(".crossing .line")).to_have_text("Page 2 of 2")
    page.context.set_offline(True)
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    server.gate.set()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()
    expect(page.get_by_text("The server cannot be reached.")).to_be_hidden()


def test_the_key_is_not_asked_for_again_and_again(page: Page, server: StandIn) -> None:
    server.events = False
    server.gate.clear()
    start(page)
    drop(page, "boats.pdf")
    expect(page.locator(".crossing .line")).to_have_text("Page 2 of 2")
    server.key = "open sesame"  # the server was set up anew while the page was open
    expect(page.get_by_text("An API key is needed.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert").filter(has_text="An API key is needed.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_result_that_did_not_arrive_can_be_asked_for_again(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    start(page)
    page.route("**/result?to=json", lambda route: route.abort())
    page.get_by_role("link", name="boats.pdf", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="The server cannot be reached")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Small Boats")).to_be_visible()


@pytest.mark.parametrize("address", ["#job-99", "#%E0%A4%A"])
def test_a_document_that_is_gone_leads_back_to_the_shelf(page: Page, server: StandIn, address: str) -> None:
    start(page, address)
    expect(page.get_by_role("alert")).to_contain_text("There is no such job")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()


def test_a_download_that_goes_wrong_is_said_and_not_saved(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    start(page, "#job-1")
    expect(page.locator(".text")).to_be_visible()
    page.route(
        "**/result?to=docx*", lambda route: route.fulfill(status=500, json={"title": "Sampan made a mistake"})
    )
    downloads: list[object] = []
    page.on("download", lambda download: downloads.append(download))
    page.get_by_role("link", name="Download as Word").click()
    expect(page.get_by_role("alert").filter(has_text="Sampan made a mistake.")).to_be_visible()
    expect(page.get_by_role("link", name="Download as Word")).not_to_have_attribute("aria-busy", "true")
    assert downloads == []
