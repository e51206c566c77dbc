"""Text drawn for the tests of OCR, with the box of every word's ink.

The fonts come with reportlab (Bitstream Vera) and Pillow, so that the tests read the same pictures everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import reportlab
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

Box = tuple[float, float, float, float]

VERA, VERA_BOLD, VERA_ITALIC = "Vera.ttf", "VeraBd.ttf", "VeraIt.ttf"
PLAIN = "Pillow's own"
CJK = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
]

SENTENCES = """\
The ferry left the lower weir before the readings were complete.
Between 1904 and 1911 the gauge was moved twice.
Coarse grains settle quickly; finer ones stay (see Figure 3).
He asked: "Is that what the observers agreed upon?"
Total 1,284.50 net of all deductions
Water temperature rose by 2.4 degrees in August
Die Messstation am linken Ufer wurde im Herbst versetzt
Les mesures de la nuit ont été perdues pendant la crue
El caudal medio fue menor que el año anterior
Section 4.2 Methods and materials
of the
Results
Appendix B: list of stations along the upper river and its two tributaries
A short line
Every station reports at six in the morning and six in the evening""".splitlines()


@lru_cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    if name == PLAIN:
        own = ImageFont.load_default(size)
        assert isinstance(own, ImageFont.FreeTypeFont)
        return own
    folder = Path(reportlab.__file__).parent / "fonts"
    return ImageFont.truetype(name if Path(name).is_absolute() else str(folder / name), size)


def cjk_font() -> str | None:
    return next((path for path in CJK if Path(path).is_file()), None)


@dataclass
class Drawn:
    """A white picture to draw lines on."""

    width: int
    height: int
    ink: int = 0
    paper: int = 255
    words: list[tuple[str, Box]] = field(default_factory=list)
    """Every word with the box of its ink."""

    def __post_init__(self) -> None:
        self._picture = Picture.new("L", (self.width, self.height), self.paper)
        self._draw = ImageDraw.Draw(self._picture)

    def line(self, x: float, y: float, text: str, size: int = 22, name: str = VERA, gap: float = 0.0) -> Box:
        """Draw `text` with its top left at (x, y), words `gap` pixels further apart; the box of its ink."""
        face = font(name, size)
        boxes = []
        for word in text.split(" "):
            box = self._draw.textbbox((x, y), word, face)
            self._draw.text((x, y), word, self.ink, face)
            x += face.getlength(word + " ") + gap
            boxes.append(box)
            self.words.append((word, box))
        return around(boxes)

    def cells(self, x: float, y: float, text: str, size: int = 22, pitch: float = 14.0) -> Box:
        """Draw `text` like a typewriter: every character in the middle of a cell of one width."""
        face = font(VERA, size)
        boxes = []
        for index, character in enumerate(text):
            if character != " ":
                place = x + index * pitch + (pitch - face.getlength(character)) / 2
                self._draw.text((place, y), character, self.ink, face)
                boxes.append(self._draw.textbbox((place, y), character, face))
        return around(boxes)

    def rectangle(self, box: Box, ink: int | None = None) -> None:
        self._draw.rectangle(box, fill=self.ink if ink is None else ink)

    def dot(self, x: float, y: float, radius: float) -> None:
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=self.ink)

    @property
    def image(self) -> np.ndarray:
        return cv2.cvtColor(np.asarray(self._picture), cv2.COLOR_GRAY2BGR)


def around(boxes: Sequence[Box]) -> Box:
    sides = np.array(boxes, np.float64)
    return (*sides[:, :2].min(axis=0).tolist(), *sides[:, 2:].max(axis=0).tolist())


def quad(box: Box, margin: float = 0.0) -> np.ndarray:
    """(4, 2) corners of a box grown by `margin`."""
    x0, y0, x1, y1 = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def page(texts: Sequence[str], size: int = 22, name: str = VERA, width: int = 900) -> tuple[Drawn, list[Box]]:
    """One line under the other, and the box of each one's ink."""
    drawn = Drawn(width, round(2 * size * (len(texts) + 1)))
    return drawn, [drawn.line(40, size * (2 * i + 1), text, size, name) for i, text in enumerate(texts)]


def degraded(image: np.ndarray, scale: float = 0.5, quality: int = 35) -> np.ndarray:
    """As after a low-resolution scan: shrunk, blurred, saved as JPEG and enlarged again."""
    height, width = image.shape[:2]
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (3, 3), 0.6)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.resize(cv2.imdecode(coded, cv2.IMREAD_COLOR), (width, height), interpolation=cv2.INTER_CUBIC)


def iou(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)
