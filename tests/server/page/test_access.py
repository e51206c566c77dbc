"""The page for everybody: keyboard alone, both colour schemes, small and large windows, no barrier that axe knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.server.page.conftest import ROOT
from tests.server.page.person import bring, start

from sampan.documents.model import Document

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.server.page.stand_in import StandIn

expect = pytest.importorskip("playwright.sync_api").expect

AXE = ROOT / "build" / "axe-core" / "package" / "axe.min.js"
WIDTHS = {360: 740, 768: 1024, 1440: 900}


def focused(page: Page) -> str:
    return str(
        page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
        )
    )


def test_the_keyboard_alone_goes_all_the_way(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    start(page)
    walk = []
    for _ in range(6):
        page.keyboard.press("Tab")
        walk.append(focused(page).strip())
    assert walk == [
        "Skip to the content", "Sampan, your documents", "Dark colours", "Choose files", "Options", "boats.pdf",
    ]  # fmt: skip
    with page.expect_file_chooser():
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
    page.locator("a.title").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reader-name")).to_be_focused()
    expect(page.locator(".text")).to_be_visible()

    # One stop for all regions; arrows go through them, Enter crosses over to the text and back.
    page.locator(".facsimile .pane").focus()
    page.keyboard.press("Tab")
    assert focused(page).startswith("header: ")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert focused(page) == "1, title: Small Boats"
    expect(page.locator('.passage[data-block="p1-b2"]')).to_have_class("passage lit")
    page.keyboard.press("Enter")
    assert focused(page) == "1, show on the page"
    page.keyboard.press("ArrowDown")
    expect(page.locator('.region[data-block="p1-b3"]')).to_have_class("region lit")
    page.keyboard.press("Enter")
    assert focused(page).startswith("2, text: The Yard")

    page.locator(".facsimile .pane").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="What it carries")).to_be_visible()
    page.get_by_role("tab", name="Text").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Markdown")).to_be_focused()
    expect(page.locator(".markdown")).to_contain_text("# Small Boats")

    page.get_by_role("button", name="Other formats").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#formats a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Other formats")).to_be_focused()
    page.go_back()
    page.go_back()
    expect(page.locator("a.title")).to_be_focused()


def test_focus_is_never_lost_when_things_go(page: Page, server: StandIn) -> None:
    server.add("one.pdf")
    server.add("two.pdf")
    start(page)
    page.get_by_role("button", name="Remove two.pdf").click()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".document")).to_have_count(1)
    expect(page.get_by_role("link", name="one.pdf", exact=True)).to_be_focused()


def background(page: Page) -> int:
    """Brightness of the page's ground, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in colour[4:-1].split(","))


def test_dark_follows_the_system_until_the_person_says_otherwise(page: Page, server: StandIn) -> None:
    page.emulate_media(color_scheme="dark")
    start(page)
    assert background(page) < 50
    toggle = page.get_by_role("button", name="Dark colours")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    assert background(page) > 200
    page.reload()
    assert background(page) > 200
    toggle.click()  # back to what the system says, and with it from now on
    page.emulate_media(color_scheme="light")
    assert background(page) > 200


def test_narrow_windows_show_one_leaf_at_a_time(page: Page, server: StandIn) -> None:
    server.add("boats.pdf")
    page.set_viewport_size({"width": 360, "height": 740})
    start(page, "#job-1")
    expect(page.locator(".facsimile")).to_be_hidden()
    page.get_by_role("button", name="4, show on the page").click()
    expect(page.locator('.region[data-block="p1-b5"]')).to_be_visible()
    expect(page.locator(".text")).to_be_hidden()
    page.locator('.region[data-block="p1-b11"]').click()
    expect(page.locator('.passage[data-block="p1-b11"]')).to_be_in_viewport()


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        pytest.skip(f"axe-core is not at {AXE.relative_to(ROOT)}: `make axe` fetches it")
    return AXE.read_text(encoding="utf-8")


def without_lines(document: Document) -> Document:
    """The same with less JSON: axe looks at every line of it for a long time."""
    short = document.model_copy(deep=True)
    for block in short.blocks():
        block.lines.clear()
        for cell in block.table.cells if block.kind == "table" else ():
            cell.lines.clear()
    return short


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds serious or critical, with where it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        pytest.param(width, scheme, marks=() if (width, scheme) == (1440, "light") else pytest.mark.slow)
        for width in WIDTHS
        for scheme in ("light", "dark")
    ],
)
def test_axe_finds_no_barrier(page: Page, server: StandIn, axe: str, width: int, scheme: str) -> None:
    assert server.default is not None
    server.documents["boats.pdf"] = without_lines(server.default)
    server.add("boats.pdf")
    server.refuse["plan.pdf"] = (413, "The document is larger than a limit allows", "choose some pages")
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    start(page)
    page.get_by_text("Options", exact=True).click()
    bring(page, "plan.pdf")
    expect(page.locator(".document[data-state=failed]")).to_be_visible()
    assert violations(page, axe) == []
    # Nothing sticks out on the right.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    server.gate.clear()
    bring(page, "boats.pdf")
    expect(page.locator(".crossing .river")).to_be_visible()
    assert violations(page, axe) == []
    server.gate.set()

    expect(page.locator(".text")).to_be_visible()
    page.locator(".passage .number").first.focus()
    page.get_by_role("button", name="Other formats").click()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert violations(page, axe) == []
    for view in ("Markdown", "JSON", *(["Page"] if width < 720 else [])):
        page.get_by_role("tab", name=view).click()
        expect(page.locator(".markdown:empty")).to_have_count(0)
        assert violations(page, axe) == []
