"""What a person does on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def start(page: Page, address: str = "") -> Page:
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def bring(page: Page, *names: str, content: bytes = b"a document", kind: str = "") -> None:
    """Files chosen as with the button."""
    files: list[Any] = [{"name": name, "mimeType": kind, "buffer": content} for name in names]
    page.set_input_files("#files", files)


def drop(page: Page, *names: str) -> None:
    """Files let go over the middle of the page."""
    transfer = page.evaluate_handle(
        """names => {
            const transfer = new DataTransfer();
            for (const name of names) transfer.items.add(new File(["a document"], name));
            return transfer;
        }""",
        list(names),
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", event, {"dataTransfer": transfer})
