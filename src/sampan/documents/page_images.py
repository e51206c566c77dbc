"""Pictures of pages after the fact: for cutting out figures, drawing overlays, viewing.

A document keeps no pixels. It keeps where it came from, and renders an upright page again when a writer asks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import cv2
import numpy as np

from sampan.documents.model import Page
from sampan.documents.options import ParseOptions
from sampan.documents.stages import Image
from sampan.errors import InputError

if TYPE_CHECKING:
    from sampan.documents.reading import OpenSource


class SourceImages:
    """Renders upright pages of one source (`PageImages` of the document model)."""

    def __init__(self, source: str | Path | bytes | BinaryIO, options: ParseOptions) -> None:
        self._source = source
        self.options = options

    def open(self) -> OpenSource:
        """The source, open again; raises InputError if it is gone."""
        from sampan.documents.reading import open_source

        if not isinstance(self._source, str | Path | bytes):
            self._source.seek(0)
        return open_source(self._source, self.options)

    def data(self) -> bytes:
        """All bytes of the source; raises InputError if it is gone."""
        if isinstance(self._source, bytes):
            return self._source
        try:
            if isinstance(self._source, str | Path):
                return Path(self._source).expanduser().read_bytes()
            self._source.seek(0)
            return self._source.read()
        except (OSError, ValueError) as error:
            raise InputError(f"the source cannot be read again: {error}") from error

    def __call__(self, page: Page, scale: float) -> Image:
        """BGR picture of `page` at `scale` pixels per page unit; raises InputError if the source is gone."""
        with self.open() as opened:
            shown = opened.page(page.number).image(72.0 * scale)
        own = scale if page.unit == "pt" else 1.0
        size = max(1, round(page.width * scale)), max(1, round(page.height * scale))
        if page.to_source is None:
            if shown.shape[1::-1] == size:
                return shown
            shrinking = size[0] < shown.shape[1]
            resized = cv2.resize(shown, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
            return np.asarray(resized, np.uint8)
        to_source = np.array(page.to_source).reshape(3, 3)
        # target pixel centre → upright units → source units → pixel of the picture as shown
        centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        matrix = (
            np.linalg.inv(centre)
            @ np.diag([own, own, 1.0])
            @ to_source
            @ np.diag([1 / scale, 1 / scale, 1.0])
            @ centre
        )
        warped = cv2.warpPerspective(
            shown, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=(255, 255, 255)
        )
        return np.asarray(warped, np.uint8)
