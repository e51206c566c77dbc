"""`WriteOptions`: every switch of the writers, in one place."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WriteOptions(BaseModel):
    """How to write a document. A writer ignores what does not concern it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    furniture: bool = False
    """Say headers, footers and page numbers too (Markdown, HTML, plain text). JSON always has them."""
    page_breaks: bool = False
    """Mark where a page begins: a comment in Markdown, a form feed in plain text. HTML always marks pages."""
    compact: bool = False
    """JSON on one line and without spaces; else it has one line for each block."""
    language: str | None = None
    """Language of the document as a BCP 47 tag (`en`, `zh-Hans`), for HTML's `lang`."""
