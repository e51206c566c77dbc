"""What worker processes do with a document that was read: write it in a format, draw one of its pages.

Reading itself is `sampan.documents.bulk.tasks.read_file`. Everything that touches a client's bytes happens there
or here, in a process with limits of its own.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from sampan.documents.writers.files import write_whole
from sampan.errors import InputError
from sampan.server.folders import DOCUMENT, sync

if TYPE_CHECKING:
    from sampan.documents.bulk.worker import Context
    from sampan.documents.model import Document
    from sampan.documents.options import ParseOptions


def write(_: Context, source: Path, folder: Path, options: ParseOptions, format: str, target: Path) -> None:
    """Write what was read in another format."""
    from sampan.documents.writers import render

    write_whole(target, render(_document(source, folder, options), format))
    sync(target)
    sync(target.parent)


def draw(_: Context, source: Path, folder: Path, options: ParseOptions, number: int, width: int) -> str:
    """The upright page `number`, `width` pixels wide, as PNG in base64; empty if that page was not read."""
    import cv2

    document = _document(source, folder, options)
    page = next((page for page in document.pages if page.number == number), None)
    if page is None:
        return ""
    # A page like a ribbon is drawn narrower rather than with more pixels than reading it may take.
    scale = min(width / page.width, (options.max_pixels / (page.width * page.height)) ** 0.5)
    image = document.image_of(page, scale)
    if image is None:
        raise InputError(f"page {number} of {document.source.name} cannot be drawn: its source is gone")
    done, data = cv2.imencode(".png", image)
    if not done:
        raise InputError(f"page {number} of {document.source.name} cannot be drawn")
    return base64.b64encode(data.tobytes()).decode()


def _document(source: Path, folder: Path, options: ParseOptions) -> Document:
    """What was read before, with its pictures at hand again."""
    from sampan.documents.page_images import SourceImages
    from sampan.documents.writers.json_writer import read_json

    document = read_json(folder / DOCUMENT)
    document._images = SourceImages(source, options)
    return document
