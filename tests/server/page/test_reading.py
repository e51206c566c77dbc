"""Reading: regions and passages that belong together, zoom, tables, lists, and text that wants to be more than text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.server.page.person import start

from sampan.documents.model import (
    CaptionBlock,
    Cell,
    CodeBlock,
    Document,
    Failure,
    FigureBlock,
    FormulaBlock,
    HeadingBlock,
    ListBlock,
    ListItem,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.documents.model import Page as DocumentPage

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.server.page.stand_in import StandIn

expect = pytest.importorskip("playwright.sync_api").expect

EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"


def document(*pages: list[object], name: str = "made.pdf", failures: list[Failure] | None = None) -> Document:
    return Document(
        source=Source(name=name, media_type="application/pdf", pages=len(pages)),
        pages=[
            DocumentPage(number=number, width=600, height=800, unit="pt", blocks=blocks)
            for number, blocks in enumerate(pages, 1)
        ],
        failures=failures or [],
    )


def box(row: int) -> tuple[float, float, float, float]:
    return (50.0, 40.0 + 45 * row, 550.0, 75.0 + 45 * row)


@pytest.fixture
def shown(page: Page, server: StandIn) -> Page:
    server.add("boats.pdf")
    page.set_viewport_size({"width": 1200, "height": 500})
    start(page, "#job-1")
    expect(page.locator(".text")).to_be_visible()
    return page


def test_hovering_a_passage_shows_its_region_and_the_other_way_round(shown: Page) -> None:
    last = shown.locator('.passage[data-block="p1-b13"]')
    expect(last).not_to_be_in_viewport()
    shown.hover('.region[data-block="p1-b13"]')
    expect(last).to_be_in_viewport()
    assert shown.locator(".lit").evaluate_all("all => all.map(one => one.dataset.block)") == [
        "p1-b13",
        "p1-b13",
    ]
    expect(shown.locator(".thread")).to_have_class("thread tied")

    shown.locator("#leaf").evaluate("pane => pane.scrollTo(0, 0)")
    shown.locator(".facsimile .pane").evaluate("pane => pane.scrollTo(0, 10000)")
    expect(shown.locator('.region[data-block="p1-b2"]')).not_to_be_in_viewport()
    shown.hover('.passage[data-block="p1-b2"] h2')
    expect(shown.locator('.region[data-block="p1-b2"]')).to_be_in_viewport()
    assert shown.locator(".lit").evaluate_all("all => all.map(one => one.dataset.block)") == [
        "p1-b2",
        "p1-b2",
    ]


def test_regions_lie_where_the_text_is_and_carry_the_reading_order(shown: Page) -> None:
    sheet = shown.locator(".sheet").bounding_box()
    region = shown.locator('.region[data-block="p1-b2"]').bounding_box()
    assert sheet and region
    scale = sheet["width"] / 595.28
    assert region["x"] - sheet["x"] == pytest.approx(246.8 * scale, abs=1)
    assert region["y"] - sheet["y"] == pytest.approx(64.58 * scale, abs=1)
    numbers = shown.locator(".region .badge:not(.bare)").evaluate_all(
        "all => all.map(b => b.firstChild.data)"
    )
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def test_zooming_enlarges_the_page_and_fetches_a_sharper_picture(shown: Page, server: StandIn) -> None:
    width = shown.locator(".sheet").bounding_box()["width"]  # type: ignore[index]
    image = shown.locator(".sheet img")
    first = image.get_attribute("src")
    for _ in range(3):
        shown.get_by_role("button", name="Larger").click()
    assert shown.locator(".sheet").bounding_box()["width"] == pytest.approx(2 * width, rel=0.05)  # type: ignore[index]
    expect(image).not_to_have_attribute("src", first or "")
    shown.get_by_role("button", name="Regions").click()
    expect(shown.get_by_role("button", name="Regions")).to_have_attribute("aria-pressed", "false")
    assert shown.locator(".region").first.evaluate("one => getComputedStyle(one).boxShadow") == "none"


def test_tables_keep_their_spans_and_headers(shown: Page) -> None:
    shown.get_by_role("button", name="Next page").click()
    table = shown.get_by_role("table")
    expect(table.locator("th[colspan='2']")).to_have_text("Trips a day")
    expect(table.locator("th[rowspan='2']")).to_have_count(3)
    assert table.locator("tbody tr").first.locator("td").all_text_contents() == [
        "Harbour",
        "3.6",
        "14",
        "9",
        "250",
    ]
    expect(shown.get_by_role("listitem").filter(has_text="Keep the load low")).to_be_visible()


def test_text_from_a_document_stays_text(page: Page, server: StandIn) -> None:
    cells = [Cell(row=0, column=0, text=EVIL, header=True), Cell(row=1, column=0, text=EVIL)]
    blocks = [
        TextBlock(id="p1-b0", box=box(0), order=0, text=EVIL),
        HeadingBlock(id='"><script>window.hacked=3</script>', box=box(1), order=1, text=EVIL),
        ListBlock(
            id="p1-b2", box=box(2), order=2, items=[ListItem(text=EVIL, marker=EVIL, ordered=True, level=3)]
        ),
        TableBlock(
            id="p1-b3", box=box(3), order=3, table=Table(rows=2, columns=1, cells=cells), captions=[EVIL]
        ),
        FigureBlock(id="p1-b4", box=box(5), order=4, text=EVIL, image="javascript:window.hacked=4"),
        CaptionBlock(id="p1-b5", box=box(6), order=5, text=EVIL, caption_of="p1-b4"),
        FormulaBlock(id="p1-b6", box=box(7), order=6, latex=EVIL, number=EVIL),
        CodeBlock(id="p1-b7", box=box(8), order=7, text=EVIL, language=EVIL),
        TextBlock(id="p1-b8", box=box(9), text=EVIL, kind="footer"),
    ]
    name = "<img src=x onerror=window.hacked=5>.pdf"
    failures = [Failure(stage=EVIL, message=EVIL, page=1)]
    server.documents[name] = document(blocks, name=name, failures=failures)
    server.add(name)
    start(page)
    expect(page.locator("a.title")).to_have_text(name)
    page.locator("a.title").click()
    expect(page.locator(".text")).to_contain_text(EVIL)
    assert page.locator(".text").inner_text().count("<script>") >= 9
    for view in ("Markdown", "JSON"):
        page.get_by_role("tab", name=view).click()
        expect(page.locator("#leaf pre")).to_contain_text("window.hacked")
    page.get_by_text("1 thing went wrong").click()
    assert page.locator("main script, main img[src=x]").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_paragraph_over_two_pages_leads_back_to_its_start(page: Page, server: StandIn) -> None:
    start_of_it = TextBlock(id="p1-b0", box=box(0), order=0, text="All of the sentence")
    next_column = TextBlock(id="p1-b1", box=box(1), order=1, continues="p1-b0")
    rest = TextBlock(id="p2-b0", box=box(0), order=0, continues="p1-b1")
    circle = [TextBlock(id=f"p2-b{at}", box=box(at), order=at, continues=f"p2-b{3 - at}") for at in (1, 2)]
    server.documents["made.pdf"] = document([start_of_it, next_column], [rest, *circle])
    server.add("made.pdf")
    start(page, "#job-1")
    page.hover('.region[data-block="p1-b1"]')
    expect(page.locator('.passage[data-block="p1-b0"]')).to_have_class("passage lit")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".continued")).to_have_text("Goes on from page 1")
    page.get_by_role("button", name="page 1", exact=True).click()
    expect(page.get_by_text("All of the sentence")).to_be_visible()


def test_lists_nest_and_keep_their_numbers(page: Page, server: StandIn) -> None:
    items = [
        ListItem(text="third", marker="3.", ordered=True),
        ListItem(text="inner", level=1),
        ListItem(text="fourth", marker="4.", ordered=True),
        ListItem(text="lettered", marker="b)", ordered=True),
    ]
    server.documents["made.pdf"] = document([ListBlock(id="p1-b0", box=box(0), order=0, items=items)])
    server.add("made.pdf")
    start(page, "#job-1")
    assert page.locator(".text .list > ol > li[value]").evaluate_all("all => all.map(li => li.value)") == [
        3,
        4,
    ]
    expect(page.locator(".text ol > li > ul > li")).to_have_text("inner")
    lettered = page.locator(".text ol > li").last
    expect(lettered).to_have_text("b) lettered")
    expect(lettered).to_have_css("list-style-type", "none")  # or it would be numbered twice


def test_arabic_runs_from_right_to_left(page: Page, server: StandIn) -> None:
    server.documents["made.pdf"] = document(
        [TextBlock(id="p1-b0", box=box(0), order=0, text="مرحبا بالعالم")]
    )
    server.add("made.pdf")
    start(page, "#job-1")
    assert page.locator(".text p").evaluate("p => getComputedStyle(p).direction") == "rtl"


def test_an_empty_document_says_so(page: Page, server: StandIn) -> None:
    server.documents["none.pdf"] = document(
        failures=[Failure(stage="reading", message="no page could be read")]
    )
    server.documents["blank.pdf"] = document([])
    server.add("none.pdf")
    server.add("blank.pdf")
    start(page, "#job-1")
    expect(page.get_by_role("alert").filter(has_text="no page could be read")).to_be_visible()
    page.goto("#job-2")
    expect(page.get_by_text("Nothing was found on this page.")).to_be_visible()
