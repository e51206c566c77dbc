"""Figures cut out of their pages, as PNG."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator

from sampan.documents.model import Document, FigureBlock, Page

DPI = 200.0
"""Resolution of figures of PDF pages. Figures of images keep their own pixels."""
MAX_PIXELS = 50_000_000
"""Largest picture of a page that is made for its figures; larger pages are shown at a smaller scale."""


def page_scale(page: Page, dpi: float = DPI, max_pixels: float = MAX_PIXELS) -> float:
    """Pixels per page unit for a picture of `page` with at most `max_pixels`."""
    scale = dpi / 72.0 if page.unit == "pt" else 1.0
    return min(scale, math.sqrt(max_pixels / page.width) / math.sqrt(page.height))


def cut_figures(document: Document) -> Iterator[tuple[FigureBlock, bytes]]:
    """Every figure that has an area, with its PNG; nothing where the pages' pictures are not at hand."""
    import cv2

    for page in document.pages:
        figures = [block for block in page.blocks if isinstance(block, FigureBlock)]
        if not figures:
            continue
        scale = page_scale(page)
        picture = document.image_of(page, scale)
        if picture is None:
            continue
        height, width = picture.shape[:2]
        for figure in figures:
            x0, y0, x1, y1 = (value * scale for value in figure.box)
            left, top = max(0, math.floor(x0)), max(0, math.floor(y0))
            right, bottom = min(width, math.ceil(x1)), min(height, math.ceil(y1))
            if left < right and top < bottom:
                _, data = cv2.imencode(".png", picture[top:bottom, left:right])
                yield figure, data.tobytes()


def figure_names(document: Document) -> dict[str, str]:
    """Block id → name of its PNG file: the id where it makes a file name, else made to fit; never twice."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for block in document.blocks():
        if not isinstance(block, FigureBlock):
            continue
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", block.id).strip("-")[:80] or "figure"
        name, count = plain, 1
        # Compared without case: two names must be two files on every file system.
        while name.lower() in taken:
            count += 1
            name = f"{plain}-{count}"
        taken.add(name.lower())
        names[block.id] = f"{name}.png"
    return names


def data_uri(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def safe_source(source: str | None) -> str | None:
    """An image address as it may stand in a written file: a relative path or a picture as data, else None."""
    if source is None or source.startswith("data:image/"):
        return source
    # A scheme or a leading slash would load something from elsewhere when the file is opened.
    return None if re.match(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:|[/\\])", source) else source
