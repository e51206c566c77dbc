"""`WriteOptions`: every switch of the writers, in one place."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class WriteOptions(BaseModel):
    """How to write a document. A writer ignores what does not concern it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    furniture: bool = False
    """Say headers, footers and page numbers at their place too. JSON formats always have them."""
    page_breaks: bool = False
    """Mark where a page begins: a comment in Markdown, a form feed in plain text, a page break in DOCX.
    HTML always marks pages."""
    compact: bool = False
    """JSON on one line and without spaces; else it has one line for each block."""
    language: str | None = None
    """Language of the document as a BCP 47 tag (`en`, `zh-Hans`), for HTML's `lang` and DOCX."""
    chunk_size: int = Field(default=2000, ge=100, le=1_000_000)
    """Most characters of a chunk. Only a row of a table that is longer makes a longer one."""
    chunk_overlap: int = Field(default=0, ge=0)
    """Most characters that a chunk repeats of the one before, where the section goes on."""

    @model_validator(mode="after")
    def _overlap_leaves_room(self) -> Self:
        if 2 * self.chunk_overlap > self.chunk_size:
            raise ValueError(
                f"chunk_overlap {self.chunk_overlap} is more than half of chunk_size {self.chunk_size}: "
                "take a smaller overlap or larger chunks"
            )
        return self
