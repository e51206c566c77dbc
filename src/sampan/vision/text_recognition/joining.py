"""RecConAug: short lines joined to longer ones, so that long lines are seen in training (TextConAug, PP-OCRv3 §3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from sampan.vision.text_recognition.strips import HEIGHT, Image, strip_width


@dataclass(frozen=True)
class RecConAug:
    """Joins up to `extra` further lines to a line, with this probability, while the result stays short enough.

    PP-OCR joins pictures edge to edge and texts without a separator. For scripts that part words that teaches words
    run together: give `gap`, in heights, and the texts are joined by a space and the pictures by such a stretch of
    background.
    """

    probability: float = 0.5
    extra: int = 2
    max_characters: int = 25
    max_ratio: float = 320 / 48
    """Of width to height of the joined line."""
    gap: float = 0.0

    def __call__(
        self,
        image: Image,
        text: str,
        others: Iterable[tuple[Image, str]],
        rng: np.random.Generator,
        room: float = float("inf"),
    ) -> tuple[Image, str]:
        """The line with none, one or more of `others` behind it; at most `extra` of them are asked for.

        `room` is the ratio of width to height that the batch has; the joined line stays within it too.
        """
        if rng.random() >= self.probability:
            return image, text
        joint = " " if self.gap else ""
        pieces = iter(others)
        for _ in range(self.extra):
            piece = next(pieces, None)
            if piece is None:
                break
            other, more = piece
            if len(text) + len(joint) + len(more) > self.max_characters:
                break
            ratio = image.shape[1] / image.shape[0] + other.shape[1] / other.shape[0] + self.gap
            if ratio > min(self.max_ratio, room):
                break
            image, text = self._join(image, other), text + joint + more
        return image, text

    def _join(self, image: Image, other: Image) -> Image:
        left, right = (
            cv2.resize(part, (strip_width(part), HEIGHT), interpolation=cv2.INTER_LINEAR)
            for part in (image, other)
        )
        parts = [left, right]
        if self.gap:
            # The edges of both, blended from left to right: no hard seam that would tell the reader of a space.
            width = max(1, round(self.gap * HEIGHT))
            blend = np.linspace(0, 1, width)[None, :, None]
            edges = left[:, -1:] * (1 - blend) + right[:, :1] * blend
            parts.insert(1, np.round(edges).astype(np.uint8))
        return np.concatenate(parts, axis=1).astype(np.uint8)
