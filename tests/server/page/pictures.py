"""Takes the pictures of docs/page.md from a server of its own: `python -m tests.server.page.pictures`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.served import Served
from PIL import Image
from playwright.sync_api import sync_playwright
from tests.server.page.conftest import CHROMIUM, ROOT
from tests.server.page.person import start

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = ROOT / "docs" / "images"
FILES = [ROOT / "examples" / "photo.jpg", ROOT / "examples" / "report.pdf"]


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, address, 1440, 860)
        save("page-1440-empty.png", shot(page))
        for path in FILES:
            page.set_input_files("#files", path)
            page.wait_for_selector(".text")
            page.click("#home")
        page.wait_for_selector(".document[data-state=done] img >> nth=1")
        read(page)
        page.hover('.passage[data-block="p1-b6"]')
        save("page-1440.png", shot(page))
        dark = opened(browser, address, 1440, 860, "dark")
        read(dark)
        dark.click("#page-next")
        dark.wait_for_selector('.region[data-kind="table"]')
        dark.hover('.region[data-kind="table"]')
        save("page-1440-dark.png", shot(dark))

        tablet = opened(browser, address, 768, 1024)
        read(tablet)
        tablet.hover('.passage[data-block="p1-b10"]')
        save("page-768.png", shot(tablet))

        phone = opened(browser, address, 360, 740)
        shelf = shot(phone)
        read(phone)
        text = shot(phone)
        phone.click("#tab-page")
        save("page-360.png", side_by_side(shelf, text, shot(phone)))
        browser.close()


def opened(browser: Browser, address: str, width: int, height: int, scheme: str = "light") -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        base_url=address,
    )
    return start(page)


def read(page: Page) -> None:
    page.locator("a.title", has_text="report").click()
    page.wait_for_selector(".text")
    page.wait_for_selector(".sheet img[src]", state="attached")


def shot(page: Page) -> Image.Image:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(700)  # for pictures to be decoded and colours to have changed
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def side_by_side(*pictures: Image.Image, gap: int = 24) -> Image.Image:
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    whole = Image.new("RGB", (width, pictures[0].height), "#c9c2b2")
    for at, picture in enumerate(pictures):
        whole.paste(picture, (at * (picture.width + gap), 0))
    return whole


def save(name: str, picture: Image.Image) -> None:
    path = IMAGES / name
    picture.save(path, optimize=True)
    assert path.stat().st_size < 300_000, f"{name} is too large for the repository: show less on it"
    print(f"{path} {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data, Served(Path(data)) as running:
        main(running.address)
