"""Rulings and figures on pictures, drawn with known places; PicoDet's decoding against a plain loop."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sampan.documents.layout import picodet
from sampan.documents.layout.image_figures import picture_figures
from sampan.documents.layout.image_rulings import find_rulings, outside_text
from sampan.documents.stages import Rulings


def page(height: int = 1100, width: int = 850) -> np.ndarray:
    return np.full((height, width, 3), 250, np.uint8)


def write(image: np.ndarray, text: str, x: int, y: int) -> tuple[int, int, int, int]:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)
    return x, y - height, x + width, y + below


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("noise", [0, 6])
def test_rulings_are_found_where_they_were_drawn(scale: float, noise: int) -> None:
    image = page()
    for k in range(20):
        write(image, "a line of text without any rulings in it", 60, 400 + 30 * k)
    for y in (100, 150, 200):
        cv2.line(image, (60, y), (700, y), (30, 30, 30), 1)
    for x in (60, 300, 700):
        cv2.line(image, (x, 100), (x, 200), (30, 30, 30), 2)
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    image = np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8)
    found = find_rulings(image)
    assert len(found.horizontal) == 3
    assert len(found.vertical) == 3
    rows = found.horizontal[np.argsort(found.horizontal[:, 1])] / scale
    columns = found.vertical[np.argsort(found.vertical[:, 0])] / scale
    assert rows == pytest.approx(np.array([[60, y, 700, y] for y in (100, 150, 200)]), abs=4)
    assert columns == pytest.approx(np.array([[x, 100, x, 200] for x in (60, 300, 700)]), abs=4)


def test_text_and_shadows_are_no_rulings() -> None:
    image = page()
    for k in range(30):
        write(image, "Illumination of Capitals WITH - long - strokes and _ dashes", 60, 60 + 30 * k)
    shade = np.linspace(0.4, 1.0, image.shape[1])[None, :, None]
    found = find_rulings((image * shade).astype(np.uint8))
    assert len(found.horizontal) == len(found.vertical) == 0


def test_figure_is_what_is_neither_text_nor_table() -> None:
    image = page()
    text = [write(image, "some words of running text over the page", 60, 60 + 30 * k) for k in range(6)]
    cv2.rectangle(image, (100, 300), (600, 500), (180, 120, 40), -1)
    for x in range(100, 700, 150):
        cv2.rectangle(image, (x, 700), (x + 150, 760), (0, 0, 0), 1)
    cv2.line(image, (60, 1000), (800, 1000), (0, 0, 0), 2)
    found = picture_figures(image, np.array(text, float), np.array([[98.0, 698, 702, 762]]))
    assert found == pytest.approx(np.array([[100, 300, 600, 500]]), abs=8)
    assert len(picture_figures(page(), np.zeros((0, 4)), np.zeros((0, 4)))) == 0


@pytest.mark.parametrize("stride", [8, 64])
def test_decoding_is_the_expected_distance(stride: int) -> None:
    columns, rows = -(-608 // stride), -(-800 // stride)
    logits = np.random.default_rng(stride).normal(0, 2, (rows * columns, 32)).astype(np.float32)
    decoded = picodet.decode(logits, stride)
    for k in (0, columns - 1, columns, rows * columns - 1):
        x, y = (k % columns + 0.5) * stride, (k // columns + 0.5) * stride
        sides = []
        for side in range(4):
            weights = np.exp(logits[k, 8 * side : 8 * side + 8].astype(float))
            sides.append(stride * sum(i * w for i, w in enumerate(weights)) / weights.sum())
        assert decoded[k] == pytest.approx([x - sides[0], y - sides[1], x + sides[2], y + sides[3]])


def test_picodet_finds_a_figure_on_a_page() -> None:
    image = page(1200, 900)
    for k in range(10):
        write(image, "running text that fills the line of a page of a paper about boats", 60, 80 + 28 * k)
    rng = np.random.default_rng(1)
    noise = cv2.resize(
        rng.integers(0, 255, (12, 20, 3), dtype=np.uint8), (600, 360), interpolation=cv2.INTER_CUBIC
    )
    image[420:780, 150:750] = noise
    for k in range(10):
        write(image, "running text that fills the line of a page of a paper about boats", 60, 860 + 28 * k)
    regions = picodet.PicoDetLayout(threads=1).find(image)
    figures = [region for region in regions if region.kind == "figure"]
    assert figures
    assert figures[0].box == pytest.approx((150, 420, 750, 780), abs=40)
    assert all(region.score >= 0.5 and region.source == "model" for region in regions)


def test_strokes_of_letters_are_no_rulings() -> None:
    image = page(1700, 1240)
    cv2.putText(image, "TTTT LETTER", (60, 600), cv2.FONT_HERSHEY_COMPLEX, 2, (0, 0, 0), 3, cv2.LINE_AA)
    (width, height), below = cv2.getTextSize("TTTT LETTER", cv2.FONT_HERSHEY_COMPLEX, 2, 3)
    text = np.array([[60.0, 600 - 1.1 * height, 60 + width, 600 + below]])
    cv2.line(image, (60, 620), (60 + width, 620), (0, 0, 0), 3)
    cv2.line(image, (40, 800), (900, 800), (0, 0, 0), 2)
    found = find_rulings(image)
    assert len(found.horizontal) > 2, "these letters must have long bars, or they test nothing"
    kept = outside_text(found, text)
    assert np.sort(kept.horizontal[:, 1]) == pytest.approx([620, 800], abs=3)


@pytest.mark.parametrize(("thickness", "count"), [(4, 1), (14, 0)])
def test_a_ruling_is_slender(thickness: int, count: int) -> None:
    image = page(2200, 1700)
    cv2.rectangle(image, (100, 600), (240, 600 + thickness - 1), (0, 0, 0), -1)
    assert len(find_rulings(image).horizontal) == count


def test_text_may_cover_a_ruling_only_in_part() -> None:
    rulings = Rulings(np.array([[0, 50, 300, 50]], np.float32), np.array([[30, 0, 30, 200]], np.float32))
    kept = outside_text(rulings, np.array([[20.0, 40, 120, 60]]))
    assert len(kept.horizontal) == len(kept.vertical) == 1
