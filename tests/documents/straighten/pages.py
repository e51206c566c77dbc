"""Small pages drawn for the tests of straightening."""

from __future__ import annotations

import textwrap

import cv2
import numpy as np

from sampan.documents.geometry import homography

TEXT = (textwrap.__doc__ or "") + (textwrap.wrap.__doc__ or "") + (textwrap.dedent.__doc__ or "")
WIDTH, HEIGHT = 900, 1200


def text_page(seed: int = 0, columns: int = 1, lines: int = 34) -> np.ndarray:
    """A white page with lines of words in one or more columns whose baselines do not agree."""
    rng = np.random.default_rng(seed)
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    width = (WIDTH - 140) // columns
    words = TEXT.split()
    for column in range(columns):
        top = 90 + int(rng.integers(0, 25)) * (column > 0)
        for line in range(lines):
            start, text = int(rng.integers(len(words))), ""
            while cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)[0][0] < width - 150:
                text += words[start % len(words)] + " "
                start += 1
            place = (70 + column * width, top + line * 30)
            cv2.putText(page, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return page


def table_page() -> np.ndarray:
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    rng = np.random.default_rng(5)
    for row in range(16):
        cv2.line(page, (80, 100 + row * 50), (820, 100 + row * 50), (0, 0, 0), 2)
        for column in range(5):
            place = (95 + column * 148, 133 + row * 50)
            if row < 15:
                number = f"{rng.uniform(0, 9999):.2f}"
                cv2.putText(page, number, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    for column in range(6):
        cv2.line(page, (80 + column * 148, 100), (80 + column * 148, 850), (0, 0, 0), 2)
    return page


def tilted(page: np.ndarray, degrees: float) -> np.ndarray:
    """The page turned clockwise by `degrees` on a white canvas of its own size."""
    height, width = page.shape[:2]
    matrix = homography.centred(homography.rotation(degrees, (width / 2, height / 2)))
    return cv2.warpAffine(
        page, matrix[:2], (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255)
    )


def photo(page: np.ndarray, seed: int, desk: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """The page seen askew on a desk, with uneven light; also the homography from page to photo."""
    rng = np.random.default_rng(seed)
    height, width = page.shape[:2]
    margin = 90
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    target = corners + margin + rng.uniform(-40, 40, (4, 2))
    matrix = homography.from_quads(corners, target)
    size = (width + 2 * margin, height + 2 * margin)
    warp = homography.centred(matrix)
    seen = cv2.warpPerspective(page, warp, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), warp, size)
    background = np.full_like(seen, desk) + rng.integers(0, 12, seen.shape, dtype=np.uint8)
    picture = np.where(mask[..., None] > 127, seen * 0.9, background)
    light = np.linspace(0.85, 1.05, size[0])[None, :, None]
    return np.clip(picture * light, 0, 255).astype(np.uint8), matrix
