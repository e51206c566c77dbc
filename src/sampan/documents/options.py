"""`ParseOptions`: every switch of the parser, in one place, with its range and default."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ParseOptions(BaseModel):
    """How to read a document. The defaults suit ordinary documents on an ordinary CPU."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: str | None = None
    """Pages to read, counted from 1: `"1-3,7,10-"`. None reads all."""
    password: str | None = None
    ocr: Literal["auto", "always", "never"] = "auto"
    """`auto` reads the text layer and sends only regions without trustworthy text to OCR."""
    preset: Literal["default", "official"] = "default"
    """`official` follows PaddleOCR's own runtime rules (card PaddleOCR 3.0 §4), for comparison."""
    detection_model: str | None = None
    """Name of known weights or path of an ONNX file; None takes the preset's."""
    recognition_model: str | None = None
    dictionary: str | None = None
    """Path of a dictionary for a recognition model whose file carries none."""
    orientation: bool = True
    """Find pages that lie on their side or upside down, and turn them."""
    deskew: bool = True
    layout: bool = True
    tables: bool = True
    furniture: bool = True
    """Keep headers, footers and page numbers in the document (writers leave them out of running text)."""
    dpi: float = Field(default=200.0, ge=36, le=1200)
    """Resolution at which PDF pages are rendered for OCR."""
    max_pixels: int = Field(default=120_000_000, ge=1)
    max_pages: int = Field(default=10_000, ge=1)
    max_bytes: int = Field(default=1_000_000_000, ge=1)
    max_stream_bytes: int = Field(default=64_000_000, ge=1)
    """Most bytes that one packed part of a PDF, other than a picture, may unfold to."""
    max_commands: int = Field(default=3_000_000, ge=1)
    """Most drawing commands of one PDF page, its forms' included; a piece of text counts as three."""
    allow_urls: bool = False
    """Fetch documents that are given by their http or https address, from public hosts only."""
    max_fetch_seconds: float = Field(default=60.0, gt=0, le=3600)
    threads: int | None = Field(default=None, ge=1)
    """Threads of the model runtime; None takes the number of usable cores."""
    pages_at_once: int | None = Field(default=None, ge=1, le=64)
    """Pictures that are read side by side, with as many threads in all; each takes some 30 MB. None takes as many as
    there are threads, but no more than four. What is read does not depend on it."""
    batch_size: int = Field(default=1, ge=1)
    """Most lines recognised in one run. The text does not depend on it; on a CPU one is as fast as many."""
