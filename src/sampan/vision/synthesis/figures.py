"""Pictures without text for pages: charts, curves, drawings and grey photographs made of noise."""

from __future__ import annotations

import itertools

import numpy as np

from sampan.vision.synthesis.backgrounds import soft_noise
from sampan.vision.synthesis.geometry import Box
from sampan.vision.synthesis.seeds import between, happens, pick
from sampan.vision.synthesis.sheet import Ink, Sheet


def draw_figure(rng: np.random.Generator, sheet: Sheet, box: Box, ink: Ink) -> None:
    """Fills `box` with one of four kinds of figure."""
    pick(rng, (_bars, _curves, _photograph, _drawing))(rng, sheet, box, ink)
    if happens(rng, 0.3):
        sheet.frame(box, 1, ink)


def _bars(rng: np.random.Generator, sheet: Sheet, box: Box, ink: Ink) -> None:
    x0, y0, x1, y1 = box
    count = 3 + int(rng.random() * 9)
    step = (x1 - x0) / count
    for number in range(count):
        top = y1 - (y1 - y0) * between(rng, 0.1, 0.95)
        left = x0 + step * number + step * 0.15
        sheet.rule(left, top, left + step * 0.7, y1, ink, between(rng, 0.3, 0.8))
    sheet.rule(x0, y0, x0 + 1, y1, ink)
    sheet.rule(x0, y1 - 1, x1, y1, ink)


def _curves(rng: np.random.Generator, sheet: Sheet, box: Box, ink: Ink) -> None:
    x0, y0, x1, y1 = box
    for _ in range(1 + int(rng.random() * 4)):
        steps = np.cumsum(rng.standard_normal(40))
        heights = (steps - steps.min()) / (np.ptp(steps) or 1.0)
        points = [(x0 + (x1 - x0) * i / 39, y1 - 2 - (y1 - y0 - 4) * float(h)) for i, h in enumerate(heights)]
        sheet.polyline(points, 1 + int(rng.random() * 3), ink)
    sheet.rule(x0, y0, x0 + 1, y1, ink)
    sheet.rule(x0, y1 - 1, x1, y1, ink)


def _photograph(rng: np.random.Generator, sheet: Sheet, box: Box, ink: Ink) -> None:
    del ink
    x0, y0, x1, y1 = (round(value) for value in box)
    part = sheet.pixels[y0:y1, x0:x1]
    height, width = part.shape[:2]
    if height < 4 or width < 4:
        return
    tones = np.full((height, width, 1), between(rng, 70, 180), np.float32)
    for share in (2, 5, 12, 40):
        grain = max(2, min(height, width) // share)
        tones = tones + soft_noise(rng, height, width, grain) * between(rng, 8, 32)
    part[:] = np.clip(tones, 0, 255)


def _drawing(rng: np.random.Generator, sheet: Sheet, box: Box, ink: Ink) -> None:
    """Boxes with lines between them, as in diagrams."""
    x0, y0, x1, y1 = box
    centres: list[tuple[float, float]] = []
    for _ in range(3 + int(rng.random() * 5)):
        wide, high = (x1 - x0) * between(rng, 0.08, 0.25), (y1 - y0) * between(rng, 0.08, 0.25)
        left, top = between(rng, x0, x1 - wide), between(rng, y0, y1 - high)
        if happens(rng, 0.4):
            sheet.rule(left, top, left + wide, top + high, ink, between(rng, 0.1, 0.35))
        sheet.frame((left, top, left + wide, top + high), 1 + int(rng.random() * 2), ink)
        centres.append((left + wide / 2, top + high / 2))
    for first, second in itertools.pairwise(centres):
        sheet.polyline([first, (second[0], first[1]), second], 1, ink)
