"""Drawn figures: bar and line charts, pies, box diagrams and a picture; their labels are part of the truth."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from reportlab.lib.utils import ImageReader

from benchmarks.corpus.breaking import PlacedLine, PlacedWord, Run, Style
from benchmarks.corpus.elements import Drawn, Placement, next_key

_COLORS = [(0.22, 0.42, 0.66), (0.80, 0.45, 0.20), (0.35, 0.58, 0.38), (0.60, 0.36, 0.56), (0.75, 0.66, 0.28)]


@dataclass
class Figure:
    variety: str
    height: float
    style: Style
    seed: int
    labels: list[str] = field(default_factory=list)
    space_before: float = 8.0
    keep_with_next: bool = False
    key: int = field(default_factory=next_key)

    def place(self, x: float, y: float, width: float, room: float) -> Placement | None:
        if self.height > room:
            return None
        drawn = Drawn("figure", (x, y, x + width, y + self.height), key=self.key)
        rng = np.random.default_rng(self.seed)
        getattr(self, f"_{self.variety}")(drawn, rng, x, y, width, self.height)
        drawn.lines.sort(key=lambda line: (round(line.box[1]), line.box[0]))
        drawn.text = "\n".join(line.text for line in drawn.lines)
        return Placement([drawn], self.height)

    def _label(self, drawn: Drawn, text: str, x: float, baseline: float, anchor: float = 0.5) -> None:
        face, size = self.style.face, self.style.size
        pen = x - face.width(text, size) * anchor
        words, position = [], pen
        for part in text.split(" "):
            words.append(PlacedWord(part, face.ink(part, position, baseline, size), face, size))
            position += face.width(part + " ", size)
        drawn.lines.append(PlacedLine(words, text, [Run(text, pen, baseline, face, size, (0.1, 0.1, 0.1))]))

    def _axes(
        self, drawn: Drawn, x: float, y: float, w: float, h: float, top: int
    ) -> tuple[float, float, float, float]:
        size = self.style.size
        x0, y0, x1, y1 = x + 3.2 * size, y + size, x + w - size, y + h - 2.2 * size
        for step in range(5):
            level = y1 - (y1 - y0) * step / 4
            self._label(drawn, str(top * step // 4), x0 - 4, level + size * 0.35, 1.0)

        def paint(canvas: Any) -> None:
            canvas.setStrokeColorRGB(0.8, 0.8, 0.8)
            canvas.setLineWidth(0.4)
            for step in range(1, 5):
                level = y1 - (y1 - y0) * step / 4
                canvas.line(x0, level, x1, level)
            canvas.setStrokeColorRGB(0.1, 0.1, 0.1)
            canvas.setLineWidth(0.8)
            canvas.line(x0, y0, x0, y1)
            canvas.line(x0, y1, x1, y1)

        drawn.paint.append(paint)
        return x0, y0, x1, y1

    def _bars(self, drawn: Drawn, rng: np.random.Generator, x: float, y: float, w: float, h: float) -> None:
        top = int(rng.choice([40, 80, 200, 400]))
        x0, y0, x1, y1 = self._axes(drawn, x, y, w, h, top)
        values = rng.uniform(0.2, 0.97, 6)
        slot = (x1 - x0) / 6
        for i in range(6):
            self._label(drawn, str(2019 + i), x0 + slot * (i + 0.5), y1 + self.style.size * 1.4)

        def paint(canvas: Any) -> None:
            canvas.setFillColorRGB(*_COLORS[self.seed % 5])
            for i, value in enumerate(values):
                canvas.rect(
                    x0 + slot * (i + 0.2),
                    y1 - (y1 - y0) * value,
                    slot * 0.6,
                    (y1 - y0) * value,
                    stroke=0,
                    fill=1,
                )

        drawn.paint.append(paint)

    def _lines(self, drawn: Drawn, rng: np.random.Generator, x: float, y: float, w: float, h: float) -> None:
        top = int(rng.choice([20, 60, 100, 800]))
        x0, y0, x1, y1 = self._axes(drawn, x, y, w, h, top)
        curves = np.clip(
            0.5 + np.cumsum(rng.normal(0, 0.07, (2, 24)), axis=1) + [[0.15], [-0.15]], 0.04, 0.96
        )
        for i in range(0, 24, 6):
            self._label(drawn, str(i + 1), x0 + (x1 - x0) * i / 23, y1 + self.style.size * 1.4)

        def paint(canvas: Any) -> None:
            canvas.setLineWidth(1.3)
            for color, curve in zip(_COLORS, curves, strict=False):
                canvas.setStrokeColorRGB(*color)
                path = canvas.beginPath()
                for i, value in enumerate(curve):
                    point = x0 + (x1 - x0) * i / 23, y1 - (y1 - y0) * value
                    path.moveTo(*point) if i == 0 else path.lineTo(*point)
                canvas.drawPath(path)

        drawn.paint.append(paint)

    def _pie(self, drawn: Drawn, rng: np.random.Generator, x: float, y: float, w: float, h: float) -> None:
        shares = rng.dirichlet(np.full(4, 4.0))
        radius = h * 0.45
        cx, cy = x + w * 0.35, y + h / 2
        legend = x + w * 0.35 + radius + 3 * self.style.size
        for i in range(4):
            label = f"{self.labels[i]} {shares[i] * 100:.0f}%" if self.labels else f"{shares[i] * 100:.0f}%"
            self._label(
                drawn, label, legend, cy + (i - 1.5) * self.style.size * 2 + self.style.size * 0.35, 0.0
            )

        def paint(canvas: Any) -> None:
            start = 90.0
            for i, share in enumerate(shares):
                canvas.setFillColorRGB(*_COLORS[i])
                canvas.wedge(
                    cx - radius, cy - radius, cx + radius, cy + radius, start, share * 360, stroke=0, fill=1
                )
                start += share * 360
                swatch = cy + (i - 1.5) * self.style.size * 2
                canvas.rect(
                    legend - self.style.size * 1.6,
                    swatch - self.style.size / 2,
                    self.style.size,
                    self.style.size,
                    0,
                    1,
                )

        drawn.paint.append(paint)

    def _boxes(self, drawn: Drawn, rng: np.random.Generator, x: float, y: float, w: float, h: float) -> None:
        names = (self.labels or ["A", "B", "C"])[:3]
        size, step = self.style.size, w / 3
        shift = float(rng.uniform(0.0, 0.15)) * h
        boxes = []
        for i, name in enumerate(names):
            wide = min(max(self.style.face.width(name, size) + 2 * size, step * 0.55), step * 0.95)
            left = x + step * (i + 0.5) - wide / 2
            top = y + h * 0.3 + (shift if i == 1 else -shift)
            boxes.append((left, top, wide, h * 0.4))
            self._label(drawn, name, left + wide / 2, top + h * 0.2 + size * 0.35)

        def paint(canvas: Any) -> None:
            canvas.setLineWidth(0.9)
            canvas.setStrokeColorRGB(0.2, 0.2, 0.2)
            for i, (left, top, wide, tall) in enumerate(boxes):
                canvas.setFillColorRGB(0.93, 0.95, 0.9)
                canvas.roundRect(left, top, wide, tall, 4, stroke=1, fill=1)
                if i:
                    before = boxes[i - 1]
                    canvas.line(before[0] + before[2], before[1] + before[3] / 2, left, top + tall / 2)

        drawn.paint.append(paint)

    def _picture(
        self, drawn: Drawn, rng: np.random.Generator, x: float, y: float, w: float, h: float
    ) -> None:
        tall, wide = 220, max(40, int(220 * w / h))
        rows = np.linspace(0, 1, tall)[:, None]
        sky = np.stack([150 + 60 * rows, 180 + 40 * rows, 225 - 10 * rows], -1) * np.ones((1, wide, 1))
        columns = np.linspace(0, 6.28, wide)
        for layer in range(4):
            ridge = (
                0.4
                + 0.14 * layer
                + sum(
                    0.05 / (k + 1) * np.sin(columns * rng.uniform(1, 3) * (k + 1) + rng.uniform(0, 6))
                    for k in range(4)
                )
            )
            shade = np.array([70, 95, 60]) * (1.25 - 0.22 * layer) + rng.normal(0, 6, (tall, wide, 1))
            sky = np.where((rows > ridge[None, :])[..., None], shade, sky)
        sky += rng.normal(0, 4, sky.shape)
        buffer = io.BytesIO()
        Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
        data = buffer.getvalue()

        def paint(canvas: Any) -> None:
            canvas.saveState()
            canvas.translate(x, y + h)
            canvas.scale(1, -1)
            canvas.drawImage(ImageReader(io.BytesIO(data)), 0, 0, w, h)
            canvas.restoreState()

        drawn.paint.append(paint)
