"""What the tools answer: one model for each, which clients get as structured content with a schema."""

from __future__ import annotations

from pydantic import BaseModel, Field

from sampan.documents.model import Box


class Text(BaseModel):
    """A stretch of a document or page as text."""

    document: str = Field(description="Id of the document, for the other tools.")
    path: str
    pages: int = Field(description="Pages of the whole file.")
    pages_read: list[int]
    format: str
    text: str
    next_offset: int | None = Field(
        description="Ask again with this offset for what follows; null at the end."
    )
    failures: list[str] = Field(description="What could not be read; the rest is there all the same.")


class PlaceOnPage(BaseModel):
    page: int
    box: Box = Field(description="x0, y0, x1, y1 from the page's top left corner.")
    page_size: tuple[float, float]
    block: str
    kind: str


class FoundPassage(BaseModel):
    score: float
    text: str
    headings: list[str] = Field(description="Title and headings above the passage, outermost first.")
    places: list[PlaceOnPage]


class Found(BaseModel):
    document: str
    path: str
    query: str
    passages: list[FoundPassage]


class TableSummary(BaseModel):
    table: str = Field(description="Id of the table, for get_table.")
    page: int
    box: Box
    rows: int
    columns: int
    captions: list[str]
    first_row: list[str]


class Tables(BaseModel):
    document: str
    path: str
    tables: list[TableSummary]


class TableData(BaseModel):
    """One table; cells that a merged cell covers are empty."""

    document: str
    table: str
    page: int
    box: Box
    captions: list[str]
    header_rows: int
    rows: list[list[str]] | None = Field(default=None, description="With format json.")
    csv: str | None = Field(default=None, description="With format csv.")


class ShelvedDocument(BaseModel):
    document: str
    path: str
    title: str | None
    pages: int
    pages_read: list[int]
    tables: int


class Listing(BaseModel):
    roots: list[str]
    read: list[ShelvedDocument] = Field(description="Documents that were read already.")
    files: list[str] = Field(description="Files that parse_document can read.")
    more_files: bool = Field(description="Whether there are more files than are listed.")
